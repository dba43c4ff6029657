#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Perl's Email::Sender, MIME::Lite and Mail::Mailer, each with sendmail as they find it."""

import base64
import json
import os
import unittest

import caller
import namespace

MODULES = '/usr/share/perl5/'
PICTURE = bytes(range(256)) * 30
REPORT = b'%PDF-1.7\r\n' + os.urandom(70000)
SUBJECT = '=?UTF-8?B?R3LDvMOfZSA=?= =?UTF-8?B?4piD?='
TEXT = 'one\n.\n..\nFrom here\n'
ADDRESSES = {'From': [('B\u00fcro', 'shop@example.com')],
             'To': [('J\u00f6rg', 'a@example.org'), ('Doe, J.', 'b@example.org')]}
HEADER = ['From', '=?UTF-8?Q?B=C3=BCro?= <shop@example.com>', 'To',
          '=?UTF-8?Q?J=C3=B6rg?= <a@example.org>, "Doe, J." <b@example.org>', 'Subject',
          SUBJECT]
FIELDS = {**ADDRESSES, 'Subject': 'Gr\u00fc\u00dfe \u2603'}


def encoded(content):
    return base64.b64encode(content).decode()


# name: (message, what arrives, envelope sender)
CALLS = {
    # Of a Bcc in the header nothing is known to it: its envelope is From, To and Cc
    'Email::Sender': (
        {'way': 'email_sender', 'header': [*HEADER, 'Cc', 'c@example.org', 'X-Note', 'n'],
         'body': TEXT},
        {**FIELDS, 'Cc': [('', 'c@example.org')], 'Headers': [('X-Note', 'n')],
         'TextBody': TEXT}, 'shop@example.com'),
    'Email::Sender with an envelope': (
        {'way': 'email_sender', 'header': [*HEADER, 'Bcc', 'leak@example.org'], 'body': TEXT,
         'envelope': {'from': 'bounce@example.com',
                      'to': ['a@example.org', '-d@example.org', 'b@example.org']}},
        {**FIELDS, 'Bcc': [('', '-d@example.org')], 'TextBody': TEXT}, 'bounce@example.com'),
    'MIME::Lite': (
        {'way': 'mime_lite', 'header': [*HEADER, 'Cc', 'c@example.org', 'Bcc',
                                        'd@example.org, e@example.org', 'Data', TEXT]},
        {**FIELDS, 'Cc': [('', 'c@example.org')],
         'Bcc': [('', 'd@example.org'), ('', 'e@example.org')], 'TextBody': TEXT},
        'shop@example.com'),
    'MIME::Lite with files': (
        {'way': 'mime_lite', 'header': [*HEADER, 'Type', 'multipart/related'],
         'parts': [{'Type': 'text/html; charset=UTF-8', 'Encoding': 'quoted-printable',
                    'Data': encoded('<img src="cid:logo"> \u2603\n'.encode())},
                   {'Type': 'image/png', 'Id': '<logo>', 'Filename': 'logo.png',
                    'Encoding': 'base64', 'Data': encoded(PICTURE)},
                   {'Type': 'application/pdf', 'Filename': 'report 1.pdf', 'Encoding':
                    'base64', 'Disposition': 'attachment', 'Data': encoded(REPORT)}],
         'send': ['sendmail', 'SetSender', 1, 'FromSender', 'bounce@example.com']},
        {**FIELDS, 'HtmlBody': '<img src="cid:logo"> \u2603\n',
         'Attachments': [('logo.png', 'image/png', 'cid:logo', PICTURE),
                         ('report 1.pdf', 'application/pdf', None, REPORT)]},
        'bounce@example.com'),
    'Mail::Mailer': (  # sendmail -t without -i: a lone dot would end its message
        {'way': 'mail_mailer', 'header': [*HEADER, 'Bcc', 'd@example.org'], 'body': 'one\n'},
        {**FIELDS, 'Bcc': [('', 'd@example.org')], 'TextBody': 'one\n'}, 'root@example.com'),
}
# way: what it says of sendmail's exit status, if anything
FAILED = {'email_sender': 'error when closing pipe to sendmail',
          'mime_lite': 'error closing /usr/lib/sendmail:  (exit 16640)'}


class PerlTest(caller.CallerTest):
    def send(self, message):
        return json.loads(self.call('perl', caller.helper('perl-send.pl'),
                                    input=json.dumps(message)))

    def test_calls(self):
        for name, (message, wanted, sender) in CALLS.items():
            with self.subTest(name):
                self.serve()
                self.assertEqual(self.send(message), ['sent', None])
                self.assertArrived(wanted, ['x-mailer'])
                self.assertSender(sender)

    def test_refused(self):
        for way, words in FAILED.items():
            with self.subTest(way):
                self.serve(max_message_size='64K')
                said, error = self.send({'way': way, 'body': 'x' * 70000, 'header': [
                    *HEADER, *(['Data', 'x' * 70000] if way == 'mime_lite' else [])]})
                self.assertNotEqual(said, 'sent', error)
                self.assertIn(words, error)
                self.assertNothing(mails_errors=way == 'mime_lite')


if __name__ == '__main__':
    namespace.need(*(MODULES + name for name in
                     ('Email/Sender/Transport/Sendmail.pm', 'MIME/Lite.pm', 'Mail/Mailer.pm')))
    namespace.enter()
    unittest.main()
