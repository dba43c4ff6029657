# SPDX-License-Identifier: MIT
"""A stand-in for a server of OAuth 2 tokens (RFC 6749) on a loopback address."""

import http.server
import json
import threading
import time
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *ignored):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length'])).decode('ascii')
        status, value = self.server.owner.answer(self.path, self.headers, body)
        text = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)


class TokenServer:
    """Use it in a with statement. @issued(token) is told of each one that is given out."""

    def __init__(self, issued=lambda token: None, path='/token', client='me',
                 secret='clientsecret+/=', refresh=None, scope=None, seconds=3600):
        self.issued, self.path, self.seconds = issued, path, seconds
        self.form = {'client_id': client, 'client_secret': secret}
        if refresh is not None:
            self.form.update(grant_type='refresh_token', refresh_token=refresh)
        else:
            self.form.update(grant_type='client_credentials')
        if scope is not None:
            self.form['scope'] = scope
        self.token = secret + ('' if refresh is None else ':' + refresh)
        self.problems, self.tokens, self.ends = [], [], 0
        self.failure = None  # (status, body) in place of a token
        self.stall = threading.Event()
        self.stall.set()

    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.owner = self
        self.server.daemon_threads = True
        self.url = f'http://127.0.0.1:{self.server.server_port}{self.path}'
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()
        return self

    def __exit__(self, *ignored):
        self.stall.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def answer(self, path, headers, body):
        self.stall.wait(60)
        form = dict(urllib.parse.parse_qsl(body, strict_parsing=True))
        if (path != self.path or form != self.form or
                headers['Content-Type'] != 'application/x-www-form-urlencoded'):
            self.problems.append(f'{path} {form}')
            return 401, {'error': 'invalid_client', 'error_description': str(form)}
        if self.failure is not None:
            return self.failure
        self.tokens.append(f'access.{len(self.tokens)}-secret')
        self.ends = time.time() + self.seconds
        self.issued(self.tokens[-1])
        return 200, {'access_token': self.tokens[-1], 'token_type': 'Bearer',
                     'expires_in': self.seconds}

    def accepts(self, token):
        """Whether it is the newest, and has not ended."""
        return bool(self.tokens) and token == self.tokens[-1] and time.time() < self.ends
