#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Seeds for the fuzzers: the cases of the unit tests, and dialogues.
Usage: seeds.py test-input.c test-options.c DIRECTORY"""
import ast
import pathlib
import re
import sys

STEP = b'\6'  # pieces of seven bytes
DOTS = ('BREV_DOTS_END', 'BREV_DOTS_DATA', 'CRLF', 'LF')
TEXT = r'"((?:[^"\\]|\\.)*)"'

DIALOGUES = (
    b'EHLO x\r\nMAIL FROM:<a@b> BODY=8BITMIME SIZE=30 SMTPUTF8\r\nRCPT TO:<c@d>\r\nDATA\r\n'
    b'Subject: s\r\n\r\n..\r\n.y\r\n.\r\nQUIT\r\n',
    b'HELO x\nMAIL FROM:<>\nRCPT TO:<c@d>\nRCPT TO:<@x,@y:"e f"@g>\nDATA\nS: s\n\nb\n.\nQUIT\n',
    b'MAIL FROM:<a@b> RET=HDRS ENVID=QQ+2B31 AUTH=<>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f> '
    b'NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;Bob+2B@x\r\nRCPT TO:<g@h> NOTIFY=NEVER\r\n'
    b'DATA\r\n.\r\n',
    b'MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nS: s\r\n\r\nb\n.\nc\r\n.\nd\n.\r\ne\r.\r\n.\r\n'
    b'MAIL FROM:<a@b>\nRCPT TO:<c@d>\nDATA\nb\r\n.\nc\n.\r\nd\r\n.\r\nNOOP\r\n',
    b'MAIL FROM:<a@b>\r\nRCPT TO:<>\r\nDATA\r\nS: s\r\n\r\nMAIL FROM:<x@y>\r\n.\r\n',
    b'RSET\r\nVRFY root\r\nEXPN root\r\nHELP\r\nNOOP x\r\nAUTH PLAIN\r\nSTARTTLS\r\nBDAT 3 LAST\r\n'
    b'DATA\r\nRSET\r\nnonsense\r\n\r\n' + b'x' * 600 + b'\r\nQUIT\r\n',
)


def unescape(text):
    """The bytes of a C string: the escapes that the tables use are Python's, too."""
    return ast.literal_eval(f'b"{text}"')


def inputs(source):
    for dots, text in re.findall(rf'{{ "[^"]+", +(\w+), +ROW \({TEXT}\)', source):
        yield bytes([DOTS.index(dots)]) + STEP + unescape(text)


def options(source):
    for text in re.findall(rf'^    {{ {TEXT}, (?:OK|USAGE|INPUT),', source, re.M):
        yield unescape(text)


def write(directory, seeds):
    directory.mkdir(parents=True, exist_ok=True)
    seeds = list(seeds)
    for number, seed in enumerate(seeds):
        (directory / f'{number:03}').write_bytes(seed)
    return len(seeds)


def main():
    input_source, options_source, target = map(pathlib.Path, sys.argv[1:])
    counts = (write(target / 'input', inputs(input_source.read_text())),
              write(target / 'options', options(options_source.read_text())),
              write(target / 'smtp', (STEP + text for text in DIALOGUES)))
    return 0 if min(counts) > 5 and min(counts[:2]) > 80 else f'too few seeds: {counts}'


sys.exit(main())
