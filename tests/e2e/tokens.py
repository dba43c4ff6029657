#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Accounts whose tokens live for a time: they are asked for once, and again before they end
or when they are refused; nobody else's mail waits for that."""

import contextlib
import os
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import case  # noqa: E402
from addressed import Gmail, Graph  # noqa: E402
from case import mail  # noqa: E402
from oauth import TokenServer  # noqa: E402
from postmark import Postmark  # noqa: E402
from programs import Site, wait  # noqa: E402
from smtpd import Smtpd  # noqa: E402


SECRETS = 'clientsecret|refreshsecret|-secret'


class Tokens(case.Secured):
    secrets = SECRETS

    def serve(self, script=None, **options):
        """A server of SMTP with XOAUTH2 alone, and one that gives out its tokens."""
        users = {'web@example.com': 'none yet'}
        self.smtp = self.enterContext(Smtpd(script, certificate=self.certificate, users=users,
                                            mechanisms='XOAUTH2'))
        self.tokens = self.enterContext(TokenServer(
            lambda token: users.update({'web@example.com': token}), **options))
        self.site.account('office', self.smtp.url, self.tokens.token, provider='smtp',
                          user='web@example.com', ca_file=self.certificate.cert,
                          client_id='me', token_url=self.tokens.url,
                          scope=options.get('scope', ''))
        return users

    def submit(self, **fields):
        done = self.site.sendmail('-i', 'ann@example.net', input=mail(**fields))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b'', b''))

    def wait_for(self, n):
        wait(lambda: len(self.smtp.mails) == n, f'{n} mails')

    def wait_for_log(self, text):
        wait(lambda: text in self.site.log_text(), f'{text!r} in the log')

    def deliver(self, n):
        self.site.start()
        for i in range(n):
            self.submit(subject=str(i))
            self.wait_for(i + 1)

    def test_client_credentials(self):
        self.serve(scope='https://outlook.example/.default')
        self.deliver(3)
        self.assertEqual((len(self.tokens.tokens), self.tokens.problems), (1, []))

    def test_refresh_token(self):
        self.serve(refresh='1//0refreshsecret')
        self.deliver(2)
        self.assertEqual((len(self.tokens.tokens), self.tokens.problems), (1, []))

    def test_direct(self):
        self.serve(refresh='1//0refreshsecret')
        self.site.set(delivery='direct')
        self.site.write_config()
        done = self.site.sendmail('-i', 'ann@example.net', input=mail())
        self.assertEqual((done.returncode, len(self.smtp.mails)), (0, 1))

    def test_end_of_a_token(self):
        self.serve(seconds=1)
        self.deliver(1)
        given = len(self.tokens.tokens)
        time.sleep(1.5)
        self.submit(subject='later')
        self.wait_for(2)
        self.assertGreater(len(self.tokens.tokens), given)

    def test_withdrawn_token_is_replaced_and_nobody_is_alarmed(self):
        users = self.serve()
        self.deliver(1)
        users['web@example.com'] = 'another'
        with self.smtp.lock:  # a connection that is logged in stays good
            for connection in self.smtp.sockets:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.submit(subject='later')
        self.wait_for(2)
        self.assertEqual(len(self.tokens.tokens), 2)
        self.assertEqual(self.site.run('brevdue', 'status', '--check').returncode, 0)

    def test_refused_secret(self):
        """The server repeats it in its words; the mail waits, and goes when it is mended."""
        self.serve()
        good = dict(self.tokens.form)
        self.tokens.form['client_secret'] = 'othersecret'
        self.site.start()
        self.submit()
        self.wait_for_log('invalid_client')
        self.assertNotEqual(self.site.run('brevdue', 'status', '--check').returncode, 0)
        self.assertNotIn('clientsecret', self.site.log_text())
        self.tokens.form = good
        self.wait_for(1)

    def test_failing_server(self):
        self.serve()
        self.tokens.failure = 503, b'<html>maintenance</html>'
        self.site.start()
        self.submit()
        self.wait_for_log('HTTP 503')
        self.tokens.failure = None
        self.wait_for(1)
        self.assertNotIn('status=deferred', self.site.log_text())

    def test_hanging_server_keeps_nobody_else_waiting(self):
        self.serve()
        postmark = self.enterContext(Postmark())
        self.site.postmark(postmark)
        self.site.sections['route others'] = {'header': 'X-Other', 'account': 'postmark'}
        self.site.write_config()
        self.tokens.stall.clear()
        self.site.start()
        self.submit()
        self.submit(X_Other='yes')
        wait(lambda: postmark.messages, 'the mail of the other account')
        self.assertEqual(self.smtp.mails, [])
        self.tokens.stall.set()
        self.wait_for(1)

    def test_no_place_to_ask(self):
        self.serve()
        del self.site.sections['account office']['token-url']
        self.site.write_config()
        self.site.start()
        self.submit()
        self.wait_for_log("'client-id' needs 'token-url'")


