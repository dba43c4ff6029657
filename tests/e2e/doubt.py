#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A request without a usable answer: the provider is asked before the mail is sent again.
Duplicates are counted, and losses, of which there are none."""

import collections
import contextlib
import os
import re
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import Case, kill_couriers, mail, wrap_courier  # noqa: E402
from programs import wait  # noqa: E402

SEARCH = {'path': '/messages/outbound*'}
SEND = {'path': '/email*'}
AGAIN = 'is sent again, as a possible duplicate'
FOUND = 'found at the provider'


def once(action, **more):
    """What happens to the first request that sends mail."""
    return {'action': action, 'match': SEND, 'times': 1, **more}


class Doubt(Case):
    def begin(self, *rules, indexing='2s', shows_after=0):
        self.site.set(retry_max='1s')
        self.site.postmark(self.server, indexing_time=indexing)
        self.server.script.set(rules)
        self.server.shows_after = shows_after
        self.site.start()

    def send_one(self, *rules, **options):
        self.begin(*rules, **options)
        self.submit('-t', '-i', input=mail())

    def wait_for_end(self, seconds=40):
        try:
            wait(lambda: not self.files(), 'an empty queue', seconds)
        except AssertionError:
            print(self.site.log_text())
            raise

    def check(self, copies, again):
        """@copies arrive of one message, which is sent again @again times."""
        self.wait_for_end()
        log = self.site.log_text()
        self.assertEqual((len(self.server.messages), log.count(AGAIN)), (copies, again), log)
        self.assertEqual(log.count('status=sent'), 1, log)
        self.assertNotIn('bounced', log)
        return log

    def test_found_at_once(self):
        self.send_one(once('accept-then-reset'))
        log = self.check(1, 0)
        self.assertRegex(log, fr'status=sent \([0-9a-f-]+; {FOUND}\)')
        self.assertEqual(len(self.server.searches), 1)
        name = re.search(r'metadata_brevdue-id=(\w+)', self.server.searches[0]).group(1)
        self.assertIn(f'{name}: to=<ann@example.net>', log)

    def test_found_later(self):
        """That it is not shown yet does not count."""
        self.send_one(once('accept-then-reset'), indexing='5s', shows_after=3)
        log = self.check(1, 0)
        self.assertIn('does not show it yet', log)
        self.assertIn(FOUND, log)

    def test_never_shown(self):
        """It did arrive, and nobody can know: one duplicate, explained."""
        begin = time.monotonic()
        self.send_one(once('accept-then-reset'), shows_after=None)
        log = self.check(2, 1)
        self.assertGreater(time.monotonic() - begin, 2)
        self.assertRegex(log, r'status=sent \(.*; possible duplicate\)')

    def test_never_arrived(self):
        begin = time.monotonic()
        self.send_one(once('reset'))
        self.check(1, 1)
        self.assertGreater(time.monotonic() - begin, 2)

    def test_each_way_to_lose_an_answer(self):
        for action in ('accept-then-close', 'truncated-json', 'cut-body', 'empty',
                       'stall-after-headers'):
            with self.subTest(action):
                before = len(self.server.messages)
                if self.site.daemon is None:
                    wrap_courier(self.site, '--timeout', '2')
                    self.begin(once(action, seconds=60))
                self.server.script.set([once(action, seconds=60)])
                self.submit('-t', '-i', input=mail(subject=action))
                self.wait_for_end()
                self.assertEqual(len(self.server.messages), before + 1)
        self.assertNotIn(AGAIN, self.site.log_text())

    def test_search_fails(self):
        """After so many questions and so much time it is sent all the same."""
        for rule in ({'action': 'error', 'status': 500, 'code': 0},
                     {'action': 'error', 'status': 404, 'code': 0},
                     {'action': 'error', 'status': 422, 'code': 300},
                     {'action': 'truncated-json'}, {'action': 'html'}, {'action': 'reset'}):
            with self.subTest(rule):
                before = len(self.server.messages), len(self.server.searches)
                rules = [once('accept-then-reset'), {**rule, 'match': SEARCH}]
                if self.site.daemon is None:
                    self.begin(indexing='1s')
                self.server.script.set(rules)
                self.submit('-t', '-i', input=mail())
                self.wait_for_end()
                self.assertEqual(len(self.server.messages), before[0] + 2)
                self.assertEqual(len(self.server.searches), before[1] + 5)
        self.assertEqual(self.site.log_text().count(AGAIN), 6)

    def test_search_fails_and_recovers(self):
        self.send_one(once('accept-then-reset'),
                      {'action': 'error', 'status': 500, 'code': 0, 'match': SEARCH, 'times': 3})
        self.check(1, 0)
        self.assertEqual(len(self.server.searches), 4)

    def bucket(self):
        """What the account still counts of its rate and of its quota."""
        path = os.path.join(self.site.spool, 'store', 'store.db')
        with contextlib.closing(sqlite3.connect(path)) as store:
            return store.execute('SELECT rate, until, day_used FROM buckets').fetchone()

    def test_question_is_no_message(self):
        """It does not count for the daily quota; the message that was sent does."""
        self.site.postmark(self.server, indexing_time='2s', daily_quota=10)
        self.server.script.set([once('accept-then-reset')])
        self.server.shows_after = 2
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.wait_for_end()
        self.assertTrue(self.server.searches)
        self.site.stop()
        self.assertEqual(self.bucket()[2], 1)

    def test_too_many_questions(self):
        """The account rests, for every process, as when mail is too much."""
        begin = time.time() * 1000
        self.send_one(once('accept-then-reset'),
                      {'action': 'error', 'status': 429, 'code': 0, 'match': SEARCH, 'times': 1,
                       'headers': {'Retry-After': '600'}})
        self.wait_for_log('the provider takes no more for now')
        self.assertEqual(len(self.server.searches), 1)
        self.assertGreater(self.bucket()[1] - begin, 590_000)
        self.submit('-t', '-i', input=mail(subject='later'))
        time.sleep(1.5)
        self.assertEqual(len(self.server.messages), 1)
        self.site.admin('flush')
        self.wait_for_end()
        self.assertEqual(len(self.server.messages), 2)

    def test_token_may_not_search(self):
        """The account waits as for any bad token, and the mail does not wait for ever."""
        self.send_one(once('accept-then-reset'),
                      {'action': 'error', 'status': 401, 'code': 10, 'match': SEARCH},
                      indexing='1s')
        self.check(2, 1)
        self.assertIn('Error 10.', self.site.log_text())

    def test_no_right_to_search(self):
        """Nothing is gained by asking more often, and the account may send all the same."""
        self.send_one(once('accept-then-reset'),
                      {'action': 'error', 'status': 403, 'code': 10, 'match': SEARCH},
                      indexing='60s')
        log = self.check(2, 1)
        self.assertIn(f'{AGAIN}: an earlier request had no usable answer, and no answer from the '
                      'search: HTTP 403', log)
        self.assertEqual(len(self.server.searches), 1)
        self.assertNotIn('paused', log)

    def test_others_do_not_wait(self):
        """A search that fails slows nobody else."""
        self.send_one(once('accept-then-reset'),
                      {'action': 'error', 'status': 500, 'code': 0, 'match': SEARCH},
                      indexing='60s')
        wait(lambda: self.server.searches, 'a question')
        self.submit('-t', '-i', input=mail(subject='other'))
        self.server.wait(lambda: len(self.server.messages) == 2, 'the other mail', 10)
        wait(lambda: len(self.files()) == 1, 'the one in doubt alone')

    def test_provider_is_away_meanwhile(self):
        """Neither questions nor mail get through: when both do, the question is first."""
        self.begin(once('accept-then-reset'), indexing='500ms')
        hold = {'action': 'reset-connection', 'times': 30}
        self.submit('-t', '-i', input=mail())
        self.server.wait(lambda: self.server.messages, 'the mail')
        self.server.script.set([hold])
        self.wait_for_log(AGAIN, 40)
        wait(lambda: 'status=deferred' in self.site.log_text().partition(AGAIN)[2],
             'that this does not get through, either')
        self.server.script.set([])
        self.wait_for_end()
        self.assertEqual(len(self.server.messages), 1)

    def test_recovered_from_a_crash(self):
        """Nobody knows whether the courier had sent it: the provider does."""
        self.begin({'action': 'accept-then-stall', 'seconds': 60, 'match': SEND, 'times': 1})
        self.submit('-t', '-i', input=mail())
        self.server.wait(lambda: self.server.messages, 'the mail')
        kill_couriers(self.site)
        log = self.check(1, 0)
        self.assertIn('a courier died while it sent this', log)
        self.assertIn(FOUND, log)

    def test_duplicate_is_found(self):
        """Both requests had no answer: the log says that two arrived."""
        self.send_one(once('accept-then-reset', times=2), indexing='1s', shows_after=None)
        self.server.wait(lambda: len(self.server.messages) == 2, 'the second', 20)
        self.server.shows_after = 0
        log = self.check(2, 1)
        self.assertIn(f'{FOUND}, a duplicate: 2 copies', log)

    def test_batch(self):
        """An unclear batch of 500: nothing twice, nothing lost."""
        self.begin({'action': 'accept-then-reset', 'times': 1,
                    'match': {**SEND, 'min_messages': 500}}, indexing='60s')
        os.unlink(os.path.join(self.site.path, 'postmark.token'))
        for i in range(501):  # the first one shows that the account can send again
            self.submit('-t', '-i', input=mail(f'n{i}@example.net'))
        wait(lambda: self.site.log_text().count('(queue active)') == 501, 'all in the queue')
        self.site.postmark(self.server, indexing_time='60s')
        self.wait_for_end(90)
        got = collections.Counter(address for message in self.server.messages
                                  for address in self.recipients(message))
        self.assertEqual((len(got), set(got.values())), (501, {1}))
        log = self.site.log_text()
        print(f'batch of 500: {log.count(FOUND)} found, {len(self.server.searches)} questions, '
              f'{len(self.server.messages) - len(got)} duplicates, {501 - len(got)} lost')
        self.assertEqual(log.count(FOUND), 500)
        self.assertEqual(log.count(AGAIN), 0)

    def send_directly(self, shows_after, indexing, *rules):
        self.server.script.set(rules or [once('accept-then-reset')])
        self.server.shows_after = shows_after
        self.site.set(delivery='direct')
        self.site.postmark(self.server, indexing_time=indexing)
        wrap_courier(self.site, '--timeout', '6')
        done = self.site.sendmail('-t', '-i', input=mail())
        self.assertEqual(self.files(), [])
        return done.returncode, done.stderr.decode()

    def test_direct(self):
        """The caller waits, and its message is asked about meanwhile."""
        status, text = self.send_directly(0, '10m')
        self.assertEqual((status, len(self.server.messages)), (0, 1), text)

    def test_direct_has_no_time(self):
        """Nothing is kept, and nothing is sent twice: the caller hears what is known."""
        status, text = self.send_directly(None, '10m')
        self.assertEqual((status, len(self.server.messages)), (71, 1), text)
        self.assertIn('may have been sent or not', text)

    def test_released_by_a_person(self):
        """What was parked as doubtful is asked about first."""
        self.begin(once('accept-then-reset'),
                   {'action': 'error', 'status': 500, 'code': 0, 'match': SEARCH},
                   indexing='60s')
        self.submit('-t', '-i', input=mail())
        wait(lambda: self.server.searches, 'a question')
        message, = self.site.queue()
        self.assertEqual(self.site.run('brevdue', 'queue', 'hold', message['id']).returncode, 0)
        self.server.script.set([])
        self.assertEqual(
            self.site.run('brevdue', 'queue', 'release', message['id']).returncode, 0)
        self.check(1, 0)


if __name__ == '__main__':
    unittest.main()
