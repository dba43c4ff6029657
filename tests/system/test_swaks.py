#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""swaks, which speaks SMTP as a test of mail systems, over a pipe with sendmail -bs."""

import os
import re
import unittest

import caller
import namespace

REPORT = b'%PDF-1.7\r\n\0' + os.urandom(70000)
HEADER = ('Subject: =?utf-8?b?R3LDvMOfZSA=?= =?utf-8?b?4piD?=\\nTo: J\u00f6rg <a@example.org>\\n'
          'Bcc: leak@example.org\\nFrom: Shop <shop@example.com>\\n\\n')
FIELDS = {'From': [('Shop', 'shop@example.com')], 'To': [('J\u00f6rg', 'a@example.org')],
          'Bcc': [('', 'b@example.org')], 'Subject': 'Gr\u00fc\u00dfe \u2603'}
PEOPLE = ['--from', 'bounce@example.com', '--to', 'a@example.org,b@example.org']
# name: (options, what arrives)
CALLS = {
    'dots': ([*PEOPLE, '--data', HEADER + '.\\none\\n..\\nFrom here\\n. .'],
             {**FIELDS, 'TextBody': '.\none\n..\nFrom here\n. .\n'}),
    'pipelined': ([*PEOPLE, '--pipeline', '--data', HEADER + 'Text'],
                  {**FIELDS, 'TextBody': 'Text\n'}),
    'without extensions': ([*PEOPLE, '--protocol', 'SMTP', '--data', HEADER + 'Text'],
                           {**FIELDS, 'TextBody': 'Text\n'}),
}


class SwaksTest(caller.CallerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host.name('web1')

    def swaks(self, *options, status=0):
        """The codes that sendmail answered with."""
        talk = self.call('swaks', '--pipe', '/usr/sbin/sendmail -bs', *options, status=status,
                         cwd=self.host.stage.path)
        return re.findall(r'^<(?:-|\*\*|~)+ +(\d{3})[ -]', talk, re.M)

    def test_calls(self):
        for name, (options, wanted) in CALLS.items():
            with self.subTest(name):
                self.serve()
                self.swaks(*options)
                self.assertArrived(wanted)
                self.assertSender('bounce@example.com')

    def test_what_swaks_writes_itself(self):
        with open(os.path.join(self.host.stage.path, 'a b.pdf'), 'wb') as file:
            file.write(REPORT)
        self.serve()
        self.swaks('--from', 'shop@example.com', '--to', 'a@example.org', '--header',
                   'Subject: Hello', '--add-header', 'X-Note: n', '--body', 'See below',
                   '--attach-type', 'application/pdf', '--attach-name', 'a b.pdf', '--attach',
                   '@a b.pdf')
        self.assertArrived({
            'From': [('', 'shop@example.com')], 'To': [('', 'a@example.org')],
            'Subject': 'Hello', 'TextBody': 'See below', 'Headers': [('X-Note', 'n')],
            'Attachments': [('a b.pdf', 'application/pdf', None, REPORT)]}, ['x-mailer'])

    def test_null_sender(self):
        self.serve()
        self.swaks('--from', '<>', '--to', 'a@example.org', '--data', HEADER + 'Text')
        self.assertArrived({name: value for name, value in FIELDS.items() if name != 'Bcc'} |
                           {'TextBody': 'Text\n'})
        self.assertSender('')

    def test_one_recipient_refused(self):
        """swaks goes on with the others."""
        self.serve()
        answers = self.swaks('--from', 'bounce@example.com', '--to',
                             'a@example.org,<>,b@example.org', '--data', HEADER + 'Text')
        self.assertIn('501', answers)
        self.assertArrived({**FIELDS, 'TextBody': 'Text\n'})

    def test_refused(self):
        self.serve(max_message_size='64K')
        answers = self.swaks(*PEOPLE, '--data', HEADER + 'x' * 70000, status=26)
        self.assertIn('552', answers)
        self.assertNothing()

    def test_quit_in_the_middle(self):
        """Whatever was said before DATA is forgotten."""
        for stage in ('CONNECT', 'EHLO', 'MAIL', 'RCPT'):
            with self.subTest(stage):
                self.serve()
                self.swaks(*PEOPLE, '--quit-after', stage)
                self.assertNothing()


if __name__ == '__main__':
    namespace.need('swaks')
    namespace.enter('--uts')
    unittest.main()
