#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Another account takes over what the first one surely did not accept, and nothing else."""

import os
import signal
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import Case, mail  # noqa: E402
from postmark import Postmark  # noqa: E402
from programs import Site, wait  # noqa: E402

N = 12
NO_CREDIT = {'action': 'error', 'code': 405, 'message': 'Not allowed to send: no credits'}
TOO_MUCH = {'action': 'error', 'status': 429, 'code': 0, 'message': 'slow down',
            'headers': {'Retry-After': '600'}}
DOWN = {'action': 'error', 'status': 503, 'code': 100, 'message': 'maintenance'}


def subjects(server):
    return sorted(message['Subject'] for message in server.messages)


class Base(Case):
    """The account postmark at self.server, and its fallback other at self.other."""

    def make_site(self):
        self.other = self.enterContext(Postmark(token='0ddba11-1234-4abc-8def-0123456789ab'))
        return Site(retry_max='2s')

    def setUp(self):
        super().setUp()
        self.site.postmark(self.server, fallback='other', batch=1)
        self.account_other()
        self.addCleanup(lambda: self.assertEqual(self.other.problems, []))

    def account_other(self, **settings):
        self.site.account('other', self.other.url, self.other.token,
                          **{'indexing_time': '1s', **settings})

    def send(self, *names):
        for name in names:
            self.submit('-t', '-i', input=mail(subject=name))

    def wake(self):
        self.site.run('brevdue', 'queue', 'retry', '--all')
        self.site.run('brevdue', 'flush')

    def wait_for_other(self, *names, seconds=20):
        try:
            self.other.wait(lambda: len(self.other.messages) >= len(names),
                            f'{len(names)} at the other account', seconds)
            wait(lambda: not self.files(), 'an empty queue')
        except AssertionError:
            print(self.site.log_text())
            raise
        self.assertEqual(subjects(self.other), sorted(names))
        self.assertNotIn('bounced', self.site.log_text())


