#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Signatures of GnuPG (PGP/MIME, RFC 3156) and OpenSSL (S/MIME, RFC 8551) that are made here
are valid in what a provider of raw mail received."""

import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import case  # noqa: E402
from ses import Ses, account, raw_of  # noqa: E402

HEADER = ('From: {sender}\nTo: Ann <ann@example.net>, root\nBcc: carol@example.net\n'
          'Subject: =?utf-8?q?signed_=C3=A9?=\nX-PM-Tag: t\nMIME-Version: 1.0\n')
PART = (b'Content-Type: text/plain; charset=utf-8;\r\n\tformat=flowed\r\n'
        b'Content-Transfer-Encoding: quoted-printable\r\n\r\n'
        b'caf=C3=A9=20\r\n.\r\n\r\n=46rom here on=\r\n it goes on\r\n')
BODIES = {'plain': PART, 'empty lines at its end': PART + b'\r\n\r\n',
          'no line end': PART.rstrip(b'\r\n'),
          'parts': b'Content-Type: multipart/mixed; boundary=in\r\n\r\nfor old readers\r\n'
                   b'--in\r\n\r\none\r\n--in\r\nContent-Type: application/pdf\r\n'
                   b'Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--in--\r\nafter\r\n'}


def run(*command, input=None, **options):
    return subprocess.run(command, input=input, capture_output=True, timeout=60, check=True,
                          **options).stdout


class Signed(case.Case):
    def setUp(self):
        self.server = self.enterContext(Ses())
        self.site = self.enterContext(self.make_site())
        account(self.site, self.server, senders='example.com')
        aliases = self.site.write('aliases', 'root: ops@example.net\n')
        self.site.set(aliases=aliases, **{'from': 'Web <noreply@example.com>'})
        self.site.write_config()
        self.addCleanup(self.check_requests)
        self.addCleanup(self.check_programs)
        self.home = self.enterContext(tempfile.TemporaryDirectory(prefix='brevdue-keys.'))
        self.site.start()

    def deliver(self, sender, content):
        """What arrives of a message with this content, a MIME entity with its own header."""
        before = len(self.server.messages)
        self.submit('-t', '-i', input=HEADER.format(sender=sender).encode() + content)
        raw = raw_of(self.wait_for(before + 1)[-1])
        self.assertNotIn(b'carol', raw)
        self.assertIn(b'ops@example.net', raw.partition(b'\r\n\r\n')[0])
        return raw

    def each(self):
        """With the author as written, and with another one in its place."""
        for sender in ('Jane <jane@example.com>', 'Jane <jane@example.org>'):
            for name, part in BODIES.items():
                with self.subTest(f'{sender}: {name}'):
                    yield sender, part


class Pgp(Signed):
    def setUp(self):
        super().setUp()
        self.addCleanup(run, 'gpgconf', '--homedir', self.home, '--kill', 'all')
        self.gpg('--passphrase', '', '--quick-gen-key', 'jane@example.com', 'ed25519', 'sign')

    def gpg(self, *arguments, **options):
        return run('gpg', '--homedir', self.home, '--batch', '--no-tty', *arguments, **options)

    def test_signature_is_valid(self):
        for sender, part in self.each():
            signature = self.gpg('--armor', '--detach-sign', input=part)
            content = (b'Content-Type: multipart/signed; micalg=pgp-sha512;\n'
                       b' protocol="application/pgp-signature"; boundary="out er"\n\nfor old '
                       b'readers\n--out er\n' + part.replace(b'\r\n', b'\n') +
                       b'\n--out er\nContent-Type: application/pgp-signature\n\n' + signature +
                       b'\n--out er--\n')
            raw = self.deliver(sender, content)
            _, signed, rest = raw.split(b'\r\n--out er\r\n')
            self.assertEqual(signed, part)
            path = os.path.join(self.home, 'signature')
            with open(path, 'wb') as file:
                file.write(rest.partition(b'\r\n\r\n')[2].partition(b'\r\n--out er--')[0])
            self.gpg('--verify', path, '-', input=signed)
            with self.assertRaises(subprocess.CalledProcessError):
                self.gpg('--verify', path, '-', input=signed + b' ')


class Smime(Signed):
    def setUp(self):
        super().setUp()
        self.key = os.path.join(self.home, 'key')
        self.certificate = os.path.join(self.home, 'certificate')
        run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
            'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
            '/CN=Jane/emailAddress=jane@example.com', '-addext',
            'extendedKeyUsage=emailProtection', '-keyout', self.key, '-out', self.certificate)

    def verify(self, raw):
        return run('openssl', 'cms', '-verify', '-CAfile', self.certificate, input=raw)

    def test_signature_is_valid(self):
        for sender, part in self.each():
            content = run('openssl', 'cms', '-sign', '-signer', self.certificate, '-inkey',
                          self.key, input=part, cwd=self.home)
            content = content.replace(b'MIME-Version: 1.0\n', b'', 1)
            raw = self.deliver(sender, content)
            self.assertEqual(self.verify(raw).rstrip(b'\r\n'), part.rstrip(b'\r\n'))
            changed = raw.replace(b'caf=C3', b'caf=C4').replace(b'JVBERi0', b'JVBERj0')
            with self.assertRaises(subprocess.CalledProcessError):
                self.verify(changed)


if __name__ == '__main__':
    unittest.main()
