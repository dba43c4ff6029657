#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""HTTP/2 over TLS: one connection for many requests, and no request sent twice.

Runs in a mount namespace of its own in which the machine trusts the test's certificate.
"""

import tempfile
import unittest

import http2
import namespace
import postmark
import test_http


class Http2Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.certificate = postmark.Certificate(directory)
        namespace.bind(cls.certificate.cert, '/etc/ssl/certs/ca-certificates.crt')

    def serve(self, answer=None):
        return self.enterContext(http2.Http2Server(self.certificate, answer))

    def client(self, *options, **more):
        return self.enterContext(test_http.Client(*options, **more))

    def test_one_connection_for_many(self):
        server = self.serve()
        client = self.client()
        client.start(*[server.url + '/email'] * 32)
        replies = [client.reply() for _ in range(32)]
        self.assertEqual({(r['status'], r['complete'], r['body']) for r in replies},
                         {('200', '1', '{}')})
        self.assertEqual((server.connections, len(server.requests)), (1, 32))

    def test_large_body(self):
        server = self.serve()
        with tempfile.NamedTemporaryFile() as file:
            file.truncate(3 * 1000 * 1000)
            reply = self.client('--file', file.name, text=None).send(server.url + '/email')
        self.assertEqual(reply['complete'], '1')
        self.assertEqual([length for _, _, length in server.requests], [4 * 1000 * 1000])

    def test_refusals_are_not_repeated(self):
        """A stream that was refused may be sent again, says RFC 9113; but only the courier
        does that."""
        rows = (
            ('refused', lambda server, stream: server.reset(stream, http2.REFUSED_STREAM)),
            ('http/1.1', lambda server, stream: server.reset(stream,
                                                             http2.HTTP_1_1_REQUIRED)),
            ('internal', lambda server, stream: server.reset(stream, 2)),
            ('go away', lambda server, stream: server.go_away(stream - 2)),
            ('close', lambda server, stream: b''),
        )
        for name, refuse in rows:
            with self.subTest(name):
                server = self.serve(lambda server, connection, stream: refuse(
                    server, stream) if len(server.requests) == 2 else server.accept(stream))
                client = self.client('--total', '2000')
                self.assertEqual(client.send(server.url + '/email')['complete'], '1')
                reply = client.send(server.url + '/email')
                self.assert_unknown(reply)
                self.assertEqual(len(server.requests), 2)

    def test_silent_connection_is_left(self):
        """A connection on which a request timed out takes no other: one that is dead, and
        whose end nobody hears, would stop the queue."""
        def answer(server, connection, stream):
            is_silent = connection == 1 and len(server.requests) > 1
            return None if is_silent else server.accept(stream)

        server = self.serve(answer)
        client = self.client('--total', '700')
        self.assertEqual(client.send(server.url + '/email')['complete'], '1')
        self.assert_unknown(client.send(server.url + '/email'))
        self.assertEqual(client.send(server.url + '/email')['complete'], '1')
        self.assertEqual([connection for connection, _, _ in server.requests], [1, 1, 2])

    def assert_unknown(self, reply):
        self.assertEqual((reply['left'], reply['complete']), ('1', '0'), reply)

    def test_http1_over_tls(self):
        """Where HTTP/2 is not offered, and with the certificate trusted."""
        server = self.enterContext(postmark.Postmark(certificate=self.certificate))
        client = self.client()
        client.start(*[server.url + '/email'] * 8)
        self.assertEqual([client.reply()['status'] for _ in range(8)], ['200'] * 8)
        self.assertEqual((len(server.messages), server.problems), (8, []))

    def test_reset_over_tls(self):
        """OpenSSL writes to a connection that is gone: no signal may end the program."""
        server = self.enterContext(postmark.Postmark(
            [{'action': 'reset-before-reading'}], certificate=self.certificate))
        with tempfile.NamedTemporaryFile() as file:
            file.truncate(20 * 1000 * 1000)
            reply = self.client('--file', file.name).send(server.url + '/email')
        self.assert_unknown(reply)

    def test_name_must_match(self):
        with tempfile.TemporaryDirectory() as directory:
            other = postmark.Certificate(directory, 'DNS:other.example')
            namespace.bind(other.cert, '/etc/ssl/certs/ca-certificates.crt')
            try:
                server = self.enterContext(postmark.Postmark(certificate=other))
                reply = self.client().send(server.url + '/email')
            finally:
                namespace.unbind('/etc/ssl/certs/ca-certificates.crt')
        self.assertEqual((reply['status'], reply['left']), ('0', '0'))
        self.assertEqual(server.requests, [])


if __name__ == '__main__':
    namespace.enter()
    test_http.main()
