#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How fast an account sends, whoever sends with it: one bucket for all processes."""

import concurrent.futures
import contextlib
import json
import os
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import Case, hold_courier, mail  # noqa: E402
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

    def test_callers_share_the_quota(self):
        self.site.postmark(self.server, daily_quota=2)
        done = [self.site.sendmail('-t', '-i', input=mail()).returncode for _ in range(3)]
        self.assertEqual(done[:2], [0, 0])
        self.assertEqual(len(self.server.messages), 2)

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

    def test_unused_lease_is_given_back(self):
        """What a refusal keeps from being sent does not count for the daily quota."""
        self.site.set(retry_min='1s', retry_max='1s')
        self.site.postmark(self.server, batch=1, concurrency=1, daily_quota=10)
        self.server.script.set([{**TOO_MUCH, 'times': 1, 'headers': {'Retry-After': '1'}}])
        hold_courier(self.site)
        self.site.start()
        for n in range(6):
            self.submit('-t', '-i', input=mail(subject=f'mail {n}'))
        hold_courier(self.site, False)
        self.wait_for(6)
        self.site.stop()
        path = os.path.join(self.site.spool, 'store', 'store.db')
        with contextlib.closing(sqlite3.connect(path)) as store:
            used, = store.execute('SELECT day_used FROM buckets').fetchone()
        self.assertEqual(used, 7)  # and the one that was refused

    def ask_for_now(self, *command):
        """An administrator does not wait for the end of a pause that the provider asked for:
        one message goes ahead, and the others when that works."""
        self.site.set(retry_min='1h', retry_max='1h')
        self.site.postmark(self.server, batch=1, rate='8/s')
        pause = {**TOO_MUCH, 'headers': {'Retry-After': '1800'}}
        self.server.script.set([pause])
        self.site.start()
        for n in range(6):
            self.submit('-t', '-i', input=mail(subject=f'mail {n}'))
        self.wait_for_log('the provider takes no more for now')
        time.sleep(1)  # all that was out has its answer
        asked = len(self.server.requests)
        self.site.admin(*command)
        self.server.wait(lambda: len(self.server.requests) > asked, 'a probe')
        time.sleep(1)  # refused, it has no others behind it
        self.assertEqual(len(self.server.requests), asked + 1)
        self.assertEqual(self.server.messages, [])
        self.server.script.set([])
        self.site.admin(*command)
        self.wait_for(6)
        self.assertEqual(len({message['Subject'] for message in self.server.messages}), 6)

    def test_flush_asks_at_once(self):
        self.ask_for_now('flush')

    def test_retry_asks_at_once(self):
        self.ask_for_now('queue', 'retry', '--all')

    def test_daily_quota(self):
        """What is too much for it waits for the next day, and a batch is cut to what is left."""
        self.site.postmark(self.server, daily_quota=3)
        hold_courier(self.site)
        self.site.start()
        for n in range(5):
            self.submit('-t', '-i', input=mail(subject=f'mail {n}'))
        hold_courier(self.site, False)
        self.wait_for_log('its daily quota of 3 is used up')
        self.server.wait(lambda: len(self.server.messages) == 3, 'what the quota lets go')
        done = self.site.run('brevdue', 'status', '--check')
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(b'account postmark has used up its daily quota of 3', done.stdout)
        self.assertEqual({message['state'] for message in self.site.queue()}, {'queued'})
        self.site.stop()
        self.assertEqual(len(self.server.messages), 3)
        with sqlite3.connect(os.path.join(self.site.spool, 'store', 'store.db')) as store:
            store.execute('UPDATE buckets SET day_from = day_from - 86400000')
        store.close()
        self.site.start()
        self.wait_for(5)
        self.assertEqual(len({message['Subject'] for message in self.server.messages}), 5)


if __name__ == '__main__':
    unittest.main()
