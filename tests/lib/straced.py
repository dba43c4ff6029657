# SPDX-License-Identifier: MIT
"""Runs a program under strace: records its durable system calls, kills it at one, or lets
one fail."""

import os
import re
import shutil
import subprocess
import sys

from programs import SKIPPED

# What can change a disk, or tell somebody that it did.
CALLS = ('openat', 'mkdir', 'mkdirat', 'write', 'writev', 'pwrite64', 'sendto', 'sendmsg',
         'ftruncate', 'fchmod', 'sync_file_range', 'fsync', 'fdatasync', 'rename', 'renameat',
         'renameat2', 'link', 'linkat', 'unlink', 'unlinkat')


def need_strace():
    """Ends a test that cannot be run here, as meson counts it."""
    done = None
    if shutil.which('strace'):
        done = subprocess.run(['strace', '-o', '/dev/null', 'true'], stderr=subprocess.PIPE)
    if done is None or done.returncode != 0:
        print('needs strace, and the right to use it:', done.stderr if done else 'not installed')
        sys.exit(SKIPPED)


def command(args, record=None, kill=None, fault=None):
    """@args under strace; it stays the caller's own child. @kill: (call, how many-th);
    @fault: the same and the error"""
    traced = [f'?{name}' for name in CALLS]  # not every machine has all of them
    options = ['strace', '-D', '-qq', '-y', '-s', '64', '-o', record or '/dev/null',
               '-e', 'trace=' + ','.join(traced), '-e', 'signal=none']
    if kill:
        options += ['-e', f'inject={kill[0]}:signal=SIGKILL:when={kill[1]}']
    if fault:
        options += ['-e', f'inject={fault[0]}:error={fault[2]}:when={fault[1]}']
    # ASan's leak checker is a tracer itself
    return ['env', 'ASAN_OPTIONS=detect_leaks=0', *options, *args]


def lines(record):
    """(call, how many-th of its name, the line), in the order in which they happened."""
    seen, calls = {}, []
    with open(record, encoding='utf-8', errors='replace') as file:
        for line in file:
            match = re.match(r'(\w+)\(', line)
            if match:
                name = match[1]
                seen[name] = seen.get(name, 0) + 1
                calls.append((name, seen[name], line.rstrip()))
    return calls


def durable(record):
    """The calls of a record at which a kill could lose something."""
    return [(name, nth, line) for name, nth, line in lines(record)
            if name != 'openat' or 'O_CREAT' in line]


def wait_for_record(path):
    """strace -D may still be writing when its child has ended."""
    return os.path.exists(path) and lines(path)
