#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whole deliveries through the other providers; keys that make a repeated request harmless."""

import email
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import structured  # noqa: E402
from case import Case, hold_courier, kill_couriers, mail  # noqa: E402
from programs import Site  # noqa: E402


AGAIN = 'is sent again, as a possible duplicate'

ATTACHMENT = """--b

text
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename=a.pdf

%PDF
--b--"""


LATIN_1 = b"""From: www@example.com
To: ann@example.net
Subject: S
MIME-Version: 1.0
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: 8bit

\xfcber\0 =
.
fin
"""


class Provider(Case):
    """@name: of the provider; @stand_in: its class."""

    name = 'resend'
    stand_in = structured.Resend

    def setUp(self):
        self.server = self.enterContext(self.stand_in(token='re_secret'))
        self.site = self.enterContext(Site(retry_max='1s'))
        self.site.account(self.name, self.server.url, self.server.token, provider=self.name,
                          **self.settings())
        self.addCleanup(self.check_requests)
        self.addCleanup(self.check_programs)

    def settings(self):
        return self.stand_in.settings

    def begin(self, *rules):
        self.server.script.set(rules)
        self.site.start()

    def header(self, name):
        """That field of each request, in order."""
        return [dict(request['headers']).get(name) for request in self.server.requests]


class Deliveries(Provider):
    def test_each(self):
        for name, stand_in in STAND_INS.items():
            with self.subTest(provider=name):
                self.name, self.stand_in = name, stand_in
                self.doCleanups()
                self.setUp()
                self.begin()
                self.submit('-t', '-i', input=mail(to='ann@example.net, bob@example.net'))
                self.wait_for(2 if name in ONE_EACH else 1)
                self.assertIn('status=sent', self.site.log_text())
                self.assertNotIn('re_secret', self.site.log_text())
                self.assertNotIn(self.server.token, self.site.log_text())

    def test_half_a_key(self):
        """Mail waits for the other half, and the line that is missing is named."""
        self.doCleanups()
        self.name, self.stand_in = 'mailjet', structured.Mailjet
        self.settings = dict
        self.setUp()
        self.begin()
        self.submit('-t', '-i', input=mail())
        self.wait_for_log('"user = KEY" in [account mailjet]')
        self.assertEqual(len(self.site.queue()), 1)
        self.assertEqual(self.server.requests, [])

    def test_asked_for(self):
        """No answer came: the provider is asked, and has it."""
        for self.name in ('mailjet', 'azure', 'smtp2go', 'mailtrap', *ONE_EACH):
            with self.subTest(provider=self.name):
                self.lose_answer()
                self.wait_for(2 if self.name in ONE_EACH else 1)
                self.assertIn('found at the provider', self.site.log_text())
                self.assertNotIn(AGAIN, self.site.log_text())

    def lose_answer(self, *rules, shows_after=0):
        """The answer to the first request that sends mail."""
        self.doCleanups()
        self.stand_in = STAND_INS[self.name]
        self.settings = lambda: {**self.stand_in.settings, 'indexing_time': '1s'}
        self.setUp()
        self.server.shows_after = shows_after
        self.begin({'action': 'accept-then-reset', 'match': {'path': f'{self.stand_in.path}*'},
                    'times': 1}, *rules)
        self.submit('-t', '-i', input=mail(to='ann@example.net, Bob@Example.NET'))

    def questions(self):
        return [request for request in self.server.requests
                if request['path'].startswith(self.stand_in.search_path)]

    def test_never_shown(self):
        """Where nobody promises a whole list, that proves nothing."""
        for self.name in ONE_EACH:
            with self.subTest(provider=self.name):
                self.lose_answer(shows_after=None)
                self.wait_for(3)
                self.assertEqual(self.site.log_text().count(AGAIN), 1)
                self.assertEqual(len(self.questions()), 5)

    def test_no_right_to_ask(self):
        for self.name in ONE_EACH:
            with self.subTest(provider=self.name):
                self.lose_answer({'action': 'reply', 'status': 403, 'body': {},
                                  'match': {'path': f'{STAND_INS[self.name].search_path}*'}})
                self.wait_for(3)
                self.assertEqual(self.site.log_text().count(AGAIN), 1)
                self.assertEqual(len(self.questions()), 1)
                self.assertNotIn('paused', self.site.log_text())

    def in_doubt_at_smtp2go(self, *rules, **fields):
        self.doCleanups()
        self.name, self.stand_in = 'smtp2go', structured.Smtp2go
        self.settings = lambda: {'indexing_time': '60s'}
        self.setUp()
        self.begin({'action': 'accept-then-reset', 'times': 1}, *rules)
        self.submit('-t', '-i', input=mail(**fields))
        self.wait_for(2)
        self.assertIn('possible duplicate', self.site.log_text())
        self.assertNotIn('paused', self.site.log_text())
        return [request for request in self.server.requests
                if request['path'] == '/activity/search']

    def test_no_permission_to_ask(self):
        """The key may send all the same, and at once."""
        questions = self.in_doubt_at_smtp2go({
            'action': 'error', 'status': 400, 'match': {'path': '/activity/search'},
            'body': {'request_id': 'r', 'data': {
                'error': 'You do not have permission to access this API endpoint',
                'error_code': 'E_ApiResponseCodes.ENDPOINT_PERMISSION_DENIED'}}})
        self.assertEqual(len(questions), 1)
        self.assertIn('You do not have permission to access', self.site.log_text())

    def test_nothing_to_find_it_by(self):
        """A Message-ID that is not ours may be on other mail: nobody is asked."""
        self.assertEqual(self.in_doubt_at_smtp2go(Message_ID='<x@example.com>'), [])

    def test_not_there(self):
        """Azure does not have it: it is sent again, under the same id."""
        self.doCleanups()
        self.name, self.stand_in = 'azure', structured.Azure
        self.settings = lambda: {'indexing_time': '1s'}
        self.setUp()
        self.begin({'action': 'reset', 'match': {'method': 'POST'}, 'times': 1})
        self.submit('-t', '-i', input=mail())
        self.wait_for(1)
        ids = [one for one in self.header('Operation-Id') if one is not None]
        self.assertEqual((len(ids), len(set(ids))), (2, 1))

    def test_not_utf8(self):
        """What is no text for JSON arrives all the same, each byte of it."""
        for self.name in ('sparkpost', 'mandrill'):
            with self.subTest(provider=self.name):
                self.doCleanups()
                self.stand_in = STAND_INS[self.name]
                self.settings = lambda: self.stand_in.settings
                self.setUp()
                self.begin()
                self.submit('-t', '-i', input=LATIN_1)
                message, = self.wait_for(1)
                raw = self.server.check.raw_of(message).encode('utf-8')
                got = email.message_from_bytes(raw)
                self.assertEqual(got.get_payload(decode=True), b'\xfcber\0 =\r\n.\r\nfin\r\n')
                self.assertEqual(got.get_content_charset(), 'iso-8859-1')
                self.assertEqual(got['Subject'], 'S')
                self.assertNotIn('status=bounced', self.site.log_text())

    def test_batches(self):
        """Several messages in one request, those with attachments apart from them."""
        self.doCleanups()
        self.settings = lambda: {'batch': '10', 'concurrency': '1'}
        self.setUp()
        hold_courier(self.site)
        self.begin()
        for i in range(5):
            self.submit('-t', '-i', input=mail(subject=f'plain {i}'))
        self.submit('-t', '-i', input=mail(subject='file', body=ATTACHMENT, MIME_Version='1.0',
                                           Content_Type='multipart/mixed; boundary=b'))
        hold_courier(self.site, held=False)
        self.site.admin('flush')
        messages = self.wait_for(6)
        self.assertEqual(sum('attachments' in message for message in messages), 1)
        batches = [request for request in self.server.requests
                   if request['path'] == '/emails/batch']
        self.assertGreater(len(batches), 0)
        self.assertLess(len(self.server.requests), 6)

    def test_sandbox(self):
        """Nothing is delivered, and nobody says so."""
        for self.name, more in {'sendgrid': {}, 'mailtrap': {'user': '7'}}.items():
            with self.subTest(provider=self.name):
                self.doCleanups()
                self.stand_in = STAND_INS[self.name]
                self.settings = lambda: {'sandbox': 'yes', **more}
                self.setUp()
                self.begin()
                self.submit('-t', '-i', input=mail())
                self.wait_for_log('status=discarded-by-test')
                self.site.wait_for_empty_queue()
                self.assertEqual(self.server.messages, [])
                self.assertNotIn('status=sent', self.site.log_text())


