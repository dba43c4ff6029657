#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A stand-in for Postmark on a loopback address.

It takes mail as strictly as the provider documents it (postmark_check.py), keeps what it
accepted, and misbehaves when a rule says so. As a library:

    with Postmark(rules=[{'action': 'error', 'code': 300, 'times': 1}]) as server:
        ...server.url, server.token...
        server.wait(lambda: server.messages, 'a message')
        assert server.problems == []

As a program: postmark.py --port-file F --log F --rules F. The log has one JSON object in
each line, of kind "request" or "message"; the rules are read again when the file changes.

A rule is an object. It applies once all of "match" holds, after "skip" occasions, for
"times" occasions (default: always); the first rule that applies is the one. ACTIONS below
lists the actions, what they are asked about, and whether the mail counts as accepted
("accept": true or false in the rule overrides that). GET /messages/outbound finds what
was accepted, "shows_after" seconds later (None: never). "match" may name: path, method,
from, to (one of the recipients), subject, tag, stream (globs), and min_messages.
"""

import argparse
import fnmatch
import http.server
import json
import os
import select
import signal
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
import threading
import time
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import postmark_check as check  # noqa: E402

TOKEN = 'c0ffee00-1234-4abc-8def-0123456789ab'
TEST_TOKEN = 'POSTMARK_API_TEST'
POLLRDHUP = 0x2000  # Linux: the peer closed its end; Python 3.11 has no name for it
INACTIVE = ('Inactive recipients are ones that have generated a hard bounce, a spam '
            'complaint, or a manual suppression.')
CODE_STATUS = {10: 401, 100: 503}


class Facts:
    """What a rule can look at: a request, or one message of it."""

    def __init__(self, method='', path='', messages=()):
        self.method = method
        self.path = path
        self.messages = [message for message in messages if isinstance(message, dict)]

    def values(self, name):
        if name in ('method', 'path'):
            return [getattr(self, name)]
        member = {'from': ('From',), 'to': check.RECIPIENT_MEMBERS, 'subject': ('Subject',),
                  'tag': ('Tag',), 'stream': ('MessageStream',)}[name]
        texts = [message.get(key) for message in self.messages for key in member]
        texts = [text for text in texts if isinstance(text, str)]
        if name not in ('from', 'to'):
            return texts
        return [address for text in texts for address in addresses_of(text)]

    def match(self, conditions):
        for name, wanted in conditions.items():
            if name == 'min_messages':
                if len(self.messages) < wanted:
                    return False
            elif not any(fnmatch.fnmatch(value.lower(), wanted.lower())
                         for value in self.values(name)):
                return False
        return True


def addresses_of(text):
    try:
        return [address for _, address in check.parse_mailboxes('To', text)]
    except check.Refusal:
        return []


class Script:
    """The rules and how often each has been used."""

    def __init__(self, rules=()):
        self.lock = threading.Lock()
        self.set(rules)

    def set(self, rules):
        for rule in rules:
            if rule['action'] not in ACTIONS:
                raise ValueError(f'no such action: {rule["action"]}')
        with self.lock:
            self.rules = [dict(rule) for rule in rules]
            self.seen = [0] * len(self.rules)

    def take(self, stage, facts):
        """The first rule of @stage that applies, or a rule that does nothing unusual."""
        with self.lock:
            for i, rule in enumerate(self.rules):
                if ACTIONS[rule['action']].stage != stage:
                    continue
                if not facts.match(rule.get('match', {})):
                    continue
                self.seen[i] += 1
                skip = rule.get('skip', 0)
                if skip < self.seen[i] <= skip + rule.get('times', sys.maxsize - skip):
                    return rule
        return {'action': 'accept'}


class Reply:
    def __init__(self, status, value, headers=None):
        self.status = status
        self.body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.headers = {'Content-Type': 'application/json', **(headers or {})}

    def head(self, keep_alive=True, length=None):
        reason = http.HTTPStatus(self.status).phrase
        lines = [f'HTTP/1.1 {self.status} {reason}']
        lines += [f'{name}: {value}' for name, value in self.headers.items()]
        lines.append(f'Content-Length: {len(self.body) if length is None else length}')
        if not keep_alive:
            lines.append('Connection: close')
        return ('\r\n'.join(lines) + '\r\n\r\n').encode()


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection. Its requests are judged by the server and answered by an action."""

    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    rbufsize = 1 << 16

    def setup(self):
        self.number = self.server.count_connection()
        self.doomed = None
        self.was_reset = False
        rule = self.server.script.take('connection', Facts())
        if rule['action'] != 'accept':
            ACTIONS[rule['action']].run(self, rule)
        if self.server.tls is not None and not self.was_reset:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self):
        if not self.was_reset:
            super().handle()

    def finish(self):
        if not self.was_reset:
            super().finish()
        if self.server.tls is not None:  # the server closes only the socket below
            self.server.shutdown_request(self.request)

    def do_POST(self):
        if self.doomed is not None:
            return self.meet_doom()
        rule = self.server.script.take('head', Facts(self.command, self.path))
        if rule['action'] != 'accept':
            self.record(b'', rule['action'], None, complete=False)
            return ACTIONS[rule['action']].run(self, rule)
        body = self.read_body()
        if body is None:
            self.record(b'', 'incomplete', 'the body ended early or had no length',
                        complete=False)
            self.close_connection = True
            return None
        return self.answer(body)

    do_GET = do_POST
    do_PUT = do_POST

    def meet_doom(self):
        """This connection was to die once its next request has come: it does."""
        body = self.read_body() if self.doomed.get('read', True) else b''
        self.record(body or b'', self.doomed['action'], None, complete=False)
        self.reset() if self.doomed.get('reset') else self.drop()

    def read_body(self):
        if self.headers.get('Transfer-Encoding'):
            return None
        if self.command == 'GET':
            return b''
        try:
            length = int(self.headers['Content-Length'])
        except (TypeError, ValueError):
            return None
        if self.headers.get('Expect', '').lower() == '100-continue':
            self.wfile.write(b'HTTP/1.1 100 Continue\r\n\r\n')
        body = self.rfile.read(length)
        return body if len(body) == length else None

    def answer(self, body):
        verdict = self.server.judge(self.command, self.path, self.headers, body)
        facts = Facts(self.command, self.path, verdict.messages)
        rule = self.server.script.take('request', facts)
        action = ACTIONS[rule['action']]
        if rule.get('accept', action.accepts):
            reply = verdict.reply()
        else:
            reply = verdict.reply_of_refusal(rule)
        record = self.record(body, rule['action'], verdict.problem)
        if rule.get('accept', action.accepts):
            self.server.keep(record, verdict)
        try:
            action.run(self, rule, reply)
        except OSError:
            self.close_connection = True
        record['ended'] = time.time()

    def record(self, body, action, problem, complete=True):
        return self.server.record({
            'kind': 'request', 'connection': self.number, 'time': time.time(),
            'method': self.command, 'path': self.path, 'headers': self.headers.items(),
            'length': len(body), 'complete': complete, 'action': action,
            'problem': problem})

    # What happens to a connection.

    def send(self, reply, keep_alive=True):
        self.wfile.write(reply.head(keep_alive) + reply.body)

    def linger(self, rule):
        """Waits until the peer has gone, the server ends, or the rule's time is over."""
        end = time.monotonic() + rule.get('seconds', 3600)
        poll = select.poll()
        poll.register(self.connection_fd(), POLLRDHUP)
        while time.monotonic() < end and not self.server.stopping.is_set():
            if poll.poll(50):
                break

    def connection_fd(self):
        return self.request.fileno()

    def drop(self):
        self.close_connection = True

    def reset(self):
        """Ends the connection so that the peer sees ECONNRESET."""
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack('ii', 1, 0))
        os.close(self.request.detach())
        self.was_reset = True
        self.close_connection = True

    def send_error(self, code, message=None, explain=None):
        self.server.note_problem(f'not a request: {code} {message}')
        self.close_connection = True

    def log_message(self, format, *args):
        pass


