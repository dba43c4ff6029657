#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a sender wished to hear (-N, -R, -V, RFC 3461) and what it hears."""

import base64
import email
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import frame  # noqa: E402
from case import Case, hold_courier, mail, wrap_courier  # noqa: E402
from programs import wait  # noqa: E402

SENDER = 'bounce@example.com'
NEVER, SUCCESS, FAILURE, DELAY = 1, 2, 4, 8


def attachment(report, kind):
    """The text of the one attachment whose type is @kind."""
    found, = [part for part in report['Attachments'] if part['ContentType'].startswith(kind)]
    return base64.b64decode(found['Content']).decode()


def status(report):
    """The fields of the message, and those of each recipient by address."""
    blocks = attachment(report, 'message/delivery-status').strip().split('\n\n')
    first, *others = [email.message_from_string(block) for block in blocks]
    return first, {fields['Final-Recipient'].split('; ')[1]: fields for fields in others}


class Reports(Case):
    def setUp(self):
        super().setUp()
        self.site.set(**{'from': 'Robot <robot@example.com>'})
        self.site.write_config()

    def refuse(self, *addresses):
        """The provider takes what is for others."""
        self.server.script.set([{'action': 'inactive', 'match': {'to': addresses[0]},
                                 'addresses': list(addresses)}])

    def reports(self):
        return [message for message in self.server.messages
                if self.recipients(message) == {SENDER}]

    def send(self, *args, to=('ann@example.net',)):
        self.submit('-i', '-f', SENDER, *args, *to, input=mail(', '.join(to)))


