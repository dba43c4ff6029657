#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SMTP against a server that answers, stalls, closes and lies.

The program smtp-client is argv[1].
"""

import os
import subprocess
import sys
import tempfile
import unittest

import postmark
import smtpd

MESSAGE = b'From: web@example.com\r\nSubject: Hello\r\n\r\nText\r\n'
USERS = {'web': 'geheim 42'}
LOGIN = ('--user', 'web', '--password', 'geheim 42')
PLAIN = '--plaintext'


class Client:
    program = None

    def __init__(self, *options, message=MESSAGE, to=('a@example.org',),
                 sender='web@example.com'):
        self.file = tempfile.NamedTemporaryFile()
        self.file.write(message)
        self.file.flush()
        self.process = subprocess.Popen(
            [self.program, '--sender', sender, '--file', self.file.name,
             *(f'--to={address}' for address in to), *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *ignored):
        self.process.stdin.close()
        self.said = self.process.stdout.read() + self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        self.file.close()
        status = self.process.wait(30)
        if kind is None:
            assert status == 0, f'smtp-client ended with {status}: {self.said}'
            assert 'geheim' not in self.said, self.said

    def start(self, *urls):
        self.process.stdin.write(''.join(f'{url}\n' for url in urls) + '\n')
        self.process.stdin.flush()

    def reply(self):
        line = self.process.stdout.readline().rstrip('\n')
        assert 'geheim' not in line, line
        return dict(pair.split('=', 1) for pair in line.split('\t'))

    def send(self, url):
        self.start(url)
        return self.reply()


class SmtpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.certificate = postmark.Certificate(cls.directory.name)
        cls.addClassCleanup(cls.directory.cleanup)

    def serve(self, script=None, **options):
        server = self.enterContext(smtpd.Smtpd(script, **options))
        self.addCleanup(lambda: self.assertEqual(server.problems, []))
        return server

    def secure(self, script=None, **options):
        return self.serve(script, certificate=self.certificate, **options)

    def client(self, *options, **more):
        return self.enterContext(Client(*options, **more))

    def send(self, server, *options, **more):
        return self.client(*options, **more).send(server.url)

    def trusting(self, *options):
        return ('--ca-file', self.certificate.cert, *options)

    def assert_reply(self, reply, stage, status, *, left=None, complete=None):
        is_end = stage == 'END'
        self.assertEqual(
            (reply.get('stage'), reply['status'], reply['left'], reply['complete']),
            (stage, str(status), str(int(is_end if left is None else left)),
             str(int(status != 0 if complete is None else complete))), reply)

    # -- what goes well

    def test_accepted(self):
        server = self.serve()
        client = self.client(PLAIN, to=('a@example.org', 'b@example.org'))
        reply = client.send(server.url)
        self.assert_reply(reply, 'END', 250)
        self.assertEqual(reply['last'], '2.0.0 Ok: queued as M1')
        self.assertEqual(reply['recipients'], '250 2.1.5 ok|250 2.1.5 ok')
        [mail] = server.mails
        self.assertEqual((mail.sender, mail.addresses(), mail.data, mail.helo),
                         ('web@example.com', ['a@example.org', 'b@example.org'], MESSAGE,
                          'client.example.com'))
        self.assertEqual(mail.parameters, [f'SIZE={len(MESSAGE)}'])
        client.process.stdin.close()
        server.wait(lambda: server.said('QUIT'), 'QUIT')

    def test_without_any_extension(self):
        server = self.serve(extensions=())
        self.assert_reply(self.send(server, PLAIN, to=('a@example.org', 'b@example.org'),
                                    message=b'Subject: \xc3\xa4\r\n\r\n\xc3\xa4\r\n'),
                          'END', 250)
        self.assertEqual(server.mails[0].parameters, [])

    def test_helo_where_ehlo_is_unknown(self):
        server = self.serve({'EHLO': '502 5.5.1 what?'})
        self.assert_reply(self.send(server, PLAIN), 'END', 250)
        self.assertEqual(server.mails[0].parameters, [])

    def test_null_sender(self):
        server = self.serve()
        self.assert_reply(self.send(server, PLAIN, sender=''), 'END', 250)
        self.assertEqual(server.mails[0].sender, '')

    def test_message_bytes(self):
        rows = (
            (b'a: b\r\n\r\nx\r\n', b'a: b\r\n\r\nx\r\n'),
            (b'a: b\n\nx\n', b'a: b\r\n\r\nx\r\n'),
            (b'a: b\n\nno line end', b'a: b\r\n\r\nno line end\r\n'),
            (b'a: b\n\n.\n..\n.x\nx.\n', b'a: b\r\n\r\n.\r\n..\r\n.x\r\nx.\r\n'),
            (b'.\r\n', b'.\r\n'),
            (b'.', b'.\r\n'),
            (b'a: b\r\n\r\nx\r\n.', b'a: b\r\n\r\nx\r\n.\r\n'),
            (b'a: b\n\nx\r.\r\nMAIL FROM:<c@d>\r\n', b'a: b\r\n\r\nx .\r\nMAIL FROM:<c@d>\r\n'),
            (b'a: b\n\nx\r\r\ny\r', b'a: b\r\n\r\nx\r\ny\r\n'),
            (b'', b''),
            (b'a: b\n\n' + b'.' * 70000 + b'\n' + b'.\n' * 40000,
             b'a: b\r\n\r\n' + b'.' * 70000 + b'\r\n' + b'.\r\n' * 40000),
        )
        server = self.serve()
        for message, wanted in rows:
            with self.subTest(message[:30]):
                reply = self.send(server, PLAIN, message=message)
                self.assert_reply(reply, 'END', 250)
                self.assertEqual(server.mails[-1].data, wanted)
                self.assertEqual(server.mails[-1].parameters[0], f'SIZE={len(wanted)}')

    def test_large_message(self):
        line = bytes(range(32, 127)) * 10 + b'\r\n'
        message = b'a: b\r\n\r\n' + line * 9000
        server = self.secure()
        self.assert_reply(self.send(server, *self.trusting(), message=message), 'END', 250)
        self.assertEqual(server.mails[0].data, message)

    def test_eight_bits(self):
        server = self.serve()
        self.send(server, PLAIN, message=b'a: b\r\n\r\n\xfc\r\n')
        self.assertIn('BODY=8BITMIME', server.mails[0].parameters)

    def test_eight_bits_as_they_are(self):
        """A server that does not offer 8BITMIME gets them, too: nothing is encoded anew."""
        server = self.serve(extensions=())
        message = b'a: b\r\n\r\n\xfc\r\n'
        self.assert_reply(self.send(server, PLAIN, message=message), 'END', 250)
        self.assertEqual((server.mails[0].data, server.mails[0].parameters), (message, []))

    def test_dsn(self):
        to = ('a@example.org SUCCESS,FAILURE rfc822;Old@example.net', 'b@example.org NEVER',
              'c@example.org')
        options = (PLAIN, '--ret', 'HDRS', '--envid', 'QQ314159')
        server = self.serve()
        self.send(server, *options, to=to)
        self.assertEqual(server.mails[0].parameters[1:], ['RET=HDRS', 'ENVID=QQ314159'])
        self.assertEqual(server.mails[0].recipients, [
            ('a@example.org', ['NOTIFY=SUCCESS,FAILURE', 'ORCPT=rfc822;Old@example.net']),
            ('b@example.org', ['NOTIFY=NEVER']), ('c@example.org', [])])
        other = self.serve(extensions=('SIZE',))
        self.send(other, *options, to=to)
        self.assertEqual(other.mails[0].parameters, [f'SIZE={len(MESSAGE)}'])
        self.assertEqual([parameters for _, parameters in other.mails[0].recipients],
                         [[], [], []])

    def test_smtputf8(self):
        to = ('jürgen@example.org', 'a@example.org')
        server = self.serve()
        self.assert_reply(self.send(server, PLAIN, to=to), 'END', 250)
        self.assertIn('SMTPUTF8', server.mails[0].parameters)
        for extensions in ((), ('PIPELINING',)):
            other = self.serve(extensions=extensions)
            for order in (to, to[::-1]):
                reply = self.send(other, PLAIN, to=order)
                self.assert_reply(reply, 'END', 250)
                self.assertEqual(
                    [r[:9] for r in reply['recipients'].split('|')],
                    ['553 5.6.7' if 'ü' in a else '250 2.1.5' for a in order])
                self.assertEqual(other.mails[-1].addresses(), ['a@example.org'])
            self.assert_reply(self.send(other, PLAIN, to=to[:1]), 'RCPT', 0)
            self.assert_reply(self.send(other, PLAIN, sender='jürgen@example.com'), 'MAIL',
                              553)
            self.assertEqual(len(other.mails), 2)

    # -- one connection for several mails

    def test_connection_is_used_again(self):
        server = self.serve(users=USERS)
        client = self.client(PLAIN, *LOGIN)
        for _ in range(3):
            self.assert_reply(client.send(server.url), 'END', 250)
        self.assertEqual((len(server.mails), server.connections, len(server.said('AUTH'))),
                         (3, 1, 1))

    def test_after_a_refusal(self):
        """A mail that was refused spoils nothing for the next."""
        for moment in ('MAIL', 'RCPT', 'DATA', 'END'):
            with self.subTest(moment):
                server = self.serve({moment: ['554 5.7.1 no', None]})
                client = self.client(PLAIN)
                self.assert_reply(client.send(server.url), moment, 554)
                self.assert_reply(client.send(server.url), 'END', 250)
                self.assertEqual(len(server.mails), 1)

    def test_kept_connection_is_dead(self):
        for action in ('250 2.0.0 ok !close', '250 2.0.0 ok !reset'):
            server = self.serve({'END': [action, None]})
            client = self.client(PLAIN)
            self.assert_reply(client.send(server.url), 'END', 250)
            self.assert_reply(client.send(server.url), 'END', 250)
            self.assertEqual((len(server.mails), server.connections), (2, 2))

    def test_kept_connection_dies_when_it_is_used(self):
        """Before a word about the mail was heard: it goes once, by another connection."""
        for action in ('!close', '!reset'):
            server = self.serve({'MAIL': [None, action, None]})
            client = self.client(PLAIN)
            self.assert_reply(client.send(server.url), 'END', 250)
            self.assert_reply(client.send(server.url), 'END', 250)
            self.assertEqual((len(server.mails), server.connections), (2, 2))

    def test_new_connection_dies(self):
        server = self.serve({'MAIL': '!reset'})
        self.assert_reply(self.send(server, PLAIN), 'MAIL', 0)
        self.assertEqual(server.connections, 1)

    def test_many_at_once(self):
        server = self.serve()
        client = self.client(PLAIN)
        client.start(*[server.url] * 20)
        for _ in range(20):
            self.assert_reply(client.reply(), 'END', 250)
        self.assertEqual(len(server.mails), 20)

    # -- refusals

    def test_single_recipients(self):
        to = ('a@example.org', 'bad@example.org', 'grey@example.org', 'b@example.org')
        script = {'RCPT:bad@example.org': '550 5.1.1 nobody',
                  'RCPT:grey@example.org': '450 4.2.0 greylisted'}
        for extensions in (smtpd.EXTENSIONS, ()):
            server = self.serve(script, extensions=extensions)
            reply = self.send(server, PLAIN, to=to)
            self.assert_reply(reply, 'END', 250)
            self.assertEqual(reply['recipients'], '250 2.1.5 ok|550 5.1.1 nobody|'
                                                  '450 4.2.0 greylisted|250 2.1.5 ok')
            self.assertEqual(server.mails[0].addresses(), ['a@example.org', 'b@example.org'])

    def test_no_recipient(self):
        server = self.serve({'RCPT': ['550 5.1.1 nobody', '450 4.2.0 later']})
        reply = self.send(server, PLAIN, to=('a@example.org', 'b@example.org'))
        self.assert_reply(reply, 'RCPT', 450)
        self.assertEqual(reply['recipients'], '550 5.1.1 nobody|450 4.2.0 later')
        self.assertEqual((server.mails, server.said('DATA')), ([], []))

    def test_refusals(self):
        rows = (
            ('CONNECT', '554 5.7.1 go away !close', 'OPEN', 554),
            ('CONNECT', '421 4.3.2 too busy !close', 'OPEN', 421),
            ('MAIL', '552 5.3.4 too large', 'MAIL', 552),
            ('MAIL', '530 5.7.0 log in first', 'MAIL', 530),
            ('MAIL', '421 4.3.2 shutting down !close', 'MAIL', 421),
            ('RCPT', '421 4.3.2 shutting down !close', 'RCPT', 421),
            ('DATA', '451 4.3.0 later', 'DATA', 451),
            ('END', '554 5.7.1 spam', 'END', 554),
            ('END', '451 4.3.0 later', 'END', 451),
            ('END', '552-5.3.4 too\r\n552 5.3.4 large', 'END', 552),
        )
        for moment, action, stage, status in rows:
            with self.subTest(moment, action=action):
                server = self.serve({moment: action})
                reply = self.send(server, PLAIN)
                self.assert_reply(reply, stage, status)
                self.assertEqual(server.mails, [])
                if '-' in action:
                    self.assertEqual(reply['last'], '5.3.4 too 5.3.4 large')

    def test_refused_in_the_middle(self):
        server = self.serve({'BODY': '452 4.3.1 disk full !close'})
        message = b'a: b\r\n\r\n' + b'x' * 70 + b'\r\n'
        reply = self.send(server, PLAIN, message=message * 100000)
        self.assertIn((reply['stage'], reply['status']), (('BODY', '452'), ('BODY', '0')))
        self.assertEqual((reply['left'], server.mails), ('0', []))

    # -- lies and losses

    def test_lost_before_the_end(self):
        for moment, stage in (('CONNECT', 'OPEN'), ('EHLO', 'OPEN'), ('MAIL', 'MAIL'),
                              ('RCPT', 'MAIL'), ('DATA', 'RCPT'), ('BODY', 'BODY')):
            for action in ('!close', '!reset'):
                with self.subTest(moment, action=action):
                    server = self.serve({moment: action})
                    message = MESSAGE + b'x\r\n' * (3000000 if moment == 'BODY' else 1)
                    reply = self.send(server, PLAIN, message=message)
                    self.assert_reply(reply, stage, 0)
                    self.assertNotEqual(reply['error'], '')
                    self.assertEqual(server.connections, 1)

    def test_lost_after_the_dot(self):
        for action in ('+!close', '+!reset', '!close', '!reset', '25!close', '250-half !close',
                       'nonsense', '354 more'):
            with self.subTest(action):
                server = self.serve({'END': action})
                self.assert_reply(self.send(server, PLAIN), 'END', 0)
                self.assertEqual(len(server.said('DATA')), 1)

    def test_success_before_its_time(self):
        for moment, action in (('DATA', '250 2.0.0 queued'), ('MAIL', '354 go'),
                               ('MAIL', 'yes'), ('RCPT', '250 ok\r\n250 ok\r\n250 ok')):
            with self.subTest(moment, action=action):
                server = self.serve({moment: action}, extensions=())
                reply = self.send(server, PLAIN)
                self.assertEqual((reply['left'], reply['complete']), ('0', '0'), reply)
                self.assertEqual(server.mails, [])

    def test_stalls(self):
        for moment, stage in (('CONNECT', 'OPEN'), ('EHLO', 'OPEN'), ('MAIL', 'MAIL'),
                              ('DATA', 'RCPT'), ('BODY', 'BODY')):
            with self.subTest(moment):
                server = self.serve({moment: '!stall'})
                message = MESSAGE + b'x\r\n' * (3000000 if moment == 'BODY' else 1)
                self.assert_reply(self.send(server, PLAIN, '--stall', '400', '--connect',
                                            '400', message=message), stage, 0)

    def test_patience_after_the_dot(self):
        server = self.serve({'END': '+!stall'})
        self.assert_reply(self.send(server, PLAIN, '--stall', '200', '--total', '1500'),
                          'END', 0)

    def test_one_that_stalls_stops_nobody(self):
        slow, quick = self.serve({'MAIL': '!stall'}), self.serve()
        client = self.client(PLAIN, '--stall', '1500')
        client.start(slow.url, quick.url)
        self.assert_reply(client.reply(), 'END', 250)
        self.assert_reply(client.reply(), 'MAIL', 0)

    def test_ends_while_mail_is_under_way(self):
        server = self.serve({'END': '+!stall'})
        client = self.client(PLAIN)
        client.process.stdin.write(f'{server.url}\nquit\n')
        client.process.stdin.flush()

    # -- TLS

    def test_starttls(self):
        server = self.secure(users=USERS)
        self.assert_reply(self.send(server, *self.trusting(*LOGIN)), 'END', 250)
        self.assertEqual((server.mails[0].is_secure, server.mails[0].user), (True, 'web'))

    def test_implicit(self):
        server = self.secure(users=USERS, implicit=True)
        self.assert_reply(self.send(server, *self.trusting(*LOGIN)), 'END', 250)
        self.assertEqual((server.mails[0].is_secure, server.mails[0].user), (True, 'web'))

    def test_no_fall_back_to_plaintext(self):
        rows = (
            ('not offered', self.serve(users=USERS)),
            ('refused', self.secure({'STARTTLS': '454 4.7.0 not now'}, users=USERS)),
            ('no EHLO', self.secure({'EHLO': '502 5.5.1 what?'}, users=USERS)),
            ('no handshake', self.secure({'STARTTLS': '220 go !close'}, users=USERS)),
        )
        for name, server in rows:
            with self.subTest(name):
                reply = self.send(server, *self.trusting(*LOGIN))
                self.assertIn(reply['stage'], ('TLS', 'OPEN'), reply)
                self.assertEqual((reply['left'], reply['complete'] == '1', server.mails),
                                 ('0', reply['status'] != '0', []))
                self.assertEqual(server.said('AUTH') + server.said('MAIL'), [])

    def test_unknown_certificate(self):
        for implicit in (False, True):
            server = self.secure(implicit=implicit)
            self.assert_reply(self.send(server), 'TLS', 0)
            self.assertEqual(server.mails, [])

    def test_other_certificate(self):
        """Only what the CA file says is trusted."""
        with tempfile.TemporaryDirectory() as directory:
            other = postmark.Certificate(directory)
            server = self.secure()
            self.assert_reply(self.send(server, '--ca-file', other.cert), 'TLS', 0)

    def test_other_name(self):
        with tempfile.TemporaryDirectory() as directory:
            other = postmark.Certificate(directory, names='DNS:mail.example.com')
            server = self.serve(certificate=other)
            self.assert_reply(self.send(server, '--ca-file', other.cert), 'TLS', 0)

    def test_client_certificate(self):
        server = self.secure(client_ca=self.certificate.cert)
        own = ('--certificate', self.certificate.cert, '--key', self.certificate.key)
        self.assert_reply(self.send(server, *self.trusting(*own)), 'END', 250)
        reply = self.send(server, *self.trusting())
        self.assertEqual((reply['left'], reply['complete']), ('0', '0'))
        self.assertEqual(len(server.mails), 1)

    # -- AUTH

    def test_mechanisms(self):
        for mechanism in ('PLAIN', 'LOGIN', 'CRAM-MD5', 'XOAUTH2'):
            for offered in (mechanism, 'PLAIN LOGIN CRAM-MD5 XOAUTH2'):
                with self.subTest(mechanism, offered=offered):
                    server = self.serve(users=USERS, mechanisms=offered)
                    reply = self.send(server, PLAIN, *LOGIN, '--mechanism', mechanism)
                    self.assert_reply(reply, 'END', 250)
                    self.assertEqual(server.said('AUTH'), [f'AUTH {mechanism}'])
        for offered in ('PLAIN', 'LOGIN', 'CRAM-MD5'):
            server = self.serve(users=USERS, mechanisms=offered)
            self.assert_reply(self.send(server, PLAIN, *LOGIN), 'END', 250)

    def test_external(self):
        server = self.secure(users=USERS, mechanisms='EXTERNAL',
                             client_ca=self.certificate.cert)
        reply = self.send(server, *self.trusting(
            '--certificate', self.certificate.cert, '--key', self.certificate.key,
            '--user', 'web', '--mechanism', 'EXTERNAL'))
        self.assert_reply(reply, 'END', 250)
        self.assertEqual(server.mails[0].user, 'web')

    def test_wrong_password(self):
        for mechanism in ('PLAIN', 'LOGIN', 'CRAM-MD5', 'XOAUTH2'):
            server = self.serve(users={'web': 'another'})
            reply = self.send(server, PLAIN, *LOGIN, '--mechanism', mechanism)
            self.assert_reply(reply, 'AUTH', 535)
            self.assertEqual(reply['last'], '5.7.8 wrong user or password')
            self.assertEqual(server.said('MAIL'), [])

    def test_auth_is_not_there_now(self):
        server = self.serve({'AUTH': '454 4.7.0 no database'}, users=USERS)
        self.assert_reply(self.send(server, PLAIN, *LOGIN), 'AUTH', 454)

    def test_no_auth_offered(self):
        for server in (self.serve(), self.serve(users=USERS, mechanisms='GSSAPI')):
            self.assert_reply(self.send(server, PLAIN, *LOGIN), 'AUTH', 0)
            self.assertEqual(server.said('MAIL'), [])

    def test_password_stays_on_this_machine(self):
        """In the clear it goes to a loopback address alone; 192.0.2.0/24 is nobody's."""
        client = self.client(PLAIN, *LOGIN, '--connect', '3000', '--stall', '3000')
        self.assert_reply(client.send('smtp://192.0.2.1:25'), 'OPEN', 0)

    # -- what is not said at all

    def test_bad_envelopes(self):
        server = self.serve()
        for sender, to in (('a@b\r\nRCPT TO:<x@y>', 'a@example.org'), ('a> SIZE=1', 'a@b.c'),
                           ('a@example.com', 'a@b>\r\nDATA')):
            reply = self.send(server, PLAIN, sender=sender, to=(to,))
            self.assertEqual((reply['left'], reply['complete'], reply['status']),
                             ('0', '0', '0'))
        self.assertEqual((server.said('MAIL'), server.said('RCPT')), ([], []))

    def test_bad_endpoints(self):
        client = self.client(PLAIN)
        for url in ('http://127.0.0.1:1', 'smtp://u:p@127.0.0.1:1', 'ftp://127.0.0.1',
                    'smtp://', 'nonsense'):
            reply = client.send(url)
            self.assertEqual((reply['left'], reply['complete']), ('0', '0'), reply)
            self.assertNotEqual(reply['error'], '')

    def test_nobody_listens(self):
        server = smtpd.Smtpd()
        server.listener.close()
        self.assert_reply(self.client(PLAIN).send(server.url), 'OPEN', 0)


if __name__ == '__main__':
    Client.program = os.path.abspath(sys.argv.pop(1))
    unittest.main()
