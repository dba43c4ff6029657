#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Direct mode: no service, the caller's own spool or none, and an exit status that says
what became of the message."""

import concurrent.futures
import os
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import Case, mail, wrap_courier  # noqa: E402
from programs import Site, wait  # noqa: E402

MAINTENANCE = {'action': 'error', 'status': 503, 'code': 100, 'message': 'maintenance'}
MAKE_OLD = """
import os, sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None)
# its doubt, too: a reset may come after the request has left
store.execute("UPDATE recipients SET due = due - 120000, doubt_from = max(doubt_from - 120000, 0)")
os._exit(0)
"""
INACTIVE = {'action': 'inactive', 'addresses': ['gone@example.net']}


class Base(Case):
    def make_site(self):
        return Site(delivery='direct', **{'from': 'Robot <robot@example.com>'})

    def durable(self):
        self.site.set(spool_durable='yes')
        self.site.write_config()

    def send(self, *args, input=None, **options):
        done = self.site.sendmail('-t', '-i', *args, input=input or mail(), **options)
        self.assertEqual(done.stdout, b'')
        return done.returncode, done.stderr.decode()

    def said(self, text):
        """The line for the caller, among those of the log."""
        lines = [line for line in text.splitlines() if line.startswith('brevdue: ')]
        self.assertEqual(len(lines), 1, text)
        return lines[0]


class Direct(Base):
    def test_accepted(self):
        status, _ = self.send()
        self.assertEqual(status, 0)
        self.assertEqual(len(self.server.messages), 1)
        self.assertEqual(self.files(), [])

    def test_temporary_failure_is_survived(self):
        self.server.script.set([{**MAINTENANCE, 'times': 2}])
        status, _ = self.send()
        self.assertEqual(status, 0)
        self.assertEqual(len(self.server.messages), 1)

    def test_refused(self):
        self.durable()
        self.server.script.set([INACTIVE])
        status, text = self.send(input=mail('gone@example.net'))
        self.assertIn(status, (67, 69))
        self.assertIn('<gone@example.net>', self.said(text))
        self.assertEqual(self.files(), [])
        self.assertEqual(self.server.messages, [])

    def test_no_address(self):
        status, text = self.send(input=mail('a..b@@example.net'))
        self.assertEqual(status, 65)
        self.assertIn('a..b@@example.net', text)

    def test_bad_address_beside_a_good_one(self):
        """The report goes at once, not with the next message."""
        self.durable()
        status, _ = self.send('-fwww@example.com',
                              input=mail('ann@example.net, a..b@@example.net'))
        self.assertEqual(status, 0)
        self.wait_for(2, 10)

    def test_partly_refused_is_reported(self):
        self.durable()
        self.server.script.set([{**INACTIVE, 'match': {'to': 'gone@example.net'}}])
        status, _ = self.send('-fwww@example.com', input=mail('ann@example.net, gone@example.net'))
        self.assertEqual(status, 0)
        self.server.wait(lambda: len(self.server.messages) == 2, 'the report')
        self.assertEqual(self.recipients(self.server.messages[1]), {'www@example.com'})
        wait(lambda: not self.files(), 'an empty queue')

    def test_partly_refused_when_not_durable(self):
        """It was sent: a failure would make the caller send it again."""
        for bad, rules in (('a..b@@example.net', []), ('gone@example.net',
                           [{**INACTIVE, 'match': {'to': 'gone@example.net'}}])):
            with self.subTest(bad):
                before = len(self.server.messages)
                self.server.script.set(rules)
                status, text = self.send('-fwww@example.com',
                                         input=mail(f'ann@example.net, {bad}'))
                self.assertEqual(status, 0)
                self.assertIn(f'refused for <{bad}>', self.said(text))
                self.assertIn('it was sent to <ann@example.net>', self.said(text))
                self.server.wait(lambda: len(self.server.messages) == before + 2,
                                 'the report')
                self.assertEqual(self.recipients(self.server.messages[-1]),
                                 {'www@example.com'})
                wait(lambda: not self.files(), 'an empty queue')

    def test_may_have_been_sent(self):
        """Nobody knows: the caller is told so, not that it failed."""
        wrap_courier(self.site, '--timeout', '3')
        self.server.script.set([{'action': 'stall', 'seconds': 30}])
        status, text = self.send()
        self.assertEqual(status, 71)
        self.assertIn('may have been sent', self.said(text))
        self.assertEqual(self.files(), [])

    def test_queued_when_durable(self):
        self.durable()
        wrap_courier(self.site, '--timeout', '3')
        self.server.script.set([{'action': 'reset-connection'}])
        begin = time.monotonic()
        status, _ = self.send()
        self.assertEqual(status, 0)
        self.assertLess(time.monotonic() - begin, 20)
        self.assertEqual(len(self.files()), 1)
        self.server.script.set([])
        wait(lambda: self.site.run('courier', '--drain').returncode == 0 and
             self.server.messages, 'the message, once it is due')

    def test_not_queued_when_not_durable(self):
        """A failure is a failure: nothing is sent behind the caller's back."""
        wrap_courier(self.site, '--timeout', '3')
        self.server.script.set([MAINTENANCE])
        status, text = self.send()
        self.assertEqual(status, 71)
        self.assertIn('not queued', self.said(text))
        self.assertEqual(self.files(), [])
        self.server.script.set([])
        self.site.run('courier', '--drain')
        self.assertEqual(self.server.messages, [])

    def test_parked_is_not_kept_when_not_durable(self):
        """Its caller hears that it has the message back: nobody may release it later."""
        self.server.script.set([{'action': 'error', 'status': 422, 'code': 403,
                                 'message': 'Invalid request field(s): X'}])
        status, text = self.send()
        self.assertEqual(status, 71)
        self.assertIn('not queued', self.said(text))
        self.assertEqual(self.files(), [])

    def test_no_account(self):
        del self.site.settings['account']
        self.site.sections.clear()
        self.site.write_config()
        status, text = self.send()
        self.assertEqual(status, 78)
        self.assertIn('cron and PHP-FPM clear the environment', text)
        self.assertEqual(self.files(), [])

    def test_bad_token(self):
        """What is wrong with it is said, not only that it cannot be used."""
        self.site.account(token_env='TOKEN')
        self.site.set(delivery=None)
        self.site.write_config()
        done = self.site.sendmail('-t', '-i', input=mail(),
                                  env=self.site.env(TOKEN='two\nlines'))
        self.assertEqual(done.returncode, 78)
        self.assertIn('TOKEN holds more than one line', done.stderr.decode())

    def test_provider_without_support(self):
        self.site.set(delivery=None, account=None)
        self.site.sections.clear()
        self.site.write_config()
        done = self.site.sendmail('-t', '-i', input=mail(),
                                  env=self.site.env(UNISENDER_GO_API_KEY='x'))
        self.assertEqual(done.returncode, 78)
        self.assertIn('UNISENDER_GO_API_KEY: its provider is not supported yet', done.stderr.decode())

    def test_broken_configuration(self):
        """Kept where that is durable, refused where it is not; never sent by guess."""
        with open(self.site.config, 'a', encoding='utf-8') as file:
            file.write('concurrency = many\n')
        status, text = self.send()
        self.assertEqual(status, 78)
        self.assertIn('not queued', self.said(text))
        self.assertEqual(self.files(), [])
        self.durable()
        with open(self.site.config, 'a', encoding='utf-8') as file:
            file.write('concurrency = many\n')
        status, text = self.send()
        self.assertEqual(status, 0)
        self.assertIn('is queued in', self.said(text))
        self.site.write_config()
        self.assertEqual(self.site.run('courier', '--drain').returncode, 0)
        self.wait_for(1)

    def test_ended_by_a_signal(self):
        """The caller is killed by its own time limit: what may have left is marked."""
        self.durable()
        self.server.script.set([{'action': 'stall', 'seconds': 30, 'times': 1}])
        courier = os.path.join(self.site.programs, 'courier')
        held = courier + '.held'
        os.rename(courier, held)
        self.site.sendmail('-t', '-i', input=mail())
        os.rename(held, courier)
        name, = self.files()
        process = subprocess.Popen([courier, '--timeout', '3', '--direct', name],
                                   env=self.site.env(), stderr=subprocess.PIPE)
        self.server.wait(lambda: self.server.connections, 'the request')
        process.terminate()
        text = process.communicate(timeout=20)[1].decode()
        self.assertEqual(process.returncode, 0)
        self.assertIn('possible duplicate', text)
        wait(lambda: self.site.run('courier', '--drain').returncode == 0 and
             self.server.messages, 'the message, once it is due')

    def test_memory(self):
        """No directory can be written at all."""
        wrap_courier(self.site, '--timeout', '3')
        self.site.set(spool='/proc/nowhere')
        self.site.write_config()
        status, text = self.send()
        self.assertEqual((status, len(self.server.messages)), (0, 1), text)
        self.server.script.set([INACTIVE])
        status, text = self.send(input=mail('gone@example.net'))
        self.assertIn(status, (67, 69))
        self.server.script.set([MAINTENANCE])
        status, text = self.send()
        self.assertEqual(status, 71)

    def test_many_at_once(self):
        self.durable()
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            results = list(pool.map(lambda i: self.send(input=mail(subject=str(i))), range(32)))
        self.assertEqual([status for status, _ in results], [0] * 32)
        self.assertEqual(sorted(int(m['Subject']) for m in self.server.messages),
                         list(range(32)))
        self.assertEqual(self.files(), [])

    def test_abandoned_mail_is_drained(self):
        """What an earlier caller left behind is sent after a later one has its status."""
        self.durable()
        wrap_courier(self.site, '--timeout', '3')
        self.server.script.set([{'action': 'reset-connection'}])
        self.assertEqual(self.send(input=mail(subject='first'))[0], 0)
        self.server.script.set([])
        self.make_it_old()
        self.assertEqual(self.send(input=mail(subject='second'))[0], 0)
        self.wait_for(2)

    def make_it_old(self):
        """Everything in the queue was due two minutes ago. In a process that does not close
        the database: closing would take its log away, which counts as damage."""
        store = os.path.join(self.site.spool, 'store', 'store.db')
        subprocess.run([sys.executable, '-c', MAKE_OLD, store], check=True)


class Silent(Base):
    def test_silent_provider(self):
        self.server.script.set([{'action': 'stall-connection', 'seconds': 40}])
        begin = time.monotonic()
        status, _ = self.send()
        self.assertEqual(status, 71)
        self.assertLess(time.monotonic() - begin, 20)


if __name__ == '__main__':
    unittest.main()
