#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many failures of one sender: so many reports, and one about all the others."""

import os
import pwd
import re
import sqlite3
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import Case, kill_couriers, mail  # noqa: E402
from programs import Site, wait  # noqa: E402

SENDER = 'bounce@example.com'
GONE = 'gone@example.net'
LIMIT = 3


class Limits(Case):
    def setUp(self):
        super().setUp()
        self.site.set(**{'from': 'Robot <robot@example.com>', 'report_limit': str(LIMIT),
                         'storm_guard': 'off'})
        self.site.write_config()
        self.server.script.set([{'action': 'inactive', 'match': {'to': GONE},
                                 'addresses': [GONE]}])

    def start(self, **settings):
        self.site.set(**settings)
        self.site.write_config()
        self.site.start()

    def send(self, n, *to, sender=SENDER):
        for i in range(n):
            self.submit('-i', '-f', sender, *(to or (GONE,)),
                        input=mail(subject='Secret number', body=f'number {i}'))

    def arrived(self, subject, to=SENDER):
        return {message['Metadata']['brevdue-id']: message for message in self.server.messages
                if message['Subject'].startswith(subject) and self.recipients(message) == {to}}

    def reports(self, to=SENDER):
        return self.arrived('Undelivered mail to ', to)

    def digests(self, to=SENDER):
        return list(self.arrived('Undelivered mail: ', to).values())

    def about(self, *digests):
        """The messages that they tell of."""
        return [name for digest in digests
                for name in re.findall(r'^(\w{26}), accepted ', digest['TextBody'], re.M)]

    def store(self, statement):
        """A reader must not take the log away from a courier that was killed."""
        path = os.path.join(self.site.spool, 'store', 'store.db')
        mode = 'ro' if statement.startswith('SELECT') else 'rw'
        with sqlite3.connect(f'file:{path}?mode={mode}', uri=True, timeout=20) as store:
            rows = list(store.execute(statement))
        store.close()
        return rows

    def waiting(self):
        """Failures that have a place in a report that is not written."""
        try:
            return self.store("SELECT count(*) FROM recipients JOIN digests ON id = report"
                              " WHERE report_due = 1 AND state IN (6, 7)")[0][0]
        except sqlite3.OperationalError:  # no courier has made it yet
            return 0

    def wait_for_waiting(self, n):
        wait(lambda: self.waiting() == n and not self.files(), f'{n} failures to tell of')

    def make_due(self):
        """As if the hour were over."""
        self.site.stop()
        self.store('UPDATE digests SET due = 1')
        self.site.start()

    def wait_for_digest(self, n=1):
        self.server.wait(lambda: len(self.digests()) >= n, f'{n} digests')
        wait(lambda: not self.files(), 'an empty queue directory')
        self.assertEqual(len(self.digests()), n)


