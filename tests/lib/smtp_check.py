# SPDX-License-Identifier: MIT
"""What RFC 5322 asks of a message on its way, and who must not be shown in it."""

import re

SECRET = ('bcc', 'resent-bcc', 'apparently-to', 'return-path')


def faults(message):
    """RFC 5322 sections 2.1 and 3.6; the messages of tests may break the rest themselves."""
    header, empty, _ = message.partition(b'\r\n\r\n')
    lines = header.split(b'\r\n')
    names = [line.split(b':')[0].decode('latin-1').lower() for line in lines
             if not line.startswith((b' ', b'\t'))]
    found = []
    if not empty:
        found.append('the header has no end')
    if re.search(rb'(?<!\r)\n', message):
        found.append('a line end is not CRLF')
    if re.search(rb'\r(?!\n)|\0', header):
        found.append('a CR or a NUL stands in the header')
    if not re.fullmatch(rb'([^\r\n:]+:[^\r\n]*\r\n([ \t][^\r\n]*\r\n)*)+', header + b'\r\n'):
        found.append('a line of the header is no field')
    found += [f'{name} is missing' for name in ('from', 'date') if name not in names]
    found += [f'{name} is there' for name in SECRET if name in names]
    return found