class Mailboxes(case.Case):
    """Gmail and Microsoft Graph: who receives a mail stands in its header, and nobody else."""

    def setUp(self):
        self.site = self.enterContext(Site(retry_max='1s'))

    def open(self, name, stand_in, **settings):
        refresh = 'refreshsecret' if name == 'gmail' else None
        scope = None if refresh else 'https://graph.microsoft.com/.default'
        self.tokens = self.enterContext(TokenServer(refresh=refresh, scope=scope))
        self.server = self.enterContext(stand_in(self.tokens))
        self.site.account(name, self.server.url, self.tokens.token, provider=name,
                          client_id='me', token_url=self.tokens.url, **settings)
        self.addCleanup(self.check_requests)
        self.addCleanup(self.check_programs)
        self.addCleanup(self.check_secrets)
        self.site.start()

    def check_secrets(self):
        self.assertEqual(self.tokens.problems, [])
        self.assertNotRegex(self.site.log_text(), SECRETS)

    def gmail(self):
        self.open('gmail', Gmail)

    def graph(self, **settings):
        self.open('graph', Graph, domain='example.com', **settings)

    def test_gmail(self):
        self.gmail()
        self.submit('-i', 'ann@example.net', 'carol@example.net', input=mail(
            to='Ann <ann@example.net>, Hidden <hidden@example.net>', body='caf\u00e9\n.'))
        message, = self.wait_for(1)
        self.assertEqual(message['To'], ['ann@example.net', 'carol@example.net'])
        self.assertNotRegex(message['Seen'], 'carol|hidden')
        self.assertTrue(message['Raw'].endswith('\r\n\r\ncaf\u00c3\u00a9\r\n.\r\n'))

    def test_graph(self):
        """A blind copy is a mail of its own; the mailbox is the author's."""
        self.graph()
        self.submit('-t', '-i', input=mail(to='ann@example.net', Bcc='carol@example.net'))
        messages = self.wait_for(2)
        self.assertEqual(sorted(message['To'] for message in messages),
                         [['ann@example.net'], ['carol@example.net']])
        self.assertEqual({message['User'] for message in messages}, {'www@example.com'})
        self.assertEqual(len(self.tokens.tokens), 1)

    def test_one_mailbox_for_all(self):
        self.graph(user='office@example.com')
        self.submit('-t', '-i', input=mail())
        message, = self.wait_for(1)
        self.assertEqual(message['User'], 'office@example.com')

    def test_token_that_is_refused(self):
        """By several requests at once."""
        self.graph()
        self.submit('-t', '-i', input=mail(subject='first'))
        self.wait_for(1)
        self.tokens.ends = 0
        for n in range(8):
            self.submit('-t', '-i', input=mail(subject=str(n)))
        self.wait_for(9)
        self.assertNotIn('until this is mended', self.site.log_text())
        self.assertEqual(len(self.tokens.tokens), 2)

    def test_tokens_that_are_never_taken(self):
        """The account waits for its administrator, and no recipient's time runs."""
        self.graph()
        self.tokens.accepts = lambda token: False
        self.submit('-t', '-i', input=mail(to='ann@example.net, bob@example.net'))
        self.wait_for_log('until this is mended')
        wait(lambda: len(self.server.requests) >= 4, 'further tries')
        recipients = self.site.queue()[0]['recipients']
        self.assertEqual([recipient['attempts'] for recipient in recipients], [1, 1])
        del self.tokens.accepts
        self.wait_for(1)

    def test_mailbox_that_is_missing_holds_its_own_mail_alone(self):
        self.graph()
        self.server.script.set([{'action': 'error', 'status': 404, 'match': {'subject': 'bad'},
                                 'body': {'error': {'code': 'ErrorInvalidUser',
                                                    'message': 'The user is invalid.'}}}])
        self.submit('-t', '-i', input=mail(subject='bad', sender='nobody@example.com'))
        self.wait_for_log('The user is invalid')
        self.submit('-t', '-i', input=mail())
        wait(lambda: self.server.messages, 'mail of another mailbox')
        wait(lambda: len(self.files()) == 1, 'nothing but the mail that is held')
        self.assertNotIn('status=bounced', self.site.log_text())

    def test_lost_answer_is_a_possible_duplicate(self):
        self.gmail()
        self.server.script.set([{'action': 'accept-then-reset', 'times': 1}])
        self.submit('-t', '-i', input=mail())
        self.wait_for_log('possible duplicate')
        wait(lambda: not self.files(), 'an empty queue')


if __name__ == '__main__':
    unittest.main()