class Wishes(Reports):
    def test_success(self):
        self.site.start()
        self.send('-N', 'success', '-V', 'order+3D17', '-R', 'full')
        self.wait_for(2)
        report, = self.reports()
        self.assertEqual(report['Subject'], 'Relayed mail to ann@example.net')
        self.assertIn('only the provider knows', report['TextBody'])
        fields, to = status(report)
        self.assertEqual(fields['Original-Envelope-Id'], 'order=17')
        self.assertEqual(to['ann@example.net']['Action'], 'relayed')
        self.assertRegex(to['ann@example.net']['Status'], r'^2\.')
        self.assertIn('Subject: hello', attachment(report, 'text/rfc822-headers'))
        self.assertRegex(self.site.log_text(), r'\w{26}: sender delivery status notification: \w')

    def test_success_is_not_failure(self):
        """Who asks for success alone hears of nothing else."""
        self.refuse('gone@example.net')
        self.site.start()
        self.send('-N', 'success', to=('gone@example.net', 'ann@example.net'))
        self.wait_for(2)
        report, = self.reports()
        self.assertEqual(list(status(report)[1]), ['ann@example.net'])
        self.assertIn('nobody is told that <gone@example.net>', self.site.log_text())

    def test_success_and_failure(self):
        """One report says both."""
        self.refuse('gone@example.net')
        self.site.start()
        self.send('-N', 'success,failure', to=('gone@example.net', 'ann@example.net'))
        self.server.wait(lambda: {'failed', 'relayed'} <= {
            fields['Action'] for report in self.reports()
            for fields in status(report)[1].values()}, 'both')
        wait(lambda: not self.files(), 'an empty queue directory')

    def test_success_of_nobody(self):
        """The null sender hears of no success, nor does the postmaster."""
        self.site.set(postmaster='ops@example.com')
        self.site.write_config()
        self.site.start()
        self.submit('-i', '-f', '<>', '-N', 'success,failure', 'ann@example.net', input=mail())
        self.wait_for(1)

    def test_unsaid(self):
        self.refuse('gone@example.net')
        self.site.start()
        self.send(to=('gone@example.net', 'ann@example.net'))
        self.wait_for(2)
        report, = self.reports()
        self.assertEqual(list(status(report)[1]), ['gone@example.net'])

    def test_never(self):
        self.refuse('gone@example.net')
        self.site.start()
        self.send('-N', 'never', to=('gone@example.net', 'ann@example.net'))
        self.wait_for(1)
        self.assertEqual(self.reports(), [])

    def failure_of(self, *args):
        self.refuse('gone@example.net')
        self.site.start()
        self.send('-N', 'failure', *args, to=('gone@example.net',))
        self.wait_for(1)
        report, = self.reports()
        return report

    def test_return_full(self):
        report = self.failure_of('-R', 'full', '-V', 'id-1')
        self.assertIn('\n\ntext\n', attachment(report, 'message/rfc822'))
        self.assertEqual(status(report)[0]['Original-Envelope-Id'], 'id-1')

    def test_return_header(self):
        report = self.failure_of('-R', 'hdrs')
        header = attachment(report, 'text/rfc822-headers')
        self.assertIn('Subject: hello', header)
        self.assertNotIn('\ntext\n', header)
        self.assertIsNone(status(report)[0]['Original-Envelope-Id'])

    def test_success_of_a_test(self):
        """The outbox delivers nothing: nobody is told that it did."""
        self.site.account('box', provider='outbox')
        self.site.set(account='box')
        self.site.write_config()
        self.site.start()
        self.send('-N', 'success')
        self.wait_for_log('a test delivers nothing')
        self.wait_for(0)

    def test_each_recipient(self):
        """As a client of SMTP says it: each recipient has wishes of its own."""
        self.refuse('never@example.net', 'gone@example.net', 'unsaid@example.net')
        self.site.start()
        wishes = {'ann@example.net': f'{SUCCESS} rfc822;Ann+2B@example.org',
                  'bob@example.net': f'{FAILURE} ', 'never@example.net': f'{NEVER} ',
                  'gone@example.net': f'{FAILURE} rfc822;gone@example.org',
                  'unsaid@example.net': '0 '}
        fields = [('f', SENDER), ('N', SUCCESS), *(('r', to) for to in wishes),
                  *(('w', wish) for wish in wishes.values())]
        data = frame.write(fields=fields, message=mail(', '.join(wishes)).encode())
        self.assertEqual(frame.envelope(b''.join(frame.field(*one) for one in fields))['wishes'],
                         list(wishes.values()))
        self.assertRegex(frame.ask(self.site.socket, data), '^queued ')
        told = {}

        def is_told():
            for report in self.reports():
                told.update(status(report)[1])
            return {'ann@example.net', 'gone@example.net'} <= set(told)
        self.server.wait(is_told, 'reports')
        wait(lambda: not self.files(), 'an empty queue directory')
        is_told()
        self.assertEqual({to: fields['Action'] for to, fields in told.items()},
                         {'ann@example.net': 'relayed', 'gone@example.net': 'failed'})
        self.assertEqual(told['ann@example.net']['Original-Recipient'],
                         'rfc822;Ann+2B@example.org')
        self.assertEqual(told['gone@example.net']['Original-Recipient'],
                         'rfc822;gone@example.org')


class Refusals(Case):
    """-oem: the mail about an error, which sendmail itself writes."""

    def sender_of_it(self):
        self.site.start()
        done = self.site.sendmail('-oem', '-t', input='Subject: s\n\nx\n')
        self.assertEqual(done.returncode, 64)
        report, = self.wait_for(1)
        self.assertEqual(report['Subject'], 'Your mail was not accepted')
        return report['From']

    def test_the_shortest_configuration_sends_it(self):
        self.assertEqual(self.sender_of_it(), 'Mail Delivery System <postmaster@example.com>')

    def test_the_configured_sender_writes_it(self):
        self.site.set(**{'from': 'Robot <robot@example.com>'})
        self.site.write_config()
        self.assertIn('<robot@example.com>', self.sender_of_it())


