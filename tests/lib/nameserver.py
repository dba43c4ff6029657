# SPDX-License-Identifier: MIT
"""Name servers of a test, on ports of their own on 127.0.0.1: knot, and one that says
whatever bytes it is told to say."""

import errno
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading

from programs import stop, wait

TXT, CNAME, IN = 16, 5, 1
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
AA, TC, RD, RA = 0x0400, 0x0200, 0x0100, 0x0080
KNOTD = shutil.which('knotd', path=os.environ.get('PATH', '') + ':/usr/sbin:/usr/local/sbin')


def encode(name):
    """A name as it is in a packet: RFC 1035 3.1."""
    labels = name.rstrip('.').split('.')
    return b''.join(bytes([len(label)]) + label.encode() for label in labels) + b'\0'


def query(name, kind=TXT):
    return struct.pack('!6H', 1, RD, 1, 0, 0, 0) + encode(name) + struct.pack('!2H', kind, IN)


def asked(packet):
    """The name that a query asks for."""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    return '.'.join(labels)


def txt(name, *strings):
    """A record of a reply: owner, type and data."""
    return name, TXT, b''.join(bytes([len(s)]) + s.encode() for s in strings)


def cname(name, target):
    return name, CNAME, encode(target)


def reply(packet, *records, code=NOERROR, flags=RA, referral=()):
    """A reply to the query @packet."""
    end = 12 + len(encode(asked(packet))) + 4
    head = struct.pack('!2s5H', packet[:2], 0x8000 | flags | RD | code, 1, len(records),
                       len(referral), 0)
    body = b''.join(encode(owner) + struct.pack('!2HIH', kind, IN, 60, len(data)) + data
                    for owner, kind, data in (*records, *referral))
    return head + packet[12:end] + body


def sockets(host):
    """A UDP and a TCP socket on one port that nobody else has."""
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    while True:
        udp, tcp = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family)
        try:
            udp.bind((host, 0))
            tcp.bind((host, udp.getsockname()[1]))
            return udp, tcp
        except OSError as error:
            udp.close()
            tcp.close()
            if error.errno != errno.EADDRINUSE:
                raise


class Teller:
    """A name server: @say is called with each query and gives the reply, or None for
    silence. Over TCP it takes connections and is silent. Use it in a with statement."""

    def __init__(self, say, host='127.0.0.1'):
        self.say = say
        self.names = []  # that were asked for
        self.udp, self.tcp = sockets(host)
        self.tcp.listen()
        port = self.udp.getsockname()[1]
        self.address = f'[{host}]:{port}' if ':' in host else f'{host}:{port}'
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while True:
            packet, client = self.udp.recvfrom(4096)
            if packet == b'end':
                return
            self.names.append(asked(packet))
            said = self.say(packet)
            if said is not None:
                self.udp.sendto(said, client)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *ignored):
        self.udp.connect(self.udp.getsockname())  # to itself: nobody else ends it
        self.udp.send(b'end')
        self.thread.join()
        self.udp.close()
        self.tcp.close()


class Knot:
    """knotd with zones: their names and the lines of their records."""

    def __init__(self, **zones):
        self.zones = {name.replace('_', '.'): lines for name, lines in zones.items()}
        self.process = None

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix='brevdue-knot.')
        try:
            self.start()
            while not self.is_up():
                self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *ignored):
        if self.process is not None:
            stop(self.process)
        shutil.rmtree(self.path)

    def is_up(self):
        """Waits until it answers; false when somebody else was faster with its port."""
        wait(lambda: self.process.poll() is not None or self.answers(), 'knotd')
        if self.process.poll() is None:
            return True
        if 'cannot bind' in self.log():
            return False
        raise AssertionError(f'knotd ended: {self.log()}')

    def write(self, name, text):
        with open(os.path.join(self.path, name), 'w', encoding='ascii') as file:
            file.write(text)

    def start(self):
        udp, tcp = sockets('127.0.0.1')
        self.port = udp.getsockname()[1]
        self.address = f'127.0.0.1:{self.port}'
        udp.close()
        tcp.close()
        self.write('knot.conf', f'''\
server:
    rundir: "{self.path}"
    listen: 127.0.0.1@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "{self.path}"
template:
  - id: default
    storage: "{self.path}"
    file: "%s.zone"
    journal-content: none
    zonefile-sync: -1
zone:
''' + ''.join(f'  - domain: {zone}\n' for zone in self.zones))
        for zone, lines in self.zones.items():
            self.write(f'{zone}.zone', '\n'.join(
                (f'$ORIGIN {zone}.', '$TTL 60', '@ SOA ns hostmaster 1 60 60 60 60',
                 '@ NS ns', 'ns A 127.0.0.1', *lines, '')))
        with open(os.path.join(self.path, 'log'), 'wb') as log:
            self.process = subprocess.Popen(
                [KNOTD, '--config', os.path.join(self.path, 'knot.conf')],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def log(self):
        with open(os.path.join(self.path, 'log'), encoding='utf-8') as file:
            return file.read()

    def answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.1)
            try:
                client.connect(('127.0.0.1', self.port))
                for zone in self.zones:
                    client.send(query(zone, 6))
                    if client.recv(512)[3] & 15 != NOERROR:
                        return False
            except OSError:
                return False
        return True
