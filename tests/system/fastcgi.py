# SPDX-License-Identifier: MIT
"""As much of a FastCGI client as asks php-fpm to run one script."""

import socket
import struct

BEGIN, END, PARAMS, STDIN, STDOUT, STDERR = 1, 3, 4, 5, 6, 7
RESPONDER = 1


def record(kind, content):
    return struct.pack('>BBHHBB', 1, kind, 1, len(content), 0, 0) + content


def length(text):
    return bytes([len(text)]) if len(text) < 128 else struct.pack('>I', len(text) | 1 << 31)


def pair(name, value):
    name, value = name.encode(), value.encode()
    return length(name) + length(value) + name + value


def ask(address, script, body=b'', timeout=60):
    """Runs @script with @body as its POST data; what it printed, and its error output."""
    params = {'SCRIPT_FILENAME': script, 'SCRIPT_NAME': script, 'REQUEST_METHOD': 'POST',
              'CONTENT_LENGTH': str(len(body)), 'CONTENT_TYPE': 'application/json',
              'SERVER_PROTOCOL': 'HTTP/1.1', 'QUERY_STRING': '', 'REQUEST_URI': script}
    output = {STDOUT: b'', STDERR: b''}
    with socket.create_connection(address, timeout=timeout) as connection:
        connection.sendall(
            record(BEGIN, struct.pack('>HB5x', RESPONDER, 0)) +
            record(PARAMS, b''.join(pair(*item) for item in params.items())) +
            record(PARAMS, b'') + (record(STDIN, body) if body else b'') +
            record(STDIN, b''))
        file = connection.makefile('rb')
        while True:
            _, kind, _, size, padding, _ = struct.unpack('>BBHHBB', file.read(8))
            content = file.read(size)
            file.read(padding)
            if kind == END:
                break
            output[kind] += content
    return output[STDOUT].partition(b'\r\n\r\n')[2], output[STDERR].decode()
