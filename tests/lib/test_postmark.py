#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The stand-in refuses what Postmark refuses, keeps what it accepts, and obeys its rules."""

import base64
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest

import postmark
import postmark_check as check
import programs

HEADERS = {'X-Postmark-Server-Token': postmark.TOKEN, 'Accept': 'application/json',
           'Content-Type': 'application/json'}
GOOD = {'From': 'Web <web@example.com>', 'To': 'a@example.org', 'Subject': 'Hello',
        'TextBody': 'Text\n'}


def attachment(**changes):
    return {'Name': 'a.txt', 'Content': base64.b64encode(b'abc').decode(),
            'ContentType': 'text/plain', **changes}


GOOD_ROWS = {
    'several recipients': {'To': '"Doe, J." <a@example.org>, b@example.org'},
    'only bcc': {'To': None, 'Bcc': 'a@example.org'},
    'utf-8 name': {'To': 'Jörg Müller <a@example.org>'},
    'quoted utf-8 name': {'To': '"Jörg, Müller" <a@example.org>'},
    'html only': {'TextBody': None, 'HtmlBody': '<p>'},
    'metadata': {'Metadata': {'queue-id': 'x' * 80}},
    'headers': {'Headers': [{'Name': 'X-PM-KeepID', 'Value': 'true'},
                            {'Name': 'X-PM-KeepID', 'Value': 'true'}]},
    'attachment': {'Attachments': [attachment(ContentID='cid:a@b')]},
    'empty attachment': {'Attachments': [attachment(Content='')]},
    'tracking': {'TrackOpens': True, 'TrackLinks': 'HtmlOnly'},
    'empty subject': {'Subject': ''},
}

BAD_ROWS = {  # name: (changes, ErrorCode)
    'no body': ({'TextBody': ''}, 300),
    'no recipient': ({'To': None}, 300),
    'empty member': ({'Cc': ''}, 300),
    'bare name': ({'To': 'root'}, 300),
    'host without a dot': ({'To': 'root@localhost'}, 300),
    'unquoted comma': ({'To': 'Doe, J. <a@example.org>'}, 300),
    'unquoted dot': ({'To': 'J. Doe <a@example.org>'}, 300),
    'group': ({'To': 'list: a@example.org;'}, 300),
    'utf-8 local part': ({'To': 'jörg@example.org'}, 300),
    'line feed in an address': ({'To': 'a@example.org\nBcc: b@example.org'}, 300),
    'line feed in the subject': ({'Subject': 'a\nb'}, 300),
    'two authors': ({'From': 'a@example.org, b@example.org'}, 300),
    '51 recipients': ({'To': ', '.join(f'u{i}@example.org' for i in range(51))}, 300),
    'unknown member': ({'InlineStyle': True}, 403),
    'wrong type': ({'TrackOpens': 'yes'}, 403),
    'null': ({'Tag': json.loads('null'), 'Cc': 0}, 403),
    'reserved header': ({'Headers': [{'Name': 'Date', 'Value': 'x'}]}, 300),
    'header injection': ({'Headers': [{'Name': 'X-A', 'Value': 'x\r\nBcc: y'}]}, 300),
    'header name': ({'Headers': [{'Name': 'X A', 'Value': 'x'}]}, 300),
    'wrapped base64': ({'Attachments': [attachment(Content='YWJj\r\n')]}, 300),
    'unpadded base64': ({'Attachments': [attachment(Content='YWI')]}, 300),
    'bits left over': ({'Attachments': [attachment(Content='YWJ=')]}, 300),
    'url base64': ({'Attachments': [attachment(Content='-_-_')]}, 300),
    'no attachment type': ({'Attachments': [{'Name': 'a', 'Content': 'YWJj'}]}, 403),
    'attachment type': ({'Attachments': [attachment(ContentType='text')]}, 300),
    'content id': ({'Attachments': [attachment(ContentID='a@b')]}, 300),
    'extension': ({'Attachments': [attachment(Name='a.EXE')]}, 411),
    'long metadata key': ({'Metadata': {'k' * 21: 'v'}}, 300),
    'long metadata value': ({'Metadata': {'k': 'v' * 81}}, 300),
    'much metadata': ({'Metadata': {str(i): '' for i in range(11)}}, 300),
    'large text': ({'TextBody': 'x' * 5000001}, 300),
    'large attachments': ({'Attachments': [attachment(
        Content=base64.b64encode(bytes(8 * 1000 * 1000)).decode())]}, 300),
    'stream': ({'MessageStream': 'nowhere'}, 1235),
    'sender': ({'From': 'a@other.example'}, 400),
}


