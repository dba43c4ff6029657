# SPDX-License-Identifier: MIT
"""A server of SMTP on a loopback address, which keeps what it takes and misbehaves when
told to.

    with Smtpd({'RCPT:bad@example.org': '550 5.1.1 nobody'}) as server:
        ...server.url...
        server.mails     what was accepted, each a Mail
        server.problems  what no client may say

The script names a moment ('CONNECT', 'EHLO', 'STARTTLS', 'AUTH', 'MAIL', 'RCPT',
'RCPT:ADDRESS', 'DATA', 'BODY' for the middle of a message, 'END', 'QUIT') and what happens
then: a reply; '!reset', '!close' or '!stall'; 'REPLY !close'; several in a list, one for
each time, the last for all others; None: what is usual. The mail counts as accepted if the
reply to END is 2xx, or with '+!reset' and its like, though nobody is told.
"""

import base64
import hashlib
import hmac
import re
import socket
import ssl
import struct
import threading
import time

EXTENSIONS = ('PIPELINING', 'SIZE 10000000', '8BITMIME', 'SMTPUTF8', 'DSN',
              'ENHANCEDSTATUSCODES')


class Gone(Exception):
    pass


class Mail:
    def __init__(self, sender, parameters):
        self.sender = sender
        self.parameters = parameters
        self.recipients = []  # of (address, parameters)
        self.data = b''
        self.user = None
        self.connection = 0

    def addresses(self):
        return [address for address, _ in self.recipients]


class Smtpd:
    def __init__(self, script=None, *, extensions=EXTENSIONS, certificate=None,
                 implicit=False, starttls=True, client_ca=None, users=None,
                 mechanisms='PLAIN LOGIN CRAM-MD5 XOAUTH2', port=0):
        self.script = {key: list(value) if isinstance(value, list) else [value]
                       for key, value in (script or {}).items()}
        self.extensions = extensions
        self.implicit = implicit
        self.starttls = starttls and certificate is not None and not implicit
        self.users = users or {}
        self.mechanisms = mechanisms
        self.tls = None
        if certificate is not None:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(certificate.cert, certificate.key)
            if client_ca is not None:
                self.tls.verify_mode = ssl.CERT_REQUIRED
                self.tls.load_verify_locations(client_ca)
        self.listener = socket.create_server(('127.0.0.1', port))
        self.port = self.listener.getsockname()[1]
        self.url = f'{"smtps" if implicit else "smtp"}://127.0.0.1:{self.port}'
        self.mails = []
        self.problems = []
        self.commands = []  # (connection, line)
        self.connections = 0
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.sockets = []
        self.thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *ignored):
        self.stopping.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for connection in self.sockets:
                connection.close()
        self.thread.join(10)

    def wait(self, condition, what, timeout=20):
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f'no {what}; problems: {self.problems}')
            time.sleep(0.01)

    def said(self, verb):
        return [line for _, line in self.commands if line.upper().startswith(verb)]

    def next_action(self, *moments):
        with self.lock:
            for moment in moments:
                actions = self.script.get(moment)
                if actions:
                    return actions.pop(0) if len(actions) > 1 else actions[0]
        return None

    def _accept(self):
        while not self.stopping.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self.sockets.append(connection)
            threading.Thread(target=Conversation(self, connection, self.connections).run,
                             daemon=True).start()


