#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the programs of a recording; this runs under strace, and they with it.

play.py PROGRAMS SPOOL SOCKET STEPS: the steps are JSON, each a name and its arguments.
"""

import json
import os
import subprocess
import sys
import time

PROGRAMS, SPOOL, SOCKET = sys.argv[1:4]
running = {}


def wait(condition):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            sys.exit('waited too long')
        time.sleep(0.01)


def start(name, *args, file=os.devnull):
    with open(file, 'rb') as stdin:
        return subprocess.Popen([os.path.join(PROGRAMS, name), *args], stdin=stdin)


def messages_in(folder):
    try:
        return [name for name in os.listdir(os.path.join(SPOOL, folder)) if len(name) == 26]
    except FileNotFoundError:
        return []


def daemon():
    running['daemon'] = start('brevdued')
    wait(lambda: os.path.exists(SOCKET) or running['daemon'].poll() is not None)


def stop():
    running['daemon'].terminate()
    running['daemon'].wait()


def submit(*mails):
    """All at the same time: (arguments, file) of each."""
    processes = [start('sendmail', *args, file=file) for args, file in mails]
    for process in processes:
        if process.wait() != 0:
            sys.exit(f'sendmail: {process.returncode}')


def courier():
    if start('courier', '--drain').wait() != 0:
        sys.exit('courier failed')


def fails(step):
    """The step ends the program that it starts with an error."""
    try:
        STEPS[step]()
    except SystemExit:
        return
    sys.exit(f'{step} did not fail')


def empty(folder):
    """Waits until no message is in it."""
    wait(lambda: not messages_in(folder))


STEPS = {step.__name__: step for step in (daemon, stop, submit, courier, fails, empty)}
for step, *arguments in json.loads(sys.argv[4]):
    STEPS[step](*arguments)
