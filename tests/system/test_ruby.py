#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ruby's mail gem, which Rails sends with, through its sendmail method."""

import base64
import json
import os
import unittest

import caller
import fields
import namespace

LIBRARY = '/usr/lib/ruby/vendor_ruby/mail.rb'
REPORT = b'%PDF-1.7\r\n' + os.urandom(70000)
SUBJECT = 'Gr\u00fc\u00dfe \u2603 ' * 8 + 'end'
LONG = 'R\u00e9sum\u00e9 \u2603 ' * 6 + '.pdf'  # the name needs more than one encoded word
BASE = {'From': 'B\u00fcro <shop@example.com>', 'To': 'a@example.org', 'Subject': 'Hello'}
FIELDS = {'From': [('B\u00fcro', 'shop@example.com')], 'To': [('', 'a@example.org')],
          'Subject': 'Hello'}
TEXT = 'one\n.\n..\nFrom here\n'

# name: (message, what arrives, envelope sender)
CALLS = {
    'dots': ({'fields': BASE, 'body': TEXT}, {**FIELDS, 'TextBody': TEXT},
             'shop@example.com'),
    'everybody': (
        {'fields': {**BASE, 'To': ['J\u00f6rg <a@example.org>', '"Doe, Jane" <b@example.org>'],
                    'Cc': 'c@example.org', 'Bcc': ['d@example.org', 'e@example.org'],
                    'Reply-To': 'Desk <desk@example.com>', 'X-Note': 'n',
                    'Subject': SUBJECT},
         'text': 'Gr\u00fc\u00dfe \u2603\n', 'html': '<p>Gr\u00fc\u00dfe</p>\n',
         'sender': 'bounce@example.com'},
        {**FIELDS, 'To': [('J\u00f6rg', 'a@example.org'), ('Doe, Jane', 'b@example.org')],
         'Cc': [('', 'c@example.org')], 'Bcc': [('', 'd@example.org'), ('', 'e@example.org')],
         'ReplyTo': [('Desk', 'desk@example.com')], 'Headers': [('X-Note', 'n')],
         'Subject': SUBJECT, 'TextBody': 'Gr\u00fc\u00dfe \u2603\r\n',
         'HtmlBody': '<p>Gr\u00fc\u00dfe</p>\r\n'}, 'bounce@example.com'),
    'a file': (
        {'fields': BASE, 'text': 'See below\n',
         'files': [[LONG, base64.b64encode(REPORT).decode()]]},
        {**FIELDS, 'TextBody': 'See below\n',
         'Attachments': [(LONG, 'application/pdf', None, REPORT)]}, 'shop@example.com'),
    'a dash first, and what the shell knows': (  # most gets a backslash that stays
        {'fields': {**BASE, 'To': ['-a@example.org', 'b&c$d@example.org',
                                   "o'hara@example.org"]}, 'body': TEXT,
         'sender': 'bounce=a@example.com'},
        {**FIELDS, 'To': [('', '-a@example.org'), ('', 'b&c$d@example.org'),
                          ('', "o'hara@example.org")], 'TextBody': TEXT},
        'bounce=a@example.com'),
    'with -t': (  # the arguments that Rails used to have
        {'fields': {**BASE, 'Bcc': 'd@example.org'}, 'body': TEXT,
         'options': {'arguments': '-i -t'}},
        {**FIELDS, 'Bcc': [('', 'd@example.org')], 'TextBody': TEXT}, 'shop@example.com'),
}


class RubyTest(caller.CallerTest):
    def send(self, message):
        return json.loads(self.call('/usr/bin/ruby', caller.helper('ruby-send.rb'),
                                    input=json.dumps(message)))

    def test_calls(self):
        for name, (message, wanted, sender) in CALLS.items():
            with self.subTest(name):
                self.serve()
                error, message_id = self.send(message)
                self.assertIsNone(error)
                got = self.assertArrived(wanted)
                self.assertEqual(fields.message_id(got), f'<{message_id}>')
                self.assertSender(sender)


if __name__ == '__main__':
    namespace.need('/usr/bin/ruby', LIBRARY)
    namespace.enter()
    unittest.main()
