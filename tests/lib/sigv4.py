# SPDX-License-Identifier: MIT
"""AWS Signature Version 4 of a request, checked by its published rules and nothing of ours.

verify() takes a request as it came and raises Wrong, which says where it differs."""

import datetime
import hashlib
import hmac
import re
import urllib.parse

ALGORITHM = 'AWS4-HMAC-SHA256'
AUTHORIZATION = re.compile(
    r'AWS4-HMAC-SHA256 Credential=([^/ ,]+)/(\d{8})/([^/ ,]+)/([^/ ,]+)/aws4_request, ?'
    r'SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})')
MOST_SKEW = datetime.timedelta(minutes=5)


class Wrong(Exception):
    pass


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signing_key(secret, date, region, service):
    key = mac(('AWS4' + secret).encode(), date)
    for text in (region, service, 'aws4_request'):
        key = mac(key, text)
    return key


def canonical_path(path):
    """Each segment is encoded once more than it came, for every service but S3."""
    return urllib.parse.quote(path or '/', safe='/-_.~')


def canonical_query(query):
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
    quoted = sorted((urllib.parse.quote(name, safe='-_.~'), urllib.parse.quote(value, safe='-_.~'))
                    for name, value in pairs)
    return '&'.join(f'{name}={value}' for name, value in quoted)


def canonical_headers(headers, names):
    lines = []
    for name in names:
        values = [' '.join(value.split()) for key, value in headers if key.lower() == name]
        if not values:
            raise Wrong(f'signed, but not there: {name}')
        lines.append(f'{name}:{",".join(values)}\n')
    return ''.join(lines)


def signature(secret, method, target, headers, names, payload, stamp, region, service):
    path, _, query = target.partition('?')
    request = '\n'.join((method, canonical_path(path), canonical_query(query),
                         canonical_headers(headers, names), ';'.join(names), payload))
    scope = f'{stamp[:8]}/{region}/{service}/aws4_request'
    text = '\n'.join((ALGORITHM, stamp, scope, sha256(request.encode())))
    return mac(signing_key(secret, stamp[:8], region, service), text).hex()


def one(headers, name):
    values = [value for key, value in headers if key.lower() == name]
    if len(values) != 1:
        raise Wrong(f'{len(values)} fields {name}')
    return values[0]


def verify(method, target, headers, body, secrets, region, service, now=None):
    """@headers: pairs; @secrets: key id -> secret. Returns the key id."""
    found = AUTHORIZATION.fullmatch(one(headers, 'authorization'))
    if found is None:
        raise Wrong('Authorization has another form')
    key_id, date, its_region, its_service, names, given = found.groups()
    names = names.split(';')
    stamp = one(headers, 'x-amz-date')
    if names != sorted(set(names)):
        raise Wrong('the signed fields are not in order')
    must = {'host'} | {key.lower() for key, _ in headers if key.lower().startswith('x-amz-')}
    if not must <= set(names):
        raise Wrong(f'not signed: {", ".join(sorted(must - set(names)))}')
    if key_id not in secrets:
        raise Wrong(f'nobody has the key {key_id}')
    if (date, its_region, its_service) != (stamp[:8], region, service):
        raise Wrong(f'the scope is {date}/{its_region}/{its_service}')
    now = now or datetime.datetime.now(datetime.timezone.utc)
    time = datetime.datetime.strptime(stamp + '+0000', '%Y%m%dT%H%M%SZ%z')
    if abs(now - time) > MOST_SKEW:
        raise Wrong(f'signed at {stamp}')
    payload = sha256(body)
    if any(key.lower() == 'x-amz-content-sha256' for key, _ in headers) and \
            one(headers, 'x-amz-content-sha256') != payload:
        raise Wrong('x-amz-content-sha256 is the digest of something else')
    wanted = signature(secrets[key_id], method, target, headers, names, payload, stamp, region,
                       service)
    if not hmac.compare_digest(wanted, given):
        raise Wrong('the signature does not match')
    return key_id
