# SPDX-License-Identifier: MIT
"""The signature of a request to Azure Communication Services, checked by its published rules
and nothing of ours.

verify() takes a request as it came and raises Wrong, which says where it differs."""

import base64
import datetime
import email.utils
import hashlib
import hmac

PREFIX = 'HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature='
MOST_SKEW = datetime.timedelta(minutes=5)


class Wrong(Exception):
    pass


def one(headers, name):
    values = [value for key, value in headers if key.lower() == name]
    if len(values) != 1:
        raise Wrong(f'{len(values)} fields {name}')
    return values[0]


def encoded(data):
    return base64.b64encode(data).decode('ascii')


def signature(key, method, target, date, host, digest):
    text = f'{method}\n{target}\n{date};{host};{digest}'
    secret = base64.b64decode(key, validate=True)
    return encoded(hmac.new(secret, text.encode('ascii'), hashlib.sha256).digest())


def verify(method, target, headers, body, key, now=None):
    """@headers: pairs; @target: path and query."""
    date, host, digest, given = (one(headers, name) for name in (
        'x-ms-date', 'host', 'x-ms-content-sha256', 'authorization'))
    if not given.startswith(PREFIX):
        raise Wrong('Authorization has another form')
    time = email.utils.parsedate_to_datetime(date)
    if email.utils.format_datetime(time, usegmt=True) != date:
        raise Wrong(f'no such date: {date}')
    if abs((now or datetime.datetime.now(datetime.timezone.utc)) - time) > MOST_SKEW:
        raise Wrong(f'signed at {date}')
    if digest != encoded(hashlib.sha256(body).digest()):
        raise Wrong('x-ms-content-sha256 is the digest of something else')
    wanted = signature(key, method, target, date, host, digest)
    if not hmac.compare_digest(wanted, given.removeprefix(PREFIX)):
        raise Wrong('the signature does not match')
