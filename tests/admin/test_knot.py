#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The alarm against knot, an authoritative name server, with keys that openssl makes."""

import base64
import subprocess
import sys
import unittest

import nameserver
import test_keys
from nameserver import Knot
from programs import SKIPPED
from test_keys import CRITICAL, OK, UNKNOWN


def openssl(*args, text=None):
    return subprocess.run(['openssl', *args], input=text, capture_output=True,
                          check=True).stdout


def rsa(bits):
    """The p= of a new key."""
    key = openssl('genrsa', str(bits))
    return base64.b64encode(openssl('rsa', '-pubout', '-outform', 'DER', text=key)).decode()


def record(selector, text, size=255):
    """A line of a zone file: strings of a TXT record hold no more than 255 octets."""
    strings = [text[i:i + size] for i in range(0, len(text), size)] or ['']
    return f'{selector}._domainkey TXT ' + ' '.join(f'"{s}"' for s in strings)


SHORT = 'k=rsa; p=' + rsa(768)
LONG = 'v=DKIM1; k=rsa; p=' + rsa(2048)
ZONES = {
    'example_com': [
        record('pm', SHORT), record('least', 'v=DKIM1; p=' + rsa(1024)),
        record('long', LONG), record('pieces', LONG, 7), record('old', 'v=DKIM1; p='),
        record('lost', LONG[:255]), record('huge', LONG + '; n=' + 600 * 'x'),
        record('two', SHORT), record('two', LONG),
        record('escaped', LONG.replace(';', r'\\;')),
        *(f'chain{i}._domainkey CNAME chain{i + 1}._domainkey' for i in range(5)),
        record('chain5', SHORT),
        'away._domainkey CNAME pm.provider.example.', 'else._domainkey A 127.0.0.1'],
    'example_org': [record('pm', LONG)],
}


def name(selector, domain='example.com'):
    return f'{selector}._domainkey.{domain}'


class Knots(test_keys.Case):
    @classmethod
    def setUpClass(cls):
        cls.knot = cls.enterClassContext(Knot(**ZONES))

    def expect(self, status, *conditions, names, text=None):
        self.assert_told(self.knot.address, status, *conditions, names=names)
        if text is not None:
            self.assertEqual(self.text, text)

    def test_short_key(self):
        self.expect(CRITICAL, 'dkim-key', names=[name('pm')],
                    text='Gmail and others ignore the DKIM signature of example.com: the key at '
                         'pm._domainkey.example.com has 768 bits, 1024 are the least')

    def test_long_key(self):
        self.expect(OK, names=[name('long'), name('least'), name('pm', 'example.org')])

    def test_one_domain_of_two(self):
        self.expect(CRITICAL, 'dkim-key', names=[name('pm', 'example.org'), name('pm')])
        self.assertNotIn('example.org', self.text)

    def test_key_in_many_strings(self):
        self.expect(OK, names=[name('pieces')])

    def test_key_that_needs_tcp(self):
        self.expect(OK, names=[name('huge')])

    def test_alias(self):
        self.expect(CRITICAL, 'dkim-key', names=[name('chain0')])
        self.assertIn('the key at chain0._domainkey.example.com has 768 bits', self.text)

    def test_alias_that_knot_does_not_follow(self):
        self.expect(UNKNOWN, 'dkim-unknown', names=[name('away')])

    def test_names_of_others(self):
        self.expect(UNKNOWN, 'dkim-unknown', names=[name('pm', 'example.net')])

    def test_other_faults(self):
        for selector, text in (('none', 'there is no DKIM key'), ('else', 'there is no DKIM key'),
                               ('old', 'is withdrawn'), ('two', 'several records'),
                               ('lost', 'cannot be used, its base64 is broken or cut'),
                               ('escaped', 'has a backslash')):
            self.expect(CRITICAL, 'dkim-key', names=[name(selector)])
            self.assertIn(text, self.text)


if __name__ == '__main__':
    if nameserver.KNOTD is None:
        print('SKIP: knotd is not installed; packages-test.txt names its package')
        sys.exit(SKIPPED)
    unittest.main()