class Keys(Provider):
    """The first answer is lost in each of these ways; nobody gets the mail twice."""

    def keys(self):
        return self.header('Idempotency-Key')

    def test_accepted_and_lost(self):
        for action in ('accept-then-reset', 'accept-then-close', 'truncated-json', 'cut-body',
                       'empty'):
            with self.subTest(action=action):
                self.doCleanups()
                self.setUp()
                self.begin({'action': action, 'times': 1})
                self.submit('-t', '-i', input=mail())
                self.wait_for(1)
                keys = self.keys()
                self.assertGreater(len(keys), 1)
                self.assertEqual(len(set(keys)), 1, keys)
                self.assertNotIn('possible duplicate', self.site.log_text())

    def test_many_recipients(self):
        """Several requests for one message: each with its own key, and each the same again."""
        self.begin({'action': 'accept-then-reset', 'times': 3})
        to = [f'r{i}@example.net' for i in range(120)]
        self.submit('-t', '-i', input=mail(to=', '.join(to)))
        messages = self.wait_for(3)
        got = [address for message in messages
               for address in self.server.check.recipients(message)]
        self.assertEqual(sorted(got), sorted(to))
        self.assertEqual(len(set(self.keys())), 3)

    def test_killed(self):
        """The courier dies while it waits for the answer: the next one repeats the request."""
        self.begin({'action': 'accept-then-stall', 'times': 1})
        self.submit('-t', '-i', input=mail())
        self.server.wait(lambda: self.server.messages, 'the request')
        kill_couriers(self.site)
        self.wait_for(1)
        keys = self.keys()
        self.assertEqual((len(keys), len(set(keys))), (2, 1))

    def test_refused_before(self):
        """What was not accepted has another key: it is another request."""
        self.begin({'action': 'reply', 'status': 500, 'times': 1})
        self.submit('-t', '-i', input=mail())
        self.wait_for(1)
        self.assertEqual(len(set(self.keys())), 2)


