#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""JMAP against Debian's Cyrus IMAP: whole deliveries, which it passes on by SMTP.

It is unpacked, never installed, and runs in a root of its own (conformance/peers.py).
"""

import imaplib
import os
import pathlib
import subprocess
import sys
import types
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / name) for name in ('lib', 'conformance')]

import namespace  # noqa: E402
import peers  # noqa: E402
import smtpd  # noqa: E402
from programs import Site, wait  # noqa: E402

GOLDEN = TESTS / 'golden' / 'messages'
HTTP, IMAP, NEXT = 8008, 1143, 2526
USER, PASSWORD = 'web', 'geheim'


class Cyrus(peers.Peer):
    packages = ('cyrus-imapd', 'cyrus-caldav', 'cyrus-common', 'libsasl2-modules', 'sasl2-bin')
    log_file = '/var/log/cyrus.log'
    directories = (('/var/lib/cyrus', 'cyrus', 'mail', 0o750),
                   ('/var/spool/cyrus', 'cyrus', 'mail', 0o750),
                   ('/run/cyrus', 'cyrus', 'mail', 0o755),
                   ('/run/cyrus/proc', 'cyrus', 'mail', 0o755),
                   ('/run/cyrus/lock', 'cyrus', 'mail', 0o755),
                   ('/run/cyrus/socket', 'cyrus', 'mail', 0o755))
    files = {'/etc/imapd.conf': f'''
configdirectory: /var/lib/cyrus
partition-default: /var/spool/cyrus
proc_path: /run/cyrus/proc
mboxname_lockpath: /run/cyrus/lock
admins: cyrus
servername: host.{{domain}}
defaultdomain: {{domain}}
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_mech_list: PLAIN LOGIN
autocreate_quota: 0
autocreate_inbox_folders: Drafts
xlist-drafts: Drafts
unixhierarchysep: yes
httpmodules: jmap
conversations: yes
smtp_backend: host
smtp_host: 127.0.0.1:{NEXT}
''', '/etc/cyrus.conf': f'''
START {{
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -r"
}}
SERVICES {{
  imap cmd="/usr/lib/cyrus/bin/imapd" listen="127.0.0.1:{IMAP}" prefork=1
  http cmd="/usr/lib/cyrus/bin/httpd" listen="127.0.0.1:{HTTP}" prefork=1
}}
EVENTS {{
}}
'''}

    def configure(self):
        super().configure()
        subprocess.run(['chroot', str(self.root), '/usr/sbin/saslpasswd2', '-p', '-c', '-u',
                        f'host.{peers.adapter.DOMAIN}', USER], input=PASSWORD.encode(),
                       env=self.environment(), check=True, capture_output=True)
        os.chown(self.root / 'etc/sasldb2', peers.USERS['cyrus'], 0)

    def start(self):
        self.background('/usr/sbin/cyrmaster', '-C', '/etc/imapd.conf', '-M', '/etc/cyrus.conf')
        wait(self.log_in, 'Cyrus')

    def log_in(self):
        """Makes the user's mailboxes."""
        try:
            with imaplib.IMAP4('127.0.0.1', IMAP) as imap:
                return imap.login(USER, PASSWORD)
        except OSError:
            return False

    def count(self, mailbox):
        with imaplib.IMAP4('127.0.0.1', IMAP) as imap:
            imap.login(USER, PASSWORD)
            return int(imap.select(mailbox, readonly=True)[1][0])


peers.USERS['cyrus'] = peers.GROUPS['cyrus'] = 908


