#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A spool on a file system that fills up, on a small tmpfs: what was accepted arrives, once
there is room again; what does not fit is refused; nothing arrives twice unmarked."""

import contextlib
import itertools
import os
import re
import signal
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import namespace  # noqa: E402
from case import Case, couriers, mail  # noqa: E402
from programs import wait  # noqa: E402


def state_of(pid):
    with open(f'/proc/{pid}/stat', encoding='ascii', errors='replace') as file:
        return file.read().rpartition(') ')[2][0]


class FullDisk(Case):
    def setUp(self):
        super().setUp()
        self.numbers = itertools.count()
        os.mkdir(self.site.spool)
        namespace.mount('-t', 'tmpfs', '-o', 'size=1m,mode=0755', 'none', self.site.spool)
        self.addCleanup(namespace.unbind, self.site.spool)
        self.addCleanup(self.site.stop)

    def fill(self, leave):
        """Takes all room there is, then gives @leave bytes back."""
        path = os.path.join(self.site.spool, 'ballast')
        with open(path, 'wb', buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        os.truncate(path, max(os.path.getsize(path) - leave, 0))

    def make_room(self):
        os.unlink(os.path.join(self.site.spool, 'ballast'))

    def accept_some(self, n):
        """Submits @n messages; returns the subjects of those that were accepted."""
        accepted = []
        for i in range(n):
            subject = f'm{next(self.numbers)}'
            done = self.site.sendmail('-t', '-i', input=mail(subject=subject, body='x' * 2000))
            self.assertIn(done.returncode, (0, 71), done.stderr)
            if done.returncode == 0:
                accepted.append(subject)
        return accepted

    def check(self, accepted):
        def arrived():
            return {message['Subject'] for message in self.server.messages}

        # what came by the drop directory and found no room is looked at again after a minute
        self.server.wait(lambda: arrived() >= set(accepted), 'all that was accepted', 90)
        wait(lambda: not self.files(), 'an empty queue', 60)
        self.assertEqual(arrived(), set(accepted))
        if len(self.server.messages) > len(accepted):
            self.assertIn('possible duplicate', self.site.log_text())

    def test_rooms_of_all_sizes(self):
        self.site.start()
        self.check(self.accept_some(1)) # the database is made
        for leave in (0, 4096, 16384, 49152, 98304, 196608):
            with self.subTest(leave=leave):
                with self.server.changed:
                    self.server.accepted.clear()
                self.fill(leave)
                accepted = self.accept_some(6)
                self.make_room()
                self.check(accepted)

    def test_no_room(self):
        """The courier stands still: when it ends for want of room, its database gives some back."""
        self.site.start()
        self.check(self.accept_some(1))
        stopped = couriers(self.site)
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
            wait(lambda pid=pid: state_of(pid) in 'TZ', 'a courier that stands still')
        self.fill(0)
        refused = self.accept_some(6)
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        self.assertEqual(refused, [])
        self.make_room()
        self.submit('-t', '-i', input=mail(subject='room again'))
        self.server.wait(lambda: len(self.server.messages) == 2, 'the mail after it')
        wait(lambda: not self.files(), 'an empty queue', 60)

    def test_full_while_replies_come(self):
        """The provider has the mail and the disk has no room to say so."""
        self.server.script.set([{'action': 'late', 'seconds': 1, 'times': 1}])
        self.site.start()
        accepted = self.accept_some(3)
        self.server.wait(lambda: self.server.messages, 'the first request')
        self.fill(0)
        wait(lambda: re.search('cannot go on|status=sent', self.site.log_text()), 'a word of it')
        self.make_room()
        self.check(accepted)


if __name__ == '__main__':
    namespace.enter()
    unittest.main()