class BrevoKeys(Keys):
    """Here the key is a header field of the message, and its repetition an error."""

    name = 'brevo'
    stand_in = structured.Brevo

    def keys(self):
        return [json.loads(body)['headers']['idempotencyKey'] for body in self.server.bodies]

    def test_many_recipients(self):
        self.skipTest('99 of them in one request')


class GatewayKeys(Provider):
    """Here the account says which header field has the key."""

    name = 'http'
    stand_in = structured.Gateway

    def test_accepted_and_lost(self):
        self.begin({'action': 'accept-then-reset', 'times': 1})
        self.submit('-t', '-i', input=mail())
        self.wait_for(1)
        keys = self.header('X-Request-Key')
        self.assertEqual((len(keys), len(set(keys))), (2, 1))


STAND_INS = {
    'sendgrid': structured.SendGrid,
    'resend': structured.Resend,
    'brevo': structured.Brevo,
    'mailjet': structured.Mailjet,
    'cloudflare': structured.Cloudflare,
    'scaleway': structured.Scaleway,
    'smtp2go': structured.Smtp2go,
    'azure': structured.Azure,
    'http': structured.Gateway,
    'mailtrap': structured.Mailtrap,
    'mailersend': structured.MailerSend,
    'elastic': structured.ElasticEmail,
    'sparkpost': structured.SparkPost,
    'mandrill': structured.Mandrill,
}
ONE_EACH = ('sparkpost', 'mandrill')  # a request for each recipient

if __name__ == '__main__':
    unittest.main()
