#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The alarm asks DNS for DKIM keys: what it makes of each answer, and of none."""

import json
import socket
import subprocess
import time
import unittest

import nameserver
import straced
from nameserver import AA, NXDOMAIN, RA, REFUSED, SERVFAIL, TC, Teller, cname, reply, txt
from programs import Site

OK, WARNING, CRITICAL, UNKNOWN = range(4)
NAME = 'pm._domainkey.example.com'
REVOKED = 'v=DKIM1; p='
# 32 octets: an Ed25519 key of any content is one
GOOD = 'v=DKIM1; k=ed25519; p=' + 'A' * 43 + '='
SECONDS = 8  # more than the four for DNS: the machine may be busy


class Case(unittest.TestCase):
    def setUp(self):
        # a spool that nobody has written to: nothing else can be wrong
        self.site = self.enterContext(Site(delivery='direct', spool_durable='yes'))

    def check(self, server, *names):
        """The conditions that hold when the keys @names are looked up at @server."""
        self.site.set(dns_servers=server)
        self.site.account(url='http://127.0.0.1:9', token='t0ken',
                          dkim_keys=' '.join(names or (NAME,)))
        start = time.monotonic()
        done = self.site.run('brevdue', 'status', '--check', '--json')
        self.seconds = time.monotonic() - start
        self.assertEqual(done.stderr, b'')
        told = json.loads(done.stdout)
        self.assertEqual(done.returncode, told['exit_status'])
        self.text = '; '.join(alarm['text'] for alarm in told['alarms'])
        return done.returncode, [alarm['condition'] for alarm in told['alarms']]

    def assert_told(self, server, status, *conditions, names=(NAME,)):
        self.assertEqual(self.check(server, *names), (status, list(conditions)), self.text)
        self.assertLess(self.seconds, SECONDS)

    def teller(self, say):
        return self.enterContext(Teller(say))

    def assert_answer(self, say, status, *conditions, **options):
        self.assert_told(self.teller(say).address, status, *conditions, **options)


class Answers(Case):
    def test_good_key(self):
        self.assert_answer(lambda q: reply(q, txt(NAME, GOOD)), OK)

    def test_nothing_is_asked_where_no_key_is_named(self):
        server = self.teller(lambda q: reply(q, txt(NAME, REVOKED)))
        self.site.set(dns_servers=server.address)
        self.site.account(url='http://127.0.0.1:9', token='t0ken')
        self.assertEqual(self.site.run('brevdue', 'status', '--check').returncode, OK)
        self.assertEqual(server.names, [])

    def test_strings_are_joined_and_records_are_not(self):
        for at in (0, 1, 7, len(GOOD) - 1):
            self.assert_answer(lambda q: reply(q, txt(NAME, GOOD[:at], GOOD[at:])), OK)
        self.assert_answer(lambda q: reply(q, txt(NAME, GOOD[:30]), txt(NAME, GOOD[30:])),
                           CRITICAL, 'dkim-key')
        self.assertIn(f'several records stand at {NAME}', self.text)

    def test_alias(self):
        """The resolver gives the CNAMEs and what stands at their end."""
        chain = [cname(NAME, 'a.example.org'), cname('a.example.org', 'b.example.net')]
        self.assert_answer(lambda q: reply(q, *chain, txt('b.example.net', GOOD)), OK)
        self.assert_answer(lambda q: reply(q, *chain, txt('b.example.net', REVOKED)),
                           CRITICAL, 'dkim-key')

    def test_alias_to_nowhere(self):
        self.assert_answer(lambda q: reply(q, cname(NAME, 'a.example.org')), CRITICAL, 'dkim-key')
        self.assertIn(f'there is no DKIM key at {NAME}', self.text)
        self.assert_answer(lambda q: reply(q, cname(NAME, 'a.example.org'), code=NXDOMAIN),
                           CRITICAL, 'dkim-key')

    def test_missing(self):
        for code in (NXDOMAIN, nameserver.NOERROR):
            for flags in (RA, AA):
                self.assert_answer(lambda q: reply(q, code=code, flags=flags), CRITICAL,
                                   'dkim-key')
                self.assertEqual(self.text, 'mail from example.com counts as unsigned: '
                                            f'there is no DKIM key at {NAME}')

    def test_server_of_other_names(self):
        """It knows nothing, so that nothing is known: neither of a key nor of its absence."""
        root = ('', 2, nameserver.encode('a.root-servers.example'))
        for say in (lambda q: reply(q, flags=0, referral=[root]),
                    lambda q: reply(q, flags=0, code=NXDOMAIN),
                    lambda q: reply(q, cname(NAME, 'a.example.org'), flags=AA)):
            self.assert_answer(say, UNKNOWN, 'dkim-unknown')
            self.assertIn('answers for its own names only', self.text)

    def test_no_answer_to_use(self):
        for say in (lambda q: reply(q, code=SERVFAIL), lambda q: reply(q, code=REFUSED),
                    lambda q: reply(q, txt(NAME, GOOD))[:-20],  # cut
                    lambda q: reply(q, (NAME, nameserver.TXT, b'\xff' + b'x' * 8))):
            self.assert_answer(say, UNKNOWN, 'dkim-unknown')
            self.assertIn(f'1 DKIM key could not be looked up, first {NAME}: ', self.text)

    def test_the_next_server_is_asked(self):
        refusing = self.teller(lambda q: reply(q, code=REFUSED))
        knowing = self.teller(lambda q: reply(q, txt(NAME, REVOKED)))
        self.assert_told(f'{refusing.address} {knowing.address}', CRITICAL, 'dkim-key')
        self.assertIn('is withdrawn', self.text)

    def test_server_with_an_ipv6_address(self):
        try:
            server = Teller(lambda q: reply(q, txt(NAME, REVOKED)), '::1')
        except OSError as error:
            self.skipTest(f'no IPv6 here: {error}')
        self.enterContext(server)
        self.assert_told(server.address, CRITICAL, 'dkim-key')

    def test_several_domains(self):
        """All of them are told, in the order of the configuration, and each is asked once."""
        names = [f's{i}._domainkey.example.{i}' for i in range(50)]
        records = {names[3]: REVOKED, names[7]: 'p=!'}

        def say(q):
            name = nameserver.asked(q)
            return (reply(q, code=SERVFAIL) if name == names[5] else
                    reply(q, txt(name, records.get(name, GOOD))))
        server = self.teller(say)
        self.assert_told(server.address, CRITICAL, 'dkim-key', 'dkim-unknown',
                         names=[*names, names[0].upper() + '.'])
        self.assertEqual(self.text.count('counts as unsigned'), 2)
        self.assertLess(self.text.index(names[3]), self.text.index(names[7]))
        self.assertEqual(server.names.count(names[0]), 1)
        self.assertLessEqual(set(names), set(server.names))


