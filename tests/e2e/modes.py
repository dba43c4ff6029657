#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Delivery modes and queue runs: -odi waits, -odq does not start, -q and its filters."""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import Case, mail  # noqa: E402
from programs import wait  # noqa: E402


class Waiting(Case):
    def test_sent(self):
        """When sendmail ends, delivery was tried once."""
        self.server.script.set([{'action': 'late', 'seconds': 0.5}])
        self.site.start()
        done = self.site.sendmail('-odi', '-v', '-t', input=mail())
        self.assertEqual((done.returncode, done.stdout), (0, b''))
        self.assertEqual(len(self.server.messages), 1)
        self.assertIn(b'to=<ann@example.net>, status=sent', done.stderr)

    def test_silent_without_v(self):
        self.site.start()
        self.submit('-odf', '-t', input=mail())
        self.assertEqual(len(self.server.messages), 1)

    def test_deferred(self):
        """It is kept all the same, so the status is 0."""
        self.server.script.set([{'action': 'error', 'status': 503, 'code': 100, 'times': 1}])
        self.site.start()
        done = self.site.sendmail('-odi', '-v', '-t', input=mail())
        self.assertEqual(done.returncode, 0)
        self.assertIn(b'status=deferred', done.stderr)
        self.wait_for(1)

    def test_over_smtp(self):
        self.site.start()
        dialogue = ('EHLO x', 'MAIL FROM:<a@example.com>', 'RCPT TO:<b@example.net>', 'DATA',
                    'Subject: s', '', 'x', '.', 'QUIT', '')
        done = self.site.sendmail('-bs', '-odi', input='\r\n'.join(dialogue))
        self.assertIn(b'250 2.0.0 Queued', done.stdout)
        self.assertEqual(len(self.server.messages), 1)

    def test_service_that_is_away(self):
        start = time.monotonic()
        os.makedirs(os.path.join(self.site.spool, 'drop'))
        self.submit('-odi', '-t', input=mail())
        self.assertLess(time.monotonic() - start, 5)


class QueueOnly(Case):
    def start_idle(self):
        """A courier that has looked into the queue already."""
        self.site.start()
        self.submit('-t', input=mail())
        self.wait_for(1)

    def submit_and_see_nothing(self):
        self.start_idle()
        self.submit('-odq', '-t', input=mail())
        time.sleep(0.5)  # nothing happens: there is no event to wait for
        self.assertEqual((len(self.files()), len(self.server.messages)), (1, 1))

    def test_run(self):
        self.submit_and_see_nothing()
        done = self.site.sendmail('-q')
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b'', b''))
        self.wait_for(2)

    def test_flush(self):
        self.submit_and_see_nothing()
        self.assertEqual(self.site.run('brevdue', 'flush').returncode, 0)
        self.wait_for(2)

    def test_it_does_not_wait_for_ever(self):
        self.site.set(queue_run='1s')
        self.site.write_config()
        self.start_idle()
        start = time.monotonic()
        self.submit('-odq', '-t', input=mail())
        self.wait_for(2)
        self.assertGreater(time.monotonic() - start, 0.9)


class Filters(Case):
    """Three deferred messages, none of which is due for long."""

    def setUp(self):
        super().setUp()
        self.site.set(retry_min='1h')
        self.site.write_config()
        self.server.script.set([{'action': 'error', 'status': 503, 'code': 100}])
        self.site.start()
        for name in ('ann', 'bob', 'eve'):
            self.submit('-odi', '-t', '-f', f'{name}@example.com',
                        input=mail(f'{name}@example.net', subject=name))
        self.assertEqual({m['state'] for m in self.site.queue()}, {'deferred'})
        self.server.script.set([])

    def run_queue(self, *args):
        """What is sent then, and nothing else for a while."""
        done = self.site.sendmail(*args)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b'', b''))

    def subjects(self, n):
        self.server.wait(lambda: len(self.server.messages) >= n, f'{n} messages')
        wait(lambda: len(self.files()) == 3 - n, 'their files to go')
        return sorted(m['Subject'] for m in self.server.messages)

    def test_recipient(self):
        self.run_queue('-qRBOB@')
        self.assertEqual(self.subjects(1), ['bob'])

    def test_others_than_the_sender(self):
        self.run_queue('-q!Sann@')
        self.assertEqual(self.subjects(2), ['bob', 'eve'])

    def test_id(self):
        eve, = [m['id'] for m in self.site.queue() if m['sender'] == 'eve@example.com']
        self.run_queue('-qI' + eve[:20])
        self.assertEqual(self.subjects(1), ['eve'])

    def test_two_filters(self):
        self.run_queue('-qSexample.com', '-q!Rann')
        self.assertEqual(self.subjects(2), ['bob', 'eve'])

    def test_nothing_matches(self):
        done = self.site.sendmail('-v', '-qRnobody')
        self.assertEqual((done.returncode, done.stderr), (0, b'0 messages retried\n'))

    def test_all(self):
        self.run_queue('-q')
        self.assertEqual(self.subjects(3), ['ann', 'bob', 'eve'])

    def test_foreground(self):
        """It comes back when nothing is due any more."""
        done = self.site.sendmail('-qf')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.server.messages), 3)

    def test_foreground_sends_no_more_than_the_filter_says(self):
        self.run_queue('-qf', '-qRbob')
        self.assertEqual(self.subjects(1), ['bob'])

    def test_a_list_is_filtered_too(self):
        """sendmail 8: mailq -qRtext. Nothing is sent by it."""
        for args, names in ((['-qRBOB@'], ['bob']), (['-q!Sbob@'], ['ann', 'eve']),
                            (['-qRnobody'], [])):
            text = self.site.run('mailq', *args).stdout.decode()
            self.assertEqual([name for name in ('ann', 'bob', 'eve') if name in text], names)
            done = self.site.sendmail('-bpc', *args)
            self.assertEqual(done.stdout.decode(), f'{len(names)}\n')
        listed = self.site.admin('queue', 'list', '--sender', '!ann', '--recipient', 'eve')
        self.assertEqual([message['sender'] for message in listed], ['eve@example.com'])
        self.assertEqual(len(self.files()), 3)

    def test_brevdue(self):
        done = self.site.run('brevdue', 'queue', 'retry', '--all', '--recipient', 'bob')
        self.assertEqual(done.stdout, b'1 message retried\n')
        self.assertEqual(self.subjects(1), ['bob'])
        done = self.site.run('brevdue', 'queue', 'retry', self.site.queue()[0]['id'],
                             '--recipient', 'bob')
        self.assertEqual(done.returncode, 64)


if __name__ == '__main__':
    unittest.main()