def changed(changes):
    return {name: value for name, value in {**GOOD, **changes}.items() if value is not None}


class CheckTest(unittest.TestCase):
    def code_of(self, message):
        try:
            check.check_message(message, check.Limits(), ('outbound',),
                                ('example.com', 'example.org'))
        except check.Refusal as refusal:
            return refusal.code
        return 0

    def test_good(self):
        for name, changes in GOOD_ROWS.items():
            with self.subTest(name):
                self.assertEqual(self.code_of(changed(changes)), 0)

    def test_bad(self):
        for name, (changes, code) in BAD_ROWS.items():
            with self.subTest(name):
                self.assertEqual(self.code_of(changed(changes)), code)

    def test_json(self):
        for body in (b'', b'{', b'{"a":1,"a":2}', b'"\xff"', b'"\\ud800"', b'[NaN]'):
            with self.subTest(body), self.assertRaises(check.Refusal):
                check.parse_json(body)


class ServerTest(unittest.TestCase):
    def serve(self, rules=(), **options):
        return self.enterContext(postmark.Postmark(rules, **options))

    def connect(self, server):
        connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=10)
        self.addCleanup(connection.close)
        return connection

    def post(self, connection, value, path='/email', headers=HEADERS):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        connection.request('POST', path, body, headers)
        response = connection.getresponse()
        return response.status, response.read(), response.headers

    def post_json(self, connection, value, path='/email', headers=HEADERS):
        status, body, _ = self.post(connection, value, path, headers)
        return status, json.loads(body)

    def test_accepts(self):
        server = self.serve()
        status, reply = self.post_json(self.connect(server), GOOD)
        self.assertEqual((status, reply['ErrorCode'], reply['To']),
                         (200, 0, 'a@example.org'))
        self.assertEqual(server.messages, [GOOD])
        self.assertEqual(server.problems, [])

    def test_batch(self):
        server = self.serve([{'action': 'refuse', 'match': {'to': 'b@*'}, 'code': 406}])
        status, reply = self.post_json(
            self.connect(server), [GOOD, {**GOOD, 'To': 'b@example.org'}, {'To': 1}],
            '/email/batch')
        self.assertEqual((status, [result['ErrorCode'] for result in reply]),
                         (200, [0, 406, 403]))
        self.assertEqual(server.messages, [GOOD])
        self.assertEqual(len(server.problems), 1)

    def test_refuses_requests(self):
        server = self.serve()
        connection = self.connect(server)
        rows = (
            ({'X-Postmark-Server-Token': 'wrong'}, '/email', GOOD, 401),
            ({'X-Postmark-Server-Token': ''}, '/email', GOOD, 401),
            ({'Accept': 'text/html'}, '/email', GOOD, 422),
            ({'Content-Type': 'text/plain'}, '/email', GOOD, 415),
            ({}, '/mail', GOOD, 404),
            ({}, '/email', b'{', 422),
            ({}, '/email/batch', GOOD, 422),
            ({}, '/email/batch', [], 422),
            ({}, '/email/batch', [GOOD] * 501, 422),
        )
        for headers, path, value, wanted in rows:
            with self.subTest(path=path, headers=headers):
                status, _ = self.post_json(connection, value, path, {**HEADERS, **headers})
                self.assertEqual(status, wanted)
        self.assertEqual(server.messages, [])
        self.assertEqual(len(server.problems), len(rows))
        self.assertEqual(server.connections, 1)

    def test_request_errors(self):
        server = self.serve([
            {'action': 'error', 'code': 300, 'times': 1, 'message': 'Bad.'},
            {'action': 'reply', 'status': 429, 'headers': {'Retry-After': '7'}, 'times': 1},
            {'action': 'html', 'times': 1}])
        connection = self.connect(server)
        self.assertEqual(self.post_json(connection, GOOD),
                         (422, {'ErrorCode': 300, 'Message': 'Bad.'}))
        status, body, headers = self.post(connection, GOOD)
        self.assertEqual((status, body, headers['Retry-After']), (429, b'', '7'))
        self.assertIn(b'<html>', self.post(connection, GOOD)[1])
        self.assertEqual(server.messages, [])
        self.assertEqual(self.post(connection, GOOD)[0], 200)
        self.assertEqual(len(server.messages), 1)
        self.assertEqual(server.problems, [])

    def test_skip_and_match(self):
        server = self.serve([{'action': 'error', 'code': 100, 'skip': 1, 'times': 1,
                              'match': {'path': '/email/batch', 'min_messages': 2}}])
        connection = self.connect(server)
        statuses = [self.post(connection, value, '/email/batch')[0]
                    for value in ([GOOD], [GOOD] * 2, [GOOD], [GOOD] * 2, [GOOD] * 2)]
        self.assertEqual(statuses, [200, 200, 200, 503, 200])

    def test_inactive(self):
        server = self.serve([{'action': 'inactive', 'addresses': ['A@example.org']}])
        connection = self.connect(server)
        status, reply = self.post_json(connection, GOOD)
        self.assertEqual((status, reply['ErrorCode']), (422, 406))
        status, reply = self.post_json(connection, {**GOOD, 'Cc': 'b@example.org'})
        self.assertEqual((status, reply['ErrorCode']), (200, 0))
        self.assertIn('inactive addresses: a@example.org.', reply['Message'])
        self.assertEqual(server.accepted[0]['inactive'], ['a@example.org'])

    def test_lies(self):
        for action, whole in (('truncated-json', False), ('empty', False), ('huge', True),
                              ('drip', True), ('late', True), ('delayed', True),
                              ('wrong-length', True)):
            with self.subTest(action):
                server = self.serve([{'action': action, 'interval': 0.0001,
                                      'seconds': 0.01}])
                _, body, _ = self.post(self.connect(server), [GOOD] * 2, '/email/batch')
                self.assertEqual(len(server.messages), 2)
                if whole:
                    json.loads(body)
                else:
                    self.assertRaises(ValueError, json.loads, body)

    def test_search(self):
        """Shown is what was accepted, by its metadata and stream, and not at once."""
        with postmark.Postmark() as server:
            connection = self.connect(server)
            for name, stream in (('a', 'outbound'), ('b', 'outbound'), ('a', 'news')):
                self.post(connection, {**GOOD, 'Metadata': {'id': name}, 'MessageStream': stream})
            for query, want in (('metadata_id=a', 1), ('metadata_id=c', 0), ('', 2),
                                ('metadata_id=a&messagestream=news', 1)):
                found = self.search(connection, f'count=1&offset=0&{query}'.rstrip('&'))
                self.assertEqual((found['TotalCount'], len(found['Messages'])),
                                 (want, min(want, 1)))
            server.shows_after = 60
            self.assertEqual(self.search(connection, 'count=1&offset=0')['TotalCount'], 0)
            server.shows_after = None
            self.assertEqual(self.search(connection, 'count=1&offset=0')['TotalCount'], 0)
            self.assertEqual(server.problems, [])
            for query in ('count=1', 'offset=0', 'count=501&offset=0', 'count=1&offset=0&x=1'):
                self.assertIn('ErrorCode', self.search(connection, query))
            self.assertEqual(len(server.searches), 10)

    def search(self, connection, query):
        connection.request('GET', '/messages/outbound?' + query, headers=HEADERS)
        return json.loads(connection.getresponse().read())

    def test_closes(self):
        rows = (('close-before-reply', 0), ('accept-then-close', 1), ('reset', 0),
                ('accept-then-reset', 1), ('cut-body', 1), ('close-before-reading', 0),
                ('reset-before-reading', 0), ('reset-connection', 0))
        for action, kept in rows:
            with self.subTest(action):
                server = self.serve([{'action': action}])
                with self.assertRaises((OSError, http.client.HTTPException)):
                    self.post(self.connect(server), GOOD)
                self.assertEqual(len(server.messages), kept)
                self.assertEqual(len(server.requests), action != 'reset-connection')

    def test_resets_are_resets(self):
        server = self.serve([{'action': 'reset'}])
        with self.assertRaises(ConnectionResetError):
            self.post(self.connect(server), GOOD)

    def test_stalls(self):
        rows = (('stall', 0), ('accept-then-stall', 1), ('stall-after-headers', 1),
                ('stall-before-reading', 0), ('stall-connection', 0))
        for action, kept in rows:
            with self.subTest(action):
                server = self.serve([{'action': action}])
                connection = http.client.HTTPConnection('127.0.0.1', server.port,
                                                        timeout=0.3)
                with self.assertRaises(socket.timeout):
                    self.post(connection, GOOD)
                connection.close()
                self.assertEqual(len(server.messages), kept)

    def test_kept_alive_connections_that_end(self):
        server = self.serve([{'action': 'close-after-reply', 'times': 1},
                             {'action': 'close-on-next', 'times': 1}])
        connection = self.connect(server)
        self.assertEqual(self.post(connection, GOOD)[0], 200)
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.post(connection, GOOD)
        connection.close()
        self.assertEqual(self.post(connection, GOOD)[0], 200)
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.post(connection, GOOD)
        self.assertEqual(len(server.messages), 2)

    def test_body_must_have_its_length(self):
        server = self.serve()
        connection = self.connect(server)
        connection.putrequest('POST', '/email')
        for name, value in {**HEADERS, 'Content-Length': '100'}.items():
            connection.putheader(name, value)
        connection.endheaders(b'{')
        connection.sock.shutdown(socket.SHUT_WR)
        server.wait(lambda: server.problems, 'the short body to be noticed')
        self.assertEqual(server.messages, [])

    def test_redirect(self):
        server = self.serve([{'action': 'redirect', 'location': 'http://127.0.0.2:1/'}])
        status, _, headers = self.post(self.connect(server), GOOD)
        self.assertEqual((status, headers['Location']), (307, 'http://127.0.0.2:1/'))

    def test_tls(self):
        with tempfile.TemporaryDirectory() as directory:
            certificate = postmark.Certificate(directory)
            server = self.serve(certificate=certificate)
            context = ssl.create_default_context(cafile=certificate.cert)
            connection = http.client.HTTPSConnection('127.0.0.1', server.port, timeout=10,
                                                     context=context)
            self.addCleanup(connection.close)
            self.assertEqual(self.post(connection, GOOD)[0], 200)

    def test_unknown_action(self):
        self.assertRaises(ValueError, postmark.Postmark, [{'action': 'sing'}])


