#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A provider that fails once, in every way the stand-in knows: the mail arrives all the
same, once, and where its outcome was unclear the log says so."""

import concurrent.futures
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import mail, wrap_courier  # noqa: E402
from postmark import Postmark  # noqa: E402
from programs import Site, wait  # noqa: E402

DUPLICATE = 'possible duplicate'
ROWS = [  # the rule, whether the log warns of a duplicate
    ({'action': 'error', 'status': 429, 'code': 0, 'message': 'slow down'}, False),
    ({'action': 'error', 'status': 500, 'code': 0, 'message': 'oops'}, None),
    ({'action': 'error', 'status': 503, 'code': 100, 'message': 'maintenance'}, False),
    ({'action': 'html'}, True),
    ({'action': 'truncated-json'}, True),
    ({'action': 'cut-body'}, True),
    ({'action': 'empty'}, True),
    ({'action': 'huge', 'size': 2000000}, True),
    ({'action': 'redirect', 'location': 'http://127.0.0.1:9/x'}, None),
    ({'action': 'close-before-reply'}, True),
    ({'action': 'accept-then-close'}, True),
    ({'action': 'reset'}, True),
    ({'action': 'accept-then-reset'}, True),
    ({'action': 'accept-then-stall', 'seconds': 60}, True),
    ({'action': 'stall-after-headers', 'seconds': 60}, True),
    ({'action': 'reset-connection'}, None),
]


def deliver(rule):
    """Returns: how many copies arrived, and the log."""
    with Postmark(rules=[{**rule, 'times': 1}]) as server, Site() as site:
        site.set(retry_max='2s')
        site.postmark(server)
        wrap_courier(site, '--timeout', '2')
        site.start()
        done = site.sendmail('-t', '-i', input=mail())
        queue = os.path.join(site.spool, 'queue')
        wait(lambda: server.messages and not os.listdir(queue),
             f'a message after {rule["action"]}; the log: {site.log_text()}', 30)
        if server.problems or done.returncode != 0:
            raise AssertionError(f'{done} {server.problems}')
        return len(server.messages), site.log_text()


class Failures(unittest.TestCase):
    def test_each_is_survived(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            results = list(pool.map(deliver, [rule for rule, _ in ROWS]))
        for (rule, is_marked), (got, log) in zip(ROWS, results):
            with self.subTest(rule['action'], log=log):
                self.assertEqual(got, 1)
                self.assertIn('status=deferred', log)
                self.assertIn('status=sent', log)
                self.assertNotIn('status=bounced', log)
                if is_marked is not None:
                    self.assertEqual(DUPLICATE in log, is_marked)


if __name__ == '__main__':
    unittest.main()
