#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mail through Mailgun: what arrives is the message, and what Mailgun objects to does not
bounce unless it is the message."""

import email.utils
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import case  # noqa: E402
from case import mail  # noqa: E402
import mailgun_check  # noqa: E402
from mailgun import KEY, Mailgun  # noqa: E402
from programs import wait  # noqa: E402


SEND = {'path': '*messages.mime'}
SEARCH = {'path': mailgun_check.SEARCH}


class Case(case.Case):
    server_options = {}

    def setUp(self):
        self.server = self.enterContext(Mailgun(**self.server_options))
        self.site = self.enterContext(self.make_site())
        self.site.account('mailgun', self.server.url, KEY, provider='mailgun')
        self.addCleanup(self.check_requests)
        self.addCleanup(self.check_programs)

    def settings(self, **settings):
        self.site.sections['account mailgun'].update(settings)
        self.site.write_config()


class Delivery(Case):
    def test_bytes_arrive_as_they_are(self):
        self.site.start()
        self.submit('-t', '-i', input=mail(Bcc='carol@example.net', body='caf\u00e9\n--x\n.'))
        message, = self.wait_for(1)
        self.assertEqual(message['To'], 'ann@example.net, carol@example.net')
        self.assertEqual(message['Domain'], 'example.com')
        self.assertNotIn('carol', message['Raw'])
        body = message['Raw'].partition('\r\n\r\n')[2].encode('latin-1')
        self.assertEqual(body, 'caf\u00e9\r\n--x\r\n.\r\n'.encode())
        self.assertRegex(message['Options'].pop('v:brevdue-id'), r'\A\w{26}\Z')
        self.assertEqual(message['Options'], {
            'o:tracking': 'no', 'o:tracking-opens': 'no', 'o:tracking-clicks': 'no'})

    def test_large_message(self):
        self.site.start()
        lines = '\n'.join(40 * [os.urandom(36).hex() * 4000])
        self.submit('-i', 'ann@example.net', input=mail(body=lines[:12_000_000]))
        message, = self.wait_for(1, 60)
        self.assertIn(lines[-200:-100] if len(lines) < 12_000_000 else lines[:100],
                      message['Raw'])

    def test_wishes_domain_and_test_mode(self):
        self.settings(domain='mg.example.org', sandbox='yes')
        self.site.start()
        self.submit('-t', '-i', input=mail(
            X_Mailgun_Tag='a tag', X_Mailgun_Track_Clicks='yes',
            X_Mailgun_Variables='{"shop": "3"}'))
        message, = self.wait_for(1)
        self.assertEqual(message['Domain'], 'mg.example.org')
        self.assertIn(message['Options'].pop('v:brevdue-id'), self.site.log_text())
        self.assertEqual(message['Options'], {
            'o:tracking': 'yes', 'o:tracking-opens': 'no', 'o:tracking-clicks': 'yes',
            'o:tag': 'a tag', 'o:testmode': 'yes', 'v:shop': '3'})
        self.assertNotIn('X-Mailgun', message['Raw'])
        wait(lambda: 'discarded-by-test' in self.site.log_text(), 'the word for it in the log')

    def doubt(self, *rules):
        self.settings(**{'indexing-time': '1s'})
        self.site.set(retry_max='1s')
        self.server.script.set([{'action': 'accept-then-reset', 'match': SEND, 'times': 1},
                                *rules])
        self.site.start()
        self.submit('-t', '-i', input=mail(to='ann@example.net, bob@example.net'))
        wait(lambda: not self.files(), 'an empty queue', 30)
        self.assertEqual(self.site.log_text().count('status=sent'), 2)
        self.assertNotIn('paused', self.site.log_text())
        return self.site.log_text()

    def test_found(self):
        """No answer came: the logs show it, once for each recipient."""
        log = self.doubt()
        self.assertEqual(len(self.server.messages), 1)
        self.assertEqual(log.count('found at the provider'), 2)
        self.assertEqual(len(self.server.searches), 1)

    def test_shown_to_nobody(self):
        """Not found is no answer: it is sent again, after some time and by its name."""
        self.server.shows = False
        log = self.doubt()
        self.assertEqual(len(self.server.messages), 2)
        self.assertEqual(len(self.server.searches), 5)
        self.assertIn('possible duplicate', log)

    def test_no_right_to_ask(self):
        """A sending key may send all the same, and at once."""
        for status in (401, 403):
            with self.subTest(status):
                self.doCleanups()
                self.setUp()
                log = self.doubt({'action': 'error', 'status': status, 'match': SEARCH})
                self.assertEqual(len(self.server.messages), 2)
                self.assertEqual(len(self.server.searches), 1)
                self.assertIn(f'no answer from the search: HTTP {status}', log)
                self.assertIn('possible duplicate', log)


class Refused(Case):
    server_options = {'domains': ['example.com']}

    def objections(self, text):
        self.wait_for_log(text)
        self.assertEqual(self.server.messages, [])
        self.assertEqual(len(self.files()), 1)
        self.assertNotIn('status=bounced', self.site.log_text())

    def test_wrong_key(self):
        self.site.write('mailgun.token', 'x' + KEY[1:] + '\n', 0o600)
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.objections('HTTP 401')

    def test_domain_of_another_sender(self):
        self.site.start()
        self.submit('-t', '-i', input=mail(sender='ann@example.org'))
        self.objections('Domain not found: example.org')
        self.submit('-t', '-i', input=mail(subject='other'))
        wait(lambda: self.server.messages, 'mail of another sender')

    def test_rate_with_a_date_in_prose(self):
        date = email.utils.formatdate(time.time() + 3, usegmt=True)
        self.server.script.set([{
            'action': 'error', 'status': 429, 'times': 1,
            'headers': {'Date': email.utils.formatdate(usegmt=True)},
            'message': 'Domain example.com is not allowed to send: recipient limit exceeded, '
                       f'try again after {date}'}])
        self.site.start()
        begin = time.monotonic()
        self.submit('-t', '-i', input=mail())
        self.wait_for(1, 30)
        self.assertGreater(time.monotonic() - begin, 1.5)
        self.assertNotIn('duplicate', self.site.log_text())

    def test_one_bad_recipient_of_many(self):
        """The reply does not say whom it is about: only that one hears of it."""
        good = [f'user{n}@example.net' for n in range(6)]
        self.server.script.set([{
            'action': 'error', 'status': 400, 'match': {'to': 'bad@example.net'},
            'message': "'to' parameter is not a valid address. please check documentation"}])
        self.site.start()
        self.submit('-i', *good[:4], 'bad@example.net', *good[4:], input=mail())
        self.wait_for_log('status=bounced')
        wait(lambda: self.site.log_text().count('status=sent') >= len(good), 'the others')
        got = [to for message in self.server.messages if 'user' in message['To']
               for to in message['To'].split(', ')]
        self.assertEqual(sorted(got), good)
        self.assertEqual(self.site.log_text().count('status=bounced'), 1)
        self.assertIn('to=<bad@example.net>, relay=mailgun', self.site.log_text())
        wait(lambda: any('multipart/report' in message['Raw']
                         for message in self.server.messages), 'the report')


if __name__ == '__main__':
    unittest.main()
