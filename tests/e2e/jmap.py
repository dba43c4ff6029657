#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mail through JMAP: several requests carry it, and only the last can leave a doubt."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import case  # noqa: E402
from case import mail  # noqa: E402
from programs import Site  # noqa: E402

sys.path.remove(HERE)  # or this file would be found by the name of the stand-in
sys.modules.pop('jmap', None)
from jmap import Jmap  # noqa: E402

PAGE = '<html>Please log in to this network.</html>'


class Jmaps(case.Case):
    def setUp(self):
        self.begin()

    def begin(self, **options):
        self.server = self.enterContext(Jmap(**options))
        self.site = self.enterContext(Site(retry_max='1s'))
        self.site.account('jmap', self.server.url, self.server.token, provider='jmap')
        self.addCleanup(self.check_requests)
        self.addCleanup(self.check_programs)

    def again(self, **options):
        self.doCleanups()
        self.begin(**options)

    def send(self, *rules, **options):
        self.server.script.set(rules)
        self.site.start()
        self.submit('-t', '-i', input=mail(**options))

    def assert_waits(self, text):
        self.wait_for_log(text)
        self.assertEqual(self.server.messages, [])
        self.assertEqual(len(self.files()), 1)
        self.assertNotIn('status=bounced', self.site.log_text())

    def test_bytes_arrive_as_they_are(self):
        self.send(to='ann@example.net', Bcc='carol@example.net', body='caf\u00e9\n.')
        message, = self.wait_for(1)
        self.assertEqual(message['To'], 'ann@example.net, carol@example.net')
        self.assertNotIn('carol', message['Raw'])
        body = message['Raw'].partition('\r\n\r\n')[2].encode('latin-1')
        self.assertEqual(body, 'caf\u00e9\r\n.\r\n'.encode())
        self.assertEqual(self.server.emails, {})
        self.assertNotIn(self.server.token, self.site.log_text())

    def test_nothing_was_sent_before_the_last(self):
        """Whatever becomes of another request, there is no doubt, and no second copy."""
        page, lost = {'action': 'reply', 'body': PAGE}, {'action': 'accept-then-reset'}
        for path, action in (('/.well-known/jmap', page), ('/jmap/session', page),
                             ('/jmap/session', {'action': 'truncated-json'}),
                             ('/jmap/upload/*', page), ('/jmap/upload/*', lost),
                             ('/jmap/api/', {'action': 'reply', 'status': 502}),
                             ('/jmap/api/', lost)):
            with self.subTest(path=path, action=action):
                self.again()
                self.send({**action, 'match': {'path': path}, 'times': 1})
                self.wait_for(1)
                self.assertIn('status=deferred', self.site.log_text())
                self.assertNotIn('possible duplicate', self.site.log_text())

    def test_doubt(self):
        last = {'min_messages': 1}
        for action in ({'action': 'accept-then-reset', 'accept': False},
                       {'action': 'reply', 'body': PAGE}):
            with self.subTest(action=action):
                self.again()
                self.send({**action, 'match': last, 'times': 1})
                self.wait_for(1)
                self.assertIn('possible duplicate', self.site.log_text())

    def test_refused_recipient(self):
        """The others get it at once, and no draft is left behind."""
        error = {'type': 'invalidRecipients', 'invalidRecipients': ['bad@example.net'],
                 'description': 'nobody there'}
        self.send({'action': 'error', 'error': error, 'match': {'to': 'bad@example.net'}},
                  to='ann@example.net, bad@example.net')
        other, report = self.wait_for(2)
        self.assertEqual({other['To'], report['To']}, {'ann@example.net', 'root@example.com'})
        self.assertIn('status=bounced (nobody there)', self.site.log_text())
        self.assertEqual(self.server.emails, {})

    def test_wrong_token(self):
        self.site.write('jmap.token', 'wrong\n', 0o600)
        self.send()
        self.assert_waits('who?')

    def test_token_stays_at_home(self):
        self.again(api='https://elsewhere.example/jmap/')
        self.send()
        self.assert_waits("sends us on to 'https://elsewhere.example'")
        self.assertEqual({request['path'] for request in self.server.requests},
                         {'/.well-known/jmap', '/jmap/session'})

    def test_may_not_send(self):
        self.again(primary=None)
        self.send()
        self.assert_waits('does not let this user send mail')

    def test_too_large(self):
        self.again(most=200)
        self.send(body='x' * 60 + '\n' + 'y' * 600)
        self.wait_for_log('status=bounced (the message has ')


if __name__ == '__main__':
    unittest.main()