class Service(Limits):
    def test_one_tells_of_the_rest(self):
        self.start()
        self.send(10)
        self.wait_for_waiting(10 - LIMIT)
        self.server.wait(lambda: len(self.reports()) == LIMIT, 'reports')
        self.assertEqual(self.digests(), [])
        self.assertEqual(self.site.log_text().count(f'3 reports to <{SENDER}> in an hour'), 1)
        self.make_due()
        self.wait_for_digest()
        digest, = self.digests()
        self.assertEqual(digest['Subject'], 'Undelivered mail: 7 messages to 7 recipients')
        log = self.site.log_text()
        failed = set(re.findall(r'(\w{26}): to=<gone@example.net>.* status=bounced', log))
        told = set(re.findall(r'(\w{26}): sender non-delivery notification', log))
        self.assertEqual((len(failed), len(told)), (10, 3))
        self.assertEqual(sorted(self.about(digest)), sorted(failed - told))
        self.assertEqual(len(re.findall(r'^    <gone@example.net>: not delivered\n'
                                        r'        .*inactive.* \(5\.', digest['TextBody'],
                                        re.M | re.I)), 7)
        self.assertEqual(len(self.reports()), LIMIT)
        self.assertEqual(self.store('SELECT * FROM digests'), [])

    def test_next_hour(self):
        self.start()
        self.send(5)
        self.wait_for_waiting(2)
        self.make_due()
        self.wait_for_digest()
        self.send(2)  # the count still stands
        self.wait_for_waiting(2)
        self.store('UPDATE report_counts SET since = since - 3600000')
        self.send(2)
        self.server.wait(lambda: len(self.reports()) == LIMIT + 2, 'reports')
        self.assertEqual(self.waiting(), 2)
        self.make_due()
        self.wait_for_digest(2)
        self.assertEqual(len(set(self.about(*self.digests()))), 4)

    def test_each_sender(self):
        self.start()
        self.send(4)
        self.send(4, sender='other@example.com')
        self.wait_for_waiting(2)
        self.server.wait(lambda: len(self.reports('other@example.com')) == LIMIT, 'reports')
        self.make_due()
        self.wait_for_digest()
        wait(lambda: len(self.digests('other@example.com')) == 1, 'the other digest')

    def test_no_limit(self):
        self.start(report_limit='0')
        self.send(6)
        self.server.wait(lambda: len(self.reports()) == 6, 'reports')
        self.assertEqual(self.waiting(), 0)

    def test_default(self):
        self.start(report_limit=None)
        self.send(21)
        self.wait_for_waiting(1)
        self.assertEqual(len(self.reports()), 20)

    def test_no_address_at_all(self):
        """What fails before it is tried is counted with the rest."""
        self.start()
        self.send(2)
        for _ in range(3):
            self.submit('-i', '-t', '-f', SENDER, input=mail('nonsense@@example.net'))
        self.wait_for_waiting(2)
        self.make_due()
        self.wait_for_digest()
        self.assertEqual(len(self.about(*self.digests())), 2)

    def test_part_of_the_recipients(self):
        """One who asked to hear of success does so, whatever becomes of the others."""
        self.start(report_limit='1')
        self.send(1)
        self.server.wait(lambda: self.reports(), 'the one report')
        self.submit('-i', '-f', SENDER, '-N', 'success,failure', GONE, 'ann@example.net',
                    input=mail())
        self.wait_for_waiting(1)
        self.server.wait(lambda: self.arrived('Relayed mail to ann@example.net'), 'a report')
        self.make_due()
        self.wait_for_digest()
        self.assertNotIn('ann@', self.digests()[0]['TextBody'])

    def test_many_recipients(self):
        self.start(report_limit='1')
        gone = [f'gone{n}@example.net' for n in range(25)]
        self.server.script.set([{'action': 'inactive', 'match': {'to': gone[0]},
                                 'addresses': gone}])
        self.send(3, *gone)
        self.wait_for_waiting(50)
        self.make_due()
        self.wait_for_digest()
        text = self.digests()[0]
        self.assertEqual(text['Subject'], 'Undelivered mail: 2 messages to 50 recipients')
        self.assertEqual(text['TextBody'].count(': not delivered\n'), 20)
        self.assertEqual(text['TextBody'].count('names any others'), 2)

    def test_local_sender(self):
        """By its alias, though the messages are gone."""
        name = pwd.getpwuid(os.getuid()).pw_name
        aliases = self.site.write('aliases', f'{name}: clara@example.org\n')
        self.start(aliases=aliases)
        for _ in range(5):
            self.submit('-i', GONE, input=mail())
        self.wait_for_waiting(2)
        self.make_due()
        self.server.wait(lambda: self.digests('clara@example.org'), 'a digest')

    def test_null_sender(self):
        """Of it the postmaster hears."""
        self.start(postmaster='ops@example.com')
        self.send(5, sender='<>')
        self.wait_for_waiting(2)
        self.make_due()
        self.server.wait(lambda: self.digests('ops@example.com'), 'a digest')
        self.assertIn('the messages without a sender',
                      self.digests('ops@example.com')[0]['TextBody'])

    def test_refused_digest(self):
        """It is parked, as any report."""
        self.start()
        self.send(5)
        self.wait_for_waiting(2)
        self.server.script.set([{'action': 'inactive', 'match': {'to': SENDER},
                                 'addresses': [SENDER]}])
        self.make_due()
        wait(lambda: [message for message in self.site.queue()
                      if message['state'] == 'parked'], 'a parked digest')
        self.assertEqual(self.digests(), [])

    def test_history(self):
        """What is still to be told is kept, and no longer."""
        self.start(history='0')
        self.send(5)
        self.wait_for_waiting(2)
        self.make_due()
        self.wait_for_digest()
        self.assertEqual(len(self.about(*self.digests())), 2)
        self.site.stop()
        self.assertEqual(self.store('SELECT address FROM recipients'), [])

    def test_delays(self):
        self.server.script.set([{'action': 'error', 'code': 100, 'status': 503,
                                 'message': 'maintenance', 'match': {'to': GONE}}])
        self.site.postmark(self.server, batch='1')
        self.site.account('reports', self.server.url, self.server.token)
        self.site.sections['route reports'] = {'recipient': SENDER, 'account': 'reports'}
        self.start(delay_warning='1s', retry_max='1s')
        self.send(5)
        wait(lambda: self.store('SELECT count(*) FROM recipients JOIN digests ON id = report')
             == [(2,)], 'two delays to tell of')
        self.server.wait(lambda: len(self.arrived('Delayed mail to ')) == LIMIT, 'reports')
        self.make_due()
        self.server.wait(self.digests, 'a digest')
        text = self.digests()[0]['TextBody']
        self.assertEqual(text.count('not delivered yet\n        '), 2, text)
        self.server.script.set([])
        wait(lambda: not self.files(), 'an empty queue directory')


class Killed(Limits):
    def test_nothing_is_lost(self):
        """Each failure is in one report, and in one alone."""
        self.start(report_limit='5')
        for _ in range(12):
            self.send(3)
            kill_couriers(self.site)
        self.wait_for_waiting(31)
        self.site.stop()
        self.store('UPDATE digests SET due = 1')
        self.site.start()
        for _ in range(3):
            kill_couriers(self.site)
        self.wait_for_digest()
        reported = [re.search(r'^    Queue id: +(\w{26})$', report['TextBody'], re.M)[1]
                    for report in self.reports().values()]
        told = reported + self.about(*self.digests())
        self.assertEqual((len(reported), len(told), len(set(told))), (5, 36, 36))


class Direct(Limits):
    def make_site(self):
        return Site(delivery='direct', spool_durable='yes')

    def test_partly_refused(self):
        """Whoever runs the queue next writes it."""
        for _ in range(5):
            done = self.site.sendmail('-i', '-f', SENDER, GONE, 'ann@example.net', input=mail())
            self.assertEqual(done.returncode, 0, done.stderr)
        wait(lambda: self.waiting() == 2, 'two failures to tell of')
        self.store('UPDATE digests SET due = 1')
        done = self.site.sendmail('-i', '-f', SENDER, 'ann@example.net', input=mail())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.server.wait(self.digests, 'a digest')
        self.assertEqual(len(self.about(*self.digests())), 2)

    def test_not_where_nothing_is_kept(self):
        self.site.set(spool_durable='no')
        self.site.write_config()
        for _ in range(5):
            self.site.sendmail('-i', '-f', SENDER, GONE, 'ann@example.net', input=mail())
        self.assertEqual(self.digests(), [])


if __name__ == '__main__':
    unittest.main()
