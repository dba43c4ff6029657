#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pflogsumm, which Postfix' administrators read every morning, reads our log lines."""

import os
import re
import subprocess
import unittest

import machine
import namespace
import programs

TEXT = 'Subject: Hello\n\nText\n'


class PflogsummTest(unittest.TestCase):
    def setUp(self):
        self.host = self.enterContext(machine.Machine())

    def send(self, *recipients):
        subprocess.run(['/usr/sbin/sendmail', '-i', '-f', 'shop@example.com', *recipients],
                       input=TEXT.encode(), check=True, timeout=60,
                       env={'PATH': '/usr/bin:/bin'})

    def summary(self, lines):
        path = os.path.join(self.host.stage.path, 'mail.log')
        with open(path, 'w', encoding='utf-8') as log:
            log.write('\n'.join(lines) + '\n')
        done = subprocess.run(['pflogsumm', '--syslog_name=brevdue', '--verbose_msg_detail',
                               path], capture_output=True, text=True, timeout=60,
                              env={'PATH': '/usr/sbin:/usr/bin:/bin'})
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return done.stdout

    def totals(self, text):
        return {name: int(number) for number, name in
                re.findall(r'^ +(\d+) +(received|delivered|deferred|bounced|rejected)\b',
                           text, re.M)}

    def test_totals(self):
        log = machine.SystemLog()
        server = self.enterContext(machine.serve(
            {'action': 'refuse', 'code': 406, 'match': {'to': 'gone@example.org'},
             'message': 'Found inactive addresses: gone@example.org.'},
            {'action': 'reply', 'status': 503, 'times': 1, 'match': {'to': 'c@example.org'}}))
        self.host.configure(server, log='syslog')
        self.host.start()
        self.send('c@example.org')
        programs.wait(lambda: 'status=deferred' in '\n'.join(log.lines), 'the deferral')
        self.send('a@example.org', 'b@example.org')
        self.send('gone@example.org')
        sent = r'to=<([^>]*)>.*status=sent'
        wanted = ['a@example.org', 'b@example.org', 'c@example.org', 'shop@example.com']
        programs.wait(lambda: sorted(re.findall(sent, '\n'.join(log.lines))) == wanted,
                      'four deliveries, one of them the report')
        self.host.stop()
        text = self.summary(log.lines)
        self.assertEqual(
            {name: count for name, count in self.totals(text).items() if name != 'rejected'},
            {'received': 4, 'delivered': 4, 'deferred': 1, 'bounced': 1}, text)
        for words in ('a@example.org', 'c@example.org', 'shop@example.com',
                      'Found inactive addresses'):
            self.assertIn(words, text)


if __name__ == '__main__':
    namespace.need('pflogsumm')
    namespace.enter()
    unittest.main()