class CyrusTest(unittest.TestCase):
    debs = None

    @classmethod
    def setUpClass(cls):
        cls.next = cls.enterClassContext(smtpd.Smtpd(port=NEXT))
        cls.cyrus = cls.enterClassContext(Cyrus(cls.debs))

    def setUp(self):
        self.next.mails.clear()
        self.next.script = {}
        self.site = self.enterContext(Site(retry_max='1s'))
        self.account()
        self.addCleanup(lambda: self.assertEqual(self.next.problems, []))

    def account(self, password=PASSWORD):
        self.site.account('jmap', f'http://127.0.0.1:{HTTP}', password, provider='jmap',
                          user=USER)

    def send(self, message, *arguments):
        self.site.start()
        done = self.site.sendmail('-i', *arguments, input=message)
        self.assertEqual((done.returncode, done.stderr), (0, b''))

    def relayed(self, n=1):
        wait(lambda: len(self.next.mails) >= n, 'what Cyrus passes on: ' + self.site.log_text())
        self.site.wait_for_empty_queue()
        self.assertEqual(len(self.next.mails), n)
        return self.next.mails

    def assert_logged(self, text):
        try:
            wait(lambda: text in self.site.log_text(), f'{text!r} in the log', 8)
        except AssertionError:
            print(self.site.log_text()[-3000:])
            raise
        self.assertEqual(self.cyrus.count('Drafts'), 0)

    def test_bytes_and_envelope(self):
        self.send(MESSAGE, '-f', 'bounce@example.com', 'a@example.org', 'b@example.org')
        got, = self.relayed()
        self.assertEqual((got.sender, got.addresses()),
                         ('bounce@example.com', ['a@example.org', 'b@example.org']))
        self.assertTrue(got.data.endswith(MESSAGE.replace(b'\n', b'\r\n')), got.data)
        self.assertEqual(self.cyrus.count('Drafts'), 0)

    def test_null_sender(self):
        self.send(MESSAGE, '-f', '<>', 'a@example.org')
        got, = self.relayed()
        self.assertEqual(got.sender, '')

    def test_golden_messages(self):
        """Each of the messages that the golden requests are made of."""
        self.site.start()
        wanted = []
        for case in sorted(GOLDEN.iterdir()):
            lines = [line.partition(': ')[::2]
                     for line in (case / 'envelope').read_text().splitlines()]
            to = [value.split()[0] for key, value in lines if key == 'recipient']
            sender = dict(lines).get('sender', '')
            done = self.site.sendmail('-i', '-f', sender or '<>', '--', *to,
                                      input=(case / 'message.eml').read_bytes())
            self.assertEqual(done.returncode, 0, done.stderr)
            wanted += {address.lower().replace('b\u00fccher', 'xn--bcher-kva') for address in to}
        self.site.wait_for_empty_queue()
        got = [address.lower() for one in self.next.mails for address in one.addresses()]
        self.assertEqual(sorted(got), sorted(wanted))
        self.assertEqual(self.cyrus.count('Drafts'), 0)

    def test_refused_recipient(self):
        self.next.script = {'RCPT:bad@example.org': ['550 5.1.1 nobody']}
        self.send(MESSAGE, 'a@example.org', 'bad@example.org')
        got, report = self.relayed(2)
        self.assertEqual({*got.addresses(), *report.addresses()},
                         {'a@example.org', 'root@example.com'})
        self.assert_logged('status=bounced (invalidRecipients)')

    def test_refused_message(self):
        self.next.script = {'END': ['554 5.6.0 no', None]}
        self.send(MESSAGE, 'a@example.org')
        self.assert_logged('status=bounced (5.6.0 no)')

    def test_refused_sender(self):
        self.next.script = {'MAIL': ['550 5.7.1 no']}
        self.send(MESSAGE, 'a@example.org')
        self.assert_logged('dsn=4.7.1, status=deferred (5.7.1 no)')

    def test_too_many_recipients(self):
        """Halved, until the server takes them; two at once have the same Email."""
        self.next.script = {'RCPT:c@example.org': ['452 4.5.3 too many', None]}
        self.send(MESSAGE, 'a@example.org', 'b@example.org', 'c@example.org')
        self.site.wait_for_empty_queue()
        got = sorted(address for one in self.next.mails for address in one.addresses())
        self.assertEqual(got, ['a@example.org', 'b@example.org', 'c@example.org'])

    def test_later(self):
        self.next.script = {'END': ['451 4.6.0 later']}  # of 4.3.0 Cyrus makes forbiddenToSend
        self.send(MESSAGE, 'a@example.org')
        self.assert_logged('status=deferred (4.6.0 later)')
        self.next.script = {}
        self.relayed()
        self.assertNotIn('possible duplicate', self.site.log_text())

    def test_doubt(self):
        """The mail was taken, and Cyrus does not know: it says so."""
        self.next.script = {'END': ['+!reset', None]}
        self.send(MESSAGE, 'a@example.org')
        self.assert_logged('possible duplicate')

    def test_next_server_is_away(self):
        self.next.script = {'CONNECT': ['421 4.3.2 later !close']}
        self.send(MESSAGE, 'a@example.org')
        self.assert_logged('status=deferred')
        self.next.script = {}
        self.relayed()

    def test_wrong_password(self):
        self.account('falsch')
        self.send(MESSAGE, 'a@example.org')
        self.assert_logged('dsn=4.7.8, status=deferred (HTTP 401)')
        self.assertNotIn('falsch', self.site.log_text())


MESSAGE = b"""From: web@example.com
To: a@example.org
Subject: caf=E9
X-Odd:   three  blanks

caf\xc3\xa9
.
..
"""


def main():
    peers.PEERS['cyrus'] = Cyrus
    options = types.SimpleNamespace(roots=None, peer='cyrus')
    try:
        peers.enter(options)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        namespace.skip(f'Cyrus cannot be fetched: {error}')
    namespace.mount('-t', 'proc', 'proc', '/proc')  # LeakSanitizer looks itself up there
    CyrusTest.debs = options.roots
    unittest.main()


if __name__ == '__main__':
    main()
