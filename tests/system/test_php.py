#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""PHP's own mail(), with the php.ini of Debian, reaches the provider as it was meant."""

import base64
import json
import os
import subprocess
import unittest

import caller
import fields
import machine
import namespace

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
    'array of recipients': (
        ['a@example.org, "Doe, J." <b@example.org>', 'Hello', 'Text\n',
         {'From': 'Shop <shop@example.com>', 'cc': 'c@example.org', 'BCC': 'd@example.org,\r\n'
          ' e@example.org', 'Reply-To': 'Desk <desk@example.com>', 'MIME-Version': '1.0',
          'Content-Type': 'text/html; charset=UTF-8'}],
        {'From': [('Shop', 'shop@example.com')],
         'To': [('', 'a@example.org'), ('Doe, J.', 'b@example.org')],
         'Cc': [('', 'c@example.org')],
         'Bcc': [('', 'd@example.org'), ('', 'e@example.org')],
         'ReplyTo': [('Desk', 'desk@example.com')], 'Subject': 'Hello',
         'HtmlBody': 'Text\n\n'}),
    'only blind copies': (
        ['', 'Hello', 'Text\n',
         'From: shop@example.com\r\nBcc: c@example.org, d@example.org'],
        {'From': [('', 'shop@example.com')],
         'Bcc': [('', 'c@example.org'), ('', 'd@example.org')],
         'Subject': 'Hello', 'TextBody': 'Text\n\n'}),
    'every line end': (
        ['a@example.org', 'Hello', 'one\r\ntwo\n\r\nfour\n',
         'From: shop@example.com\nX-One: 1\r\nX-Two: a\r\n b\nX-Three: 3\n'],
        {'From': [('', 'shop@example.com')], 'To': [('', 'a@example.org')],
         'Subject': 'Hello', 'TextBody': 'one\ntwo\n\nfour\n\n',
         'Headers': [('X-One', '1'), ('X-Two', 'a b'), ('X-Three', '3')]}),
    'utf-8 as it is': (
        ['J\u00f6rg <a@example.org>', 'Gr\u00fc\u00dfe \u2603', 'aus K\u00f6ln\n',
         'From: B\u00fcro <shop@example.com>'],
        {'From': [('B\u00fcro', 'shop@example.com')],
         'To': [('J\u00f6rg', 'a@example.org')], 'Subject': 'Gr\u00fc\u00dfe \u2603',
         'TextBody': 'aus K\u00f6ln\n\n'}),
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
HELLO = ['a@example.org', 'Hello', 'Text', 'From: shop@example.com']
# name: (settings of php.ini, fifth argument, envelope sender)
SENDERS = {
    'glued': ({}, '-fbounce@example.com', 'bounce@example.com'),
    'apart': ({}, '-f bounce@example.com', 'bounce@example.com'),
    'in angles': ({}, '-f<bounce@example.com>', 'bounce@example.com'),
    'with a name': ({}, '-fbounce@example.com -F"Shop & Co"', 'bounce@example.com'),
    '-r': ({}, '-r bounce@example.com', 'bounce@example.com'),
    'the null sender': ({}, '-f ""', ''),
    'none': ({}, '', 'www-data@example.com'),
    'forced': ({'mail.force_extra_parameters': '-fforced@example.com'},
               '-fbounce@example.com', 'forced@example.com'),
    'in the path': ({'sendmail_path': '/usr/sbin/sendmail -t -i -f path@example.com'}, '',
                    'path@example.com'),
    'in the path and fifth': ({'sendmail_path': '/usr/sbin/sendmail -oi -f path@example.com -t'},
                              '-fbounce@example.com', 'bounce@example.com'),
    'another name': ({'sendmail_path': '/usr/lib/sendmail -t -i -odb -oem'},
                     '-fbounce@example.com', 'bounce@example.com'),
}
# Why mail() has to say false: (settings of php.ini, arguments)
REFUSED = {
    'no such option': ({}, [*HELLO, '-%']),
    'two senders in one': ({}, [*HELLO, '-f "a@example.com b@example.com"']),
    'too large': ({}, [*HELLO[:2], 'x' * 70000, HELLO[3]]),
    'no recipient': ({'sendmail_path': '/usr/sbin/sendmail -i'}, HELLO),
}


