#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sendmail, brevdued and the courier against a stand-in for Postmark: what should arrive
does, once, and leaves nothing behind."""

import base64
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import Case, hold_courier, mail  # noqa: E402


class Delivery(Case):
    def test_header_recipients(self):
        self.site.start()
        self.submit('-t', '-i', input=mail('ann@example.net, bob@example.net',
                                           Bcc='eve@example.net'))
        message, = self.wait_for(1)
        self.assertEqual(message['To'], 'ann@example.net, bob@example.net')
        self.assertEqual(message['Bcc'], 'eve@example.net')
        self.assertEqual(message['TextBody'], 'text\n')

    def test_argument_is_the_only_recipient(self):
        self.site.start()
        self.submit('-i', 'bob@example.net', input=mail('ann@example.net'))
        message, = self.wait_for(1)
        self.assertEqual(self.recipients(message), {'bob@example.net'})

    def test_batch(self):
        """What is due together travels together, and nothing waits for company."""
        hold_courier(self.site)
        self.site.start()
        for i in range(30):
            self.submit('-t', '-i', input=mail(subject=f'{i}'))
        hold_courier(self.site, False)
        self.wait_for(30)
        self.assertEqual([r['path'] for r in self.server.requests], ['/email/batch'])
        self.submit('-t', '-i', input=mail())
        self.wait_for(31)
        self.assertEqual(self.server.requests[-1]['path'], '/email')

    def test_local_names(self):
        self.site.set(aliases=self.site.write('aliases', 'root: ops@example.org\n'),
                      postmaster='pm@example.org')
        self.site.write_config()
        self.site.start()
        self.submit('-i', 'root', 'daemon', input=mail('root, daemon'))
        message, = self.wait_for(1)
        self.assertEqual(self.recipients(message), {'ops@example.org', 'pm@example.org'})

    def test_many_recipients(self):
        """More than one request may name: several, each recipient once."""
        everybody = [f'u{i}@example.net' for i in range(120)]
        self.site.start()
        self.submit('-t', '-i', input=mail(', '.join(everybody)))
        self.server.wait(lambda: len(self.server.messages) >= 3, 'three messages')
        got = [address for m in self.server.messages for address in self.recipients(m)]
        self.assertEqual(sorted(got), sorted(everybody))

    def test_control_characters(self):
        """A strict reader takes the request, whatever stands in the message."""
        text = ''.join(map(chr, [*range(1, 32), 127]))
        coded = base64.b64encode(f'a{text}b'.encode()).decode()
        self.site.start()
        self.submit('-t', '-i', input=mail(
            subject=f'=?utf-8?b?{coded}?=', sender=f'=?utf-8?b?{coded}?= <www@example.com>',
            body=coded, X_Odd=f'=?utf-8?b?{coded}?=', MIME_Version='1.0',
            Content_Type='text/plain; charset=utf-8', Content_Transfer_Encoding='base64'))
        message, = self.wait_for(1)
        self.assertEqual(message['TextBody'], f'a{text}b')
        for line in (message['Subject'], message['From'], str(message['Headers'])):
            self.assertNotRegex(line, r'[\x00-\x1f\x7f]')

    def test_message_id_is_stable(self):
        self.server.script.set([{'action': 'truncated-json', 'times': 1}])
        self.server.shows_after = None  # so that it is sent twice
        self.site.start()
        self.submit('-t', '-i', input=mail())
        first, second = self.wait_for(2)
        self.assertEqual(first['Headers'], second['Headers'])
        self.assertIn('Message-ID', str(first['Headers']))

    def test_concurrent_couriers(self):
        """Several processes on one spool send each message once."""
        hold_courier(self.site)
        self.site.start()
        for i in range(60):
            self.submit('-t', '-i', input=mail(subject=f'{i}'))
        self.site.stop()
        hold_courier(self.site, False)
        courier = os.path.join(self.site.programs, 'courier')
        drains = [subprocess.Popen([courier, '--drain'], env=self.site.env(),
                                   stderr=subprocess.DEVNULL) for _ in range(4)]
        self.assertEqual([drain.wait(60) for drain in drains], [0] * 4)
        self.wait_for(60)


if __name__ == '__main__':
    unittest.main()
