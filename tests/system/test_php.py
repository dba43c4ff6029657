#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""PHP's own mail(), with the php.ini of Debian, reaches the provider as it was meant."""

import base64
import json
import os
import subprocess
import unittest

import fields
import machine
import namespace

WEB = 33  # www-data
WEB_FROM = [('www-data', 'www-data@example.com')]
INNER = 'multipart/alternative; boundary="b"'
ALTERNATIVE = ('--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGr\u00fc\u00dfe\r\n'
               '--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Gr\u00fc\u00dfe</p>\r\n'
               '--b--\r\n')

# name: (arguments of mail(), what arrives); PHP writes a line feed after the text
CALLS = {
    'three arguments': (
        ['a@example.org', 'Hello', 'Text\n'],
        {'To': [('', 'a@example.org')], 'Subject': 'Hello', 'TextBody': 'Text\n\n'}),
    'string headers': (
        ['a@example.org', 'Hello', 'Text\n',
         'From: Shop <shop@example.com>\r\nReply-To: desk@example.com\r\n'
         'Cc: b@example.org\r\nBcc: c@example.org\r\nX-Mailer: Shop/1'],
        {'From': [('Shop', 'shop@example.com')], 'To': [('', 'a@example.org')],
         'Cc': [('', 'b@example.org')], 'Bcc': [('', 'c@example.org')],
         'ReplyTo': [('', 'desk@example.com')], 'Subject': 'Hello', 'TextBody': 'Text\n\n',
         'Headers': [('X-Mailer', 'Shop/1')]}),
    'array headers': (
        ['Ann <a@example.org>, b@example.org', 'Hello', 'Text\n',
         {'From': 'shop@example.com', 'X-Tag': ['one', 'two']}],
        {'From': [('', 'shop@example.com')],
         'To': [('Ann', 'a@example.org'), ('', 'b@example.org')],
         'Subject': 'Hello', 'TextBody': 'Text\n\n',
         'Headers': [('X-Tag', 'one'), ('X-Tag', 'two')]}),
    'fifth argument': (
        ['a@example.org', 'Hello', 'Text\n', 'From: shop@example.com',
         '-fbounce@example.com'],
        {'From': [('', 'shop@example.com')], 'To': [('', 'a@example.org')],
         'Subject': 'Hello', 'TextBody': 'Text\n\n'}),
    'utf-8': (
        ['=?UTF-8?Q?J=C3=B6rg?= <a@example.org>', '=?UTF-8?B?R3LDvMOfZQ==?=',
         'Gr\u00fc\u00dfe aus K\u00f6ln\n',
         'From: =?UTF-8?Q?B=C3=BCro?= <shop@example.com>\r\n'
         'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit'],
        {'From': [('B\u00fcro', 'shop@example.com')],
         'To': [('J\u00f6rg', 'a@example.org')], 'Subject': 'Gr\u00fc\u00dfe',
         'TextBody': 'Gr\u00fc\u00dfe aus K\u00f6ln\n\n'}),
    'html and text': (
        ['a@example.org', 'Hello', ALTERNATIVE,
         f'From: shop@example.com\r\nMIME-Version: 1.0\r\nContent-Type: {INNER}'],
        {'From': [('', 'shop@example.com')], 'To': [('', 'a@example.org')],
         'Subject': 'Hello', 'TextBody': 'Gr\u00fc\u00dfe',
         'HtmlBody': '<p>Gr\u00fc\u00dfe</p>'}),
    'a lone dot': (
        ['a@example.org', 'Hello', 'before\n.\nafter\n'],
        {'To': [('', 'a@example.org')], 'Subject': 'Hello',
         'TextBody': 'before\n.\nafter\n\n'}),
}


def mail(arguments, script, directory='/'):
    """Runs mail() in a new PHP as the web server's account; whether it said true."""
    done = subprocess.run(
        machine.as_user(WEB, 'php', script), input=json.dumps(arguments).encode(),
        capture_output=True, check=True, timeout=60, env={'PATH': '/usr/bin:/bin'},
        cwd=directory)
    return json.loads(done.stdout), done.stderr.decode()


class PhpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = cls.enterClassContext(machine.Machine())
        cls.script = os.path.join(cls.machine.stage.path, 'mail.php')
        with open(cls.script, 'w', encoding='ascii') as script:
            script.write('<?php echo json_encode(mail(...json_decode('
                         'stream_get_contents(STDIN), true)));\n')

    def serve(self):
        self.machine.stop()
        server = self.enterContext(machine.serve())
        self.machine.configure(server)
        self.machine.start()
        return server

    def test_calls(self):
        for name, (arguments, wanted) in CALLS.items():
            with self.subTest(name):
                server = self.serve()
                self.assertEqual(mail(arguments, self.script), (True, ''))
                message, = self.machine.wait_for(server, 1)
                self.assertRegex(fields.message_id(message), r'^<[^@<>]+@[^@<>]+>$')
                self.assertEqual(fields.take_apart(message), {'From': WEB_FROM, **wanted})

    def test_fifth_argument_is_the_envelope_sender(self):
        server = self.serve()
        mail([*CALLS['fifth argument'][0][:4], '-f bounce@example.com'], self.script)
        self.machine.wait_for(server, 1)
        self.assertIn(': from=<bounce@example.com>, size=', self.machine.log_text())

    def test_attachment_arrives_byte_for_byte(self):
        content = bytes(range(256)) * 400 + b'end'
        encoded = base64.encodebytes(content).decode().replace('\n', '\r\n')
        body = ('--m\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n--m\r\n'
                'Content-Type: application/pdf; name="R\u00e9sum\u00e9.pdf"\r\n'
                'Content-Transfer-Encoding: base64\r\n'
                "Content-Disposition: attachment; filename*=UTF-8''R%C3%A9sum%C3%A9.pdf"
                f'\r\n\r\n{encoded}--m--\r\n')
        server = self.serve()
        self.assertEqual(mail(['a@example.org', 'Bill', body, {
            'From': 'shop@example.com', 'MIME-Version': '1.0',
            'Content-Type': 'multipart/mixed; boundary=m'}], self.script), (True, ''))
        message, = self.machine.wait_for(server, 1)
        self.assertEqual(fields.attachments(message),
                         [('R\u00e9sum\u00e9.pdf', 'application/pdf', None, content)])
        self.assertEqual(message['TextBody'], 'See below.')

    def test_extra_arguments_write_no_file(self):
        """CVE-2016-10033, CVE-2016-10045: -X and -OQueueDirectory, quoted in every way."""
        place = os.path.join(self.machine.stage.path, 'writable')
        os.makedirs(place, exist_ok=True)
        os.chmod(place, 0o1777)
        php = '<?php phpinfo(); ?>'
        rows = (
            f'-OQueueDirectory={place} -X{place}/shell.php',
            f'-fa@example.com -oQ{place} -X {place}/shell.php',
            f'"attacker\\" -oQ{place}/ -X{place}/shell.php some\\"@example.com"',
            f"-f\"attacker\\' -oQ{place}/ -X{place}/shell.php some\\\"@example.com\"",
            f'-C{place}/in -X{place}/shell.php -bt -D{place}/debug -d0-99.9 -oX{place}/x',
        )
        for extra in rows:
            with self.subTest(extra):
                server = self.serve()
                mail(['a@example.org', php, php, 'From: shop@example.com', extra],
                     self.script, place)
                self.assertEqual(os.listdir(place), [])
                self.assertEqual(server.problems, [])


if __name__ == '__main__':
    namespace.need('php')
    namespace.enter()
    unittest.main()
