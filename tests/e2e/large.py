#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Messages as large as a provider takes, on each path: JSON with parts, JSON with the message
as base64, a form, and SMTP. They arrive whole, and the courier's memory hardly grows."""

import base64
import email
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import FAULT, couriers, mail  # noqa: E402
import ses  # noqa: E402
from mailgun import KEY, Mailgun  # noqa: E402
from programs import SKIPPED, Site, wait  # noqa: E402
from smtpd import Smtpd  # noqa: E402
from structured import Resend  # noqa: E402

MB = 1000 * 1000
SECONDS = 60  # to wait, not to take
MEMORY = 4 * 1024 * 1024  # bytes above what the courier takes for small mail


def with_attachment(content):
    return (mail(MIME_Version='1.0', Content_Type='multipart/mixed; boundary=b', body='--b\n\n'
                 'here it is\n--b\nContent-Type: application/octet-stream\n'
                 'Content-Disposition: attachment; filename=file.bin\n'
                 'Content-Transfer-Encoding: base64\n\n').encode()
            + base64.encodebytes(content) + b'--b--\n')


def attachment_of(raw):
    part = email.message_from_bytes(raw).get_payload()[1]
    return part.get_payload(decode=True)


class Large(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(Site(max_message_size='100M'))

    def peak(self):
        """Bytes of resident memory of the courier, at the highest."""
        pid, = couriers(self.site)
        with open(f'/proc/{pid}/status', encoding='utf-8') as file:
            line, = [line for line in file if line.startswith('VmHWM:')]
        return int(line.split()[1]) * 1024

    def deliver(self, text):
        done = self.site.sendmail('-t', '-i', '-f', 'bounce@example.com', input=text)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b'', b''))
        wait(lambda: not self.site.queue_files(), f'an empty queue; {self.site.log_text()}',
             SECONDS)
        self.assertNotIn('bounced', self.site.log_text())

    def arrives(self, size, find):
        """An attachment of @size bytes; @find: in what the last mail is at the stand-in."""
        content = os.urandom(size)
        self.site.start()
        self.deliver(mail())
        ordinary = self.peak()
        self.deliver(with_attachment(content))
        grown = self.peak() - ordinary
        self.assertTrue(find() == content, 'another attachment than was sent')
        self.site.stop()
        self.assertNotRegex(self.site.log_text(), FAULT)
        print(f'{size * 77 / 57 / MB:.1f} MB: {grown / MB:.1f} MB above small mail')
        self.assertLess(grown, MEMORY)

    def test_parts_in_json(self):
        server = self.enterContext(Resend(token='re_secret'))
        self.site.account('resend', server.url, server.token, provider='resend')
        self.arrives(30 * MB, lambda: base64.b64decode(
            server.messages[-1]['attachments'][0]['content'], validate=True))

    def test_message_in_json(self):
        server = self.enterContext(ses.Ses())
        ses.account(self.site, server)
        self.arrives(22 * MB, lambda: attachment_of(ses.raw_of(server.messages[-1])))

    def test_form(self):
        server = self.enterContext(Mailgun())
        self.site.account('mailgun', server.url, KEY, provider='mailgun')
        self.arrives(18 * MB, lambda: attachment_of(
            server.messages[-1]['Raw'].encode('latin-1')))

    def test_smtp(self):
        server = self.enterContext(Smtpd(extensions=('PIPELINING', 'SIZE 50000000')))
        self.site.account('smarthost', server.url, provider='smtp', tls='none')
        self.arrives(30 * MB, lambda: attachment_of(server.mails[-1].data))

    def test_too_large_for_the_provider(self):
        """It bounces at once, and says both sizes."""
        server = self.enterContext(Smtpd(extensions=('SIZE 1000000',)))
        self.site.account('smarthost', server.url, provider='smtp', tls='none')
        self.site.start()
        done = self.site.sendmail('-t', '-i', '-f', 'bounce@example.com',
                                  input=with_attachment(os.urandom(MB)))
        self.assertEqual(done.returncode, 0)
        wait(lambda: server.mails, f'the report; {self.site.log_text()}', SECONDS)
        report = server.mails[0].data.decode()
        self.assertEqual(server.mails[0].addresses(), ['bounce@example.com'])
        self.assertIn('the message has 1.4 MB, and the server takes 1.0 MB',
                      ' '.join(report.split()))


if __name__ == '__main__':
    if os.environ.get('BREVDUE_SANITIZE', 'none') != 'none':
        print('memory says nothing here: sanitizers keep what was freed')
        sys.exit(SKIPPED)
    unittest.main()
