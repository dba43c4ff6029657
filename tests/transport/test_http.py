#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The transport against a server that answers, stalls, closes and lies.

The program http-client is argv[1].
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

import postmark

MESSAGE = {'From': 'web@example.com', 'To': 'a@example.org', 'Subject': 'Hello',
           'TextBody': 'Text\n'}
SECRET = f'X-Postmark-Server-Token:{postmark.TOKEN}'
LARGE = 20 * 1000 * 1000


class Client:
    """The program, fed line by line."""

    program = None

    def __init__(self, *options, text=json.dumps(MESSAGE), env=None):
        args = [self.program, '--header', SECRET, *options]
        if text is not None:
            args += ['--text', text]
        self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env={**os.environ, **(env or {})}, text=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *ignored):
        self.process.stdin.close()
        self.rest = self.process.stdout.read()
        self.process.stdout.close()
        status = self.process.wait(30)
        if kind is None:
            assert status == 0, f'http-client ended with {status}'

    def start(self, *urls):
        self.process.stdin.write(''.join(f'{url}\n' for url in urls) + '\n')
        self.process.stdin.flush()

    def reply(self):
        line = self.process.stdout.readline().rstrip('\n')
        return dict(pair.split('=', 1) for pair in line.split('\t'))

    def send(self, url):
        self.start(url)
        return self.reply()

    def peak(self):
        """The most memory it ever had, in bytes."""
        with open(f'/proc/{self.process.pid}/status', encoding='ascii') as status:
            for line in status:
                if line.startswith('VmHWM:'):
                    return int(line.split()[1]) * 1024
        raise AssertionError('no VmHWM')


