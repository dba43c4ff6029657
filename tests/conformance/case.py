# SPDX-License-Identifier: MIT
"""Reads the cases: TOML files of the folder cases, one for each section of the contract.
README.md says what a case may hold."""

import dataclasses
import fnmatch
import os
import pathlib
import re
import tomllib

FOLDER = pathlib.Path(__file__).resolve().parent / 'cases'
ESCAPE = re.compile(rb'\\(?:x([0-9a-fA-F]{2})|(.)|\n)', re.S)
ESCAPES = {b'n': b'\n', b'r': b'\r', b't': b'\t', b'0': b'\0', b'\\': b'\\'}


def unescape(text):
    """The bytes that @text stands for: UTF-8, with \\n \\r \\t \\0 \\\\ \\xNN; a backslash at
    the end of a line joins it with the next one."""
    def one(match):
        if match[1]:
            return bytes([int(match[1], 16)])
        return ESCAPES[match[2]] if match[2] and match[2] != b'\n' else b''
    return ESCAPE.sub(one, text.encode())


def repeat(part):
    """{ repeat = N, text = T }: N times T; %d in it counts from 0."""
    text = unescape(part['text'])
    if b'%d' not in text:
        return text * part['repeat']
    return b''.join(text.replace(b'%d', b'%d' % number) for number in range(part['repeat']))


def to_bytes(value):
    """Bytes from a text, or from a list of texts and repetitions."""
    if isinstance(value, list):
        return b''.join(to_bytes(part) for part in value)
    return repeat(value) if isinstance(value, dict) else unescape(value)


def to_list(value):
    """A list of texts from the same, with one text for each repetition."""
    texts = []
    for part in value:
        if isinstance(part, dict):
            texts += [part['text'].replace('%d', str(n)) for n in range(part['repeat'])]
        else:
            texts.append(part)
    return texts


@dataclasses.dataclass
class Message:
    """What is expected of one delivered message; None is not looked at."""
    recipients: list
    sender: str = None
    body: bytes = None
    body_without_breaks: bytes = None
    header: dict = dataclasses.field(default_factory=dict)
    addresses: dict = dataclasses.field(default_factory=dict)
    present: list = dataclasses.field(default_factory=list)
    absent: list = dataclasses.field(default_factory=list)
    order: list = dataclasses.field(default_factory=list)
    never: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Case:
    name: str
    reason: str
    args: list
    stdin: bytes
    messages: list
    program: str = 'sendmail'
    env: dict = dataclasses.field(default_factory=dict)
    script: list = None
    statuses: object = (0,)
    stdout: str = ''
    stderr: str = None
    report: bool = False
    reads_all: bool = False
    or_nothing: bool = False
    needs: list = dataclasses.field(default_factory=list)


OF_MESSAGE = {field.name for field in dataclasses.fields(Message)}
AS_THEY_ARE = ('program', 'env', 'stdout', 'stderr', 'report', 'reads_all', 'or_nothing',
               'needs')
OF_CASE = {'name', 'reason', 'args', 'stdin', 'crlf', 'script', 'exit', 'messages',
           *AS_THEY_ARE}


def read_message(row):
    values = {key: value for key, value in row.items() if key in OF_MESSAGE}
    values['recipients'] = to_list(values['recipients'])
    for key in ('body', 'body_without_breaks'):
        if key in values:
            values[key] = to_bytes(values[key])
    return Message(**values)


def read_messages(row):
    """The messages that are to be delivered: a list of them, or one whose facts stand in the
    case itself; none when its recipients are none."""
    rows = row['messages'] if 'messages' in row else [row]
    return [read_message(one) for one in rows if one['recipients']]


def read_statuses(value):
    """'nonzero', one status, or several that are right; None is any but 0."""
    if value == 'nonzero':
        return None
    return tuple(value) if isinstance(value, list) else (value,)


def read_script(value):
    """(whether we speak, what) for each line of an SMTP dialogue."""
    text = value if isinstance(value, str) else ''.join(
        part if isinstance(part, str) else part['text'] * part['repeat'] for part in value)
    steps = []
    for line in text.splitlines():
        mark, _, rest = line.partition(' ')
        if mark == '>':
            steps.append((True, unescape(rest) + b'\r\n'))
        elif mark == '>>':
            steps.append((True, unescape(rest)))
        elif mark == '<':
            steps.append((False, rest.split()))
        elif line:
            raise ValueError(f'neither > nor >> nor <: {line}')
    return steps


def read_case(row, section):
    unknown = set(row) - OF_CASE - OF_MESSAGE
    if unknown:
        raise ValueError(f'{section}/{row.get("name")}: unknown: {", ".join(sorted(unknown))}')
    stdin = to_bytes(row['stdin'])
    return Case(
        name=f'{section}/{row["name"]}', reason=row['reason'],
        args=[os.fsdecode(unescape(one)) for one in to_list(row['args'])],
        messages=read_messages(row),
        stdin=stdin.replace(b'\n', b'\r\n') if row.get('crlf') else stdin,
        script=read_script(row['script']) if 'script' in row else None,
        statuses=read_statuses(row.get('exit', 0)),
        **{key: row[key] for key in AS_THEY_ARE if key in row})


def read_file(path):
    with open(path, 'rb') as file:
        content = tomllib.load(file)
    default = content.get('default', {})
    cases = [read_case({**default, **row}, path.stem) for row in content['case']]
    names = [case.name for case in cases]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f'{path}: twice: {", ".join(sorted(twice))}')
    return cases


def read_all(pattern='*'):
    """All cases whose name, SECTION/NAME, @pattern matches; a pattern without / is looked
    for anywhere in it."""
    if '/' not in pattern:
        pattern = f'*{pattern}*'
    return [case for path in sorted(FOLDER.glob('*.toml')) for case in read_file(path)
            if fnmatch.fnmatchcase(case.name, pattern)]
