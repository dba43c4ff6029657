#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Symfony's mailer, as Debian packages it: over SMTP with sendmail -bs, which is its
default, and with sendmail -t, of which it makes -f and a list of recipients."""

import base64
import json
import os
import unittest

import caller
import namespace

LIBRARY = '/usr/share/php/Symfony/Component/Mailer/autoload.php'
PICTURE = bytes(range(256)) * 30
REPORT = b'%PDF-1.7\r\n' + os.urandom(70000)
LONG = 'R\u00e9sum\u00e9 \u2603 ' * 6 + '.pdf'  # the name needs more than one encoded word
DSNS = {
    '-bs': 'sendmail://default',
    '-t': 'sendmail://default?command=/usr/sbin/sendmail%20-t',
    '-oi -t': 'sendmail://default?command=/usr/sbin/sendmail%20-oi%20-t',
    'native': 'native://default',  # what php.ini says
}


def encoded(content):
    return base64.b64encode(content).decode()


FROM = ['from', ['B\u00fcro K\u00f6ln <shop@example.com>']]
BASE = [FROM, ['to', ['a@example.org']], ['subject', ['Hello']]]
FIELDS = {'From': [('B\u00fcro K\u00f6ln', 'shop@example.com')],
          'To': [('', 'a@example.org')], 'Subject': 'Hello'}

# name: (message, what arrives, envelope sender)
CALLS = {
    'dots': (
        {'calls': [*BASE, ['text', ['.\none\n.\n..\n.two\nFrom here\n']]]},
        {**FIELDS, 'TextBody': '.\none\n.\n..\n.two\nFrom here\n'}, 'shop@example.com'),
    'everybody': (
        {'calls': [FROM, ['to', ['J\u00f6rg <a@example.org>', '"Doe, Jane" <b@example.org>']],
                   ['cc', ['c@example.org']], ['bcc', ['d@example.org', 'E <e@example.org>']],
                   ['replyTo', ['Desk <desk@example.com>']], ['returnPath', ['r@example.com']],
                   ['subject', ['Gr\u00fc\u00dfe \u2603 ' * 8 + 'end']],
                   ['text', ['Gr\u00fc\u00dfe \u2603\n']],
                   ['html', ['<p>Gr\u00fc\u00dfe</p>\n']]],
         'headers': [['X-Shop', 'caf\u00e9'], ['List-Unsubscribe', '<mailto:u@example.com>']]},
        {**FIELDS, 'To': [('J\u00f6rg', 'a@example.org'), ('Doe, Jane', 'b@example.org')],
         'Cc': [('', 'c@example.org')],
         'Bcc': [('', 'd@example.org'), ('', 'e@example.org')],
         'ReplyTo': [('Desk', 'desk@example.com')],
         'Subject': 'Gr\u00fc\u00dfe \u2603 ' * 8 + 'end',
         'TextBody': 'Gr\u00fc\u00dfe \u2603\n', 'HtmlBody': '<p>Gr\u00fc\u00dfe</p>\n',
         'Headers': [('X-Shop', '=?utf-8?Q?caf=C3=A9?='),
                     ('List-Unsubscribe', '<mailto:u@example.com>')]},
        'r@example.com'),
    'attachments': (
        {'calls': [*BASE, ['text', ['See below\n']], ['html', ['<img src="cid:logo.png">']]],
         'attachments': [[encoded(REPORT), LONG, 'application/pdf']],
         'pictures': [[encoded(PICTURE), 'logo.png', 'image/png']]},
        {**FIELDS, 'TextBody': 'See below\n', 'HtmlBody': '<img src="cid:PICTURE">',
         'Attachments': [('logo.png', 'image/png', 'cid:PICTURE', PICTURE),
                         (LONG, 'application/pdf', None, REPORT)]},
        'shop@example.com'),
    'an envelope of its own': (
        {'calls': [*BASE, ['text', ['Text\n']], ['cc', ['c@example.org']]],
         'envelope': ['bounce@example.com', ['a@example.org', 'hidden@example.org']]},
        {**FIELDS, 'TextBody': 'Text\n', 'Bcc': [('', 'hidden@example.org')]},
        'bounce@example.com'),
    'a dash first': (
        {'calls': [FROM, ['to', ['-a@example.org']], ['subject', ['Hello']],
                   ['text', ['Text\n']]]},
        {**FIELDS, 'To': [('', '-a@example.org')], 'TextBody': 'Text\n'}, 'shop@example.com'),
}


class SymfonyTest(caller.CallerTest):
    def send(self, dsn, *messages, settings=()):
        return json.loads(self.call(
            'php', *settings, caller.helper('symfony-send.php'), user=caller.WEB,
            input=json.dumps({'dsn': DSNS[dsn], 'messages': messages})))

    def name_picture(self, got):
        """Symfony makes the Content-ID up."""
        ids = [item['ContentID'][4:] for item in got.get('Attachments', ())
               if 'ContentID' in item]
        return json.loads(json.dumps(got).replace(ids[0], 'PICTURE')) if ids else got

    def test_calls(self):
        """Over SMTP an empty line is added to a body that is one text."""
        for dsn in DSNS:
            for name, (message, wanted, sender) in CALLS.items():
                with self.subTest(dsn, name=name):
                    self.serve()
                    self.assertEqual(self.send(dsn, message), [None])
                    if dsn == '-bs' and wanted.keys() <= {*FIELDS, 'TextBody', 'Bcc'}:
                        wanted = {**wanted, 'TextBody': wanted['TextBody'] + '\n'}
                    got, = self.arrived()
                    self.assertSeen(self.name_picture(got), wanted)
                    self.assertSender(sender)

    def test_many_in_one_conversation(self):
        messages = [CALLS['dots'][0], CALLS['everybody'][0], CALLS['a dash first'][0]]
        for dsn in ('-bs', '-t'):
            with self.subTest(dsn):
                self.serve()
                self.assertEqual(self.send(dsn, *messages, *messages), [None] * 6)
                self.assertEqual(sorted(got['TextBody'][0] for got in self.arrived(6)),
                                 sorted('..GGTT'))

    def test_refused_in_the_middle(self):
        """The messages before and after it arrive."""
        large = {'calls': [*BASE, ['text', ['x' * 70000]]]}
        self.serve(max_message_size='64K')
        errors = self.send('-bs', CALLS['dots'][0], large, CALLS['a dash first'][0])
        self.assertEqual([errors[0], errors[2]], [None, None])
        self.assertIn('but got code "552"', errors[1])
        self.assertEqual(sorted(got['To'] for got in self.arrived(2)),
                         ['-a@example.org', 'a@example.org'])


if __name__ == '__main__':
    namespace.need('php', LIBRARY)
    namespace.enter()
    unittest.main()
