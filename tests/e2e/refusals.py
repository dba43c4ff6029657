#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A provider that refuses: who is told, and that nobody else's mail suffers."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import Case, hold_courier, mail  # noqa: E402
from programs import wait  # noqa: E402


class Refusals(Case):
    def setUp(self):
        super().setUp()
        self.site.set(**{'from': 'Robot <robot@example.com>'})
        self.site.write_config()

    def subjects(self):
        return sorted(message['Subject'] for message in self.server.messages)

    def test_sender_is_told(self):
        self.server.script.set([{'action': 'inactive', 'match': {'to': 'gone@example.net'},
                                 'addresses': ['gone@example.net']}])
        self.site.start()
        self.submit('-t', '-i', '-fbounce@example.com', input=mail('gone@example.net'))
        self.server.wait(lambda: self.server.messages, 'the report')
        report, = self.wait_for(1)
        self.assertEqual(self.recipients(report), {'bounce@example.com'})
        self.assertIn('robot@example.com', report['From'])
        self.assertIn('gone@example.net', report['TextBody'])
        self.assertIn('status=bounced', self.site.log_text())

    def refuse(self, *addresses):
        self.server.script.set([{'action': 'inactive', 'match': {'to': address},
                                 'addresses': [address]} for address in addresses])

    def check_parked(self, address):
        """It stays, is shown with what to do, and can be sent after all."""
        self.wait_for_log('status=parked')
        name, = self.files()
        line, = [line for line in self.site.log_text().splitlines() if 'status=parked' in line]
        self.assertIn(f'to=<{address}>', line)
        self.assertIn(f'brevdue queue release {name}', line)
        self.assertIn('parked', self.site.run('brevdue', 'queue', 'list').stdout.decode())
        self.assertEqual(self.server.messages, [])
        self.server.script.set([])
        self.assertEqual(self.site.run('brevdue', 'queue', 'release', name).returncode, 0)
        message, = self.wait_for(1)
        self.assertEqual(self.recipients(message), {address})

    def test_null_sender(self):
        """There is nobody to tell: it is parked, not lost."""
        self.refuse('gone@example.net')
        self.site.start()
        self.submit('-i', '-f', '<>', 'gone@example.net', input=mail('gone@example.net'))
        self.check_parked('gone@example.net')

    def test_null_sender_with_postmaster(self):
        self.site.set(postmaster='ops@example.com')
        self.site.write_config()
        self.refuse('gone@example.net')
        self.site.start()
        self.submit('-i', '-f', '<>', 'gone@example.net', input=mail('gone@example.net'))
        report, = self.wait_for(1)
        self.assertEqual(self.recipients(report), {'ops@example.com'})
        self.assertIn('no sender to tell', report['TextBody'])

    def test_null_sender_to_postmaster(self):
        self.site.set(postmaster='ops@example.com')
        self.site.write_config()
        self.refuse('ops@example.com')
        self.site.start()
        self.submit('-i', '-f', '<>', 'ops@example.com', input=mail('ops@example.com'))
        self.check_parked('ops@example.com')

    def test_refused_report(self):
        """It is never reported on, and never lost."""
        self.site.set(postmaster='ops@example.com')
        self.site.write_config()
        self.refuse('gone@example.net', 'bounce@example.com')
        self.site.start()
        self.submit('-i', '-fbounce@example.com', 'gone@example.net',
                    input=mail('gone@example.net'))
        self.check_parked('bounce@example.com')
        self.assertEqual(self.site.log_text().count('way=report'), 1)

    def test_null_sender_with_a_bad_address(self):
        """Also what is final before it is ever sent."""
        self.site.start()
        self.submit('-t', '-i', '-f', '<>', input=mail('ann@example.net, a..b@@example.com'))
        self.wait_for_log('status=parked')
        self.server.wait(lambda: self.server.messages, 'the good one')
        self.assertEqual(len(self.files()), 1)

    def test_expired_report(self):
        self.site.set(lifetime='1s', retry_min='1s', retry_max='1s')
        self.site.write_config()
        self.server.script.set([
            {'action': 'inactive', 'match': {'to': 'gone@*'}, 'addresses': ['gone@example.net']},
            {'action': 'error', 'code': 0, 'status': 500, 'match': {'to': 'bounce@*'}}])
        self.site.start()
        self.submit('-i', '-fbounce@example.com', 'gone@example.net',
                    input=mail('gone@example.net'))
        self.wait_for_log('status=parked', 60)
        self.assertEqual(len(self.files()), 1)

    def test_no_report_is_wanted(self):
        self.refuse('gone@example.net')
        self.site.start()
        self.submit('-i', '-N', 'never', 'gone@example.net', input=mail('gone@example.net'))
        self.wait_for_log('status=bounced')
        self.wait_for(0)
        self.assertIn('nobody is told', self.site.log_text())

    def test_bad_address_beside_good_ones(self):
        self.site.start()
        self.submit('-t', '-i', '-fwww@example.com',
                    input=mail('ann@example.net, a..b@@example.net'))
        self.wait_for(2)
        to = set().union(*map(self.recipients, self.server.messages))
        self.assertEqual(to, {'ann@example.net', 'www@example.com'})

    def test_address_that_the_provider_cannot_take(self):
        """It is refused by itself: those beside it get the mail."""
        self.site.start()
        self.submit('-i', '-fwww@example.com', 'jörg@example.net', 'good@example.net',
                    input=mail('good@example.net'))
        to = {next(iter(self.recipients(m))): m for m in self.wait_for(2)}
        self.assertEqual(set(to), {'good@example.net', 'www@example.com'})
        report = to['www@example.com']
        self.assertIn('jörg@example.net', report['TextBody'])
        self.assertIn('ASCII', report['TextBody'])
        self.assertRegex(self.site.log_text(), 'to=<jörg@example.net>.* dsn=5.6.7, status=bounced')

    def test_bad_address_beside_good_ones_when_all_are_to_be_refused(self):
        self.site.set(bad_recipients='refuse')
        self.site.write_config()
        self.site.start()
        self.submit('-i', '-f', 'me@example.com', 'ann@example.net', 'bob@@', 'eve@example.net',
                    input=mail())
        report, = self.wait_for(1)
        self.assertEqual(report['To'], 'me@example.com')
        for name in ('ann@example.net', 'bob@@', 'eve@example.net'):
            self.assertIn(name, report['TextBody'])

    def test_arguments_with_t(self):
        self.site.set(arguments_with_t='subtract')
        self.site.write_config()
        self.site.start()
        self.submit('-t', '-i', 'eve@example.net',
                    input=mail('ann@example.net, eve@example.net'))
        message, = self.wait_for(1)
        self.assertEqual(self.recipients(message), {'ann@example.net'})

    def test_bad_address_alone(self):
        """The courier has nothing to send but the report, and sends it at once."""
        self.site.start()
        self.submit('-t', '-i', '-fwww@example.com', input=mail('a..b@@example.net'))
        report, = self.wait_for(1, 10)
        self.assertEqual(self.recipients(report), {'www@example.com'})
        self.assertIn('a..b@@example.net', report['TextBody'])

    def test_one_culprit_of_a_batch(self):
        """A request refused as a whole says nothing about its messages."""
        self.server.script.set([{'action': 'error', 'code': 300, 'status': 422,
                                 'message': 'Invalid request', 'match': {'subject': 'bad'}}])
        hold_courier(self.site)
        self.site.start()
        for i in range(60):
            self.submit('-t', '-i', '-fwww@example.com',
                        input=mail(subject='bad' if i == 41 else f'good {i}'))
        hold_courier(self.site, False)
        self.wait_for(60)
        good = [subject for subject in self.subjects() if subject.startswith('good')]
        self.assertEqual(len(set(good)), 59)
        self.assertEqual(self.site.log_text().count('status=bounced'), 1)
        self.assertLess(len(self.server.requests), 20)

    def test_one_spoils_a_batch(self):
        """A server error over one message delays the others, but not for long."""
        self.server.script.set([{'action': 'error', 'code': 0, 'status': 500,
                                 'message': 'Internal error', 'match': {'subject': 'bad'}}])
        self.site.set(retry_max='1s')
        self.site.account('postmark', self.server.url, self.server.token, batch='4')
        hold_courier(self.site)
        self.site.start()
        for subject in ('a', 'bad', 'b', 'c'):
            self.submit('-t', '-i', input=mail(subject=subject))
        hold_courier(self.site, False)
        self.server.wait(lambda: self.subjects() == ['a', 'b', 'c'], 'the others', 30)
        wait(lambda: len(self.files()) == 1, 'the one to stay')

    def test_scopes(self):
        """One sender, or one stream, that the provider does not take holds no other mail."""
        self.server.script.set([
            {'action': 'refuse', 'code': 400, 'match': {'from': 'bad@*'},
             'message': "The 'From' address you supplied is not a Sender Signature"},
            {'action': 'refuse', 'code': 1235, 'match': {'stream': 'nowhere'},
             'message': 'The stream does not exist'}])
        self.site.start()
        self.submit('-t', '-i', input=mail(sender='bad@example.com', subject='sender'))
        self.submit('-t', '-i', input=mail(subject='stream', X_PM_Message_Stream='nowhere'))
        self.wait_for_log('to=<ann@example.net>')
        self.submit('-t', '-i', input=mail(subject='other'))
        self.server.wait(lambda: self.subjects() == ['other'], 'the other message', 5)
        self.assertNotIn('bounced', self.site.log_text())
        wait(lambda: len(self.files()) == 2, 'the two to stay')

    def test_mended_scope(self):
        """What waited is tried again, and goes when the provider takes it."""
        self.server.script.set([
            {'action': 'refuse', 'code': 400, 'times': 1, 'match': {'from': 'bad@*'},
             'message': "The 'From' address you supplied is not a Sender Signature"}])
        self.site.start()
        self.submit('-t', '-i', input=mail(sender='bad@example.com'))
        self.wait_for(1)
        self.assertIn('works again', self.site.log_text())

    def test_account(self):
        """A token that the provider does not know bounces nothing."""
        self.site.write('postmark.token', 'no-such-token\n', 0o600)
        self.site.start()
        for _ in range(3):
            self.submit('-t', '-i', input=mail())
        self.wait_for_log('nothing can be sent until this is mended')
        wait(lambda: len(self.files()) == 3, 'three files')
        self.site.write('postmark.token', self.server.token + '\n', 0o600)
        self.site.daemon.send_signal(1)
        self.wait_for(3)
        self.assertNotIn('bounced', self.site.log_text())
        self.assertNotIn('no-such-token', self.site.log_text())
        self.server.other_problems.clear()

    def check_requests(self):
        problems = [p for p in self.server.problems if 'oken' not in p]
        self.assertEqual(problems, [])


if __name__ == '__main__':
    unittest.main()
