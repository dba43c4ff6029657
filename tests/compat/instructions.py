#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many instructions of its own sendmail needs for a mail of 1.5 kB, and how much memory
for one of 25 MB: a web page waits for the one, a small machine has to bear the other."""
import pathlib
import re
import shutil
import subprocess
import sys

from programs import SKIPPED, Site, program

MAX_INSTRUCTIONS = 1_000_000
MAX_KILOBYTES = 8 * 1024
HEADER = b'From: cron <root>\nTo: someone@example.com\nSubject: benchmark\n\n'
LINE = b'A line of ordinary text, as a job prints it. It ends here.\n'


def instructions(site, text):
    done = subprocess.run(
        ['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null',
         program('sendmail'), '-t', '-i'],
        input=text, capture_output=True, env=site.env(), check=True)
    return int(re.search(rb'Collected : (\d+)', done.stderr)[1])


def kilobytes(site, text):
    done = subprocess.run([sys.argv[1], program('sendmail'), '-t', '-i'], input=text,
                          capture_output=True, env=site.env(), check=True)
    return int(done.stdout)


def main():
    if not shutil.which('valgrind'):
        print('valgrind is not installed')
        return SKIPPED
    with Site(delivery='queue', max_message_size='100M') as site:
        site.account('postmark', token='x')
        pathlib.Path(site.spool, 'drop').mkdir(parents=True)
        small = instructions(site, HEADER + LINE * 24)
        large = kilobytes(site, HEADER + LINE * (25_000_000 // len(LINE)))
        print(f'1.5 kB: {small:,} instructions (goal {MAX_INSTRUCTIONS:,}); '
              f'25 MB: peak {large:,} kB (goal {MAX_KILOBYTES:,})')
    return 0 if small <= MAX_INSTRUCTIONS and large <= MAX_KILOBYTES else 1


sys.exit(main())
