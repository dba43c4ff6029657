#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""brevdue status --check: each condition once as it should be told, and once not."""

import json
import os
import re
import sqlite3
import time
import unittest

from postmark import TEST_TOKEN, Postmark
from programs import Site, wait

MAIL = b'From: Web <web@example.com>\nTo: a@example.net\nSubject: Hello\n\nText\n'
OK, WARNING, CRITICAL, UNKNOWN = range(4)
HOUR = 3600
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Case(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Postmark())
        self.site = self.enterContext(Site(retry_min='1h', retry_max='1h'))
        self.site.postmark(self.server)

    def check(self):
        """The conditions that hold; the line and the object must tell the same."""
        done = self.site.run('brevdue', 'status', '--check')
        line = done.stdout.decode()
        self.assertEqual(done.stderr, b'')
        self.assertRegex(line, r'\Abrevdue (OK|WARNING|CRITICAL|UNKNOWN): [^|\n]+\n\Z')
        told = json.loads(self.site.run('brevdue', 'status', '--check', '--json').stdout)
        self.assertEqual(done.returncode, told['exit_status'])
        self.assertIn(f'brevdue {told["state"]}: ', line)
        self.line, self.status = line, done.returncode
        return {alarm['condition'] for alarm in told['alarms']}

    def assert_told(self, status, *conditions):
        self.assertEqual(self.check(), set(conditions), self.line)
        self.assertEqual(self.status, status, self.line)

    def send(self, *args, input=MAIL):
        done = self.site.sendmail(*(args or ('-t', '-i')), input=input)
        self.assertEqual(done.returncode, 0, done.stderr)

    def database(self, statement, *values):
        with sqlite3.connect(os.path.join(self.site.spool, 'store', 'store.db')) as store:
            store.execute(statement, values)
        store.close()

    def restart_with(self, rules):
        self.server.script.set(rules)
        self.site.start()


