# SPDX-License-Identifier: MIT
"""What Mailgun accepts of messages.mime, read strictly: a form of RFC 7578 in bytes.

Pure functions, after its OpenAPI document and documentation: bytes in, refusals out."""

import json
import re

from postmark_check import HOST_NAME
from ses_check import split_header
import ses_check

PATH = re.compile(r'/v3/([^/?]+)/messages\.mime')
DISPOSITION = re.compile(rb'form-data; name="([^"\r\n]+)"(; filename="[^"\r\n]+")?')
VARIABLE = re.compile(r'v:.+')
SEARCH = '/v1/analytics/logs'
ONCE = ('o:tracking', 'o:tracking-opens', 'o:tracking-clicks', 'o:testmode', 'message')
CHOICES = {'o:tracking': ('yes', 'no'), 'o:tracking-opens': ('yes', 'no'),
           'o:tracking-clicks': ('yes', 'no', 'htmlonly'), 'o:testmode': ('yes',)}


class Refusal(Exception):
    def __init__(self, message, status=400):
        super().__init__(f'{status}: {message}')
        self.message = message
        self.status = status


class Limits:
    def __init__(self, message=25 * 1000 * 1000, recipients=1000, options=16 * 1024):
        self.message = message
        self.recipients = recipients
        self.options = options


def boundary_of(content_type):
    found = re.fullmatch(r'multipart/form-data; boundary=([0-9A-Za-z\'()+_,./:=?-]{1,70})',
                         content_type or '')
    if found is None:
        raise Refusal(f'not a form: {content_type}')
    return found[1].encode()


def parse_form(body, boundary):
    """The parts in order as (name, is a file, content)."""
    pieces = (b'\r\n' + body).split(b'\r\n--' + boundary)
    if len(pieces) < 3 or pieces[0] != b'' or pieces[-1] != b'--\r\n':
        raise Refusal('the form does not end, or begins with something else')
    parts = []
    for piece in pieces[1:-1]:
        head, blank, content = piece.partition(b'\r\n\r\n')
        lines = head.split(b'\r\n')
        if not blank or lines[0] != b'':
            raise Refusal(f'no part: {piece[:80]!r}')
        fields = dict(line.split(b': ', 1) for line in lines[1:])
        found = DISPOSITION.fullmatch(fields.pop(b'Content-Disposition', b''))
        if found is None or not set(fields) <= {b'Content-Type'}:
            raise Refusal(f'a part has another header: {head!r}')
        parts.append((found[1].decode('utf-8'), found[2] is not None, content))
    return parts


def check_option(name, content):
    text = content.decode('utf-8')
    if re.search(r'[\x00-\x1f\x7f]', text):
        raise Refusal(f'{name} parameter holds a control character')
    if name in CHOICES and text not in CHOICES[name]:
        raise Refusal(f'{name} parameter is not one of {CHOICES[name]}')
    if name == 'to':
        local, at, domain = text.rpartition('@')
        if not text.isascii() or not local or ' ' in text or not HOST_NAME.fullmatch(domain):
            raise Refusal("'to' parameter is not a valid address. please check documentation")


def check_form(parts, limits=Limits()):
    """Returns the raw message."""
    names = [name for name, _, _ in parts]
    for name, is_file, content in parts:
        known = name in ('to', 'o:tag', 'message', *CHOICES) or VARIABLE.fullmatch(name)
        if not known:
            raise Refusal(f'{name} parameter is unknown')
        if is_file != (name == 'message'):
            raise Refusal("'message' parameter is not a file")
        if not is_file:
            check_option(name, content)
    if 'to' not in names or 'message' not in names:
        raise Refusal('to or message parameter is missing')
    if any(names.count(name) > 1 for name in names if name not in ('to', 'o:tag')):
        raise Refusal('a parameter is given twice')
    to = [content.decode().lower() for name, _, content in parts if name == 'to']
    if len(to) > limits.recipients or len(set(to)) != len(to):
        raise Refusal('Too many recipients; max is 1000')
    if sum(len(name) + len(content) for name, _, content in parts
           if name[:2] in ('o:', 'h:', 'v:')) > limits.options:
        raise Refusal('Send options (parameters starting with o:, h:, or v:) are limited to '
                      '16KB total')
    raw = dict((name, content) for name, _, content in parts)['message']
    check_raw(raw, limits)
    return raw


def check_raw(raw, limits):
    if len(raw) > limits.message:
        raise Refusal('too large', 413)
    if re.search(rb'(?<!\r)\n', raw):
        raise Refusal('a line end without CR')
    try:
        names = {name for name, _ in split_header(raw)}
    except ses_check.Refusal as refusal:
        raise Refusal(refusal.message) from None
    if 'from' not in names or {'bcc', 'resent-bcc', 'return-path'} & names:
        raise Refusal('no From, or a field that nobody is to see')


def check_search(body):
    """Returns the attributes of a question to the logs: its domain and Message-ID."""
    wish = json.loads(body.decode('utf-8'))
    groups = wish.pop('filter')
    attributes = {}
    for one in groups.pop('AND'):
        value, = one.pop('values')
        attributes[one.pop('attribute')] = value['value']
        if value != {'label': value['value'], 'value': value['value']}:
            raise Refusal(f'a value has another label: {value}')
        if one != {'comparator': '='}:
            raise Refusal(f'no such comparison: {one}')
    if groups or set(attributes) != {'domain', 'message_id'} or not all(attributes.values()):
        raise Refusal(f'no such filter: {attributes}, {groups}')
    if re.search(r'[<>]', attributes['message_id']):
        raise Refusal('the logs have a Message-ID without its brackets')
    if wish != {'duration': '1d', 'events': ['accepted'],
                'pagination': {'sort': 'timestamp:desc', 'limit': 100}}:
        raise Refusal(f'another question: {wish}')
    return attributes


def faults_of_body(body):
    try:
        boundary = re.match(rb'--([^\r\n]+)\r\n', body)
        check_form(parse_form(body, boundary[1]))
    except (Refusal, ValueError) as fault:
        return [str(fault)]
    return []
