#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What people type, and what scripts pipe into: mail of GNU mailutils, bsd-mailx, s-nail
and mutt."""

import os
import unittest

import caller
import namespace

GNU, BSD, S_NAIL, MUTT = ('/usr/bin/mail.mailutils', '/usr/bin/bsd-mailx', '/usr/bin/s-nail',
                          '/usr/bin/mutt')
TEXT = 'one\n.\n..\nGr\u00fc\u00dfe \u2603\nFrom here\n'
SUBJECT = 'Gr\u00fc\u00dfe \u2603 ' * 8 + 'end'
NAME = 'R\u00e9sum\u00e9 \u2603.pdf'
REPORT = b'%PDF-1.7\r\n\0' + os.urandom(70000)
SHOP = [('', 'shop@example.com')]
LOGIN = [('www-data', 'www-data@example.com')]
# GNU mail and mutt say www-data@web1, which is no address outside: "from" stands in
STAND_IN = [('www-data', 'noreply@example.com')]
FROM_SHOP = {'From': SHOP, 'Subject': SUBJECT, 'TextBody': TEXT}
EVERYBODY = {'To': [('', 'a@example.org'), ('', 'b@example.org')],
             'Cc': [('', 'c@example.org')], 'Bcc': [('', 'd@example.org')]}
PDF = [(NAME, 'application/pdf', None, REPORT)]

# name: (arguments, text, what arrives but for User-Agent, envelope sender)
CALLS = {
    'GNU mail': (
        [GNU, '-s', 'Hello', '--', '-a@example.org'], 'Text\n',
        {'From': STAND_IN, 'To': [('', '-a@example.org')], 'Subject': 'Hello',
         'TextBody': 'Text\n'}, 'www-data@web1'),
    'GNU mail to everybody': (
        [GNU, '-E', 'set nodot', '-r', 'shop@example.com', '-s', SUBJECT, '-a',
         'Cc: c@example.org', '-a', 'bcc: d@example.org', '-a', 'X-Note: n', '-a',
         'From: shop@example.com', 'a@example.org,b@example.org'], TEXT,
        {**FROM_SHOP, **EVERYBODY, 'Headers': [('X-Note', 'n')]}, 'shop@example.com'),
    'GNU mail with a file': (
        [GNU, '-E', 'set nodot', '-r', 'shop@example.com', '-s', SUBJECT, '-A', NAME,
         'a@example.org'], TEXT,
        {**FROM_SHOP, 'From': [('www-data', 'shop@example.com')],
         'To': [('', 'a@example.org')],
         'Attachments': [(NAME, 'application/octet-stream', None, REPORT)]},
        'shop@example.com'),
    'GNU mail for root': (
        [GNU, '-s', 'Hello', 'root'], '',
        {'From': STAND_IN, 'To': [('', 'ops@example.com')], 'Subject': 'Hello',
         'TextBody': ' '}, 'www-data@web1'),
    'bsd-mailx': (
        [BSD, '-s', 'Hello', 'a@example.org,b@example.org'], 'Text\n',
        {'From': LOGIN, 'To': [('', 'a@example.org'), ('', 'b@example.org')],
         'Subject': 'Hello',
         'TextBody': 'Text\n'}, 'www-data@example.com'),
    'bsd-mailx to everybody': (
        [BSD, '-r', 'shop@example.com', '-s', SUBJECT, '-c', 'c@example.org', '-b',
         'd@example.org', '-a', 'X-Note: n', 'a@example.org', 'b@example.org'], TEXT,
        {**FROM_SHOP, **EVERYBODY, 'Headers': [('X-Note', 'n')]}, 'shop@example.com'),
    'bsd-mailx for root, without a text': (
        [BSD, '-E', '-s', 'Hello', 'root'], '\n',
        {'From': LOGIN, 'To': [('', 'ops@example.com')], 'Subject': 'Hello',
         'TextBody': ' '}, 'www-data@example.com'),
    's-nail': (
        [S_NAIL, '-s', 'Hello', 'a@example.org'], TEXT,
        {'From': LOGIN, 'To': [('', 'a@example.org')], 'Subject': 'Hello',
         'TextBody': TEXT}, 'www-data@example.com'),
    's-nail to everybody': (
        [S_NAIL, '-r', 'shop@example.com', '-s', SUBJECT, '-c', 'c@example.org', '-b',
         'd@example.org', '-a', NAME, 'a@example.org', 'b@example.org'], TEXT,
        {**FROM_SHOP, **EVERYBODY, 'Attachments': PDF}, 'shop@example.com'),
    's-nail, the recipients in the text': (
        [S_NAIL, '-t'], 'To: "Doe, J." <a@example.org>\nBcc: d@example.org\n'
        'Subject: Hello\n\nText\n',
        {'From': LOGIN, 'To': [('Doe, J.', 'a@example.org')],
         'Bcc': [('', 'd@example.org')], 'Subject': 'Hello', 'TextBody': 'Text\n'},
        'www-data@example.com'),
    'mutt': (
        [MUTT, '-e', 'set use_envelope_from copy=no charset=utf-8', '-e',
         'set from="shop@example.com"', '-s', SUBJECT, '-c', 'c@example.org', '-b',
         'd@example.org', '-a', NAME, '--', 'a@example.org,b@example.org'], TEXT,
        {**FROM_SHOP, **EVERYBODY, 'From': [('www-data', 'shop@example.com')],
         'Attachments': PDF},
        'shop@example.com'),
    'mutt, a dash first': (
        [MUTT, '-e', 'set copy=no realname="B\u00fcro, K\u00f6ln" charset=utf-8 dsn_notify="'
         'failure,delay" dsn_return=hdrs', '-s', 'Hello', '--', '-a@example.org'], 'Text\n',
        {'From': [('B\u00fcro, K\u00f6ln', 'noreply@example.com')],
         'To': [('', '-a@example.org')], 'Subject': 'Hello', 'TextBody': 'Text\n'},
        'www-data@example.com'),
}
# What the caller says of a message that is refused: (arguments, status, words)
LARGE = 'x' * 900 + '\n'
REFUSED = {
    'GNU mail': ([GNU, '-s', 'Hello', 'a@example.org'], 1, 'cannot send message'),
    'bsd-mailx': ([BSD, '-s', 'Hello', 'a@example.org'], 1, ''),
    's-nail': ([S_NAIL, '-S', 'sendwait', '-s', 'Hello', 'a@example.org'], 4, ''),
    'mutt': ([MUTT, '-e', 'set copy=no', '-s', 'Hello', 'a@example.org'], 1,
             'child exited 65 (Data format error.)'),
}


class MailTest(caller.CallerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host.name('web1')
        cls.home = os.path.join(cls.host.stage.path, 'home')
        os.mkdir(cls.home)
        os.chown(cls.home, caller.WEB, caller.WEB)
        with open(os.path.join(cls.home, NAME), 'wb') as report:
            report.write(REPORT)

    def run_as_user(self, arguments, text, status=0):
        self.call(*arguments, input=text, status=status, user=caller.WEB, cwd=self.home,
                  env={'HOME': self.home, 'USER': 'www-data', 'LOGNAME': 'www-data',
                       'TMPDIR': os.environ['TMPDIR'], 'DEAD': self.home + '/dead.letter'})

    def test_calls(self):
        for name, (arguments, text, wanted, sender) in CALLS.items():
            with self.subTest(name):
                self.serve()
                self.run_as_user(arguments, text)
                self.assertArrived(wanted, ['user-agent'])
                self.assertSender(sender)

    def test_refused(self):
        for name, (arguments, status, words) in REFUSED.items():
            with self.subTest(name):
                self.serve(max_message_size='64K')
                self.run_as_user(arguments, LARGE * 80, status)
                self.assertIn(words, self.errors)
                self.assertNothing(mails_errors=name == 'mutt')


if __name__ == '__main__':
    namespace.need(GNU, BSD, S_NAIL, MUTT)
    namespace.enter('--uts')
    unittest.main()