class Alarm(Case):
    def test_all_is_well(self):
        self.site.start()
        self.send()
        self.server.wait(lambda: self.server.messages, 'a message')
        self.site.wait_for_empty_queue()
        self.assert_told(OK)
        self.assertEqual(self.line, 'brevdue OK: the queue is empty\n')

    def test_mail_that_waits_for_a_minute_is_none(self):
        self.restart_with([{'action': 'error', 'code': 100}])
        self.send()
        wait(lambda: [m for m in self.site.queue() if m['state'] == 'deferred'], 'a try')
        self.assert_told(OK)
        self.assertRegex(self.line, r'OK: 1 message in the queue, the oldest for \d+ s')

    def test_paused_account(self):
        self.site.account(url=self.server.url, token='wrong')
        self.site.start()
        self.send()
        wait(lambda: self.site.admin('status')['accounts'][0]['problems'], 'a paused account')
        self.assert_told(CRITICAL, 'account-paused')
        self.assertRegex(self.line, r'postmark paused for \d+ s: .*Token')
        self.site.postmark(self.server)  # the token is mended
        self.site.stop()
        self.site.start()
        self.site.run('brevdue', 'queue', 'retry', '--all')
        self.site.run('brevdue', 'flush')
        self.site.wait_for_empty_queue()
        self.assert_told(OK)

    def test_late_mail(self):
        self.restart_with([{'action': 'error', 'code': 100}])
        for _ in range(2):
            self.send()
        wait(lambda: len([m for m in self.site.queue() if m['state'] == 'deferred']) == 2,
             'two messages that wait')
        self.assert_told(OK)
        now = int(time.time() * 1000)
        self.database('UPDATE messages SET arrival = ?', now - (HOUR - 60) * 1000)
        self.assert_told(OK)
        self.database('UPDATE messages SET arrival = ?', now - (3 * HOUR + 1) * 1000)
        self.assert_told(CRITICAL, 'late')
        self.assertIn('2 messages waited for over an hour, the oldest for 3 h', self.line)
        self.site.admin('queue', 'hold', '--all')
        self.assert_told(OK)

    def test_late_mail_that_no_courier_has_read(self):
        self.site.start()
        self.site.stop()
        self.send()
        drop = os.path.join(self.site.spool, 'drop')
        name, = os.listdir(drop)
        self.assert_told(CRITICAL, 'service')
        os.utime(os.path.join(drop, name), (time.time() - 2 * HOUR,) * 2)
        self.assert_told(CRITICAL, 'service', 'late')

    def test_parked_mail(self):
        self.restart_with([{'action': 'refuse', 'code': 300, 'message': 'Invalid|bad'}])
        self.send('-f', '<>', '-t', '-i')  # nobody can be told that it was refused
        wait(lambda: [m for m in self.site.queue() if m['state'] == 'parked'], 'parked mail')
        self.assert_told(CRITICAL, 'parked')
        self.assertIn('1 message parked', self.line)
        self.site.admin('queue', 'delete', '--all')
        self.assert_told(OK)

    def test_test_token(self):
        self.site.account(url=self.server.url, token=TEST_TOKEN)
        self.site.start()
        self.send()
        wait(lambda: 'status=discarded-by-test' in self.site.log_text(), 'an outcome')
        self.site.wait_for_empty_queue()
        self.assert_told(CRITICAL, 'discarded')
        self.assertIn('1 message of the last hour reached nobody', self.line)
        self.database('UPDATE messages SET finished = finished - ?', 2 * HOUR * 1000)
        self.database('UPDATE recipients SET changed = changed - ?', 2 * HOUR * 1000)
        self.assert_told(OK)

    def test_account_that_cannot_work(self):
        self.site.start()
        self.assert_told(OK)
        os.unlink(os.path.join(self.site.path, 'postmark.token'))
        self.assertIn('account-fault', self.check())  # a courier may have seen it, too
        self.assertEqual(self.status, CRITICAL)
        self.assertIn('account postmark does not work', self.line)

    def test_no_account(self):
        self.site.start()
        self.site.sections.clear()
        self.site.set(account=None)
        self.site.write_config()
        self.assert_told(CRITICAL, 'account-fault')

    def test_broken_configuration(self):
        self.site.start()
        self.assert_told(OK)
        with open(self.site.config, 'a', encoding='utf-8') as file:
            file.write('stray\n')
        self.assert_told(CRITICAL, 'config')
        self.assertRegex(self.line, r'1 problem of the configuration, \S+brevdue.conf:\d+: ')

    def test_silent_service(self):
        self.site.start()
        self.assert_told(OK)
        self.site.stop()
        self.assert_told(CRITICAL, 'service')

    def test_service_that_was_never_there(self):
        self.site.set(delivery='queue')
        self.site.write_config()
        self.assert_told(CRITICAL, 'service')
        self.site.set(delivery='direct')
        self.site.write_config()
        self.assert_told(OK)

    def test_storm(self):
        self.site.set(storm_limit='2', storm_window='1h')
        self.site.write_config()
        self.site.start()
        for _ in range(2):
            self.send()
        self.site.wait_for_empty_queue()
        self.assert_told(OK)
        self.send()
        self.site.wait_for_empty_queue()
        self.assert_told(WARNING, 'storm')
        self.assertRegex(self.line, r'user id \d+ sends the same mail over and over, 3 messages')
        self.database('UPDATE storms SET since = since - ?', 2 * HOUR * 1000)
        self.assert_told(OK)

    def test_strange_files(self):
        self.site.start()
        path = os.path.join(self.site.spool, 'drop', 'README')
        with open(path, 'w', encoding='utf-8') as file:
            file.write('hello')
        self.assert_told(WARNING, 'strange-files')
        self.assertIn('1 file in the spool that is no message, first drop/README', self.line)
        os.unlink(path)
        self.assert_told(OK)

    def test_unreadable_database(self):
        self.site.set(delivery='direct', spool_durable='yes')
        self.site.write_config()
        self.server.script.set([{'action': 'error', 'code': 100}])
        self.send()
        self.assert_told(OK)
        with open(os.path.join(self.site.spool, 'store', 'store.db'), 'r+b') as file:
            file.write(b'nonsense' * 512)
        self.assert_told(UNKNOWN, 'unreadable')

    def test_several_conditions(self):
        """Each is told; the worst one is the status."""
        self.test_unreadable_database()
        self.site.set(delivery='queue')
        self.site.write_config()
        self.assert_told(CRITICAL, 'service', 'unreadable')
        self.assertIn('; ', self.line)

    def test_the_manual_knows_each_condition(self):
        with open(os.path.join(SOURCE, 'src', 'admin', 'alarm.c'), encoding='utf-8') as file:
            rows = re.findall(r'^ +\{ "([\w-]+)", BREV_ALARM_', file.read(), re.M)
        page = os.path.join(SOURCE, 'packaging', 'man', 'brevdue.1')
        with open(page, encoding='utf-8') as file:
            alarm = re.search(r'^\.SH ALARM\n(.*?)^\.SH ', file.read(), re.M | re.S)[1]
        told = re.findall(r'^\.TP\n\.B (\S+)$', alarm.replace('\\-', '-'), re.M)
        self.assertEqual(told, rows)


if __name__ == '__main__':
    unittest.main()