class Silence(Case):
    def test_silent_server(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(('127.0.0.1', 0))
            self.assert_told('127.0.0.1:%d' % silent.getsockname()[1], UNKNOWN,
                             'dkim-unknown',
                             names=[f'pm._domainkey.example.{i}' for i in range(20)])
        self.assertGreater(self.seconds, 2)  # it had its chance
        self.assertIn('20 DKIM keys could not be looked up, first pm._domainkey.example.0: ',
                      self.text)

    def test_many_silent_servers(self):
        silent = [self.teller(lambda q: None).address for _ in range(12)]
        self.assert_told(' '.join(silent), UNKNOWN, 'dkim-unknown')
        self.assertIn('no answer in time', self.text)

    def test_silent_after_truncation(self):
        """The server says that TCP is needed, takes the connection, and no more."""
        self.assert_answer(lambda q: reply(q, flags=RA | TC), UNKNOWN, 'dkim-unknown')

    def test_server_that_hangs_up(self):
        """A write to a connection that is gone is an error, and no signal."""
        try:
            straced.need_strace()
        except SystemExit:  # the other cases need none
            self.skipTest('needs strace')
        server = self.teller(lambda q: reply(q, flags=RA | TC))
        self.site.set(dns_servers=server.address)
        self.site.account(url='http://127.0.0.1:9', token='t0ken', dkim_keys=NAME)
        done = subprocess.run(
            ['strace', '-D', '-qq', '-o', '/dev/null', '-e', 'signal=none', '-e',
             'inject=writev:error=EPIPE:signal=SIGPIPE', self.site.programs + '/brevdue',
             'status', '--check'],
            env=self.site.env(ASAN_OPTIONS='detect_leaks=0'), capture_output=True)
        self.assertEqual(done.returncode, UNKNOWN, done.stderr)
        self.assertIn(b'1 DKIM key could not be looked up', done.stdout)

    def test_slow_server(self):
        def say(q):
            time.sleep(1.5)  # the second question is on its way by then
            return reply(q, txt(NAME, REVOKED))
        self.assert_answer(say, CRITICAL, 'dkim-key')

    def test_one_name_is_silent(self):
        other = 'pm._domainkey.example.org'
        self.assert_answer(lambda q: reply(q, txt(NAME, REVOKED)) if nameserver.asked(q) == NAME
                           else None, CRITICAL, 'dkim-key', 'dkim-unknown', names=[NAME, other])

    def test_nobody_listens(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
            unused.bind(('127.0.0.1', 0))
            address = '127.0.0.1:%d' % unused.getsockname()[1]
        self.assert_told(address, UNKNOWN, 'dkim-unknown')

    def test_other_problems_are_told_as_well(self):
        server = self.teller(lambda q: reply(q, txt(NAME, REVOKED)))
        self.site.set(delivery='queue')
        self.assert_told(server.address, CRITICAL, 'service', 'dkim-key')


if __name__ == '__main__':
    unittest.main()
