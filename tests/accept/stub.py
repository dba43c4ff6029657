# SPDX-License-Identifier: MIT
"""A stand-in for the courier, where what brevdued makes of its courier is the subject.

It writes what it sees to courier.log and does what courier.mode says:
  stay           reads lines to the end
  idle DUE LIES  after LIES lines less than it has read; DUE: "-", or "+N": in N ms
  exit N
"""

import os
import time

from programs import Site, wait

SCRIPT = '''#!/usr/bin/env python3
import os, signal, socket, sys, time
root = os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[0])))
log = open(root + '/courier.log', 'a', buffering=1)
fds = [fd for fd in range(64) if os.path.exists('/proc/self/fd/%d' % fd) and fd != log.fileno()]
mode = open(root + '/courier.mode').read().split()
def end(*ignored):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # SIGHUP and the changed file each send one
    print('term', file=log)
    os._exit(0)
signal.signal(signal.SIGTERM, end)
print('start', *sys.argv[1:], *fds, file=log)
if mode[0] == 'exit':
    sys.exit(int(mode[1]))
stream = socket.socket(fileno=3).makefile('rw')
def say_idle(read):
    due = mode[1]
    if due != '-':
        due = int(time.time() * 1000) + int(due)
    stream.write('idle %s %d\\n' % (due, read - int(mode[2])))
    stream.flush()
    print('idle', file=log)
    sys.exit(0)
if mode[0] == 'idle' and mode[3:] == ['0']:
    say_idle(0)
for count, line in enumerate(stream, 1):
    print(line.strip(), file=log)
    if mode[0] == 'idle' and count >= int(mode[3]):
        say_idle(count)
print('eof', file=log)
'''


class StubSite(Site):
    """A site whose courier is the stand-in."""

    def __init__(self, mode='stay', **settings):
        super().__init__(**settings)
        os.unlink(os.path.join(self.programs, 'courier'))
        self.write('programs/courier', SCRIPT, 0o755)
        self.mode(mode)

    def mode(self, mode):
        """idle DUE LIES AFTER: after that many lines"""
        self.write('courier.mode', mode)

    def courier(self):
        """What the stand-in has seen so far, as lines."""
        try:
            with open(os.path.join(self.path, 'courier.log'), encoding='utf-8') as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def starts(self):
        return sum(line.startswith('start') for line in self.courier())

    def wait_for(self, line, seconds=20):
        wait(lambda: line in self.courier(),
             f'"{line}" in {self.courier()}; log: {self.log_text()}', seconds)

    def wait_for_starts(self, count, seconds=20):
        begin = time.monotonic()
        wait(lambda: self.starts() >= count, f'{count} starts; {self.courier()}', seconds)
        return time.monotonic() - begin

    def drop_files(self):
        return sorted(os.listdir(os.path.join(self.spool, 'drop')))

    def tmp_files(self):
        return sorted(os.listdir(os.path.join(self.spool, 'tmp')))

    def put_in_drop(self, name, data, age=0):
        """As sendmail does: written under another name first."""
        drop = os.path.join(self.spool, 'drop')
        temporary = os.path.join(self.path, 'dropping')
        with open(temporary, 'wb') as file:
            file.write(data)
        os.chmod(temporary, 0o640)
        os.utime(temporary, (time.time() - age,) * 2)
        os.rename(temporary, os.path.join(drop, name))

    def queue_file(self, name):
        with open(os.path.join(self.spool, 'queue', name), 'rb') as file:
            return file.read()