class PhpTest(caller.CallerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.script = os.path.join(cls.host.stage.path, 'mail.php')
        with open(cls.script, 'w', encoding='ascii') as script:
            script.write('<?php echo json_encode(mail(...json_decode('
                         'stream_get_contents(STDIN), true)));\n')

    def mail(self, arguments, settings=None, directory='/'):
        """Runs mail() in a new PHP as the web server's account: (what it said, errors)."""
        options = [word for name, value in (settings or {}).items()
                   for word in ('-d', f'{name}="{value}"')]
        done = subprocess.run(
            machine.as_user(caller.WEB, 'php', *options, self.script),
            input=json.dumps(arguments).encode(), capture_output=True, check=True,
            timeout=60, env={'PATH': '/usr/bin:/bin'}, cwd=directory)
        return json.loads(done.stdout), done.stderr.decode()

    def test_calls(self):
        for name, (arguments, wanted) in CALLS.items():
            with self.subTest(name):
                self.serve()
                self.assertEqual(self.mail(arguments), (True, ''))
                self.assertArrived({'From': WEB_FROM, **wanted})

    def test_envelope_sender(self):
        for name, (settings, extra, sender) in SENDERS.items():
            with self.subTest(name):
                self.serve()
                self.assertEqual(self.mail([*HELLO, extra], settings), (True, ''))
                self.assertArrived({'From': [('', 'shop@example.com')],
                                    'To': [('', 'a@example.org')], 'Subject': 'Hello',
                                    'TextBody': 'Text\n'})
                self.assertSender(sender)

    def test_false_when_refused(self):
        for name, (settings, arguments) in REFUSED.items():
            with self.subTest(name):
                self.serve(max_message_size='64K')
                said, errors = self.mail(arguments, settings)
                self.assertFalse(said)
                self.assertIn('sendmail: ', errors)
                self.assertNothing()

    def test_false_when_nobody_takes_it(self):
        self.serve()
        self.host.remove_service()
        self.assertFalse(self.mail(HELLO)[0])
        self.assertEqual(self.server.requests, [])

    def test_settings_that_change_the_message(self):
        """Line feeds alone, as before PHP 8, and the header that names the script."""
        self.serve()
        self.assertEqual(self.mail(
            ['a@example.org', 'Hello', 'one\ntwo\n', {'From': 'shop@example.com', 'X-A': 'a'}],
            {'mail.mixed_lf_and_crlf': '1', 'mail.add_x_header': '1'}), (True, ''))
        self.assertArrived({
            'From': [('', 'shop@example.com')], 'To': [('', 'a@example.org')],
            'Subject': 'Hello', 'TextBody': 'one\ntwo\n\n',
            'Headers': [('X-PHP-Originating-Script', '0:mail.php'), ('X-A', 'a')]})

    def test_attachment_arrives_byte_for_byte(self):
        content = bytes(range(256)) * 400 + b'end'
        encoded = base64.encodebytes(content).decode().replace('\n', '\r\n')
        body = ('--m\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n--m\r\n'
                'Content-Type: application/pdf; name="R\u00e9sum\u00e9.pdf"\r\n'
                'Content-Transfer-Encoding: base64\r\n'
                "Content-Disposition: attachment; filename*=UTF-8''R%C3%A9sum%C3%A9.pdf"
                f'\r\n\r\n{encoded}--m--\r\n')
        self.serve()
        self.assertEqual(self.mail(['a@example.org', 'Bill', body, {
            'From': 'shop@example.com', 'MIME-Version': '1.0',
            'Content-Type': 'multipart/mixed; boundary=m'}]), (True, ''))
        message, = self.arrived()
        self.assertEqual(fields.attachments(message),
                         [('R\u00e9sum\u00e9.pdf', 'application/pdf', None, content)])
        self.assertEqual(message['TextBody'], 'See below.')

    def test_extra_arguments_write_no_file(self):
        """CVE-2016-10033, CVE-2016-10045: -X and -OQueueDirectory, quoted in every way."""
        place = os.path.join(self.host.stage.path, 'writable')
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
                self.serve()
                self.mail(['a@example.org', php, php, 'From: shop@example.com', extra],
                          directory=place)
                self.assertEqual(os.listdir(place), [])
                self.assertEqual(self.server.problems, [])


if __name__ == '__main__':
    namespace.need('php')
    namespace.enter()
    unittest.main()
