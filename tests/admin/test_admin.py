#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""brevdue against real spools: what it lists, changes, explains and refuses."""

import base64
import json
import os
import pty
import re
import select
import socket
import subprocess
import time
import unittest

from postmark import Postmark
from programs import Site, program, wait

MAIL = b'From: Web <web@example.com>\nTo: a@example.net\nSubject: Hello\n\nText\n'
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_UNAVAILABLE = 64, 65, 66, 69
EX_OSERR, EX_NOPERM, EX_CONFIG = 71, 77, 78


def closed_port():
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Case(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(Site(retry_min='1h', retry_max='1h'))

    def brevdue(self, *args, status=0, **options):
        done = self.site.run('brevdue', *args, **options)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def text(self, *args, **options):
        return self.brevdue(*args, **options).stdout.decode()

    def refused(self, status, *args, **options):
        """The one line on standard error."""
        done = self.brevdue(*args, status=status, **options)
        error = done.stderr.decode()
        self.assertRegex(error, r'\Abrevdue: .*\n\Z')
        return error

    def dead_account(self):
        self.site.account(url=f'http://127.0.0.1:{closed_port()}', token='t0ken')

    def deferred(self):
        """A message that was tried once, and the service stopped. Returns its ID."""
        self.dead_account()
        self.site.start()
        self.site.sendmail('-t', '-i', input=MAIL)
        wait(lambda: [m for m in self.site.queue() if m['state'] == 'deferred'],
             'a deferred message')
        self.site.stop()
        message, = self.site.queue()
        return message['id']

    def dropped(self, *args, input=MAIL):
        """A message in the drop directory; nothing of brevdue runs."""
        for name, mode in (('', 0o755), ('queue', 0o700), ('store', 0o700), ('tmp', 0o700),
                           ('drop', 0o3733)):
            path = os.path.join(self.site.spool, name)
            os.makedirs(path, exist_ok=True)
            os.chmod(path, mode)
        self.site.set(delivery='queue')
        self.site.write_config()
        done = self.site.sendmail('-i', *(args or ('-t',)), input=input)
        self.assertEqual(done.returncode, 0, done.stderr)


class Queue(Case):
    def test_no_spool_yet(self):
        self.assertEqual(self.site.queue(), [])
        self.assertEqual(self.text('queue', 'list', '--mailq'), 'Mail queue is empty\n')
        self.assertFalse(os.path.exists(self.site.spool))

    def test_incoming_without_a_service(self):
        self.dropped('-f', 'web@example.com', 'x@example.net', 'y@example.net')
        message, = self.site.queue()
        self.assertEqual(message['state'], 'incoming')
        self.assertEqual(message['sender'], 'web@example.com')
        self.assertEqual(message['uid'], os.getuid())
        self.assertEqual(message['size'], len(MAIL))
        self.assertEqual([r['address'] for r in message['recipients']],
                         ['x@example.net', 'y@example.net'])

    def test_incoming_recipients_of_the_header(self):
        self.dropped('-t', input=b'To: a@example.net\nCc: b@example.net\nBcc: c@example.net\n\n')
        message, = self.site.queue()
        self.assertEqual([r['address'] for r in message['recipients']],
                         ['a@example.net', 'b@example.net', 'c@example.net'])

    def test_deferred(self):
        id = self.deferred()
        message, = self.site.queue()
        recipient, = message['recipients']
        self.assertEqual((message['state'], message['attempts'], message['sender'][-12:]),
                         ('deferred', 1, '@example.com'))
        self.assertRegex(message['arrival'], r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$')
        self.assertGreater(message['next_attempt'], message['arrival'])
        self.assertTrue(message['message_id'].startswith('<'))
        self.assertEqual((recipient['address'], recipient['state']),
                         ('a@example.net', 'deferred'))
        self.assertTrue(recipient['reply'])
        self.assertIn(id, self.text('queue', 'list'))
        self.assertIn('a@example.net', self.text('queue', 'show', id))
        self.assertEqual(self.site.admin('trace', id)['id'], id)
        self.assertEqual(self.text('queue', 'show', id, '--message').encode(), MAIL)

    def test_mailq(self):
        id = self.deferred()
        lines = self.text('queue', 'list', '--mailq').splitlines()
        self.assertRegex(lines[1], rf'^{id} +{len(MAIL)} \w{{3}} \w{{3}} [ \d]\d '
                                   r'\d\d:\d\d:\d\d \S+@example\.com$')
        self.assertRegex(lines[2], r'^ *\(.+\)$')
        self.assertRegex(lines[3], r'^ +a@example\.net$')
        self.assertEqual(lines[4:], ['', '\t\tTotal requests: 1', '-- 0 Kbytes in 1 Request.'])

    def test_peer(self):
        self.dropped()
        uid = str(os.getuid())
        other = str(os.getuid() + 1)
        self.assertEqual(self.text('queue', 'list', '--mailq', '--peer', other),
                         'Mail queue is empty\n')
        self.assertIn('1 Request.', self.text('queue', 'list', '--mailq', '--peer', uid))
        self.assertIn('1 Request.', self.text('queue', 'list', '--mailq', '--peer', '0'))
        self.refused(EX_USAGE, 'queue', 'list', '--peer', 'root')

    def test_hold_and_release(self):
        id = self.deferred()
        self.assertEqual(self.text('queue', 'hold', id), '1 message held\n')
        message, = self.site.queue()
        self.assertEqual((message['state'], message['next_attempt']), ('held', None))
        self.assertIn(f'{id}!', self.text('queue', 'list', '--mailq'))
        self.assertIn('cannot be held', self.refused(EX_USAGE, 'queue', 'hold', id))
        done = self.brevdue('queue', 'retry', id)
        self.assertIn(f'queue release {id}', done.stderr.decode())
        self.assertEqual(self.site.admin('queue', 'release', id), {'released': 1})
        self.assertEqual(self.site.queue()[0]['state'], 'deferred')

    def test_retry_makes_it_due(self):
        id = self.deferred()
        before = self.site.queue()[0]['next_attempt']
        self.brevdue('queue', 'retry', '--all')
        self.assertLess(self.site.queue()[0]['next_attempt'], before)
        self.assertEqual(self.site.queue()[0]['id'], id)

    def test_delete(self):
        id = self.deferred()
        self.assertEqual(self.text('queue', 'delete', id), '1 message deleted\n')
        self.assertEqual(self.site.queue(), [])
        self.assertEqual(self.site.queue_files(), [])
        self.assertEqual(self.site.admin('trace', id)['state'], 'deleted')
        self.assertIn('done with', self.refused(EX_USAGE, 'queue', 'delete', id))

    def test_delete_unread(self):
        self.dropped()
        message, = self.site.queue()
        self.assertIn('not been read', self.refused(EX_OSERR, 'queue', 'hold', message['id']))
        self.brevdue('queue', 'delete', message['id'])
        self.assertEqual(self.site.queue(), [])

    def test_names_that_are_none(self):
        self.deferred()
        for name in ('0' * 26, 'short', '../store/store.db', ''):
            with self.subTest(name=name):
                for verb in ('retry', 'hold', 'release', 'delete'):
                    self.assertIn('queue list', self.refused(EX_NOINPUT, 'queue', verb, name))
                self.refused(EX_NOINPUT, 'queue', 'show', name)
                self.refused(EX_NOINPUT, 'queue', 'show', name, '--message')
        self.assertEqual(len(self.site.queue()), 1)

    def test_one_wrong_name_does_not_stop_the_others(self):
        id = self.deferred()
        done = self.brevdue('queue', 'hold', '0' * 26, id, status=EX_NOINPUT)
        self.assertEqual(done.stdout, b'1 message held\n')

    def test_all_or_names(self):
        self.refused(EX_USAGE, 'queue', 'delete')
        self.refused(EX_USAGE, 'queue', 'delete', '--all', 'x')

    def test_damaged_database_is_no_empty_queue(self):
        self.deferred()
        path = os.path.join(self.site.spool, 'store', 'store.db')
        with open(path, 'r+b') as file:
            file.write(b'nonsense' * 512)
        self.assertNotEqual(self.site.run('brevdue', 'queue', 'list').returncode, 0)

    def test_hostile_text_stays_on_its_line(self):
        self.dropped('-t', input=b'To: "\x1b[31m\xff" <a@example.net>\n\n')
        for args in (('queue', 'list'), ('queue', 'list', '--mailq')):
            self.assertNotIn('\x1b', self.text(*args))
        self.assertEqual(len(self.site.queue()), 1)


class Status(Case):
    def test_accounts_and_counts(self):
        self.deferred()
        status = self.site.admin('status')
        self.assertEqual(status['queue']['deferred'], 1)
        self.assertEqual(status['queue']['total'], 1)
        self.assertEqual([(a['name'], a['default'], a['fault']) for a in status['accounts']],
                         [('postmark', True, None)])
        self.assertFalse(status['service_answers'])
        self.assertIn('1 deferred', self.text('status'))
        self.assertIn('does not answer', self.text('status'))

    def test_service_answers(self):
        self.dead_account()
        self.site.start()
        self.assertTrue(self.site.admin('status')['service_answers'])

    def test_refused_token(self):
        with Postmark() as server:
            self.site.account(url=server.url, token='wrong')
            self.site.start()
            self.site.sendmail('-t', '-i', input=MAIL)
            account = wait(lambda: [a for a in self.site.admin('status')['accounts']
                                    if a['problems']], 'a problem')[0]
        self.assertEqual(account['problems'][0]['scope'], 'account')
        self.assertIn('account:', self.text('status'))

    def test_missing_token(self):
        self.site.account()
        account, = self.site.admin('status')['accounts']
        self.assertIn('token-file', account['fault'])  # there is no service that may know it

    def test_strange_files(self):
        self.dropped()
        drop = os.path.join(self.site.spool, 'drop')
        good, = os.listdir(drop)
        with open(os.path.join(drop, good), 'rb') as file:
            frame = file.read()
        for name, content in (('README', b'hello'), ('z' * 26, frame[:-1]), ('y' * 26, frame)):
            with open(os.path.join(drop, name), 'wb') as file:
                file.write(content)
        os.mkfifo(os.path.join(drop, 'x' * 26))
        strange = {s['path']: s for s in self.site.admin('status')['strange_files']}
        self.assertEqual(set(strange), {'drop/README', 'drop/' + 'z' * 26, 'drop/' + 'y' * 26,
                                        'drop/' + 'x' * 26})
        self.assertEqual(strange['drop/README']['uid'], os.getuid())
        self.assertEqual(len(self.site.queue()), 1)
        self.assertIn('README', self.text('status'))

    def test_broken_configuration_is_shown(self):
        self.dead_account()
        with open(self.site.config, 'a') as file:
            file.write('stray\n')
        self.assertEqual(len(self.site.admin('status')['config_problems']), 1)
        self.assertIn('sends nothing', self.text('status'))


class Config(Case):
    def test_good(self):
        self.dead_account()
        self.assertIn('is good', self.text('config', 'check'))
        self.assertEqual(self.site.admin('config', 'check')['files'], [self.site.config])

    def test_problems(self):
        self.site.account('x', provider='pigeon', fallback='gone')
        with open(self.site.config, 'a') as file:
            file.write('ratte = 1\n')
        done = self.brevdue('config', 'check', '--json', status=EX_CONFIG)
        found = json.loads(done.stdout)
        self.assertEqual(len(found['problems']), 3)
        self.assertRegex(found['problems'][0], rf'^{self.site.config}:\d+: unknown setting '
                                               r"'ratte'.*did you mean 'rate'")
        self.assertRegex(found['problems'][1], "unknown provider 'pigeon'; there are .*postmark")
        self.assertIn('token', found['problems'][2])
        self.assertTrue(any('[account gone]' in text for text in found['warnings']))

    def test_open_token_file(self):
        self.dead_account()
        os.mkdir(self.site.spool)
        for name in ('queue', 'drop'):
            os.mkdir(os.path.join(self.site.spool, name))
        os.chmod(os.path.join(self.site.path, 'postmark.token'), 0o644)
        done = self.brevdue('config', 'check', status=EX_CONFIG)
        self.assertIn(b'every user', done.stdout)
        self.assertNotIn(b't0ken', done.stdout + done.stderr)

    def test_token_that_only_the_service_knows(self):
        self.dropped()
        self.site.account(token_env='SERVICE_TOKEN')
        self.assertIn('SERVICE_TOKEN in its environment', self.text('config', 'check'))
        self.assertIsNone(self.site.admin('status')['accounts'][0]['fault'])

    def test_senders_that_will_wait(self):
        self.site.account(url='http://127.0.0.1:1', token='t', senders='elsewhere.example')
        self.assertIn('root@example.com', self.text('config', 'check'))
        self.site.set(**{'from': 'Web <w@elsewhere.example>'})
        self.site.write_config()
        self.assertNotIn('root@example.com', self.text('config', 'check'))

    def test_aliases(self):
        self.dead_account()
        self.site.set(aliases=self.site.write('aliases', 'root: |/bin/cat\n'))
        self.site.write_config()
        self.assertIn('/aliases:1: ', self.text('config', 'check'))

    def test_show(self):
        self.site.account(url='http://127.0.0.1:1', token='t')
        with open(self.site.config, 'a') as file:
            file.write('[account other]\nprovider = postmark\ntoken = s3cret\n')
        rows = {(r['section'], r['key']): r for r in self.site.admin(
            'config', 'show', env=self.site.env(BREVDUE_LIFETIME='2d'))}
        self.assertEqual(rows['brevdue', 'lifetime']['value'], '2d')
        self.assertEqual(rows['brevdue', 'lifetime']['origin'], 'BREVDUE_LIFETIME')
        self.assertEqual(rows['brevdue', 'history']['origin'], 'default')
        self.assertTrue(rows['brevdue', 'spool']['origin'].startswith(self.site.config + ':'))
        self.assertEqual(rows['account other', 'token']['value'], '***')
        text = self.text('config', 'show')
        self.assertNotIn('s3cret', text)
        self.assertIn('[account other]', text)

    def test_what_is_shown_can_be_read(self):
        self.site.account(url='http://127.0.0.1:1', token='t', rate='100/m')
        shown = self.text('config', 'show')
        self.site.write('brevdue.conf', shown)
        self.assertEqual(re.sub('#.*', '', self.text('config', 'show')),
                         re.sub('#.*', '', shown))
        self.brevdue('config', 'check')


class Plan(Case):
    def setUp(self):
        super().setUp()
        self.site.set(**{'from': 'Web <noreply@example.com>'})
        self.site.account(token='t0ken', senders='example.com')

    def plan(self, input, *args):
        done = self.brevdue('plan', '-', '--json', *args, input=input)
        self.assertNotIn(b't0ken', done.stdout)
        return json.loads(done.stdout)

    def test_request(self):
        part, = self.plan(MAIL)['plans']
        request, = part['requests']
        self.assertEqual((part['verdict'], part['step'], part['recipients']),
                         ('send', 'structured', ['a@example.net']))
        self.assertEqual(request['headers']['X-Postmark-Server-Token'], '***')
        self.assertEqual(request['body']['To'], 'a@example.net')
        self.assertEqual(request['body']['Subject'], 'Hello')
        self.assertFalse(os.path.exists(self.site.spool))

    def test_text(self):
        path = self.site.write('mail', MAIL.decode().replace('\n', '\r\n'))
        text = self.text('plan', path)
        self.assertIn('X-Postmark-Server-Token: ***', text)
        self.assertIn('"TextBody" : "Text\\n"', text)

    def test_long_attachment_is_short_for_the_eye(self):
        mail = (b'To: a@example.net\nMIME-Version: 1.0\nContent-Type: application/pdf\n'
                b'Content-Transfer-Encoding: base64\n\n' + b'QUJD' * 18 + b'\n') * 1
        mail += (b'QUJD' * 18 + b'\n') * 100
        self.assertIn('characters)', self.text('plan', '-', input=mail))
        body = self.plan(mail)['plans'][0]['requests'][0]['body']
        self.assertEqual(body['Attachments'][0]['Content'], 'QUJD' * 18 * 101)

    def test_waits_for_a_pipe(self):
        process = subprocess.Popen([program('brevdue'), 'plan', '-'], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, env=self.site.env())
        self.addCleanup(process.kill)

        def waits_or_ended():
            with open(f'/proc/{process.pid}/stat') as file:
                return file.read().rpartition(')')[2].split()[0] in 'SZ'
        wait(waits_or_ended, 'a reader')
        output, _ = process.communicate(MAIL, timeout=30)
        self.assertEqual(process.returncode, 0)
        self.assertIn(b'a@example.net', output)

    def test_size_limit(self):
        self.site.set(max_message_size='1K')
        self.site.write_config()
        self.assertIn('max-message-size', self.refused(EX_DATAERR, 'plan', '-',
                                                       input=MAIL + b'x' * 1100))

    def test_options(self):
        self.site.account('other', token='t0ken', stream='slow')
        plan = self.plan(MAIL, '--recipient', 'z@example.org', '--sender', 'bounce@example.com',
                         '--account', 'other')
        part, = plan['plans']
        self.assertEqual((plan['sender'], part['account'], part['recipients']),
                         ('bounce@example.com', 'other', ['z@example.org']))
        self.assertEqual(part['requests'][0]['body']['MessageStream'], 'slow')
        self.refused(EX_USAGE, 'plan', '-', '--account', 'none', input=MAIL)

    def test_rewritten_from(self):
        part, = self.plan(b'From: root@host.local\nTo: a@example.net\n\nx\n')['plans']
        self.assertEqual(part['rewritten_from'], 'root@host.local')

    def test_no_from_waits(self):
        self.site.set(**{'from': None})
        self.site.write_config()
        part, = self.plan(b'From: root@host.local\nTo: a@example.net\n\nx\n')['plans']
        self.assertEqual((part['verdict'], part['requests']), ('wait', []))
        self.assertIn('from', part['reason'])

    def test_material_loss(self):
        mail = (b'From: web@example.com\nTo: a@example.net\nMIME-Version: 1.0\n'
                b'Content-Type: multipart/signed; boundary=x; micalg=pgp-sha256;'
                b' protocol="application/pgp-signature"\n\n--x\n\ntext\n--x\n'
                b'Content-Type: application/pgp-signature\n\nsig\n--x--\n')
        part, = self.plan(mail)['plans']
        self.assertEqual(part['verdict'], 'refuse')
        self.assertTrue(any(loss['material'] for loss in part['losses']))

    def test_control_characters(self):
        """What is printed is JSON, and nothing in it moves a terminal's cursor."""
        text = ''.join(map(chr, [*range(1, 32), *range(127, 160)]))
        mail = (b'From: web@example.com\nTo: a@example.net\nMIME-Version: 1.0\n'
                b'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n'
                + base64.encodebytes(text.encode()))
        part, = self.plan(mail)['plans']
        self.assertEqual(part['requests'][0]['body']['TextBody'], text)
        for args in ((), ('--json',)):
            self.assertNotRegex(self.text('plan', '-', *args, input=mail),
                                r'[\x00-\x09\x0b-\x1f\x7f-\x9f]')

    def test_refused_recipient(self):
        mail = 'From: web@example.com\nTo: jörg@example.net, a@example.net\n\nx\n'.encode()
        part, = self.plan(mail)['plans']
        refused, = part['refused']
        self.assertEqual((refused['address'], refused['dsn']), ('jörg@example.net', '5.6.7'))
        self.assertEqual([request['body']['To'] for request in part['requests']],
                         ['a@example.net'])
        self.assertRegex(self.text('plan', '-', input=mail), 'Refused +jörg@example.net: .*ASCII')

    def test_routes_divide(self):
        self.site.account('other', token='t0ken')
        self.site.sections['route r'] = {'recipient': '*@example.org', 'account': 'other'}
        self.site.write_config()
        mail = b'From: web@example.com\nTo: a@example.net, b@example.org\n\nx\n'
        plans = self.plan(mail)['plans']
        self.assertEqual([(p['account'], p['recipients']) for p in plans],
                         [('postmark', ['a@example.net']), ('other', ['b@example.org'])])

    def test_body_without_an_empty_line(self):
        part, = self.plan(b'To: a@example.net\nThis is no header\nmore\n')['plans']
        self.assertEqual(part['requests'][0]['body']['TextBody'], 'This is no header\nmore\n')

    def test_refusals(self):
        self.refused(EX_NOINPUT, 'plan', '/does/not/exist')
        self.refused(EX_USAGE, 'plan', '-', input=b'Subject: x\n\n')
        self.refused(EX_USAGE, 'plan')


class Providers(Case):
    def page(self, *path):
        with open(os.path.join(SOURCE, *path), encoding='utf-8') as file:
            return file.read()

    def test_the_manual_has_the_table(self):
        shown = self.text('providers')
        manual = self.page('packaging', 'man', 'brevdue.1').replace('\\-', '-')
        self.assertIn(f'.nf\n.RS\n{shown}.RE\n', manual)

    def test_the_readme_has_level_and_date(self):
        rows = [f"| {row['title']} | {row['level'] if row['supported'] else 'experimental'} | "
                f"{row['since']} | {row['by']} |"
                for row in json.loads(self.text('providers', '--json'))]
        shown = re.search(r'^## Providers\n.*?^\|---.*?\n(.*?)\n\n', self.page('README.md'),
                          re.M | re.S)[1]
        self.assertEqual(shown.splitlines(), rows)


class Sending(Case):
    def test_test_and_flush(self):
        with Postmark() as server:
            self.site.postmark(server)
            self.site.start()
            done = self.site.admin('test', 'ops@example.net')
            self.assertEqual(done['outcome'], 'sent')
            self.assertEqual(len(server.messages), 1)
            self.assertIn('accepted by the provider', self.text('test', 'ops@example.net'))
            self.assertEqual(server.problems, [])

    def test_test_is_refused(self):
        with Postmark(rules=[{'action': 'refuse', 'code': 300,
                              'message': 'Invalid address'}]) as server:
            self.site.postmark(server)
            self.site.start()
            done = self.brevdue('test', 'ops@example.net', status=EX_UNAVAILABLE)
        self.assertIn(b'Invalid', done.stdout)

    def test_test_is_deferred(self):
        self.dead_account()
        self.site.start()
        done = self.brevdue('test', 'ops@example.net', status=EX_OSERR)
        self.assertIn(b'tried again by itself', done.stdout)

    def test_test_without_a_service(self):
        self.dropped()
        done = self.brevdue('test', '--timeout', '1', 'ops@example.net', status=EX_OSERR)
        self.assertIn(b'does the service run', done.stdout)

    def test_test_directly(self):
        with Postmark() as server:
            self.site.set(delivery='direct', spool_durable='yes')
            self.site.postmark(server)
            self.assertEqual(self.site.admin('test', 'ops@example.net')['outcome'], 'sent')
            self.assertEqual(len(server.messages), 1)

    def test_test_from_memory(self):
        with Postmark() as server:
            self.site.set(delivery='direct', spool='/proc/no/spool')
            self.site.postmark(server)
            self.assertEqual(self.site.admin('test', 'ops@example.net')['outcome'], 'sent')
            self.assertEqual(len(server.messages), 1)

    def test_flush(self):
        self.deferred()
        with Postmark() as server:
            self.site.sections.clear()
            self.site.postmark(server)
            self.site.start()
            self.assertEqual(self.site.admin('flush', '--wait'), {'due': 1, 'left': 0})
            self.assertEqual(len(server.messages), 1)

    def test_flush_without_a_service(self):
        self.deferred()
        self.assertIn('systemctl start', self.refused(EX_OSERR, 'flush'))

    def test_flush_of_an_own_spool(self):
        with Postmark(rules=[{'action': 'error', 'code': 100, 'times': 1}]) as server:
            self.site.set(delivery='direct', spool_durable='yes')
            self.site.postmark(server)
            self.site.sendmail('-t', '-i', '-odq', input=MAIL)
            self.assertEqual(len(self.site.queue()), 1)
            self.brevdue('flush')
            self.brevdue('flush')
            self.assertEqual(self.site.queue(), [])
            self.assertEqual(len(server.messages), 1)

    def test_flush_with_a_broken_configuration(self):
        self.deferred()
        with open(self.site.config, 'a') as file:
            file.write('stray\n')
        self.assertIn(self.site.config, self.refused(EX_CONFIG, 'flush'))


class Terminal(Case):
    def read(self, *args, **env):
        """All that is printed to a terminal."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen([program('brevdue'), *args], stdin=subprocess.DEVNULL,
                                   stdout=theirs, stderr=theirs, env=self.site.env(**env))
        os.close(theirs)
        output, end = b'', time.monotonic() + 30
        while time.monotonic() < end and select.select([ours], [], [], 1)[0]:
            try:
                output += os.read(ours, 65536)
            except OSError:
                break
        os.close(ours)
        process.wait(30)
        return output

    def test_colour(self):
        self.deferred()
        self.assertIn(b'\x1b[', self.read('queue', 'list', TERM='xterm'))
        self.assertNotIn(b'\x1b[', self.read('queue', 'list', TERM='xterm', NO_COLOR='1'))
        self.assertNotIn(b'\x1b[', self.read('queue', 'list', TERM='dumb'))
        self.assertNotIn(b'\x1b[', self.read('queue', 'list', '--json', TERM='xterm'))
        self.assertNotIn('\x1b[', self.text('queue', 'list'))

    def test_progress(self):
        self.deferred()
        with Postmark() as server:
            self.site.sections.clear()
            self.site.postmark(server)
            self.site.start()
            self.assertIn(b'of 1 done', self.read('flush'))

    def test_full_disk(self):
        with open('/dev/full', 'w') as full:
            done = subprocess.run([program('brevdue'), 'config', 'show'], stdout=full,
                                  stderr=subprocess.PIPE, env=self.site.env(), timeout=30)
        self.assertEqual(done.returncode, EX_OSERR)
        self.assertIn(b'standard output', done.stderr)


class Help(Case):
    def test_every_command(self):
        commands = json.loads(self.text('help', '--json'))
        self.assertGreater(len(commands), 10)
        for command in commands:
            with self.subTest(command=command['name']):
                text = self.text(*command['name'].split(), '--help')
                self.assertIn(command['examples'][0], text)
                for option in command['options']:
                    self.assertIn('--' + option['name'], text)

    def test_usage(self):
        self.assertIn("did you mean 'brevdue status'", self.refused(EX_USAGE, 'statsu'))
        self.assertIn('--help', self.refused(EX_USAGE))
        self.assertTrue(self.text('--version').startswith('brevdue '))


if __name__ == '__main__':
    unittest.main()