class Service(Base):
    def check_take_over(self, rule):
        """All that is there goes by the other account, and the first is hardly asked."""
        self.server.script.set([rule])
        self.site.start()
        names = [f'mail {n}' for n in range(N)]
        self.send(*names)
        self.wait_for_other(*names)
        self.assertEqual(subjects(self.server), [])
        self.assertLess(len(self.server.requests), N)
        log = self.site.log_text()
        self.assertEqual(log.count("goes by account 'other'"), 1, log)
        self.assertEqual(log.count('relay=other'), N)

    def come_back(self):
        """The first account takes what comes once it works again."""
        self.server.script.set([])
        self.wake()
        deadline = time.monotonic() + 20
        while not self.server.messages and time.monotonic() < deadline:
            self.send('back')
            time.sleep(0.5)
        wait(lambda: not self.files(), 'an empty queue')
        self.assertEqual(set(subjects(self.server)), {'back'}, self.site.log_text())

    def test_no_credit(self):
        self.check_take_over(NO_CREDIT)
        self.come_back()
        self.assertEqual(self.site.log_text().count('nothing can be sent'), 1)
        self.assertIn('works again', self.site.log_text())

    def test_too_much(self):
        self.check_take_over(TOO_MUCH)

    def test_quota_is_used_up(self):
        self.site.postmark(self.server, fallback='other', batch=1, daily_quota=2)
        self.site.start()
        names = [f'mail {n}' for n in range(5)]
        self.send(*names)
        self.other.wait(lambda: len(self.other.messages) == 3, 'what is too much')
        wait(lambda: not self.files(), 'an empty queue')
        self.assertEqual(sorted(subjects(self.server) + subjects(self.other)), names)
        self.assertEqual(len(subjects(self.server)), 2)

    def test_provider_is_down(self):
        self.check_take_over(DOWN)
        self.come_back()

    def test_nobody_listens(self):
        with socket.socket() as port:  # bound, so that nobody else gets it
            port.bind(('127.0.0.1', 0))
            self.site.sections['account postmark']['endpoint'] = (
                f'http://127.0.0.1:{port.getsockname()[1]}')
            self.site.write_config()
            self.check_take_over(DOWN)

    def test_token_is_refused(self):
        self.server.script.set([{'action': 'error', 'code': 10, 'message': 'Wrong token'}])
        self.site.start()
        self.send('first', 'second')
        self.wait_for_other('first', 'second')
        self.assertEqual(self.server.messages, [])

    def test_token_is_missing(self):
        os.unlink(os.path.join(self.site.path, 'postmark.token'))
        self.site.start()
        self.send('first', 'second')
        self.wait_for_other('first', 'second')
        self.assertEqual(self.server.requests, [])

    def check_never_twice(self, action):
        """Nobody knows whether this account has it: no other one is asked to send it."""
        self.server.script.set([{'action': action, 'times': 1, 'seconds': 3,
                                 'match': {'subject': 'unclear'}}, DOWN])
        self.site.start()
        self.send('unclear')
        self.server.wait(lambda: self.server.requests, 'the first request')
        self.send('clear', 'clear too')
        self.other.wait(lambda: len(self.other.messages) >= 2, 'what is clear')
        time.sleep(2)  # in which the unclear one is due twice
        self.assertEqual(subjects(self.other), ['clear', 'clear too'])
        self.assertEqual(len(self.files()), 1)
        self.server.script.set([])
        self.wake()
        wait(lambda: not self.files(), f'an empty queue; {self.site.log_text()}', 30)
        self.assertEqual(subjects(self.other), ['clear', 'clear too'])
        self.assertEqual(subjects(self.server), ['unclear'])

    def test_reset_after_accepting(self):
        self.check_never_twice('accept-then-reset')

    def test_reset_before_accepting(self):
        self.check_never_twice('reset')

    def test_neither_works(self):
        """The mail stays, and is not thrown to and fro."""
        self.server.script.set([NO_CREDIT])
        self.other.script.set([NO_CREDIT])
        self.account_other(fallback='postmark')
        self.site.start()
        self.send('first', 'second')
        self.wait_for_log("account 'other', account: nothing can be sent")
        time.sleep(3)
        self.assertEqual(len(self.files()), 2)
        self.assertLess(len(self.server.requests) + len(self.other.requests), 20)
        self.other.script.set([])
        self.wake()
        self.wait_for_other('first', 'second')
        self.assertEqual(self.server.messages, [])

    def test_chain(self):
        third = self.enterContext(Postmark())
        self.site.account('third', third.url, third.token)
        self.account_other(fallback='third')
        self.server.script.set([NO_CREDIT])
        self.other.script.set([NO_CREDIT])
        self.site.start()
        self.send('first', 'second')
        third.wait(lambda: len(third.messages) == 2, 'the third account')
        wait(lambda: not self.files(), 'an empty queue')
        self.assertEqual(subjects(third), ['first', 'second'])
        self.assertEqual(subjects(self.server) + subjects(self.other), [])

    def test_what_it_cannot_carry_waits(self):
        """The other account may not send for everybody: nothing bounces for that."""
        self.account_other(senders='example.org')
        self.server.script.set([NO_CREDIT])
        self.site.start()
        self.submit('-t', '-i', input=mail(subject='not theirs'))
        self.submit('-t', '-i', input=mail(subject='theirs', sender='a@example.org'))
        self.other.wait(lambda: self.other.messages, 'what it can carry')
        wait(lambda: len(self.files()) == 1, 'one message that waits')
        self.server.script.set([])
        self.site.daemon.send_signal(signal.SIGHUP)
        wait(lambda: not self.files(), f'an empty queue; {self.site.log_text()}')
        self.assertEqual((subjects(self.server), subjects(self.other)),
                         (['not theirs'], ['theirs']))
        self.assertNotIn('bounced', self.site.log_text())


class Direct(Base):
    """A caller that waits gets its mail out by the other account, too."""

    def make_site(self):
        super().make_site()
        return Site(delivery='direct', spool_durable='yes', retry_max='2s')

    def check_direct(self, rules):
        self.server.script.set(rules)
        done = self.site.sendmail('-t', '-i', input=mail(subject='first'))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((subjects(self.server), subjects(self.other)), ([], ['first']),
                         done.stderr)
        self.assertEqual(self.files(), [])

    def test_direct(self):
        for rule in (NO_CREDIT, TOO_MUCH, DOWN):
            with self.subTest(rule):
                self.other.accepted.clear()
                self.check_direct([rule])


if __name__ == '__main__':
    unittest.main()
