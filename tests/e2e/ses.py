#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mail through Amazon SES: what arrives is the message, each request is signed, and what SES
objects to does not bounce unless it is the message."""

import http.server
import json
import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import case  # noqa: E402
from case import mail  # noqa: E402
from programs import wait  # noqa: E402
from ses import KEY_ID, SECRET, Ses, account, raw_of  # noqa: E402

LATIN1 = (b'From: Web <www@example.com>\nTo: ann@example.net\nSubject: 8 bit\n'
          b'Date: Mon, 23 Nov 2026 02:59:00 +0000\nMessage-ID: <1@example.com>\n'
          b'Content-Type: text/plain; charset=iso-8859-1\n\n caf\xe9\r\n.\nFrom x\n')


class Case(case.Case):
    server_options = {}

    def setUp(self):
        self.server = self.enterContext(Ses(**self.server_options))
        self.site = self.enterContext(self.make_site())
        account(self.site, self.server)
        self.addCleanup(self.check_requests)
        self.addCleanup(self.check_programs)

    def destination(self, message):
        return message['Request']['Destination']


class Delivery(Case):
    def test_bytes_arrive_as_they_are(self):
        self.site.start()
        self.submit('-i', 'ann@example.net', input=LATIN1)
        message, = self.wait_for(1)
        self.assertEqual(self.destination(message), {'ToAddresses': ['ann@example.net']})
        header, _, body = raw_of(message).partition(b'\r\n\r\n')
        self.assertEqual(body, b' caf\xe9\r\n.\r\nFrom x\r\n')
        self.assertTrue(header.endswith(LATIN1.partition(b'\n\n')[0].replace(b'\n', b'\r\n')))

    def test_blind_copies(self):
        self.site.start()
        self.submit('-t', '-i', input=mail(Cc='bob@example.net', Bcc='carol@example.net'))
        message, = self.wait_for(1)
        self.assertEqual(self.destination(message), {
            'ToAddresses': ['ann@example.net'], 'CcAddresses': ['bob@example.net'],
            'BccAddresses': ['carol@example.net']})
        self.assertNotIn(b'carol', raw_of(message))

    def test_large_message(self):
        self.site.start()
        text = os.urandom(15_000_000).hex().encode()
        lines = b'\n'.join(text[i:i + 76] for i in range(0, len(text), 76))
        self.submit('-i', 'ann@example.net', input=mail().encode() + lines)
        message, = self.wait_for(1, 60)
        self.assertTrue(raw_of(message).endswith(lines.replace(b'\n', b'\r\n')))

    def test_wishes(self):
        self.site.start()
        self.submit('-t', '-i', input=mail(X_SES_CONFIGURATION_SET='main',
                                           X_SES_MESSAGE_TAGS='a=b, c=d e'))
        message, = self.wait_for(1)
        request = message['Request']
        self.assertEqual(request['ConfigurationSetName'], 'main')
        tags = {tag['Name']: tag['Value'] for tag in request['EmailTags']}
        self.assertEqual((tags['a'], tags['c'], len(tags['brevdue-id'])), ('b', 'd_e', 26))
        self.assertNotIn(b'X-SES', raw_of(message))

    def test_direct(self):
        self.site.set(delivery='direct')
        self.site.write_config()
        self.assertEqual(self.site.sendmail('-t', '-i', input=mail()).returncode, 0)
        self.assertEqual(len(self.server.messages), 1)


class Refused(Case):
    server_options = {'identities': ['example.com'], 'configuration_sets': ['main']}

    def objections(self, count, text):
        self.wait_for_log(text)
        self.assertEqual(self.server.messages, [])
        self.assertEqual(len(self.files()), count)
        self.assertNotIn('status=bounced', self.site.log_text())

    def test_unverified_sender_holds_its_own_mail_alone(self):
        self.site.start()
        self.submit('-t', '-i', input=mail(sender='Ann <ann@example.org>'))
        self.objections(1, 'not verified')
        self.submit('-t', '-i', input=mail(subject='other'))
        wait(lambda: self.server.messages, 'mail of another sender')
        wait(lambda: len(self.files()) == 1, 'nothing but the mail that is held')

    def test_no_such_configuration_set(self):
        self.site.start()
        self.submit('-t', '-i', input=mail(X_SES_CONFIGURATION_SET='typo'))
        self.objections(1, 'does not exist')
        self.submit('-t', '-i', input=mail(subject='other'))
        wait(lambda: self.server.messages, 'mail without it')

    def test_wrong_secret_bounces_nothing_and_is_not_shown(self):
        account(self.site, self.server)
        self.site.write('ses.token', 'x' + SECRET[1:] + '\n', 0o600)
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.objections(1, 'signature is wrong')
        self.assertNotIn(SECRET[1:], self.site.log_text())

    def test_half_a_token_is_told(self):
        account(self.site, self.server)
        del self.site.sections['account ses']['user']
        self.site.write_config()
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.objections(1, 'not the secret of an access key')
        self.assertEqual(self.server.requests, [])

    def test_message_that_it_rejects_bounces(self):
        self.server.script.set([{'action': 'error', 'type': 'MessageRejected',
                                 'message': 'Transaction failed: contains a virus',
                                 'match': {'subject': 'bad'}}])
        self.site.start()
        self.submit('-t', '-i', '-f', '', input=mail(subject='bad'))
        self.wait_for_log('contains a virus')


class Sessions(Case):
    server_options = {'session': 'FwoGZXIvYXdzE/+=session'}

    def test_variables_alone(self):
        self.site.sections.clear()
        self.site.settings.pop('account')
        self.site.set(delivery='direct')
        self.site.write_config()
        done = self.site.sendmail('-t', '-i', input=mail(), env=self.site.env(
            BREVDUE_PROVIDER='ses', BREVDUE_SENDERS='*', BREVDUE_ENDPOINT=self.server.url,
            AWS_ACCESS_KEY_ID=KEY_ID, AWS_SECRET_ACCESS_KEY=SECRET,
            AWS_SESSION_TOKEN=self.server.session, AWS_REGION=self.server.region))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.server.messages), 1)

    def test_all_in_the_token(self):
        settings = self.site.sections['account ses']
        del settings['user']
        self.site.write('ses.token', f'{KEY_ID}:{SECRET}:{self.server.session}\n', 0o600)
        self.site.write_config()
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.wait_for(1)


class KeyHandler(http.server.BaseHTTPRequestHandler):
    """Hands out keys as a machine (IMDSv2) or a container of AWS does."""

    def answer(self, text, status=200):
        self.send_response(status)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def keys(self):
        self.server.given += 1
        expiry = time.gmtime(time.time() + self.server.seconds)
        self.answer(json.dumps({
            'Code': 'Success', 'AccessKeyId': KEY_ID, 'SecretAccessKey': SECRET,
            'Token': self.server.session,
            'Expiration': time.strftime('%Y-%m-%dT%H:%M:%SZ', expiry)}))

    def do_PUT(self):
        seconds = self.headers.get('X-aws-ec2-metadata-token-ttl-seconds')
        good = self.path == '/latest/api/token' and seconds == '21600'
        self.answer('imds session' if good else '', 200 if good else 400)

    def do_GET(self):
        roles = '/latest/meta-data/iam/security-credentials/'
        if self.path == '/container' and self.headers['Authorization'] == 'Bearer x':
            return self.keys()
        if self.headers['X-aws-ec2-metadata-token'] != 'imds session':
            return self.answer('', 401)
        if self.path == roles:
            return self.answer('mailer\n')
        return self.keys() if self.path == roles + 'mailer' else self.answer('', 404)

    def log_message(self, *ignored):
        pass


class Machine(Case):
    """Without a token the machine's or the container's keys are taken."""

    server_options = {'session': 'session/+='}

    def setUp(self):
        super().setUp()
        for name in ('user', 'token-file'):
            del self.site.sections['account ses'][name]
        self.site.write_config()
        self.keys = http.server.ThreadingHTTPServer(('127.0.0.1', 0), KeyHandler)
        self.keys.session, self.keys.seconds, self.keys.given = self.server.session, 3600, 0
        thread = threading.Thread(target=self.keys.serve_forever, args=(0.05,))
        thread.start()
        self.addCleanup(self.keys.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(self.keys.shutdown)
        self.url = f'http://127.0.0.1:{self.keys.server_port}'

    def deliver(self, count=1, **variables):
        self.site.start(env=self.site.env(**variables))
        for i in range(count):
            self.submit('-t', '-i', input=mail(subject=str(i)))
            self.wait_for(i + 1)

    def test_machine(self):
        self.deliver(2, AWS_EC2_METADATA_SERVICE_ENDPOINT=self.url + '/')
        self.assertEqual(self.keys.given, 1)
        self.assertNotIn(SECRET, self.site.log_text())

    def test_container(self):
        path = self.site.write('identity', 'Bearer x\n', 0o600)
        self.deliver(AWS_CONTAINER_CREDENTIALS_FULL_URI=self.url + '/container',
                     AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=path)

    def test_ended_keys_are_replaced(self):
        self.keys.seconds = 1
        self.site.start(env=self.site.env(AWS_EC2_METADATA_SERVICE_ENDPOINT=self.url))
        self.submit('-t', '-i', input=mail())
        self.wait_for(1)
        given = self.keys.given  # more than one if they ended before they were used
        time.sleep(1.5)
        self.submit('-t', '-i', input=mail(subject='other'))
        self.wait_for(2)
        self.assertGreater(self.keys.given, given)

    def test_nobody_has_keys(self):
        variables = {'AWS_CONTAINER_CREDENTIALS_FULL_URI': self.url + '/container',
                     'AWS_CONTAINER_AUTHORIZATION_TOKEN': 'wrong'}
        self.site.start(env=self.site.env(**variables))
        self.submit('-t', '-i', input=mail())
        self.wait_for_log('the container gives it no keys: HTTP 401')
        self.assertEqual(len(self.files()), 1)

    def test_other_hosts_are_not_asked_in_the_clear(self):
        self.site.start(env=self.site.env(
            AWS_CONTAINER_CREDENTIALS_FULL_URI='http://192.0.2.1/keys'))
        self.submit('-t', '-i', input=mail())
        self.wait_for_log('must be https')

    def test_disabled(self):
        self.site.start(env=self.site.env(AWS_EC2_METADATA_DISABLED='true'))
        self.submit('-t', '-i', input=mail())
        self.wait_for_log('AWS_EC2_METADATA_DISABLED is set')


class Rate(Case):
    def test_too_fast(self):
        self.server.script.set([{'action': 'error', 'status': 429, 'times': 2,
                                 'type': 'TooManyRequestsException',
                                 'message': 'Maximum sending rate exceeded.'}])
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.wait_for(1, 30)
        self.assertNotIn('duplicate', self.site.log_text())

    def test_daily_quota(self):
        self.server.script.set([{'action': 'error', 'status': 429, 'times': 1,
                                 'type': 'TooManyRequestsException',
                                 'message': 'Daily message quota exceeded.'}])
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.wait_for_log('Daily message quota exceeded')
        self.wait_for(1, 30)


class Doubt(Case):
    """SES can neither be asked nor told that it is the same mail."""

    def test_answer_is_lost(self):
        actions = (('html', 1), ('empty', 1), ('accept-then-reset', 2))
        self.site.start()
        self.server.script.set([
            {'action': action, 'times': 1, 'accept': copies == 2, 'match': {'subject': action}}
            for action, copies in actions])
        for action, copies in actions:
            with self.subTest(action):
                self.server.accepted.clear()
                self.submit('-t', '-i', input=mail(subject=action))
                self.wait_for(copies, 30)
        self.assertEqual(self.site.log_text().count('; possible duplicate'), 6)


if __name__ == '__main__':
    unittest.main()