# The actions. Each is told what to do by its rule; at stage "request" it gets the reply
# that would have been sent.

def send_reply(handler, rule, reply):
    handler.send(reply)


def send_other(handler, rule, reply):
    """The documented or undocumented reply that the rule holds."""
    body = rule.get('body', '')
    body = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    handler.send(Reply(rule.get('status', 200), body, rule.get('headers')))


def send_html(handler, rule, reply):
    page = b'<html><body>Please log in to this network.</body></html>'
    handler.send(Reply(rule.get('status', 200), page, {'Content-Type': 'text/html'}))


def send_truncated_json(handler, rule, reply):
    reply.body = reply.body[:len(reply.body) // 2]
    handler.send(reply)


def send_cut_body(handler, rule, reply):
    """Promises the whole reply and closes in its middle."""
    handler.wfile.write(reply.head() + reply.body[:len(reply.body) // 2])
    handler.drop()


def send_empty(handler, rule, reply):
    handler.send(Reply(rule.get('status', 200), b''))


def send_wrong_length(handler, rule, reply):
    results = json.loads(reply.body)
    results = results if isinstance(results, list) else [results, results]
    results = results[:-1] if rule.get('shorter', True) else results + results[-1:]
    handler.send(Reply(200, results))


def send_huge(handler, rule, reply):
    reply.body += b' ' * rule.get('size', 8 * check.MEGABYTE)
    handler.send(reply)


def send_redirect(handler, rule, reply):
    handler.send(Reply(rule.get('status', 307), b'', {'Location': rule['location']}))


def send_dripping(handler, rule, reply):
    """A byte at a time, each after "interval" seconds."""
    for byte in reply.head() + reply.body:
        handler.wfile.write(bytes([byte]))
        if handler.server.stopping.wait(rule.get('interval', 0.01)):
            break


def send_late(handler, rule, reply):
    handler.server.stopping.wait(rule.get('seconds', 1))
    handler.send(reply)


def close_silently(handler, rule, reply=None):
    handler.drop()


def reset_connection(handler, rule, reply=None):
    handler.reset()


def stall(handler, rule, reply=None):
    handler.linger(rule)
    handler.drop()


def stall_after_headers(handler, rule, reply):
    handler.wfile.write(reply.head())
    handler.linger(rule)
    handler.drop()


def stall_connection(handler, rule):
    handler.linger(rule)
    handler.reset()


def reset_new_connection(handler, rule):
    handler.reset()


def close_after_reply(handler, rule, reply):
    handler.send(reply, keep_alive=not rule.get('announce', False))
    handler.drop()


def doom(handler, rule, reply):
    handler.send(reply)
    handler.doomed = rule


class Action:
    def __init__(self, stage, accepts, run):
        self.stage = stage
        self.accepts = accepts
        self.run = run


ACTIONS = {
    # stage "message": about one message
    'refuse': Action('message', False, None),             # code, message
    'inactive': Action('message', True, None),            # addresses
    'delayed': Action('message', True, None),             # accepted, no ErrorCode
    # stage "request": about a request that was read whole
    'accept': Action('request', True, send_reply),
    'error': Action('request', False, send_reply),        # code, message, status, errors
    'reply': Action('request', False, send_other),        # status, headers, body
    'html': Action('request', False, send_html),
    'truncated-json': Action('request', True, send_truncated_json),
    'cut-body': Action('request', True, send_cut_body),
    'empty': Action('request', True, send_empty),
    'wrong-length': Action('request', True, send_wrong_length),       # shorter
    'huge': Action('request', True, send_huge),                       # size
    'redirect': Action('request', False, send_redirect),              # location, status
    'drip': Action('request', True, send_dripping),                   # interval
    'late': Action('request', True, send_late),                       # seconds
    'close-before-reply': Action('request', False, close_silently),
    'accept-then-close': Action('request', True, close_silently),
    'reset': Action('request', False, reset_connection),
    'accept-then-reset': Action('request', True, reset_connection),
    'stall': Action('request', False, stall),                         # seconds
    'accept-then-stall': Action('request', True, stall),              # seconds
    'stall-after-headers': Action('request', True, stall_after_headers),
    'close-after-reply': Action('request', True, close_after_reply),  # announce
    'close-on-next': Action('request', True, doom),                   # reset, read
    # stage "head": the header of a request has come, its body is not read
    'stall-before-reading': Action('head', False, stall),             # seconds
    'close-before-reading': Action('head', False, close_silently),
    'reset-before-reading': Action('head', False, reset_connection),
    # stage "connection": it was accepted, nothing is read, no TLS spoken
    'stall-connection': Action('connection', False, stall_connection),  # seconds
    'reset-connection': Action('connection', False, reset_new_connection),
}


class Verdict:
    """What Postmark makes of one request."""

    def __init__(self):
        self.status = 200
        self.results = []
        self.messages = []
        self.kept = []         # (MessageID, message, inactive addresses)
        self.is_batch = False
        self.is_test = False
        self.problem = None    # a mistake of the client, not a rule's invention

    def refuse(self, refusal):
        self.problem = str(refusal)
        self.status = refusal.status
        self.results = [refusal.as_result()]
        self.is_batch = False

    def reply(self):
        return Reply(self.status, self.results if self.is_batch else self.results[0])

    def reply_of_refusal(self, rule):
        if self.problem is not None:
            return self.reply()
        code = rule.get('code', 300)
        value = {'ErrorCode': code, 'Message': rule.get('message', f'Error {code}.')}
        if 'errors' in rule:
            value['Errors'] = rule['errors']
        return Reply(rule.get('status', CODE_STATUS.get(code, 422)), value,
                     rule.get('headers'))


class Postmark(socketserver.ThreadingTCPServer):
    """The server. See the top of this file."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, rules=(), token=TOKEN, streams=None, senders=None, limits=None,
                 log=None, certificate=None, host='127.0.0.1', port=0, shows_after=0):
        self.script = Script(rules)
        self.shows_after = shows_after
        self.token = token
        self.streams = streams
        self.senders = senders
        self.limits = limits or check.Limits()
        self.log = open(log, 'a', encoding='utf-8') if log else None
        self.tls = None
        if certificate is not None:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(certificate.cert, certificate.key)
        self.changed = threading.Condition()
        self.stopping = threading.Event()
        self.connections = 0  # that came
        self.ended = 0        # of those, how many are closed
        self.requests = []
        self.accepted = []
        self.other_problems = []
        if ':' in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), Handler)
        self.port = self.server_address[1]
        name = f'[{host}]' if ':' in host else host
        self.url = f'http{"s" if self.tls else ""}://{name}:{self.port}'

    # Running.

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *ignored):
        self.stopping.set()
        self.shutdown()
        self.thread.join()
        self.server_close()
        if self.log:
            self.log.close()

    def process_request_thread(self, request, client_address):
        super().process_request_thread(request, client_address)
        with self.changed:
            self.ended += 1
            self.changed.notify_all()

    def shutdown_request(self, request):
        try:
            super().shutdown_request(request)
        except OSError:
            pass

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.note_problem(f'stand-in: {error!r}')

    # What happened.

    @property
    def messages(self):
        """Messages accepted so far, as Postmark's own objects."""
        with self.changed:
            return [entry['message'] for entry in self.accepted]

    @property
    def searches(self):
        """The paths of the searches so far."""
        with self.changed:
            return [request['path'] for request in self.requests
                    if request['path'].startswith('/messages/outbound')]

    @property
    def problems(self):
        """Mistakes of the client, in words; no rule can make one."""
        with self.changed:
            return self.other_problems + [f'{request["path"]}: {request["problem"]}'
                                          for request in self.requests
                                          if request['problem']]

    def wait(self, condition, what, seconds=20):
        """Waits until @condition() holds; AssertionError after @seconds."""
        end = time.monotonic() + seconds
        while not condition():
            with self.changed:
                self.changed.wait(0.05)
            if time.monotonic() > end:
                raise AssertionError(f'waited {seconds} s for {what}; requests: '
                                     f'{[r["action"] for r in self.requests]}, '
                                     f'problems: {self.problems}')

    def count_connection(self):
        with self.changed:
            self.connections += 1
            return self.connections

    def record(self, request):
        with self.changed:
            request['number'] = len(self.requests) + 1
            self.requests.append(request)
            self.write_log(request)
            self.changed.notify_all()
        return request

    def note_problem(self, text):
        with self.changed:
            self.other_problems.append(text)
            self.write_log({'kind': 'problem', 'text': text})

    def keep(self, request, verdict):
        with self.changed:
            for message_id, message, inactive in verdict.kept:
                entry = {'kind': 'message', 'request': request['number'],
                         'connection': request['connection'], 'MessageID': message_id,
                         'inactive': inactive, 'test': verdict.is_test,
                         'time': time.time(), 'message': message}
                self.accepted.append(entry)
                self.write_log(entry)
            self.changed.notify_all()

    def write_log(self, entry):
        if self.log:
            self.log.write(json.dumps(entry) + '\n')
            self.log.flush()

    # Judging.

    def judge(self, method, path, headers, body):
        verdict = Verdict()
        try:
            token = check.check_headers(headers, (self.token, TEST_TOKEN), method != 'GET')
            verdict.is_test = token.upper() == TEST_TOKEN
            self.route(verdict, method, path, body)
        except check.Refusal as refusal:
            verdict.refuse(refusal)
        return verdict

    def route(self, verdict, method, path, body):
        if (method, path) == ('GET', '/server'):
            verdict.results = [{'ID': 1, 'Name': 'Stand-in', 'DeliveryType': 'Live'}]
        elif method == 'GET' and path.startswith('/messages/outbound?'):
            verdict.results = [self.search(check.parse_search(path))]
        elif (method, path) == ('POST', '/email'):
            verdict.messages = [check.parse_json(body)]
            verdict.results = [self.judge_message(verdict, verdict.messages[0])]
            verdict.status = 422 if verdict.results[0].get('ErrorCode', 0) else 200
        elif (method, path) == ('POST', '/email/batch'):
            self.judge_batch(verdict, body)
        else:
            raise check.Refusal(0, f'Nothing here: {method} {path}', 404)

    def search(self, wish):
        """What was accepted and may be shown by now, the latest first."""
        with self.changed:
            shown = [entry for entry in reversed(self.accepted)
                     if self.shows_after is not None and not entry['test'] and
                     entry['time'] + self.shows_after <= time.time() and
                     wish.finds(entry['message'])]
        page = shown[wish.offset:wish.offset + wish.count]
        return {'TotalCount': len(shown), 'Messages': [describe(entry) for entry in page]}

    def judge_batch(self, verdict, body):
        if len(body) > self.limits.request:
            raise check.Refusal(0, 'Payload too large.', 413)
        messages = check.parse_json(body)
        if not isinstance(messages, list) or not messages:
            raise check.Refusal(402, 'Invalid JSON: a batch is an array of messages.')
        if len(messages) > self.limits.batch:
            raise check.Refusal(410, f'At most {self.limits.batch} messages in a batch.')
        verdict.messages = messages
        verdict.is_batch = True
        verdict.results = [self.judge_message(verdict, message) for message in messages]

    def judge_message(self, verdict, message):
        try:
            check.check_message(message, self.limits, self.streams, self.senders)
        except check.Refusal as refusal:
            if refusal.code not in (400, 1235):  # those are the account's fault
                verdict.problem = str(refusal)
            return refusal.as_result()
        rule = self.script.take('message', Facts(messages=[message]))
        if rule['action'] == 'refuse':
            return {'ErrorCode': rule['code'],
                    'Message': rule.get('message', f'Error {rule["code"]}.')}
        return self.accept_message(verdict, message, rule)

    def accept_message(self, verdict, message, rule):
        inactive = sorted({address.lower() for address in rule.get('addresses', ())} &
                          set(check.recipients(message)))
        if inactive and set(inactive) == set(check.recipients(message)):
            return {'ErrorCode': 406,
                    'Message': 'You tried to send to recipient(s) that have been marked as '
                               f'inactive. Found inactive addresses: {", ".join(inactive)}. '
                               + INACTIVE}
        message_id = str(uuid.uuid4())
        verdict.kept.append((message_id, message, inactive))
        result = {'To': message.get('To', ''), 'SubmittedAt': '2026-01-02T03:04:05.678Z',
                  'MessageID': message_id, 'ErrorCode': 0, 'Message': 'OK'}
        if verdict.is_test:
            result['Message'] = 'Test job accepted'
        if rule['action'] == 'delayed':
            del result['ErrorCode']
            result['Message'] = 'Message accepted; delivery may be delayed.'
        if inactive:
            result['Message'] = ('Message OK, but will not deliver to these inactive '
                                 f'addresses: {", ".join(inactive)}. ' + INACTIVE)
        return result


def describe(entry):
    """A message as the search shows it."""
    message = entry['message']
    return {'MessageID': entry['MessageID'], 'Recipients': check.recipients(message),
            'MessageStream': message.get('MessageStream', check.DEFAULT_STREAM),
            'Subject': message.get('Subject', ''), 'Tag': message.get('Tag', ''),
            'Status': 'Sent', 'Metadata': message.get('Metadata') or {}}


class Certificate:
    """A key and a certificate signed by itself, for 127.0.0.1 and localhost."""

    def __init__(self, directory, names='DNS:localhost,IP:127.0.0.1,IP:::1'):
        self.cert = os.path.join(directory, 'cert.pem')
        self.key = os.path.join(directory, 'key.pem')
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
             'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
             '/CN=localhost', '-addext', f'subjectAltName={names}', '-keyout', self.key,
             '-out', self.cert], check=True, capture_output=True)


def read_rules(path):
    with open(path, encoding='utf-8') as rules:
        return json.load(rules)


def watch_rules(server, path):
    """Takes the rules again whenever the file was replaced or changed."""
    seen = None
    while not server.stopping.wait(0.05):
        try:
            status = os.stat(path)
            now = (status.st_mtime_ns, status.st_ino, status.st_size)
            if now != seen:
                server.script.set(read_rules(path))
                seen = now
        except (OSError, ValueError) as error:
            server.note_problem(f'rules: {error}')
            return


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--port', type=int, default=0)
    parser.add_argument('--port-file', help='is given the port once it is open')
    parser.add_argument('--log')
    parser.add_argument('--rules')
    parser.add_argument('--token', default=TOKEN)
    parser.add_argument('--shows-after', type=float, default=0, metavar='SECONDS')
    parser.add_argument('--tls', metavar='DIRECTORY', help='where to make a certificate')
    options = parser.parse_args()
    server = Postmark(read_rules(options.rules) if options.rules else (),
                      token=options.token, log=options.log, port=options.port,
                      shows_after=options.shows_after,
                      certificate=Certificate(options.tls) if options.tls else None)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *ignored: stop.set())
    with server:
        if options.rules:
            threading.Thread(target=watch_rules, args=(server, options.rules),
                             daemon=True).start()
        if options.port_file:
            temporary = options.port_file + '.new'
            with open(temporary, 'w', encoding='ascii') as port_file:
                port_file.write(f'{server.port}\n')
            os.rename(temporary, options.port_file)
        stop.wait()


if __name__ == '__main__':
    main()
