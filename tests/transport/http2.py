# SPDX-License-Identifier: MIT
"""A server that speaks just enough HTTP/2 (RFC 9113) to take requests and to refuse them.

Header blocks are not decoded: which stream ended, and how long its body was, is enough.
"""

import socket
import ssl
import struct
import threading

PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
ACK = END_STREAM = 1
END_HEADERS = 4
INITIAL_WINDOW_SIZE = 4
LARGEST_WINDOW = (1 << 31) - 1
STATUS_200 = b'\x88'  # RFC 7541, entry 8 of the static table
REFUSED_STREAM, HTTP_1_1_REQUIRED = 7, 13


def frame(kind, flags, stream, payload=b''):
    return struct.pack('>I', len(payload))[1:] + struct.pack('>BBI', kind, flags,
                                                             stream) + payload


class Http2Server:
    """Threads for connections. @answer(server, connection, stream) is called for each
    request that came whole, and says what to write; b'' closes the connection, None leaves
    the request without an answer."""

    def __init__(self, certificate, answer=None):
        self.answer = answer or (lambda server, connection, stream: self.accept(stream))
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate.cert, certificate.key)
        self.tls.set_alpn_protocols(['h2'])
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.url = f'https://127.0.0.1:{self.listener.getsockname()[1]}'
        self.lock = threading.Lock()
        self.connections = 0
        self.requests = []  # (connection, stream, length of the body), when whole

    def __enter__(self):
        threading.Thread(target=self.listen, daemon=True).start()
        return self

    def __exit__(self, *ignored):
        self.listener.close()

    @staticmethod
    def accept(stream):
        return (frame(HEADERS, END_HEADERS, stream, STATUS_200) +
                frame(DATA, END_STREAM, stream, b'{}'))

    @staticmethod
    def reset(stream, code):
        return frame(RST_STREAM, 0, stream, struct.pack('>I', code))

    @staticmethod
    def go_away(last_stream):
        return frame(GOAWAY, 0, 0, struct.pack('>II', last_stream, 0))

    def listen(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, plain):
        try:
            with self.tls.wrap_socket(plain, server_side=True) as connection:
                with self.lock:
                    self.connections += 1
                    number = self.connections
                self.talk(connection, connection.makefile('rb'), number)
        except OSError:
            pass

    def talk(self, connection, file, number):
        lengths = {}
        connection.sendall(
            frame(SETTINGS, 0, 0, struct.pack('>HI', INITIAL_WINDOW_SIZE, LARGEST_WINDOW)) +
            frame(WINDOW_UPDATE, 0, 0, struct.pack('>I', LARGEST_WINDOW - 65535)))
        if file.read(len(PREFACE)) != PREFACE:
            return
        while True:
            head = file.read(9)
            if len(head) < 9:
                return
            payload = file.read(int.from_bytes(head[:3], 'big'))
            kind, flags, stream = struct.unpack('>BBI', head[3:])
            if kind in (SETTINGS, PING) and not flags & ACK:
                connection.sendall(frame(kind, ACK, 0, payload if kind == PING else b''))
            if kind not in (HEADERS, DATA):
                continue
            lengths[stream] = lengths.get(stream, 0) + (len(payload) if kind == DATA else 0)
            if flags & END_STREAM:
                with self.lock:
                    self.requests.append((number, stream, lengths.pop(stream)))
                reply = self.answer(self, number, stream)
                if reply is None:
                    continue
                if not reply:
                    return
                connection.sendall(reply)
