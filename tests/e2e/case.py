# SPDX-License-Identifier: MIT
"""What the tests of whole deliveries share: a site with an account at a stand-in."""

import contextlib
import os
import tempfile
import unittest

from postmark import Certificate, Postmark, addresses_of
from programs import Site, wait

FAULT = r'Sanitizer|runtime error|CRITICAL|Assertion|died of signal 11'


def mail(to='ann@example.net', subject='hello', body='text', sender='Web <www@example.com>',
         **fields):
    """A message as text; further header fields by name."""
    lines = [f'From: {sender}', f'To: {to}', f'Subject: {subject}']
    lines += [f'{name.replace("_", "-")}: {value}' for name, value in fields.items()]
    return '\n'.join(lines) + f'\n\n{body}\n'


class Secured(unittest.TestCase):
    """A site, and a certificate for the servers that it mails to.

    @secrets: what must never be in the log, a pattern."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        cls.certificate = Certificate(cls.directory.name)

    def setUp(self):
        self.site = self.enterContext(Site(retry_max='1s'))
        self.addCleanup(self.check_programs)

    def check_programs(self):
        self.site.stop()
        self.assertNotRegex(self.site.log_text(), FAULT)
        self.assertNotRegex(self.site.log_text(), self.secrets)


class Case(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Postmark())
        self.site = self.enterContext(self.make_site())
        self.site.postmark(self.server)
        self.addCleanup(self.check_requests)
        self.addCleanup(self.check_programs)

    def make_site(self):
        return Site()

    def check_programs(self):
        """Nothing leaked, and nothing was done that C does not define."""
        self.site.stop()
        self.assertNotRegex(self.site.log_text(), FAULT)

    def check_requests(self):
        """No request broke a rule of the provider."""
        self.assertEqual(self.server.problems, [])

    def submit(self, *args, **options):
        done = self.site.sendmail(*args, **options)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b'', b''))

    def files(self):
        return os.listdir(os.path.join(self.site.spool, 'queue'))

    def wait_for_log(self, text, seconds=20):
        wait(lambda: text in self.site.log_text(), f'{text!r} in the log', seconds)

    def wait_for(self, n, seconds=20):
        """Exactly @n messages arrive, and nothing is left in the queue."""
        try:
            self.server.wait(lambda: len(self.server.messages) >= n, f'{n} messages', seconds)
            wait(lambda: not self.files(), 'an empty queue directory')
            self.assertEqual(len(self.server.messages), n)
        except AssertionError:
            print(self.site.log_text())
            raise
        return self.server.messages

    @staticmethod
    def recipients(message):
        fields = [message.get(name) or '' for name in ('To', 'Cc', 'Bcc')]
        return {address for field in fields if field for address in addresses_of(field)}


def couriers(site):
    """The process ids of what brevdued has started."""
    path = f'/proc/{site.daemon.pid}/task/{site.daemon.pid}/children'
    with open(path, encoding='ascii') as file:
        return [int(word) for word in file.read().split()]


def kill_couriers(site):
    """Whatever they are doing."""
    for pid in couriers(site):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 9)


def wrap_courier(site, *options):
    """Lets brevdued start the courier with further options."""
    path = os.path.join(site.programs, 'courier')
    real = path + '.real'
    os.rename(path, real)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(f'#!/bin/sh\nexec {real} {" ".join(options)} "$@"\n')
    os.chmod(path, 0o755)


def hold_courier(site, held=True):
    """Takes the courier away, so that mail only gathers, or brings it back."""
    path = os.path.join(site.programs, 'courier')
    aside = path + '.held'
    os.rename(path, aside) if held else os.rename(aside, path)
