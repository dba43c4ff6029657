#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mail through Postal: what arrives is the message, and what Postal objects to does not
bounce."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import case  # noqa: E402
from case import mail  # noqa: E402
from postal import KEY, Postal  # noqa: E402
from programs import wait  # noqa: E402


class Postals(case.Case):
    def setUp(self):
        self.server = self.enterContext(Postal(domains=['example.com']))
        self.site = self.enterContext(self.make_site())
        self.site.account('postal', self.server.url, KEY, provider='postal')
        self.addCleanup(self.check_requests)
        self.addCleanup(self.check_programs)

    def objections(self, text):
        self.wait_for_log(text)
        self.assertEqual(self.server.messages, [])
        self.assertEqual(len(self.files()), 1)
        self.assertNotIn('status=bounced', self.site.log_text())

    def test_bytes_arrive_as_they_are(self):
        self.site.start()
        self.submit('-t', '-i', input=mail(Bcc='carol@example.net', body='caf\u00e9\n.'))
        message, = self.wait_for(1)
        self.assertEqual(message['To'], 'ann@example.net, carol@example.net')
        self.assertNotIn('carol', message['Raw'])
        body = message['Raw'].partition('\r\n\r\n')[2].encode('latin-1')
        self.assertEqual(body, 'caf\u00e9\r\n.\r\n'.encode())
        self.assertFalse(message['Bounce'])

    def test_null_sender(self):
        self.site.start()
        self.submit('-t', '-i', '-f', '<>', input=mail())
        message, = self.wait_for(1)
        self.assertTrue(message['Bounce'])

    def test_wrong_key_is_not_repeated(self):
        wrong = 'x' + KEY[1:]
        self.site.write('postal.token', wrong + '\n', 0o600)
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.objections('was not valid')
        self.assertNotIn(wrong, self.site.log_text())

    def test_domain_of_another_sender(self):
        self.site.start()
        self.submit('-t', '-i', input=mail(sender='ann@example.org'))
        self.objections('UnauthenticatedFromAddress')
        self.submit('-t', '-i', input=mail(subject='other'))
        wait(lambda: self.server.messages, 'mail of another sender')

    def test_doubt(self):
        self.server.script.set([{'action': 'html', 'times': 1}])
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.wait_for(1, 30)
        self.assertIn('possible duplicate', self.site.log_text())


if __name__ == '__main__':
    unittest.main()