class HttpTest(unittest.TestCase):
    def serve(self, *rules, **options):
        return self.enterContext(postmark.Postmark(rules, **options))

    def client(self, *options, **more):
        return self.enterContext(Client(*options, **more))

    def large_file(self):
        file = self.enterContext(tempfile.NamedTemporaryFile())
        file.truncate(LARGE)
        return file.name

    def assert_reply(self, reply, status, left, complete):
        self.assertEqual((reply['status'], reply['left'], reply['complete']),
                         (str(status), str(int(left)), str(int(complete))), reply)
        self.assertEqual(reply['error'] == '', complete, reply)

    def test_accepted(self):
        server = self.serve()
        client = self.client()
        for _ in range(3):
            reply = client.send(server.url + '/email')
            self.assert_reply(reply, 200, True, True)
        self.assertEqual(server.messages, [MESSAGE] * 3)
        self.assertEqual(server.problems, [])
        self.assertEqual(server.connections, 1, 'the connection was not kept')
        self.assertRegex(dict(server.requests[0]['headers'])['User-Agent'], r'^brevdue/\d')
        self.assertNotIn('Expect', dict(server.requests[0]['headers']))

    def test_methods(self):
        server = self.serve()
        self.assert_reply(self.client('--method', 'GET', text=None).send(
            server.url + '/server'), 200, True, True)
        self.assert_reply(self.client('--method', 'PUT').send(
            server.url + '/email'), 404, True, True)
        self.assertEqual([r['method'] for r in server.requests], ['GET', 'PUT'])

    def test_complete_replies(self):
        """Whatever it says, a whole reply is handed on as it is, and nothing is repeated."""
        rows = (
            ({'action': 'error', 'code': 300}, 422),
            ({'action': 'reply', 'status': 429, 'headers': {'Retry-After': '7'}}, 429),
            ({'action': 'reply', 'status': 500}, 500),
            ({'action': 'reply', 'status': 503}, 503),
            ({'action': 'html'}, 200),
            ({'action': 'truncated-json'}, 200),
            ({'action': 'empty'}, 200),
            ({'action': 'drip', 'interval': 0.001}, 200),
            ({'action': 'close-after-reply', 'announce': True}, 200),
        )
        for rule, status in rows:
            with self.subTest(rule['action'], status=status):
                server = self.serve(rule)
                reply = self.client().send(server.url + '/email')
                self.assert_reply(reply, status, True, True)
                self.assertEqual(reply['after'], '7' if status == 429 else '')
                self.assertEqual(len(server.requests), 1)

    def test_no_whole_reply(self):
        """The request may have been taken: unknown, and never sent a second time."""
        statuses = {
            'close-before-reply': 0, 'accept-then-close': 0, 'reset': 0,
            'accept-then-reset': 0, 'cut-body': 200, 'stall': 0, 'accept-then-stall': 0,
            'stall-after-headers': 200, 'close-before-reading': 0,
            'stall-before-reading': 0, 'huge': 200,
        }
        servers = {action: self.serve({'action': action}) for action in statuses}
        client = self.client('--total', '700')
        client.start(*[server.url + '/email' for server in servers.values()])
        replies = [client.reply() for _ in servers]
        replies = {reply['url']: reply for reply in replies}
        for action, server in servers.items():
            with self.subTest(action):
                self.assert_reply(replies[server.url + '/email'], statuses[action], True,
                                  False)
                self.assertEqual(len(server.requests), 1)

    def test_kept_connection_that_ends(self):
        """libcurl alone would send the request again on a new connection."""
        for reset in (False, True):
            for body in (None, 'file'):
                with self.subTest(reset=reset, body=body):
                    server = self.serve({'action': 'close-on-next', 'times': 1,
                                         'reset': reset})
                    options = ('--file', self.large_file()) if body else ()
                    client = self.client(*options)
                    self.assertEqual(client.send(server.url + '/email')['complete'], '1')
                    reply = client.send(server.url + '/email')
                    self.assert_reply(reply, 0, True, False)
                    self.assertEqual([r['complete'] for r in server.requests],
                                     [True, False])
                    self.assertEqual(client.send(server.url + '/email')['complete'], '1')
                    self.assertEqual(len(server.requests), 3)

    def test_body_is_not_whole_twice(self):
        """Cut off in mid-body, it may be begun again; a server that had it whole has it
        once."""
        server = self.serve({'action': 'close-on-next', 'times': 1, 'read': False,
                             'reset': True})
        client = self.client('--file', self.large_file())
        client.send(server.url + '/email')
        client.send(server.url + '/email')
        whole = [r for r in server.requests if r['complete']]
        self.assertLessEqual(len(whole), 2)
        self.assertEqual({r['length'] for r in whole}, {whole[0]['length']})

    def test_closed_while_idle(self):
        server = self.serve({'action': 'close-after-reply'})
        client = self.client()
        for i in range(3):
            self.assert_reply(client.send(server.url + '/email'), 200, True, True)
            server.wait(lambda: server.ended > i, 'the end of the connection')
        self.assertEqual((len(server.messages), server.connections), (3, 3))

    def test_no_connection(self):
        with socket.socket() as closed:
            closed.bind(('127.0.0.1', 0))
            reply = self.client().send(f'http://127.0.0.1:{closed.getsockname()[1]}/')
        self.assert_reply(reply, 0, False, False)
        self.assertIn('http://127.0.0.1:', reply['error'])

    def test_handshake_fails(self):
        directory = self.enterContext(tempfile.TemporaryDirectory())
        certificate = postmark.Certificate(directory)
        key_log = os.path.join(directory, 'keys')
        rows = (((), 'certificate'), (({'action': 'stall-connection'},), 'time'),
                (({'action': 'reset-connection'},), ''))
        for rules, words in rows:
            with self.subTest(words):
                server = self.serve(*rules, certificate=certificate)
                client = self.client('--connect', '700', env={
                    'SSLKEYLOGFILE': key_log, 'SSL_CERT_FILE': certificate.cert,
                    'CURL_CA_BUNDLE': certificate.cert})
                reply = client.send(server.url + '/email')
                self.assert_reply(reply, 0, False, False)
                self.assertIn(words, reply['error'].lower())
                self.assertEqual(server.requests, [])
        self.assertFalse(os.path.exists(key_log), 'secrets of TLS were written to a file')

    def test_redirect_is_not_followed(self):
        other = self.serve()
        for status in (301, 302, 303, 307, 308):
            with self.subTest(status):
                server = self.serve({'action': 'redirect', 'status': status,
                                     'location': f'{other.url}/email'})
                self.assert_reply(self.client().send(server.url + '/email'), status, True,
                                  True)
        self.assertEqual((other.connections, other.requests), (0, []))

    def test_proxy_is_ignored(self):
        server, proxy = self.serve(), self.serve()
        names = ('http_proxy', 'https_proxy', 'all_proxy', 'HTTPS_PROXY', 'ALL_PROXY')
        client = self.client(env={name: proxy.url for name in names})
        self.assert_reply(client.send(server.url + '/email'), 200, True, True)
        self.assertEqual(proxy.connections, 0)

    def test_netrc_is_ignored(self):
        home = self.enterContext(tempfile.TemporaryDirectory())
        with open(os.path.join(home, '.netrc'), 'w', encoding='ascii') as netrc:
            netrc.write('default login a password b\n')
        server = self.serve()
        self.client(env={'HOME': home}).send(server.url + '/email')
        self.assertNotIn('Authorization', dict(server.requests[0]['headers']))

    def test_may_not_leave(self):
        """Refused before a byte leaves, and without the secret in the words."""
        rows = (
            ((), 'http://192.0.2.1/email', 'must be https'),
            ((), 'http://postmark.example/email', 'must be https'),
            ((), 'http://127.0.0.1.example/', 'must be https'),
            ((), 'http://localhost.example/', 'must be https'),
            ((), 'ftp://127.0.0.1/', 'must be https'),
            ((), 'file:///etc/passwd', 'must be https'),
            ((), 'https://user:sesame@127.0.0.1/', 'user name'),
            ((), 'http://[', 'no URL'),
            (('--header', 'X-A:b\r\nX-B: c'), '', 'control character'),
            (('--header', 'X-A:b\nBcc: c'), '', 'control character'),
            (('--header', 'X-A\r\nX-B:c'), '', 'invalid'),
            (('--header', 'X A:c'), '', 'invalid'),
            (('--header', 'Content-Length:1'), '', 'cannot be set'),
            (('--header', 'transfer-encoding:chunked'), '', 'cannot be set'),
            (('--method', 'POST / HTTP/1.1\r\nX'), '', 'method'),
        )
        server = self.serve()
        for options, url, words in rows:
            with self.subTest(url=url, options=options):
                reply = self.client(*options).send(url or server.url + '/email')
                self.assert_reply(reply, 0, False, False)
                self.assertIn(words, reply['error'])
                self.assertNotIn(postmark.TOKEN, reply['error'])
                self.assertNotIn('sesame', reply['error'])
        self.assertEqual(server.connections, 0)

    def test_localhost(self):
        server = self.serve()
        reply = self.client().send(f'http://localhost:{server.port}/email')
        self.assert_reply(reply, 200, True, True)

    def test_other_spellings_of_loopback(self):
        server = self.serve()
        reply = self.client().send(f'http://0x7f.1:{server.port}/email')
        self.assert_reply(reply, 200, True, True)

    def test_header_values(self):
        server = self.serve()
        self.client('--header', 'X-Empty:', '--header', 'X-Utf8: J\u00f6rg').send(
            server.url + '/email')
        headers = dict(server.requests[0]['headers'])
        self.assertEqual(headers['X-Empty'], '')
        self.assertEqual(headers['X-Utf8'].encode('latin-1').decode(), 'J\u00f6rg')

    def test_stalls(self):
        """A silent server ends a request after the stall time-out, not the total one."""
        server = self.serve({'action': 'stall'})
        reply = self.client('--stall', '1000', '--total', '60000').send(
            server.url + '/email')
        self.assert_reply(reply, 0, True, False)
        self.assertIn('too slow', reply['error'])

    def test_total(self):
        server = self.serve({'action': 'drip', 'interval': 0.1})
        reply = self.client('--stall', '5000', '--total', '700').send(server.url + '/email')
        self.assertEqual((reply['left'], reply['complete']), ('1', '0'))

    def test_early_reply(self):
        """A refusal that comes before the body was read is a reply, or at least no lie."""
        listener = self.enterContext(socket.create_server(('127.0.0.1', 0)))
        answer = b'HTTP/1.1 413 Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

        def serve():
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)
                while connection.recv(1 << 20):
                    pass
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        reply = self.client('--file', self.large_file()).send(
            f'http://127.0.0.1:{listener.getsockname()[1]}/')
        self.assert_reply(reply, 413, True, True)
        thread.join()

    def test_large_body(self):
        server = self.serve()
        small = self.client()
        small.send(server.url + '/email')
        client = self.client('--file', self.large_file(), text=None)
        reply = client.send(server.url + '/email')
        self.assertEqual(reply['complete'], '1')
        self.assertEqual(server.requests[1]['length'], (LARGE + 2) // 3 * 4)
        self.assertLess(client.peak() - small.peak(), 2 << 20)

    def test_many_at_once(self):
        server = self.serve({'action': 'late', 'seconds': 0.2})
        client = self.client()
        client.start(*[server.url + '/email'] * 32)
        for _ in range(32):
            self.assert_reply(client.reply(), 200, True, True)
        self.assertEqual(len(server.messages), 32)
        self.assertEqual(server.problems, [])
        before = server.connections
        client.start(*[server.url + '/email'] * 32)
        for _ in range(32):
            client.reply()
        self.assertEqual(server.connections, before, 'connections were not used again')

    def test_one_that_stalls_stops_nobody(self):
        server = self.serve({'action': 'stall', 'times': 1})
        client = self.client('--total', '1500')
        client.start(*[server.url + '/email'] * 9)
        replies = [client.reply() for _ in range(9)]
        self.assertEqual([reply['complete'] for reply in replies], ['1'] * 8 + ['0'])

    def test_ends_while_requests_are_open(self):
        server = self.serve({'action': 'stall'})
        with Client() as client:
            client.process.stdin.write(f'{server.url}/email\n' * 4 + 'wake\n' * 8 + 'quit\n')
        self.assertEqual(client.rest, '')


def main():
    Client.program = sys.argv.pop(1)
    unittest.main()


if __name__ == '__main__':
    main()