class ProgramTest(unittest.TestCase):
    def test_program(self):
        with tempfile.TemporaryDirectory() as directory:
            port_file, log, rules = (os.path.join(directory, name)
                                     for name in ('port', 'log', 'rules'))
            with open(rules, 'w', encoding='ascii') as file:
                json.dump([{'action': 'error', 'times': 1}], file)
            program = subprocess.Popen(
                [sys.executable, postmark.__file__, '--port-file', port_file, '--log', log,
                 '--rules', rules])
            try:
                programs.wait(lambda: os.path.exists(port_file), 'the port')
                with open(port_file, encoding='ascii') as file:
                    connection = http.client.HTTPConnection('127.0.0.1', int(file.read()))
                statuses = []
                for _ in range(2):
                    connection.request('POST', '/email', json.dumps(GOOD), HEADERS)
                    response = connection.getresponse()
                    statuses.append(response.status)
                    response.read()
                connection.close()
            finally:
                program.send_signal(signal.SIGTERM)
                self.assertEqual(program.wait(10), 0)
            self.assertEqual(statuses, [422, 200])
            with open(log, encoding='ascii') as file:
                entries = [json.loads(line) for line in file]
            self.assertEqual([entry['kind'] for entry in entries],
                             ['request', 'request', 'message'])
            self.assertEqual(entries[2]['message'], GOOD)


if __name__ == '__main__':
    unittest.main()
