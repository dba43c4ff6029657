#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Nobody's mail waits for all that somebody else has queued, and a header only ever gives
its message a later place. BREVDUE_BACKLOG is how much is queued."""

import os
import re
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import Case, mail  # noqa: E402
from programs import wait  # noqa: E402

BACKLOG = int(os.environ.get('BREVDUE_BACKLOG', '3000'))
OTHER_UID = 65533
SECONDS = 10  # in which an alert is there, however much is queued
URGENT = {'Priority': 'urgent', 'X-Priority': '1', 'Importance': 'high',
          'X-MSMail-Priority': 'High', 'Precedence': 'first-class'}


class Fair(Case):
    def setUp(self):
        super().setUp()
        self.site.start()  # makes the spool
        self.site.stop()

    def fill(self, n, uid, text):
        subprocess.run([os.path.join(os.environ['BREVDUE_BUILD'], 'tests', 'bench', 'fill'),
                        os.path.join(self.site.spool, 'queue'), str(n), str(uid)],
                       input=text.encode(), check=True)

    def subjects(self):
        return [message['Subject'] for message in self.server.messages]

    def wait_for_backlog(self):
        """The first of it arrives: the courier is at it."""
        self.server.wait(lambda: self.server.messages, 'the backlog', 60)

    def alert(self, subject='alert', **fields):
        """Returns: how many mails arrived from the moment of its submission to its own."""
        before = len(self.server.messages)
        start = time.monotonic()
        self.submit('-t', '-i', input=mail(subject=subject, **fields))
        self.server.wait(lambda: subject in self.subjects(), subject, 60)
        self.passed = time.monotonic() - start
        return self.subjects().index(subject) - before

    def slow_provider(self, **settings):
        self.site.postmark(self.server, **{'batch': 1, 'concurrency': 2, **settings})
        self.server.script.set([{'action': 'late', 'seconds': 0.02}])

    def check_alert(self, text, **settings):
        self.slow_provider(**settings)
        self.fill(BACKLOG, OTHER_UID, text)
        self.site.start()
        self.wait_for_backlog()
        for name in ('alert', 'another'):
            self.alert(name)
            self.assertLess(self.passed, SECONDS)
        self.assertGreater(len(self.files()), BACKLOG / 2)  # it is still there

    def test_single_requests(self):
        self.check_alert(mail(subject='backlog'))

    def test_while_it_is_imported(self):
        """Nor does the alert wait until all of it was looked at."""
        self.slow_provider()
        self.fill(BACKLOG, OTHER_UID, mail(subject='backlog'))
        self.site.start()
        self.alert()
        self.assertLess(self.passed, SECONDS)
        rows = re.findall(r'size=\d+, nrcpt=1 \(queue active\), uid=(\d+)', self.site.log_text())
        self.assertLess(rows.index(str(os.getuid())), BACKLOG)

    def test_a_rate(self):
        """A batch does not use up the tokens of minutes, nor is much claimed ahead."""
        self.check_alert(mail(subject='backlog'), batch=500, rate='4/s', concurrency=8)

    def test_others_headers(self):
        self.check_alert(mail(subject='backlog', **URGENT))

    def test_urgent_is_a_word(self):
        """Among one's own mail age decides."""
        self.slow_provider()
        self.fill(200, os.getuid(), mail(subject='backlog'))
        self.site.start()
        self.wait_for_backlog()
        for name, value in URGENT.items():
            self.submit('-t', '-i', input=mail(subject=name, **{name: value}))
        self.wait_for(205, 60)
        self.assertEqual(set(self.subjects()[:195]), {'backlog'})

    def check_bulk(self, word):
        self.slow_provider()
        self.fill(200, os.getuid(), mail(subject='bulk', Precedence=word))
        self.site.start()
        self.wait_for_backlog()
        self.assertLess(self.alert(), 100)
        self.wait_for(201, 60)

    def test_bulk(self):
        self.check_bulk('bulk')

    def test_list(self):
        self.check_bulk('List')

    def test_bulk_of_others(self):
        """Mail that lowers its place lowers it among its submitter's own only."""
        self.slow_provider()
        self.fill(BACKLOG, OTHER_UID, mail(subject='backlog'))
        self.site.start()
        self.wait_for_backlog()
        self.alert(Precedence='bulk')
        self.assertLess(self.passed, SECONDS)
        self.assertGreater(len(self.files()), BACKLOG / 2)
        wait(lambda: len(self.files()) < BACKLOG, 'the rest to go on')


if __name__ == '__main__':
    unittest.main()
