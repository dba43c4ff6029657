#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""PHPMailer, as Debian packages it: through sendmail, and through PHP's mail()."""

import base64
import json
import os
import unittest

import caller
import fields
import namespace

LIBRARY = '/usr/share/php/libphp-phpmailer/autoload.php'
PICTURE = bytes(range(256)) * 30
REPORT = b'%PDF-1.7\r\n' + os.urandom(70000)
SUBJECT = 'Gr\u00fc\u00dfe \u2603 ' * 8 + 'end'
LONG = 'R\u00e9sum\u00e9 \u2603 ' * 6 + '.pdf'  # the name needs more than one encoded word


def encoded(content):
    return base64.b64encode(content).decode()


FROM = ['setFrom', ['shop@example.com', 'B\u00fcro K\u00f6ln']]
TO = ['addAddress', ['a@example.org']]
FIELDS = {'From': [('B\u00fcro K\u00f6ln', 'shop@example.com')],
          'To': [('', 'a@example.org')], 'Subject': 'Hello'}

# name: (message, what arrives but for X-Mailer, envelope sender)
CALLS = {
    'plain': (
        {'calls': [FROM, TO], 'set': {'Subject': 'Hello', 'Body': 'one\n.\n..\nFrom here\n'}},
        {**FIELDS, 'TextBody': 'one\n.\n..\nFrom here\n'}, 'shop@example.com'),
    'everybody': (
        {'calls': [FROM, ['addAddress', ['a@example.org', 'J\u00f6rg']],
                   ['addAddress', ['b@example.org', 'Doe, "Jane"']],
                   ['addCC', ['c@example.org']], ['addBCC', ['d@example.org', 'Hidden']],
                   ['addBCC', ['e@example.org']], ['addReplyTo', ['desk@example.com', 'Desk']],
                   ['addCustomHeader', ['X-Shop', 'caf\u00e9']],
                   ['addCustomHeader', ['List-Unsubscribe', '<mailto:u@example.com>']],
                   ['isHTML', [True]]],
         'set': {'Subject': SUBJECT, 'Body': '<p>Gr\u00fc\u00dfe</p>',
                 'AltBody': 'Gr\u00fc\u00dfe \u2603', 'Sender': 'bounce@example.com',
                 'Priority': 1}},
        {**FIELDS, 'To': [('J\u00f6rg', 'a@example.org'), ('Doe, "Jane"', 'b@example.org')],
         'Cc': [('', 'c@example.org')],
         'Bcc': [('', 'd@example.org'), ('', 'e@example.org')],
         'ReplyTo': [('Desk', 'desk@example.com')],
         'Subject': SUBJECT, 'HtmlBody': '<p>Gr\u00fc\u00dfe</p>\n\n',
         'TextBody': 'Gr\u00fc\u00dfe \u2603\n',
         'Headers': [('X-Priority', '1'), ('X-Shop', '=?UTF-8?B?Y2Fmw6k=?='),
                     ('List-Unsubscribe', '<mailto:u@example.com>')]},
        'bounce@example.com'),
    'attachments': (
        {'calls': [FROM, TO, ['isHTML', [True]]],
         'set': {'Subject': 'Hello', 'Body': '<img src="cid:logo">', 'AltBody': 'See below'},
         'attachments': [[encoded(REPORT), LONG, 'application/pdf']],
         'pictures': [[encoded(PICTURE), 'logo', 'logo.png', 'image/png']]},
        {**FIELDS, 'HtmlBody': '<img src="cid:logo">\n', 'TextBody': 'See below\n',
         'Attachments': [('logo.png', 'image/png', 'cid:logo', PICTURE),
                         (LONG, 'application/pdf', None, REPORT)]},
        'shop@example.com'),
    'only blind copies': (
        {'calls': [FROM, ['addBCC', ['d@example.org']], ['addBCC', ['e@example.org']]],
         'set': {'Subject': 'Hello', 'Body': 'Text\n'}},
        {'From': FIELDS['From'], 'Bcc': [('', 'd@example.org'), ('', 'e@example.org')],
         'Subject': 'Hello', 'TextBody': 'Text\n'}, 'shop@example.com'),
    'a dash first': (
        {'calls': [FROM, ['addAddress', ['-a@example.org']]],
         'set': {'Subject': 'Hello', 'Body': 'Text\n'}},
        {**FIELDS, 'To': [('', '-a@example.org')], 'TextBody': 'Text\n'}, 'shop@example.com'),
}


class PhpMailerTest(caller.CallerTest):
    def send(self, way, message):
        output = self.call('php', caller.helper('phpmailer-send.php'), user=caller.WEB,
                           input=json.dumps({**message,
                                             'calls': [[way, []], *message['calls']]}))
        return json.loads(output)

    def check(self, way):
        for name, (message, wanted, sender) in CALLS.items():
            with self.subTest(name):
                self.serve()
                said, error, message_id = self.send(way, message)
                self.assertEqual((said, error), (True, ''))
                if way == 'isMail' and wanted.keys().isdisjoint(('HtmlBody', 'Attachments')):
                    wanted = {**wanted, 'TextBody': wanted['TextBody'] + '\n'}  # PHP's own
                got = self.assertArrived(wanted, ['x-mailer'])
                self.assertEqual(fields.message_id(got), message_id)
                self.assertSender(sender)

    def test_sendmail(self):
        self.check('isSendmail')

    def test_mail(self):
        self.check('isMail')

    def test_one_message_for_each_recipient(self):
        message = {'calls': [FROM, TO, ['addAddress', ['b@example.org']]],
                   'set': {'Subject': 'Hello', 'Body': 'Text\n', 'SingleTo': True}}
        for way in ('isSendmail', 'isMail'):
            with self.subTest(way):
                self.serve()
                self.assertTrue(self.send(way, message)[0])
                self.assertEqual(sorted(got['To'] for got in self.arrived(2)),
                                 ['a@example.org', 'b@example.org'])

    def test_false(self):
        large = {'calls': [FROM, TO], 'set': {'Subject': 'Hello', 'Body': 'x\n' * 40000}}
        for way, words in (('isSendmail', 'Could not execute'),
                           ('isMail', 'Could not instantiate mail function')):
            with self.subTest(way):
                self.serve(max_message_size='64K')
                said, error, _ = self.send(way, large)
                self.assertEqual((said, words in error), (False, True), error)
                self.assertNothing()


if __name__ == '__main__':
    namespace.need('php', LIBRARY)
    namespace.enter()
    unittest.main()
