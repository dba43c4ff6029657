# SPDX-License-Identifier: MIT
"""Reads and writes a frame (src/envelope/frame.h) without our own code: a second opinion."""
import socket
import struct

MAGIC = b'brevdue1'
ID_LENGTH = 26
TAIL = 12
TEXTS = {'f': 'sender', 'n': 'full_name', 'u': 'login', 'p': 'program', 'v': 'envid',
         'o': 'options', 'x': 'ignored'}
LISTS = {'r': 'recipients', 'w': 'wishes'}
NUMBERS = {'l': 'sender_is_login', 't': 'header_recipients', 'g': 'gateway', 'N': 'notify',
           'R': 'ret', 'h': 'hops', 'q': 'queue_only', 'd': 'submitted', 'b': 'dot_bytes'}


def _table():
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82f63b78 if value & 1 else 0)
        yield value


TABLE = tuple(_table())


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xffffffff


def _fields(row):
    while row:
        tag, length = struct.unpack('>cI', row[:5])
        yield tag.decode(), row[5:5 + length]
        row = row[5 + length:]


def envelope(row):
    """What the fields say: names as in struct BrevEnvelope; what is not said is absent."""
    said = {'recipients': []}
    for tag, value in _fields(row):
        if tag in LISTS:
            said.setdefault(LISTS[tag], []).append(value.decode())
        elif tag in TEXTS:
            said[TEXTS[tag]] = value.decode()
        else:
            said[NUMBERS[tag]] = int.from_bytes(value, 'big')
    return said


def read(data):
    """(id, envelope, message) of a whole frame; ValueError if it is none."""
    head = len(MAGIC) + ID_LENGTH
    if data[:len(MAGIC)] != MAGIC or len(data) < head + 4 + TAIL:
        raise ValueError('no frame')
    length, = struct.unpack('>I', data[head:head + 4])
    message = data[head + 4 + length:-TAIL]
    said_length, said_crc = struct.unpack('>QI', data[-TAIL:])
    if said_length != len(message):
        raise ValueError(f'{said_length} bytes said, {len(message)} there')
    if said_crc != crc32c(data[:-4]):
        raise ValueError('wrong checksum')
    return (data[len(MAGIC):head].decode(), envelope(data[head + 4:head + 4 + length]),
            message)


def read_queue_file(data):
    """The same with the origin in front: (uid, gid, pid, arrival, way), then as read()."""
    record = data[:48]
    if record[:8] != b'brevori1' or record[44:] != struct.pack('>I', crc32c(record[:44])):
        raise ValueError('no origin record')
    uid, gid, pid, arrival = struct.unpack('>IIIQ', record[8:28])
    return ((uid, gid, pid, arrival, chr(record[28])), *read(data[48:]))


ID = '0123456789abcdefghijklmnop'


def field(tag, value):
    if isinstance(value, int):
        value = struct.pack('>I', value)
    elif isinstance(value, str):
        value = value.encode()
    return tag.encode() + struct.pack('>I', len(value)) + value


def write(id=ID, fields=(('f', 'root'), ('r', 'a@example.com')),
          message=b'Subject: x\n\nbody\n'):
    """The bytes of a frame whose length and checksum are right, whatever its fields are."""
    row = b''.join(field(*one) for one in fields)
    whole = (MAGIC + id.encode() + struct.pack('>I', len(row)) + row + message +
             struct.pack('>Q', len(message)))
    return whole + struct.pack('>I', crc32c(whole))


def ask(path, data, patience=20):
    """Says @data on the submission socket, to its end, and returns all that comes back."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(patience)
        client.connect(path)
        try:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
        except BrokenPipeError:  # it has answered already
            pass
        reply = b''
        while True:
            part = client.recv(65536)
            if not part:
                return reply.decode()
            reply += part
