# SPDX-License-Identifier: MIT
"""A mount namespace for a test that has to change what lies at a fixed path.

Nothing that is mounted here can be seen outside, and all of it is gone with the process.
"""

import os
import subprocess
import sys

import programs

INSIDE = 'BREVDUE_TEST_NAMESPACE'


def skip(reason):
    """Ends the test as meson wants a test to be skipped, and says why."""
    print(f'SKIP: {reason}', flush=True)
    sys.exit(programs.SKIPPED)


def enter(*more):
    """Starts this program again in a namespace of its own; returns in the new one.

    @more: further options of unshare(1), such as --pid --fork
    """
    if INSIDE in os.environ:
        return
    if os.geteuid() != 0:
        skip('needs root for a mount namespace')
    os.environ[INSIDE] = '1'
    os.execvp('unshare', ['unshare', '--mount', '--propagation', 'private', *more,
                          sys.executable, *sys.argv])


def mount(*args):
    done = subprocess.run(['mount', *args], capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f'mount {" ".join(args)}: {done.stderr.strip()}')


def bind(source, target, read_only=False):
    """Lets @target show @source. @target must exist."""
    if INSIDE not in os.environ:
        raise AssertionError('not in a namespace of the test')
    mount('--bind', source, target)
    if read_only:
        mount('-o', 'remount,bind,ro', target)


def unbind(target):
    subprocess.run(['umount', target], check=True)