class Delays(Reports):
    def setUp(self):
        super().setUp()
        self.site.set(delay_warning='1s', retry_max='1s')
        self.site.postmark(self.server, batch='1')
        self.busy('slow@example.net')

    def report_by_another_account(self):
        """What goes wrong with the mail holds up no report about it."""
        self.site.account('reports', self.server.url, self.server.token)
        self.site.sections['route reports'] = {'recipient': SENDER, 'account': 'reports'}
        self.site.write_config()

    def busy(self, address, **rule):
        self.server.script.set([{'action': 'error', 'code': 100, 'status': 503,
                                 'message': 'maintenance', 'match': {'to': address}, **rule}])

    def actions(self):
        return [fields['Action'] for report in self.reports()
                for fields in status(report)[1].values()]

    def wait_for_actions(self, *actions, seconds=20):
        self.server.wait(lambda: len(self.actions()) >= len(actions), actions, seconds)
        self.assertEqual(self.actions(), list(actions))

    def count_warnings(self):
        return self.site.log_text().count(': sender delay notification: ')

    def test_once(self):
        """While it is tried again and again; then it arrives."""
        self.report_by_another_account()
        self.site.start()
        self.send(to=('slow@example.net',))
        self.wait_for_actions('delayed')
        report, = self.reports()
        self.assertEqual(report['Subject'], 'Delayed mail to slow@example.net')
        self.assertIn('You need not send it again.', report['TextBody'])
        fields = status(report)[1]['slow@example.net']
        self.assertRegex(fields['Status'], r'^4\.')
        self.assertIn('maintenance', fields['Diagnostic-Code'])
        self.assertRegex(fields['Will-Retry-Until'], r' \+0000$')
        tries = self.site.log_text().count('status=deferred')
        wait(lambda: self.site.log_text().count('status=deferred') > tries, 'another try')
        self.server.script.set([])
        self.wait_for(2)
        self.assertEqual(self.count_warnings(), 1)

    def test_failure_follows(self):
        self.report_by_another_account()
        self.site.start()
        self.send(to=('slow@example.net',))
        self.wait_for_actions('delayed')
        self.refuse('slow@example.net')
        self.wait_for_actions('delayed', 'failed')
        wait(lambda: not self.files(), 'an empty queue directory')
        self.assertEqual(self.count_warnings(), 1)

    def test_success_follows(self):
        self.report_by_another_account()
        self.site.start()
        self.send('-N', 'success,delay', to=('slow@example.net',))
        self.wait_for_actions('delayed')
        self.server.script.set([])
        self.wait_for_actions('delayed', 'relayed')

    def test_time_comes_before_the_next_attempt(self):
        """The courier wakes for the warning alone, even when it has ended."""
        wrap_courier(self.site, '--idle', '0')
        self.site.set(retry_min='1h', retry_max='1h', delay_warning='3s')
        self.report_by_another_account()
        self.site.start()
        self.send(to=('slow@example.net',))
        self.wait_for_actions('delayed')
        self.assertEqual(self.site.log_text().count('to=<slow@example.net>'), 1)

    def test_provider_is_down(self):
        """Then most mail is not even tried."""
        self.site.set(retry_min='1h', retry_max='1h')
        self.report_by_another_account()
        self.site.start()
        for _ in range(6):
            self.send(to=('slow@example.net',))
        self.wait_for_actions(*6 * ['delayed'])
        self.assertLess(self.site.log_text().count('to=<slow@example.net>'), 6)

    def test_unwanted(self):
        self.report_by_another_account()
        self.site.start()
        for wish in ('never', 'failure', 'success'):
            self.send('-N', wish, to=('slow@example.net',))
        self.submit('-i', '-f', '<>', 'slow@example.net', input=mail())
        self.send('-N', 'delay', to=('slow@example.net',))
        self.wait_for_actions('delayed')
        self.server.script.set([])
        self.wait_for(5 + 2)
        self.assertEqual(self.actions(), ['delayed', 'relayed'])
        self.assertEqual(self.count_warnings(), 1)

    def test_never(self):
        self.site.set(delay_warning='0')
        self.site.write_config()
        self.site.start()
        self.send(to=('slow@example.net',))
        wait(lambda: self.site.log_text().count('status=deferred') >= 3, 'tries')
        self.server.script.set([])
        self.wait_for(1)

    def test_report_itself(self):
        """A warning that is delayed is nobody's business."""
        self.busy('*')
        self.site.start()
        self.send(to=('slow@example.net',))
        self.wait_for_log(f'to=<{SENDER}>, relay=postmark')
        time.sleep(1.1)
        self.server.script.set([])
        self.wait_for(2, 40)
        self.assertEqual(self.count_warnings(), 1)

    def test_held(self):
        """It waits for an administrator, who knows; afterwards the time counts."""
        self.site.start()
        self.send(to=('slow@example.net',))
        self.wait_for_log('status=deferred')
        name, = self.files()
        self.assertEqual(self.site.run('brevdue', 'queue', 'hold', name).returncode, 0)
        held = self.count_warnings()
        self.send(to=('slow@example.net',))
        wait(lambda: self.count_warnings() == held + 1, 'a warning of the other')
        self.assertEqual(self.site.run('brevdue', 'queue', 'release', name).returncode, 0)
        wait(lambda: self.count_warnings() == 2, 'a warning of both')

    def test_token(self):
        """An account that is stopped, which the warning waits for as well: also of mail that
        comes later, and is not even tried."""
        self.site.set(retry_min='1h', retry_max='1h')
        self.site.write_config()
        self.site.write('postmark.token', 'no-such-token\n', 0o600)
        self.site.start()
        self.send()
        self.wait_for_log('nothing can be sent until this is mended')
        for _ in range(2):
            self.send()
        wait(lambda: self.count_warnings() == 3, 'three warnings')
        self.assertEqual(self.server.messages, [])
        self.site.write('postmark.token', self.server.token + '\n', 0o600)
        self.site.daemon.send_signal(1)
        self.wait_for(6)
        self.assertEqual(self.actions(), 3 * ['delayed'])
        self.server.other_problems.clear()

    def test_no_account(self):
        """Mail that no account takes is not even claimed."""
        sections = dict(self.site.sections)
        self.site.sections.clear()
        account = self.site.settings.pop('account')
        self.site.write_config()
        self.site.start()
        self.send()
        wait(lambda: self.count_warnings() == 1, 'a warning')
        self.site.settings['account'] = account
        self.site.sections.update(sections)
        self.site.write_config()
        self.wait_for(2)

    def test_backlog(self):
        """Mail from before the service was away is sent, not complained about, also where
        little of it is claimed at a time."""
        self.site.postmark(self.server, batch='1', concurrency='1')
        hold_courier(self.site)
        self.site.start()
        for _ in range(30):
            self.send()
        time.sleep(1.1)
        hold_courier(self.site, False)
        self.wait_for(30)
        self.assertEqual(self.count_warnings(), 0)

    def check_requests(self):
        problems = [p for p in self.server.problems if 'oken' not in p]
        self.assertEqual(problems, [])


class Direct(Reports):
    def make_site(self):
        site = super().make_site()
        site.set(delivery='direct', spool_durable='yes')
        return site

    def test_success(self):
        """Without a service: the report leaves after the caller has gone on."""
        self.site.write_config()
        done = self.site.sendmail('-i', '-f', SENDER, '-N', 'success', 'ann@example.net',
                                  input=mail())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.wait_for(2)
        report, = self.reports()
        self.assertEqual(status(report)[1]['ann@example.net']['Action'], 'relayed')

    def test_success_that_could_not_be_kept(self):
        self.site.set(spool_durable='no')
        self.site.write_config()
        done = self.site.sendmail('-i', '-f', SENDER, '-N', 'success', 'ann@example.net',
                                  input=mail())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.wait_for(1)


if __name__ == '__main__':
    unittest.main()
