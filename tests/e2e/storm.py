#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same mail again and again: what is told of it, what is held, and that all of it is still
there afterwards."""

import collections
import concurrent.futures
import os
import pwd
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import Case, hold_courier, kill_couriers, mail, wrap_courier  # noqa: E402
from namespace import need  # noqa: E402
from postmark import Postmark  # noqa: E402
from programs import Site, wait  # noqa: E402

BEGINS = 'a storm of mail: more than 3 within'
OPS = 'ops@example.com'
LIMIT = 3


class Storms(Case):
    def setUp(self):
        super().setUp()
        self.site.set(**{'from': 'Robot <robot@example.com>', 'postmaster': OPS,
                         'storm_guard': 'hold', 'storm_limit': str(LIMIT),
                         'storm_window': '1h'})
        self.site.write_config()

    def start(self, **settings):
        self.site.set(**settings)
        self.site.write_config()
        self.site.start()

    def send(self, n=1, to='ann@example.net', subject='Error'):
        for i in range(n):
            self.submit('-i', '-f', 'shop@example.com', to,
                        input=mail(to, subject, f'number {i}'))

    def shop(self, subject='Error'):
        """What arrived of it."""
        return [message for message in self.server.messages if message['Subject'] == subject]

    def digests(self):
        return [message for message in self.server.messages
                if message['Subject'].startswith('Mail storm')]

    def begun(self):
        return self.site.log_text().count(BEGINS)

    def held(self):
        return [message for message in self.site.queue() if message['state'] == 'held']

    def wait_for_queue(self, sent, held):
        """So many were sent, so many are on hold, and there is nothing else."""
        def is_so():
            queue = self.site.queue()
            return (len(queue) == held and len(self.shop()) == sent
                    and all(message['state'] == 'held' for message in queue))
        try:
            wait(is_so, f'{sent} sent and {held} held')
        except AssertionError:
            print(self.site.log_text(), self.site.queue())
            raise

    def check(self):
        done = self.site.run('brevdue', 'status', '--check')
        return done.returncode, done.stdout.decode()

    def release(self, *args):
        done = self.site.run('brevdue', 'queue', 'release', *(args or ('--all',)))
        self.assertEqual(done.returncode, 0, done.stderr)


class Hold(Storms):
    def test_first_pass_the_others_wait(self):
        self.start()
        self.send(10)
        self.wait_for_queue(LIMIT, 7)
        self.assertEqual(self.begun(), 1)
        status = self.site.admin('status')
        storm, = status['storms']
        self.assertEqual((storm['uid'], storm['messages'], storm['held']), (os.getuid(), 10, 7))
        self.assertEqual((status['held_by_storm_guard'], status['queue']['held']), (7, 7))
        self.assertIn(f'Storm      user id {os.getuid()} sends the same mail',
                      self.site.run('brevdue', 'status').stdout.decode())
        self.assertEqual(self.check()[0], 1)
        self.assertRegex(self.check()[1], 'WARNING: .*10 messages, 7 messages held by the storm')
        self.assertTrue(all(message['storm'] and message['held'] for message in self.held()))

    def test_release_sends_them(self):
        self.start()
        self.send(6)
        self.wait_for_queue(LIMIT, 3)
        one = self.held()[0]['id']
        self.release(one)
        self.wait_for_queue(LIMIT + 1, 2)
        self.release()
        self.wait_for_queue(6, 0)
        self.assertEqual(self.site.admin('status')['held_by_storm_guard'], 0)
        self.assertEqual(sorted(message['TextBody'] for message in self.shop()),
                         sorted(f'number {i}\n' for i in range(6)))
        self.send()  # it goes on all the same
        self.wait_for_queue(6, 1)
        self.assertEqual(self.begun(), 1)

    def test_different_recipients_are_never_held(self):
        self.start()
        for n in range(30):
            self.send(to=f'customer{n}@example.net')
        self.wait_for_queue(30, 0)
        self.assertEqual(self.begun(), 0)
        self.send(to='customer0@example.net, customer1@example.net')
        self.wait_for_queue(31, 0)

    def test_different_subjects_are_not_held(self):
        self.start()
        for n in range(10):
            self.send(subject=f'Order {n}')
        wait(lambda: not self.site.queue(), 'an empty queue')
        self.assertEqual(len(self.server.messages), 10)
        self.assertEqual((self.begun(), self.check()[0]), (0, 0))

    def test_a_storm_holds_up_nothing_else(self):
        self.start()
        self.send(5)
        self.send(2, to='bob@example.net')
        self.send(2, subject='Order')
        self.wait_for_queue(LIMIT + 2, 2)
        self.assertEqual(len(self.shop('Order')), 2)

    def test_slow_mail_is_none(self):
        self.start(storm_window='1s')
        for _ in range(3):
            self.send(LIMIT)
            time.sleep(1.1)
        self.wait_for_queue(9, 0)
        self.assertEqual(self.begun(), 0)

    def test_it_is_over(self):
        """After a quiet time the first ones pass again; what is held stays so."""
        self.start(storm_window='2s')
        self.send(5)
        self.wait_for_queue(LIMIT, 2)
        wait(lambda: self.site.admin('status')['storms'] == [], 'the end of the storm')
        self.assertRegex(self.check()[1], 'WARNING: 2 messages held by the storm guard')
        self.send(LIMIT)
        wait(lambda: len(self.shop()) == 2 * LIMIT, 'more mail')
        self.assertEqual(len(self.held()), 2)

    def test_counts_outlive_the_courier(self):
        wrap_courier(self.site, '--idle', '0')
        self.start()
        for n in range(1, 7):
            self.send()
            self.wait_for_queue(min(n, LIMIT), max(n - LIMIT, 0))
        self.assertEqual(self.begun(), 1)

    def test_subject_is_not_kept(self):
        self.start()
        self.send(6, subject='Geheimnis')
        wait(lambda: len(self.held()) == 3, 'held mail')
        self.site.stop()
        store = os.path.join(self.site.spool, 'store')
        for name in os.listdir(store):
            with open(os.path.join(store, name), 'rb') as file:
                self.assertNotIn(b'Geheimnis', file.read(), name)

    def test_counts_are_forgotten(self):
        self.start(storm_window='1s')
        self.send(2)
        self.wait_for_queue(2, 0)
        time.sleep(2.1)
        self.site.stop()
        with sqlite3.connect(os.path.join(self.site.spool, 'store', 'store.db')) as store:
            self.assertEqual(list(store.execute('SELECT * FROM storms')), [])
        store.close()

    def test_rows_are_bounded(self):
        self.start(storm_window='1h')
        for n in range(40):
            addresses = [f'a{n}.{i}@example.net' for i in range(5)]
            self.send(to=', '.join(addresses))
        wait(lambda: not self.site.queue(), 'an empty queue')
        with sqlite3.connect(os.path.join(self.site.spool, 'store', 'store.db')) as store:
            n, most = store.execute('SELECT count(*), max(slot) FROM storms').fetchone()
        store.close()
        self.assertLessEqual(n, 40)
        self.assertLess(most, 1024)


class Mild(Storms):
    def test_warn(self):
        """By default it is told and counted, and nothing waits."""
        self.start(storm_guard=None)
        self.send(10)
        self.wait_for_queue(10, 0)
        self.assertEqual(self.begun(), 1)
        self.assertIn("'storm-guard = hold' would keep it back", self.site.log_text())
        storm, = self.site.admin('status')['storms']
        self.assertEqual((storm['messages'], storm['held']), (10, 0))
        self.assertEqual(self.check()[0], 1)
        self.assertRegex(self.check()[1], r'WARNING: user id \d+ sends the same mail over')

    def test_default_limit(self):
        self.start(storm_guard=None, storm_limit=None, storm_window=None)
        self.send(20)
        self.wait_for_queue(20, 0)
        self.assertEqual(self.check()[0], 0)
        self.send()
        self.wait_for_queue(21, 0)
        self.assertEqual(self.check()[0], 1)
        self.assertIn('more than 20 within 10m', self.site.log_text())

    def test_off(self):
        self.start(storm_guard='off')
        self.send(10)
        self.wait_for_queue(10, 0)
        self.assertEqual((self.begun(), self.check()[0]), (0, 0))
        self.assertEqual(self.site.admin('status')['storms'], [])

    def test_reports_are_none(self):
        """What brevdue itself sends to one address, again and again."""
        self.server.script.set([{'action': 'inactive', 'match': {'to': 'gone@example.net'},
                                 'addresses': ['gone@example.net']}])
        self.start()
        for n in range(8):
            self.send(to='gone@example.net', subject=f'Order {n}')
        self.server.wait(lambda: len(self.server.messages) == 8, 'eight reports')
        wait(lambda: not self.site.queue(), 'an empty queue')
        self.assertEqual(self.begun(), 0)


class Digest(Storms):
    WINDOW = '2s'

    def wait_for_digest(self, n=1):
        self.server.wait(lambda: len(self.digests()) >= n, f'{n} digests')

    def test_one(self):
        self.start(storm_window=self.WINDOW)
        self.send(10)
        self.wait_for_digest()
        time.sleep(1)
        digest, = self.digests()
        self.assertEqual(self.recipients(digest), {OPS})
        self.assertEqual(digest['Subject'], 'Mail storm: 7 messages on hold')
        held = {message['id'] for message in self.held()}
        self.assertEqual(set(re.findall(r'^    (\w{26}) ', digest['TextBody'], re.M)), held)
        self.assertRegex(digest['TextBody'], r'(?m)^    Subject:    Error$')
        self.assertRegex(digest['TextBody'], r'(?m)^    To:         <ann@example.net>$')
        self.assertRegex(digest['TextBody'], r'(?m)^    Sender:     shop@example.com$')
        self.assertIn('more than 3 messages within 2s', digest['TextBody'])
        self.assertEqual(len(held), 7)

    def test_many(self):
        """Only so many are named."""
        self.start(storm_limit='1', storm_window='1h')
        hold_courier(self.site)
        self.send(260)
        hold_courier(self.site, False)
        self.site.run('brevdue', 'flush')
        wait(lambda: len(self.held()) == 259, 'held mail', 60)
        self.make_due()
        self.wait_for_digest()
        digest, = self.digests()
        self.assertEqual(digest['Subject'], 'Mail storm: 259 messages on hold')
        self.assertEqual(len(re.findall(r'^    \w{26}  ', digest['TextBody'], re.M)), 200)
        self.assertIn('\n    and 59 more\n', digest['TextBody'])

    def make_due(self):
        """As if the window were over."""
        self.site.stop()
        with sqlite3.connect(os.path.join(self.site.spool, 'store', 'store.db')) as store:
            self.assertEqual(store.execute('UPDATE digests SET due = 1').rowcount, 1)
        store.close()
        self.site.start()

    def test_the_storm_goes_on(self):
        """What comes after the first digest is in the next one, and in that alone."""
        self.start()
        self.send(5)
        self.wait_for_queue(LIMIT, 2)
        self.make_due()
        self.wait_for_digest()
        self.send(4)
        wait(lambda: len(self.held()) == 6, 'held mail')
        self.assertEqual(len(self.digests()), 1)
        self.make_due()
        self.wait_for_digest(2)
        self.assertEqual([digest['Subject'] for digest in self.digests()],
                         [f'Mail storm: {n} messages on hold' for n in (2, 4)])
        self.assertEqual(self.begun(), 1)

    def test_the_courier_wakes_for_it(self):
        wrap_courier(self.site, '--idle', '0')
        self.start(storm_window=self.WINDOW)
        self.send(5)
        self.wait_for_digest()

    def test_no_postmaster(self):
        """Then the sender hears of it."""
        self.start(storm_window=self.WINDOW, postmaster=None)
        self.send(5)
        self.wait_for_digest()
        self.assertEqual(self.recipients(self.digests()[0]), {'shop@example.com'})

    def test_local_sender(self):
        """By its alias."""
        name = pwd.getpwuid(os.getuid()).pw_name
        aliases = self.site.write('aliases', f'{name}: clara@example.org\n')
        self.start(storm_window=self.WINDOW, postmaster=None, aliases=aliases)
        for _ in range(5):
            self.submit('-i', 'ann@example.net', input=mail())
        self.wait_for_digest()
        self.assertEqual(self.recipients(self.digests()[0]), {'clara@example.org'})

    def test_nobody_to_tell(self):
        self.start(storm_window=self.WINDOW, postmaster=None)
        for _ in range(5):
            self.submit('-i', '-f', '<>', 'ann@example.net', input=mail(subject='Error'))
        self.wait_for_log('nobody can be told by mail')
        self.wait_for_queue(LIMIT, 2)
        self.assertEqual(self.check()[0], 1)

    def test_released_before(self):
        """There is nothing left to tell."""
        self.start(storm_window=self.WINDOW)
        self.send(5)
        self.wait_for_queue(LIMIT, 2)
        self.release()
        self.wait_for_queue(5, 0)
        with sqlite3.connect(os.path.join(self.site.spool, 'store', 'store.db')) as store:
            wait(lambda: list(store.execute('SELECT * FROM digests')) == [], 'no digest')
        store.close()
        self.assertEqual(self.digests(), [])

    def test_history_goes_on(self):
        """Mail that was told of is forgotten in its time as any other, deleted or sent."""
        self.start(history='0')
        self.send(6)
        self.wait_for_queue(LIMIT, 3)
        self.site.admin('queue', 'delete', self.held()[0]['id'])
        self.make_due()
        self.wait_for_digest()
        self.assertEqual(self.digests()[0]['Subject'], 'Mail storm: 2 messages on hold')
        self.release()
        wait(lambda: not self.site.queue(), 'an empty queue')
        self.site.stop()
        with sqlite3.connect(os.path.join(self.site.spool, 'store', 'store.db')) as store:
            self.assertEqual(list(store.execute('SELECT address FROM recipients')), [])
        store.close()


class Direct(Storms):
    def make_site(self):
        return Site(delivery='direct', spool_durable='yes')

    def send_direct(self, n):
        start = time.monotonic()
        for i in range(n):
            done = self.site.sendmail('-i', '-f', 'shop@example.com', 'ann@example.net',
                                      input=mail(subject='Error', body=f'number {i}'))
            self.assertEqual(done.returncode, 0, done.stderr)
        return time.monotonic() - start

    def test_hold(self):
        """The caller does not wait for what is held, and later callers see to the digest."""
        self.site.set(storm_window='4s')
        self.site.write_config()
        self.assertLess(self.send_direct(5), 20)
        self.wait_for_queue(LIMIT, 2)
        time.sleep(4)
        done = self.site.sendmail('-i', 'bob@example.net', input=mail('bob@example.net'))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.server.wait(self.digests, 'a digest')

    def test_nothing_is_held_where_nothing_is_kept(self):
        self.site.set(spool_durable='no')
        self.site.write_config()
        self.send_direct(5)
        self.wait_for_queue(5, 0)


def store_of(site):
    return os.path.join(site.spool, 'store', 'store.db')


class Killed(Storms):
    def test_nothing_is_lost(self):
        self.start(storm_window='3s')
        for _ in range(12):
            self.send(4)
            kill_couriers(self.site)
        self.server.wait(self.digests, 'a digest')

        def is_settled():
            return all(message['state'] == 'held' for message in self.site.queue())
        wait(is_settled, 'an end')
        held = self.held()
        names = {message['Metadata']['brevdue-id'] for message in self.shop()}
        self.assertEqual(len(held) + len(names), 48)
        self.assertGreater(len(held), 30)
        self.assertLessEqual(self.begun(), 1)  # a kill may come before the line
        self.release()
        wait(lambda: len({message['Metadata']['brevdue-id'] for message in self.shop()}) == 48,
             'all of them')


# kill -9 at each call of a courier that writes a digest

CALLS = ['fsync', 'fdatasync', 'pwrite64', 'unlinkat', 'renameat2', 'linkat']


def drain(site, *prefix):
    return subprocess.run([*prefix, os.path.join(site.programs, 'courier'), '--drain'],
                          env=site.env(), capture_output=True, timeout=60)


def make_site(server):
    site = Site(**{'from': 'Robot <robot@example.com>', 'socket': '', 'postmaster': OPS,
                   'storm-guard': 'hold', 'storm-limit': str(LIMIT), 'storm-window': '1h'})
    site.postmark(server)
    return site


def crash(queue, call, number):
    """Returns: what was wrong, or None."""
    with Postmark() as server, make_site(server) as site:
        shutil.copytree(queue, os.path.join(site.spool, 'queue'))
        logs = [drain(site)]
        with sqlite3.connect(store_of(site)) as store:
            store.execute('UPDATE digests SET due = 1')
        store.close()
        logs.append(drain(site, 'strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=' + call,
                          '-e', f'inject={call}:signal=SIGKILL:when={number}'))
        died = logs[-1].returncode == -9  # as strace ends then, too

        def is_done():
            logs.append(drain(site))
            return len(os.listdir(os.path.join(site.spool, 'queue'))) <= 5
        try:
            wait(is_done, 'only held mail')
        except AssertionError:
            pass  # told below
        log = '\n'.join(done.stderr.decode() for done in logs)
        subjects = collections.Counter(message['Subject'] for message in server.messages)
        digests = {message['Metadata']['brevdue-id']: message['Subject']
                   for message in server.messages if message['To'] == OPS}
        left = len(os.listdir(os.path.join(site.spool, 'queue')))
    wanted = ['Mail storm: 5 messages on hold']
    if list(digests.values()) != wanted or left != 5 or subjects['Error'] != LIMIT:
        return f'{call} {number}: {subjects}, {left} left\n{log}', died
    return None, died


class Crash(unittest.TestCase):
    def test_each_call(self):
        with Postmark() as server, Site() as site:
            site.postmark(server)
            hold_courier(site)
            site.start()
            for _ in range(8):
                site.sendmail('-i', '-f', 'shop@example.com', 'ann@example.net',
                              input=mail(subject='Error'))
            site.stop()
            points = [(call, n) for call in CALLS for n in range(1, 21)]
            with concurrent.futures.ThreadPoolExecutor(3) as pool:
                results = list(pool.map(
                    lambda point: crash(os.path.join(site.spool, 'queue'), *point), points))
        died = sum(one for _, one in results)
        print(f'{died} of {len(points)} points')
        self.assertGreater(died, 20)
        self.assertEqual([wrong for wrong, _ in results if wrong], [])


if __name__ == '__main__':
    if sys.argv[1:] == ['Crash']:
        need('strace')
    unittest.main()
