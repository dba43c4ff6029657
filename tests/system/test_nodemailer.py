#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""nodemailer, as Debian packages it, through its sendmail transport."""

import base64
import json
import os
import unittest

import caller
import fields
import namespace

LIBRARY = '/usr/share/nodejs/nodemailer'
PICTURE = bytes(range(256)) * 30
REPORT = b'%PDF-1.7\r\n' + os.urandom(70000)


def encoded(content):
    return base64.b64encode(content).decode()


# name: (message, options of the transport, what arrives)
CALLS = {
    'plain': (
        {'from': 'Shop <shop@example.com>', 'to': 'a@example.org', 'subject': 'Hello',
         'text': 'Text\n.\n..\nend'}, {},
        {'From': [('Shop', 'shop@example.com')], 'To': [('', 'a@example.org')],
         'Subject': 'Hello', 'TextBody': 'Text\n.\n..\nend\n'}),
    'everybody': (
        {'from': 'B\u00fcro <shop@example.com>', 'to': ['J\u00f6rg <a@example.org>',
                                                        'b@example.org'],
         'cc': '"Doe, Jane" <c@example.org>', 'bcc': ['d@example.org', 'e@example.org'],
         'replyTo': 'Desk <desk@example.com>', 'subject': 'Gr\u00fc\u00dfe \u2603 ' * 9,
         'text': 'Gr\u00fc\u00dfe \u2603', 'html': '<p>Gr\u00fc\u00dfe \u2603</p>',
         'headers': {'X-Shop': 'caf\u00e9', 'List-Unsubscribe': '<mailto:u@example.com>'},
         'inReplyTo': '<1@example.org>', 'references': ['<0@example.org>',
                                                        '<1@example.org>']},
        {'newline': 'windows'},
        {'From': [('B\u00fcro', 'shop@example.com')],
         'To': [('J\u00f6rg', 'a@example.org'), ('', 'b@example.org')],
         'Cc': [('Doe, Jane', 'c@example.org')],
         'Bcc': [('', 'd@example.org'), ('', 'e@example.org')],
         'ReplyTo': [('Desk', 'desk@example.com')],
         'Subject': 'Gr\u00fc\u00dfe \u2603 ' * 8 + 'Gr\u00fc\u00dfe \u2603',
         'TextBody': 'Gr\u00fc\u00dfe \u2603', 'HtmlBody': '<p>Gr\u00fc\u00dfe \u2603</p>',
         'Headers': [('X-Shop', '=?UTF-8?Q?caf=C3=A9?='), ('List-Unsubscribe', '<mailto:u@example.com>'),
                     ('In-Reply-To', '<1@example.org>'),
                     ('References', '<0@example.org> <1@example.org>')]}),
    'attachments': (
        {'from': 'shop@example.com', 'to': 'a@example.org', 'subject': 'Bill',
         'html': '<img src="cid:logo@shop">', 'text': 'See below',
         'attachments': [
             {'filename': 'logo.png', 'content': encoded(PICTURE), 'cid': 'logo@shop'},
             {'filename': 'R\u00e9sum\u00e9 \u2603.pdf', 'content': encoded(REPORT)},
             {'filename': 'note.txt', 'content': encoded('caf\u00e9\r\n'.encode('latin-1')),
              'contentType': 'text/plain; charset=iso-8859-1'}]}, {},
        {'From': [('', 'shop@example.com')], 'To': [('', 'a@example.org')],
         'Subject': 'Bill', 'TextBody': 'See below', 'HtmlBody': '<img src="cid:logo@shop">',
         'Attachments': [
             ('logo.png', 'image/png', 'cid:logo@shop', PICTURE),
             ('R\u00e9sum\u00e9 \u2603.pdf', 'application/pdf', None, REPORT),
             ('note.txt', 'text/plain; charset=iso-8859-1', None,
              'caf\u00e9\r\n'.encode('latin-1'))]}),
    'postmark headers': (
        {'from': 'shop@example.com', 'to': 'a@example.org', 'subject': 'Hello',
         'text': 'Text', 'headers': {'X-PM-Tag': 'welcome', 'X-PM-Metadata-order': '17',
                                     'X-PM-Message-Stream': 'broadcast'}}, {},
        {'From': [('', 'shop@example.com')], 'To': [('', 'a@example.org')],
         'Subject': 'Hello', 'TextBody': 'Text\n', 'Tag': 'welcome',
         'Metadata': {'Order': '17'},  # nodemailer's spelling of the name
         'MessageStream': 'broadcast'}),
    'own envelope': (
        {'from': 'shop@example.com', 'to': 'a@example.org', 'cc': 'b@example.org',
         'subject': 'Hello', 'text': 'Text',
         'envelope': {'from': 'bounce@example.com', 'to': ['a@example.org',
                                                           'hidden@example.org']}}, {},
        {'From': [('', 'shop@example.com')], 'To': [('', 'a@example.org')],
         'Bcc': [('', 'hidden@example.org')], 'Subject': 'Hello', 'TextBody': 'Text\n'}),
}


class NodemailerTest(caller.CallerTest):
    def send(self, message, transport, status=0):
        return self.call(
            'node', caller.helper('nodemailer-send.js'), status=status,
            input=json.dumps({'message': message, 'transport': transport}),
            env={'NODE_PATH': os.path.dirname(LIBRARY)})

    def test_calls(self):
        for name, (message, transport, wanted) in CALLS.items():
            with self.subTest(name):
                self.serve()
                message_id = json.loads(self.send(message, transport))
                self.assertEqual(fields.message_id(self.assertArrived(wanted)), message_id)

    def test_error(self):
        message, transport, _ = CALLS['plain']
        self.serve(max_message_size='64K')
        self.send({**message, 'text': 'x' * 70000}, transport, status=1)
        self.assertIn('Sendmail exited with code 65', self.errors)
        self.assertNothing()


if __name__ == '__main__':
    namespace.need('node', LIBRARY)
    namespace.enter()
    unittest.main()
