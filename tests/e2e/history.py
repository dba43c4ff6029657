#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is remembered of mail, in the files themselves: never a subject or a body, with
"history = 0" nothing but an ID, and no address that "brevdue forget" was given."""

import contextlib
import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import frame  # noqa: E402
from case import Case, mail, wrap_courier  # noqa: E402
from programs import wait  # noqa: E402

EX_USAGE, EX_OSERR = 64, 71
INACTIVE = {'action': 'inactive', 'match': {'to': 'gone@example.net'},
            'addresses': ['gone@example.net']}
ERROR = {'action': 'error', 'status': 503, 'code': 100, 'message': 'maintenance'}


class History(Case):
    def remembered(self):
        """All bytes of the store, and so of every page and of the log."""
        found = {}
        for path in pathlib.Path(self.site.spool, 'store').iterdir():
            with contextlib.suppress(FileNotFoundError):  # its locks come and go
                found[path.name] = path.read_bytes()
        return found

    def assert_remembers(self, *texts):
        for text in texts:
            self.assertTrue(any(text.encode() in data for data in self.remembered().values()),
                            text)

    def assert_forgot(self, *texts):
        for name, data in self.remembered().items():
            for text in texts:
                self.assertNotIn(text.encode(), data, name)

    def start(self, *options, **settings):
        self.site.set(**settings)
        self.site.write_config()
        if options:
            wrap_courier(self.site, *options)
        self.site.start()

    def send(self, to='ann@example.net', n=1, sender='www@example.com', **fields):
        self.submit('-t', '-i', '-f', sender, input=mail(to, **fields))
        self.wait_for(n)

    def forget(self, *args, status=0):
        done = self.site.run('brevdue', 'forget', *args)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def test_no_subject_and_no_body(self):
        self.start()
        self.send(subject='quarterlysubject', body='confidentialbody',
                  X_Other='furtherfield')
        message, = self.server.messages
        self.assertEqual(message['Subject'], 'quarterlysubject')
        self.assert_remembers('ann@example.net')
        self.assert_forgot('quarterlysubject', 'confidentialbody', 'furtherfield')
        self.site.stop()
        self.assert_forgot('quarterlysubject', 'confidentialbody', 'furtherfield')

    def test_no_history(self):
        self.start('--idle', '1', history='0')
        self.send('ann@example.net, Bob <bob@example.org>', Message_ID='<unique@web.example>',
                  X_PHP_Originating_Script='33:mailer.php')
        secrets = ('ann@', 'bob@', 'www@', 'unique@web')
        wait(lambda: not any(text.encode() in data for text in secrets
                             for data in self.remembered().values()), 'nothing remembered')
        caller, = self.site.admin('compat')
        self.assertEqual((caller['messages'], caller['script']), (1, '33:mailer.php'))

    def test_no_history_while_the_courier_lives(self):
        self.start('--idle', '60', history='0')
        self.send()
        wait(lambda: not any(b'ann@' in data for data in self.remembered().values()),
             'nothing remembered', 20)

    def test_no_history_but_a_late_copy_is_known(self):
        self.start('--idle', '1', history='0')
        whole = frame.write(fields=(('f', 'www@example.com'), ('r', 'ann@example.net')),
                            message=mail().encode())
        self.assertIn(frame.ID, frame.ask(self.site.socket, whole))
        self.wait_for(1)
        wait(lambda: not any(b'ann@' in data for data in self.remembered().values()),
             'nothing remembered')
        self.assertIn(frame.ID, frame.ask(self.site.socket, whole))
        self.wait_for_log('late copy')
        self.wait_for(1)

    def test_no_history_but_the_report(self):
        self.server.script.set([INACTIVE])
        self.start('--idle', '1', history='0')
        self.submit('-i', '-f', 'www@example.com', 'gone@example.net', input=mail())
        report, = self.wait_for(1)
        self.assertEqual(self.recipients(report), {'www@example.com'})
        wait(lambda: not any(b'gone@' in data for data in self.remembered().values()),
             'nothing remembered')

    def test_no_history_of_a_direct_submission(self):
        self.site.set(delivery='direct', history='0', spool_durable='yes')
        self.site.write_config()
        done = self.site.sendmail('-t', '-i', '-f', 'www@example.com', input=mail())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.wait_for(1)
        self.assert_forgot('ann@', 'www@')
        done = self.site.run('brevdue', 'test', 'ann@example.net')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b'accepted by the provider', done.stdout)
        self.assert_forgot('ann@')

    def test_a_forgotten_message_says_so(self):
        self.site.set(delivery='direct', history='0', spool_durable='yes')
        self.site.write_config()
        done = self.site.admin('test', 'ann@example.net')
        message = self.site.admin('trace', done['id'])
        self.assertEqual((message['state'], message['recipients'], message['sender']),
                         ('forgotten', [], ''))

    def test_forget_an_address(self):
        self.start('--idle', '1')
        self.send('ann@example.net')
        self.send('joann@example.net', n=2)
        self.send('bob@example.net', n=3, sender='ann@example.net')
        self.assert_remembers('ann@example.net', 'bob@')
        done = self.forget('ANN@Example.NET')
        self.assertEqual(done.stdout, b'2 messages forgotten\nThe log is not touched.\n')
        self.assertEqual(done.stderr, b'')
        self.assert_forgot('bob@')
        for data in self.remembered().values():
            self.assertEqual(data.count(b'ann@'), data.count(b'joann@'))
        self.assert_remembers('joann@example.net')
        self.assertEqual(json.loads(self.forget('ann@example.net', '--json').stdout),
                         {'forgotten': 0, 'waiting': 0, 'untouched': []})

    def test_mail_in_the_queue_is_not_touched(self):
        self.start(retry_min='1h', retry_max='1h')
        self.send()
        self.server.script.set([ERROR])
        self.submit('-t', '-i', input=mail())
        wait(lambda: [m['state'] for m in self.site.queue()] == ['deferred'], 'deferred mail')
        done = self.forget('ann@example.net', '--json', status=EX_OSERR)
        self.assertEqual(json.loads(done.stdout),
                         {'forgotten': 1, 'waiting': 1, 'untouched': []})
        self.assertIn(b"1 message in the queue still names 'ann@example.net'", done.stderr)
        self.assertEqual(self.site.queue()[0]['recipients'][0]['address'], 'ann@example.net')

    def test_mail_that_nobody_has_read_yet_counts(self):
        self.site.set(delivery='queue')
        self.start()
        self.site.stop()
        self.submit('-t', '-i', input=mail())
        done = self.forget('ann@example.net', status=EX_OSERR)
        self.assertIn(b'1 message in the queue', done.stderr)

    def test_copies_of_a_damaged_database_are_named(self):
        self.start()
        self.send()
        self.site.stop()
        path = os.path.join(self.site.spool, 'store', 'store.damaged-20260101T000000Z.000')
        with open(path, 'wb') as file:
            file.write(b'ann@example.net')
        done = self.forget('ann@example.net')
        self.assertIn(f'Not touched, and may name it: {path}\n'.encode(), done.stdout)

    def test_domains_in_any_letters(self):
        self.start('--idle', '1')
        self.send('ann@xn--bcher-kva.example')
        self.assertIn(b'1 message forgotten', self.forget('ann@BÜCHER.example').stdout)
        self.assert_forgot('bcher-kva')

    def test_what_is_no_address(self):
        for address in ('ann', 'ann@', '@example.net', 'Ann <ann@example.net>'):
            done = self.forget(address, status=EX_USAGE)
            self.assertIn(b'is no address', done.stderr)

    def test_nothing_was_ever_sent(self):
        self.assertEqual(self.site.admin('forget', 'ann@example.net'),
                         {'forgotten': 0, 'waiting': 0, 'untouched': []})


if __name__ == '__main__':
    unittest.main()
