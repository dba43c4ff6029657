# SPDX-License-Identifier: MIT
"""An SMTP server on a loopback address that accepts everything and keeps what it got.

Only CRLF.CRLF ends a message here: it has to show what a client sent, not to guess.
"""

import dataclasses
import re
import socketserver
import threading
import time

KEYWORDS = ('PIPELINING', 'SIZE 100000000', '8BITMIME', 'SMTPUTF8', 'DSN',
            'ENHANCEDSTATUSCODES')
PATH = re.compile(rb'(?i)(?:MAIL FROM|RCPT TO):\s*(?:<((?:"(?:\\.|[^"\\])*"|[^>"])*)>|(\S*))')


@dataclasses.dataclass
class Transaction:
    sender: str = ''
    recipients: list = dataclasses.field(default_factory=list)
    data: bytes = b''


def path_of(line):
    """The address of a MAIL or RCPT command; what is no path is kept as it came."""
    match = PATH.match(line)
    found = line if match is None else match[1] if match[1] is not None else match[2]
    return found.decode('utf-8', 'surrogateescape')


class Session(socketserver.StreamRequestHandler):
    timeout = 60

    def reply(self, text):
        self.wfile.write(text.encode() + b'\r\n')

    def handle(self):
        self.transaction = Transaction()
        self.reply('220 sink.example.com ESMTP')
        try:
            while line := self.rfile.readline(1 << 20):
                if not self.answer(line.rstrip(b'\r\n')):
                    return
        except OSError:
            pass

    def answer(self, line):
        """False when the session is over."""
        verb = line[:4].upper()
        if verb == b'EHLO':
            self.reply('\r\n'.join(f'250-{word}' for word in ('sink', *KEYWORDS[:-1])) +
                       f'\r\n250 {KEYWORDS[-1]}')
        elif verb == b'MAIL':
            self.transaction = Transaction(path_of(line))
            self.reply('250 2.1.0 Ok')
        elif verb == b'RCPT':
            self.transaction.recipients.append(path_of(line))
            self.reply('250 2.1.5 Ok')
        elif verb == b'DATA':
            self.reply('354 Go on')
            self.transaction.data = self.data()
            self.server.keep(self.transaction)
            self.reply('250 2.0.0 Ok')
        elif verb == b'QUIT':
            self.reply('221 2.0.0 Bye')
            return False
        elif verb in (b'HELO', b'RSET', b'NOOP'):
            self.reply('250 2.0.0 Ok')
        else:
            self.reply('502 5.5.1 No')
        return True

    def data(self):
        lines = []
        ended = True  # whether the line before ended with CRLF
        while line := self.rfile.readline():
            if ended and line == b'.\r\n':
                return b''.join(lines)
            lines.append(line[1:] if ended and line[:1] == b'.' else line)
            ended = line.endswith(b'\r\n')
        raise ConnectionError('the client went away within a message')


class Sink(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port, host='127.0.0.1'):
        super().__init__((host, port), Session)
        self.lock = threading.Lock()
        self.kept = []
        self.open = 0
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *ignored):
        self.shutdown()
        self.server_close()

    def process_request_thread(self, request, client_address):
        with self.lock:
            self.open += 1
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self.lock:
                self.open -= 1

    def keep(self, transaction):
        with self.lock:
            self.kept.append(transaction)

    def take(self):
        """What was kept; leaves nothing."""
        with self.lock:
            kept, self.kept = self.kept, []
            return kept

    def settle(self, quiet, patience=20):
        """Waits until nobody is connected and nothing came for @quiet seconds."""
        end = time.monotonic() + patience
        since, count = time.monotonic(), len(self.kept)
        while time.monotonic() < end:
            if self.open or len(self.kept) != count:
                since, count = time.monotonic(), len(self.kept)
            if time.monotonic() - since >= quiet:
                return
            time.sleep(0.01)
