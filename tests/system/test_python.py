#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Python programs that pipe a message of the email package into sendmail, in the ways that
its documentation and everybody's scripts show."""

import email.message
import email.mime.multipart
import email.mime.text
import email.policy
import os
import subprocess
import unittest

import caller
import namespace

REPORT = b'%PDF-1.7\r\n' + os.urandom(70000)
TEXT = 'one\n.\n..\nGr\u00fc\u00dfe \u2603\nFrom here\n'
SUBJECT = 'Gr\u00fc\u00dfe \u2603 ' * 8 + 'end'
NAME = 'R\u00e9sum\u00e9 \u2603.pdf'
FIELDS = {'From': [('B\u00fcro', 'shop@example.com')], 'Subject': SUBJECT, 'TextBody': TEXT,
          'To': [('J\u00f6rg', 'a@example.org'), ('Doe, Jane', 'b@example.org')],
          'Bcc': [('', 'c@example.org')]}


def today():
    """As the documentation of the email package has it."""
    message = email.message.EmailMessage()
    message['From'] = 'B\u00fcro <shop@example.com>'
    message['To'] = 'J\u00f6rg <a@example.org>, "Doe, Jane" <b@example.org>'
    message['Bcc'] = 'c@example.org'
    message['Subject'] = SUBJECT
    message.set_content(TEXT)
    return message


def with_file():
    message = today()
    message.add_attachment(REPORT, maintype='application', subtype='pdf', filename=NAME)
    return message


def legacy():
    """As it was done before Python 3.6, and still is."""
    message = email.mime.multipart.MIMEMultipart()
    for name, value in (('From', '=?utf-8?q?B=C3=BCro?= <shop@example.com>'), ('Bcc',
                        'c@example.org'), ('Subject', SUBJECT),
                        ('To', '=?utf-8?b?SsO2cmc=?= <a@example.org>,\n "Doe, Jane" '
                         '<b@example.org>')):
        message[name] = value
    message.attach(email.mime.text.MIMEText(TEXT, 'plain', 'utf-8'))
    return message


SMTP = email.policy.SMTP
# name: (arguments, bytes, what arrives)
CALLS = {
    '-t -oi': (['-t', '-oi'], today().as_bytes(), FIELDS),
    'CRLF': (['-t', '-oi'], today().as_bytes(policy=SMTP), FIELDS),
    'raw UTF-8': (['-ti'], today().as_bytes(policy=email.policy.SMTPUTF8), FIELDS),
    'a file': (['-i', '-t', '-f', 'bounce@example.com'], with_file().as_bytes(),
               {**FIELDS, 'Attachments': [(NAME, 'application/pdf', None, REPORT)]}),
    'legacy': (['-t', '-i', '-oem'], legacy().as_bytes(), FIELDS),
    'recipients apart': (
        ['-oi', '--', 'a@example.org,b@example.org', '-d@example.org'], today().as_bytes(),
        {**FIELDS, 'Bcc': [('', '-d@example.org')]}),
}


class PythonTest(caller.CallerTest):
    def run_sendmail(self, arguments, data, path='/usr/sbin/sendmail'):
        return subprocess.run([path, *arguments], input=data, capture_output=True,
                              timeout=60, check=False, env=caller.ENVIRONMENT)

    def test_calls(self):
        for name, (arguments, data, wanted) in CALLS.items():
            for path in ('/usr/sbin/sendmail', '/usr/lib/sendmail'):
                with self.subTest(name, path=path):
                    self.serve()
                    done = self.run_sendmail(arguments, data, path)
                    self.assertEqual((done.returncode, done.stdout, done.stderr),
                                     (0, b'', b''))
                    self.assertArrived(wanted)

    def test_refused(self):
        message = today()
        for name in ('To', 'Bcc'):
            del message[name]
        self.serve()
        done = self.run_sendmail(['-i'], message.as_bytes())
        self.assertEqual(done.returncode, 64)
        self.assertIn(b'recipient', done.stderr)
        self.assertNothing()


if __name__ == '__main__':
    namespace.enter()
    unittest.main()
