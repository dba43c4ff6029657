#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pflogsumm, which people run over Postfix' log, counts ours: received, delivered,
deferred, bounced, bytes, and who sent most."""

import os
import re
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import Case, mail  # noqa: E402
from namespace import need  # noqa: E402

PFLOGSUMM = '/usr/sbin/pflogsumm'


class Logs(Case):
    def summary(self):
        stamp = time.strftime('%b %e %H:%M:%S host ')
        lines = ''.join(stamp + line + '\n' for line in self.site.log_text().splitlines())
        done = subprocess.run([PFLOGSUMM, '--syslog-name=brevdue'], input=lines.encode(),
                              capture_output=True, check=True)
        return done.stdout.decode()

    def count(self, summary, what):
        found = re.search(rf'^ +(\S+) +{what}\b', summary, re.M)
        self.assertTrue(found, f'{what} in:\n{summary}')
        return found[1]

    def test_counts(self):
        self.server.script.set([
            {'action': 'error', 'status': 503, 'code': 100, 'message': 'maintenance', 'times': 1},
            {'action': 'inactive', 'match': {'to': 'gone@example.net'},
             'addresses': ['gone@example.net']}])
        self.site.start()
        self.submit('-t', '-i', '-fwww@example.com', input=mail('ann@example.net'))
        self.wait_for(1)
        self.submit('-t', '-i', '-fwww@example.com',
                    input=mail('ann@example.net, bob@example.net'))
        self.wait_for(2)
        self.submit('-i', '-N', 'never', '-f', 'other@example.com', 'gone@example.net',
                    input=mail())
        self.wait_for_log('status=bounced')
        self.wait_for(2)
        summary = self.summary()
        self.assertEqual(self.count(summary, 'received'), '3')
        self.assertEqual(self.count(summary, 'delivered'), '3')
        self.assertEqual(self.count(summary, 'deferred'), '1')
        self.assertEqual(self.count(summary, 'bounced'), '1')
        self.assertRegex(summary, r'2 +www@example\.com')
        self.assertRegex(summary, r'2 +ann@example\.net')
        self.assertNotIn('rejected (100%)', summary)


if __name__ == '__main__':
    need(PFLOGSUMM)
    unittest.main()
