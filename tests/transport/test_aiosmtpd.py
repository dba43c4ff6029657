#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SMTP against a server that nobody here has written: aiosmtpd.

The program smtp-client is argv[1].
"""

import asyncio
import os
import ssl
import sys
import tempfile
import threading
import unittest

import namespace
import postmark
from test_smtp import LOGIN, USERS, Client

try:
    from aiosmtpd.smtp import SMTP, AuthResult
except ImportError:
    namespace.skip('python3-aiosmtpd is not installed')

MESSAGE = b'From: a@example.com\nSubject: x\n\n.\n..two\n\xc3\xa4\nlast'
WANTED = b'From: a@example.com\r\nSubject: x\r\n\r\n.\r\n..two\r\n\xc3\xa4\r\nlast\r\n'


class Handler:
    def __init__(self):
        self.mails = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith('bad'):
            return '550 5.1.1 nobody'
        envelope.rcpt_tos.append(address)
        return '250 2.1.5 ok'

    async def handle_DATA(self, server, session, envelope):
        user = session.auth_data.decode() if session.authenticated else None
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content,
                           sorted(envelope.mail_options), user, session.ssl is not None,
                           session.host_name))
        return '250 2.0.0 Ok: queued as A1'


def authenticate(server, session, envelope, mechanism, data):
    good = USERS.get(data.login.decode()) == data.password.decode()
    return AuthResult(success=good, handled=False, auth_data=data.login)


class Server:
    def __init__(self, certificate, is_implicit, **options):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate.cert, certificate.key)
        self.tls = tls if is_implicit else None
        self.options = options if is_implicit else {
            'tls_context': tls, 'require_starttls': True, **options}
        self.handler = Handler()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def make(self):
        return SMTP(self.handler, authenticator=authenticate, enable_SMTPUTF8=True,
                    loop=self.loop, **self.options)

    def __enter__(self):
        self.server = self.loop.run_until_complete(
            self.loop.create_server(self.make, '127.0.0.1', 0, ssl=self.tls))
        port = self.server.sockets[0].getsockname()[1]
        self.url = f'{"smtps" if self.tls else "smtp"}://127.0.0.1:{port}'
        self.thread.start()
        return self

    def __exit__(self, *ignored):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.server.close()


class AiosmtpdTest(unittest.TestCase):
    def setUp(self):
        directory = self.enterContext(tempfile.TemporaryDirectory())
        self.certificate = postmark.Certificate(directory)
        self.trust = ('--ca-file', self.certificate.cert)

    def serve(self, is_implicit=False, **options):
        return self.enterContext(Server(self.certificate, is_implicit, **options))

    def send(self, server, *options, **more):
        with Client(*self.trust, *options, message=MESSAGE, **more) as client:
            return client.send(server.url)

    def test_each_way(self):
        for is_implicit in (False, True):
            for mechanism in ('PLAIN', 'LOGIN', None):
                with self.subTest(implicit=is_implicit, mechanism=mechanism):
                    server = self.serve(is_implicit, auth_required=True,
                                        auth_require_tls=not is_implicit)
                    options = ('--mechanism', mechanism) if mechanism else ()
                    reply = self.send(server, *LOGIN, *options,
                                      to=('a@example.org', 'bad@example.org'))
                    self.assertEqual((reply['stage'], reply['status'], reply['recipients']),
                                     ('END', '250', '250 2.1.5 ok|550 5.1.1 nobody'), reply)
                    self.assertEqual(server.handler.mails, [
                        ('web@example.com', ['a@example.org'], WANTED,
                         ['BODY=8BITMIME', f'SIZE={len(WANTED)}'], 'web', not is_implicit,
                         'client.example.com')])

    def test_smtputf8(self):
        server = self.serve()
        reply = self.send(server, to=('jürgen@example.org',))
        self.assertEqual(reply['status'], '250', reply)
        self.assertIn('SMTPUTF8', server.handler.mails[0][3])
        self.assertEqual(server.handler.mails[0][1], ['jürgen@example.org'])

    def test_too_large(self):
        server = self.serve(data_size_limit=20)
        reply = self.send(server)
        self.assertEqual((reply['stage'], reply['status'], reply['left']),
                         ('MAIL', '552', '0'), reply)

    def test_wrong_password(self):
        server = self.serve(auth_required=True)
        reply = self.send(server, '--user', 'web', '--password', 'geheim falsch')
        self.assertEqual((reply['stage'], reply['status']), ('AUTH', '535'), reply)
        self.assertEqual(server.handler.mails, [])

    def test_login_is_required(self):
        server = self.serve(auth_required=True)
        reply = self.send(server)
        self.assertEqual((reply['stage'], reply['status']), ('MAIL', '530'), reply)


if __name__ == '__main__':
    Client.program = os.path.abspath(sys.argv.pop(1))
    unittest.main()
