#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SMTP against Debian's Postfix as a smarthost: STARTTLS, AUTH, DSN, SIZE, refusals.

It is unpacked, never installed, and runs in a root of its own (conformance/peers.py). The
program smtp-client is argv[1].
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import types
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / name) for name in ('lib', 'conformance', 'transport')]

import namespace  # noqa: E402
import peers  # noqa: E402
import postmark  # noqa: E402
import smtpd  # noqa: E402
from programs import wait  # noqa: E402
from test_smtp import LOGIN, MESSAGE, USERS, Client  # noqa: E402

PORT, NEXT_PORT = 2587, 2526
SUBMISSION = f'{PORT} inet n - n - - smtpd\n'


class Smarthost(peers.Postfix):
    packages = ('postfix', 'libsasl2-modules', 'sasl2-bin')
    queue_command = None
    files = {
        **peers.Postfix.files,
        '/etc/postfix/main.cf': peers.Postfix.files['/etc/postfix/main.cf'].replace(
            '{port}', str(NEXT_PORT)).replace('100000000', '200000') + '''
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = /etc/cert.pem
smtpd_tls_key_file = /etc/key.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = host.example.com
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{
    {bad@example.org = 550 5.1.1 nobody}, {grey@example.org = 450 4.2.0 later}}, permit
''',
        # Debian's Postfix looks for it in the second, Cyrus SASL in the first
        '/usr/lib/sasl2/smtpd.conf': 'pwcheck_method: auxprop\nauxprop_plugin: sasldb\n'
                                     'mech_list: PLAIN LOGIN CRAM-MD5\n',
        '/etc/postfix/sasl/smtpd.conf': 'pwcheck_method: auxprop\nauxprop_plugin: sasldb\n'
                                        'mech_list: PLAIN LOGIN CRAM-MD5\n',
    }
    certificate = None

    def configure(self):
        super().configure()
        master = self.root / 'etc/postfix/master.cf'
        master.write_text(master.read_text() + SUBMISSION)
        for name in ('cert', 'key'):
            self.put(f'/etc/{name}.pem',
                     pathlib.Path(getattr(self.certificate, name)).read_text())
        for user, password in USERS.items():
            subprocess.run(['chroot', str(self.root), '/usr/sbin/saslpasswd2', '-p', '-c',
                            '-u', 'host.example.com', user], input=password.encode(),
                           env=self.environment(), check=True, capture_output=True)
        os.chown(self.root / 'etc/sasldb2', 0, peers.GROUPS['postfix'])


class PostfixTest(unittest.TestCase):
    debs = None

    @classmethod
    def setUpClass(cls):
        directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        Smarthost.certificate = cls.certificate = postmark.Certificate(directory)
        cls.next = cls.enterClassContext(smtpd.Smtpd(port=NEXT_PORT))
        cls.smarthost = cls.enterClassContext(Smarthost(cls.debs))

    def setUp(self):
        self.next.mails.clear()
        self.addCleanup(lambda: self.assertEqual(self.next.problems, []))

    def send(self, *options, **more):
        with Client('--ca-file', self.certificate.cert, *options, **more) as client:
            return client.send(f'smtp://127.0.0.1:{PORT}')

    def assert_ended(self, reply, stage, status):
        self.assertEqual((reply['stage'], reply['status']), (stage, str(status)),
                         (reply, self.log()))

    def log(self):
        return (self.smarthost.root / 'var/log/postfix.log').read_text()[-4000:]

    def relayed(self):
        wait(lambda: self.next.mails, f'what Postfix passes on: {self.log()}')
        return self.next.mails[0]

    def test_each_mechanism(self):
        for mechanism in (None, 'PLAIN', 'LOGIN', 'CRAM-MD5'):
            with self.subTest(mechanism):
                self.next.mails.clear()
                options = ('--mechanism', mechanism) if mechanism else ()
                reply = self.send(*LOGIN, *options, message=MESSAGE + b'.\n..two\n\xe4')
                self.assert_ended(reply, 'END', 250)
                self.assertRegex(reply['last'], 'queued as ')
                got = self.relayed()
                self.assertEqual(got.addresses(), ['a@example.org'])
                self.assertTrue(got.data.endswith(b'\r\n\r\nText\r\n.\r\n..two\r\n\xe4\r\n'),
                                got.data)

    def test_delivery_status_notification(self):
        self.send(*LOGIN, '--ret', 'HDRS', '--envid', 'QQ+2B1',
                  to=('a@example.org SUCCESS,DELAY rfc822;old@example.net',))
        got = self.relayed()
        self.assertIn('RET=HDRS', got.parameters)
        self.assertIn('ENVID=QQ+2B1', got.parameters)
        self.assertEqual(sorted(got.recipients[0][1]),
                         ['NOTIFY=SUCCESS,DELAY', 'ORCPT=rfc822;old@example.net'])

    def test_single_recipients(self):
        reply = self.send(*LOGIN, to=('a@example.org', 'bad@example.org',
                                      'grey@example.org'))
        self.assert_ended(reply, 'END', 250)
        self.assertEqual([r[:9] for r in reply['recipients'].split('|')],
                         ['250 2.1.5', '550 5.1.1', '450 4.2.0'])
        self.assertEqual(self.relayed().addresses(), ['a@example.org'])

    def test_too_large(self):
        reply = self.send(*LOGIN, message=MESSAGE + b'x' * 70 + b'\n' * 200000)
        self.assert_ended(reply, 'MAIL', 552)
        self.assertRegex(reply['last'], '^5.3.4 ')

    def test_wrong_password(self):
        reply = self.send('--user', 'web', '--password', 'geheim falsch')
        self.assert_ended(reply, 'AUTH', 535)

    def test_not_logged_in(self):
        reply = self.send()
        self.assert_ended(reply, 'RCPT', 554)
        self.assertRegex(reply['recipients'], 'Relay access denied')

    def test_without_tls(self):
        """Postfix wants STARTTLS first; a client that may not use it hears so."""
        with Client('--plaintext') as client:
            reply = client.send(f'smtp://127.0.0.1:{PORT}')
        self.assert_ended(reply, 'MAIL', 530)


def main():
    peers.PEERS['smarthost'] = Smarthost
    options = types.SimpleNamespace(roots=None, peer='smarthost')
    try:
        peers.enter(options)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        namespace.skip(f'Postfix cannot be fetched: {error}')
    namespace.mount('-t', 'proc', 'proc', '/proc')  # LeakSanitizer looks itself up there
    PostfixTest.debs = options.roots
    Client.program = os.path.abspath(sys.argv.pop(1))
    unittest.main()


if __name__ == '__main__':
    main()
