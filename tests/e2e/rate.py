#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How fast an account sends, whoever sends with it: one bucket for all processes."""

import concurrent.futures
import json
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import Case, mail  # noqa: E402
from programs import Site  # noqa: E402

TOO_MUCH = {'action': 'error', 'status': 429, 'code': 0, 'message': 'slow down',
            'headers': {'Retry-After': '2'}}


class Direct(Case):
    RATE = 4

    def make_site(self):
        return Site(delivery='direct', spool_durable='yes',
                    **{'from': 'Robot <robot@example.com>'})

    def test_callers_share_the_rate(self):
        self.site.postmark(self.server, rate=f'{self.RATE}/s')
        start = time.time()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: self.site.sendmail('-t', '-i', input=mail()), range(16)))
        self.wait_for(16)
        times = sorted(entry['time'] - start for entry in self.server.accepted)
        for n, passed in enumerate(times, 1):  # full at the start, and one in debt
            self.assertLessEqual(n, self.RATE * (passed + 0.5) + self.RATE + 1, times)
        self.assertGreater(times[-1], 2.4)

    def test_callers_share_the_slots(self):
        answer = 0.5  # seconds, which each request takes
        self.site.postmark(self.server, concurrency=2)
        self.server.script.set([{'action': 'late', 'seconds': answer}])
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            done = list(pool.map(lambda n: self.site.sendmail('-t', '-i', input=mail()), range(8)))
        self.assertEqual([one.returncode for one in done], [0] * 8)
        times = sorted(entry['time'] for entry in self.server.accepted)
        self.assertEqual(len(times), 8)
        at_once = max(sum(time - answer < other <= time for other in times) for time in times)
        self.assertEqual(at_once, 2, times)


class Service(Case):
    def test_too_much_slows_all(self):
        self.site.set(retry_min='1s', retry_max='2s')
        self.site.postmark(self.server, rate='8/s')
        self.server.script.set([{**TOO_MUCH, 'times': 1}])
        self.site.start()
        for n in range(12):
            self.submit('-t', '-i', input=mail(subject=f'mail {n}'))
        self.wait_for(12, 40)
        with self.server.changed:
            refused = self.server.requests[0]['time']
            times = sorted(entry['time'] for entry in self.server.accepted)
        subjects = {message['Subject'] for message in self.server.messages}
        self.assertEqual(len(subjects), 12)
        late = [moment - refused for moment in times if moment - refused > 1]
        self.assertGreater(late[0], 1.9)
        account = json.loads(self.site.run('brevdue', 'status', '--json').stdout)['accounts'][0]
        self.assertGreaterEqual(account['rate'], 4)
        self.assertLess(account['rate'], 5)


if __name__ == '__main__':
    unittest.main()