class Conversation:
    def __init__(self, server, connection, number):
        self.server = server
        self.socket = connection
        self.number = number
        self.buffer = b''
        self.is_secure = False
        self.helo = None
        self.user = None
        self.mail = None

    # -- the wire

    def problem(self, text):
        self.server.problems.append(text)

    def read_line(self):
        while b'\n' not in self.buffer:
            got = self.socket.recv(65536)
            if not got:
                raise Gone
            self.buffer += got
        line, self.buffer = self.buffer.split(b'\n', 1)
        if not line.endswith(b'\r') or b'\r' in line[:-1]:
            self.problem(f'a line end is not CRLF: {line!r}')
        return line[:-1] if line.endswith(b'\r') else line

    def reply(self, *lines):
        code = lines[0][:3]
        text = ''.join(f'{code}-{line[4:]}\r\n' for line in lines[:-1])
        self.socket.sendall(f'{text}{code} {lines[-1][4:]}\r\n'.encode())

    def act(self, action):
        """What goes wrong, after a reply if it has one."""
        if action is None:
            return
        reply, _, what = action.partition('!')
        if reply.strip(' +'):
            self.socket.sendall(f'{reply.strip(" +")}\r\n'.encode())
        if not what:
            return
        if what == 'stall':
            self.server.stopping.wait(60)
        elif what == 'reset':
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack('ii', 1, 0))
        raise Gone

    def answer(self, usual, *moments):
        """The scripted reply, else the usual one; returns whether it is one of success."""
        action = self.server.next_action(*moments)
        if action is None:
            self.reply(*usual)
            return True
        self.act(action)
        return action[0] in '23'

    # -- the conversation

    def run(self):
        try:
            if self.server.implicit:
                self.secure()
            if self.answer(['220 test ready'], 'CONNECT'):
                while self.command(self.read_line()):
                    pass
        except (Gone, OSError):
            pass
        finally:
            self.socket.close()

    def secure(self):
        plain = self.socket
        self.socket = self.server.tls.wrap_socket(plain, server_side=True)
        with self.server.lock:
            self.server.sockets.append(self.socket)
        self.is_secure = True
        if self.buffer:
            self.problem('something was said before the handshake')
        self.buffer = b''
        self.helo = None

    def command(self, line):
        text = line.decode('utf-8', 'replace')
        verb = text.split(' ', 1)[0].upper()
        if verb != 'AUTH':
            self.server.commands.append((self.number, text))
        method = getattr(self, 'do_' + verb.lower(), None)
        if method is None:
            self.problem(f'unknown command: {text}')
            self.reply('500 5.5.2 unknown')
            return True
        return method(text) is not False

    def do_ehlo(self, text):
        self.helo = text.partition(' ')[2]
        lines = ['250 test'] + [f'250 {name}' for name in self.server.extensions]
        if self.server.starttls and not self.is_secure:
            lines.append('250 STARTTLS')
        if self.server.users:
            lines.append(f'250 AUTH {self.server.mechanisms}')
        self.answer(lines, 'EHLO')

    def do_helo(self, text):
        self.helo = text.partition(' ')[2]
        self.answer(['250 test'], 'HELO')

    def do_starttls(self, text):
        if not self.server.starttls:
            self.reply('502 5.5.1 no')
        elif self.answer(['220 go ahead'], 'STARTTLS'):
            self.secure()

    def do_rset(self, text):
        self.mail = None
        self.reply('250 2.0.0 ok')

    def do_quit(self, text):
        self.answer(['221 bye'], 'QUIT')
        return False

    # -- AUTH

    def ask(self, challenge):
        self.reply('334 ' + base64.b64encode(challenge).decode())
        return base64.b64decode(self.read_line())

    def do_auth(self, text):
        words = text.split(' ')
        mechanism = words[1].upper()
        self.server.commands.append((self.number, f'AUTH {mechanism}'))
        if mechanism not in self.server.mechanisms.split():
            self.reply('504 5.5.4 not offered')
            return
        first = base64.b64decode(words[2]) if len(words) > 2 else None
        good = getattr(self, 'auth_' + mechanism.lower().replace('-', '_'))(first)
        action = self.server.next_action('AUTH')
        if action is not None:
            self.act(action)
        elif good:
            self.user = good
            self.reply('235 2.7.0 welcome')
        else:
            self.reply('535 5.7.8 wrong user or password')

    def check(self, user, password):
        return user if self.server.users.get(user) == password else None

    def auth_plain(self, first):
        _, user, password = (first or self.ask(b'')).decode().split('\0')
        return self.check(user, password)

    def auth_login(self, first):
        user = (first or self.ask(b'Username:')).decode()
        return self.check(user, self.ask(b'Password:').decode())

    def auth_cram_md5(self, first):
        user, digest = self.ask(b'<1@test>').decode().rsplit(' ', 1)
        secret = self.server.users.get(user, '').encode()
        wanted = hmac.new(secret, b'<1@test>', hashlib.md5).hexdigest()
        return user if digest == wanted else None

    def auth_xoauth2(self, first):
        text = (first or self.ask(b'')).decode()
        found = re.fullmatch('user=(.*)\x01auth=Bearer (.*)\x01\x01', text)
        return found and self.check(found[1], found[2])

    def auth_external(self, first):
        return (first or self.ask(b'')).decode()

    # -- the mail

    def do_mail(self, text):
        found = re.fullmatch(r'MAIL FROM:<(.*?)>((?: [^ ]+)*)', text, re.IGNORECASE)
        if found is None or self.helo is None or self.mail is not None:
            self.problem(f'not now, or not like that: {text}')
            self.reply('503 5.5.1 no')
            return
        if self.answer(['250 2.1.0 ok'], f'MAIL:{found[1]}', 'MAIL'):
            self.mail = Mail(found[1], found[2].split())
            self.mail.user = self.user
            self.mail.is_secure = self.is_secure
            self.mail.helo = self.helo
            self.mail.connection = self.number

    def do_rcpt(self, text):
        found = re.fullmatch(r'RCPT TO:<(.+?)>((?: [^ ]+)*)', text, re.IGNORECASE)
        if found is None:
            self.problem(f'not like that: {text}')
        if self.mail is None or found is None:
            self.reply('503 5.5.1 no')  # a client that pipelines did not know yet
            return
        if self.answer(['250 2.1.5 ok'], f'RCPT:{found[1]}', 'RCPT'):
            self.mail.recipients.append((found[1], found[2].split()))

    def do_data(self, text):
        if self.mail is None or not self.mail.recipients:
            self.problem('DATA without a recipient')
            self.reply('554 5.5.1 no recipient')
            return
        if self.answer(['354 go ahead'], 'DATA'):
            self.read_message()

    def read_message(self):
        lines = []
        while (line := self.read_line()) != b'.':
            lines.append(line[1:] if line.startswith(b'.') else line)
            if len(lines) == 1:
                self.act(self.server.next_action('BODY'))
        mail, self.mail = self.mail, None
        mail.data = b''.join(line + b'\r\n' for line in lines)
        action = self.server.next_action('END')
        if action is None or action[0] in '2+':
            self.server.mails.append(mail)
        if action is None:
            self.reply(f'250 2.0.0 Ok: queued as M{len(self.server.mails)}')
        else:
            self.act(action)
