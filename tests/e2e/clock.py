#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The wall clock jumps by a month while mail waits: nothing is lost, bounced before its time,
or stuck for that month. Needs libfaketime, which works without sanitizers only."""

import glob
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import Case, mail, wrap_courier  # noqa: E402
from programs import SKIPPED, Site, wait  # noqa: E402

LIBRARIES = glob.glob('/usr/lib/*/faketime/libfaketime.so.1')
DOWN = {'action': 'error', 'status': 503, 'code': 100, 'message': 'maintenance'}
MONTH = 30 * 24 * 3600


class FakedSite(Site):
    """All its programs see a clock of its own; how long things take stays true."""

    def set_clock(self, offset):
        self.write('offset', f'{offset:+d}\n')

    def env(self, **more):
        return super().env(LD_PRELOAD=LIBRARIES[0], FAKETIME_NO_CACHE='1', NO_FAKE_STAT='1',
                           FAKETIME_TIMESTAMP_FILE=os.path.join(self.path, 'offset'),
                           FAKETIME_DONT_FAKE_MONOTONIC='1', **more)


class Clock(Case):
    def make_site(self):
        site = FakedSite(retry_max='2s', delay_warning='0')  # a month of delay is one
        site.set_clock(0)
        return site

    def start(self, rules, *courier_options):
        self.site.postmark(self.server, batch=1)
        if courier_options:
            wrap_courier(self.site, *courier_options)
        self.server.script.set(rules)
        self.site.start()

    def send(self, *names):
        for name in names:
            self.submit('-t', '-i', input=mail(subject=name), env=self.site.env())

    def subjects(self):
        return sorted(message['Subject'] for message in self.server.messages)

    def check_arrival(self, *names):
        self.wait_for(len(names), 40)
        self.assertEqual(self.subjects(), sorted(names))
        log = self.site.log_text()
        self.assertNotIn('bounced', log)
        self.assertNotIn('duplicate', log)

    def test_the_clock_is_a_fake(self):
        """Else the others would show nothing."""
        self.start([DOWN])
        self.send('before')
        wait(lambda: len(self.site.queue()) == 1, 'the mail')
        self.site.set_clock(MONTH)
        self.send('after')
        wait(lambda: len(self.site.queue()) == 2, 'both')
        self.wait_for_log('the clock was set ahead by 259')  # a second more or less

    def test_ahead(self):
        """A month is more than lifetime; but two failures are too few to give up."""
        self.start([{**DOWN, 'times': 2}])
        self.send('waits')
        self.wait_for_log('status=deferred')
        self.site.set_clock(MONTH)
        self.check_arrival('waits')

    def test_back(self):
        """What is due in a month by the new clock is due now."""
        self.start([DOWN], '--idle', '0')
        self.send('waits', 'waits too')
        self.wait_for_log('status=deferred')
        self.site.set_clock(-MONTH)
        time.sleep(1)
        self.server.script.set([])
        self.check_arrival('waits', 'waits too')

    def test_back_under_a_busy_courier(self):
        """A courier that never ends, as others' mail goes on, must notice, too."""
        self.start([{**DOWN, 'match': {'subject': 'waits'}}])
        self.send('waits')
        self.wait_for_log('status=deferred')
        self.site.set_clock(-MONTH)
        time.sleep(1)
        self.server.script.set([])
        names = []
        while 'waits' not in self.subjects():
            self.assertLess(len(names), 60, self.site.log_text())
            names.append(f'other {len(names)}')
            self.send(names[-1])
            time.sleep(0.25)
        self.check_arrival('waits', *names)

    def test_ahead_and_back(self):
        """Mail that came in a wrong month survives its end, and so does older mail."""
        self.start([DOWN])
        self.send('before')
        self.wait_for_log('status=deferred')
        self.site.set_clock(MONTH)
        self.send('meanwhile')
        wait(lambda: len(self.site.queue()) == 2, 'both in the queue')
        self.site.set_clock(0)
        self.server.script.set([])
        self.check_arrival('before', 'meanwhile')

    def test_while_a_request_is_out(self):
        self.start([{'action': 'late', 'seconds': 2, 'times': 2}])
        self.send('ahead')
        self.server.wait(lambda: self.server.messages, 'the request')
        self.site.set_clock(MONTH)
        self.wait_for(1)
        self.send('back')
        self.server.wait(lambda: len(self.server.messages) == 2, 'the next request')
        self.site.set_clock(0)
        self.check_arrival('ahead', 'back')


if __name__ == '__main__':
    if not LIBRARIES:
        print('needs the package libfaketime')
        sys.exit(SKIPPED)
    if os.environ.get('BREVDUE_SANITIZE', 'none') != 'none':
        print('a preloaded library does not go together with sanitizers')
        sys.exit(SKIPPED)
    unittest.main()
