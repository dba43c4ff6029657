#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What programs that are not ours say about the golden requests: validators.py RENDER GOLDEN
PACKAGES PROVIDER. PACKAGES is what packaging/install-npm made: prism, which answers as an OpenAPI
document says and refuses what it does not allow; documents; and a server that plays SES."""

import http.client
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'lib'))

import golden  # noqa: E402
from programs import SKIPPED, stop  # noqa: E402

RENDER, GOLDEN, PACKAGES, PROVIDER = (*sys.argv[1:3], pathlib.Path(sys.argv[3]), sys.argv[4])
FEWEST = 35 # requests


PRISM = ['prism', 'mock', '--errors', '--host', '127.0.0.1', '--port', '{port}', '{document}']

# the program; the path; header fields beside the type; a member that is no list
VALIDATORS = {
    'postmark': (PRISM, '/email', {'X-Postmark-Server-Token': 'token'}, 'To'),
    'sendgrid': (PRISM, '/mail/send', {'Authorization': 'Bearer token'}, 'from'),
    'mandrill': (PRISM, '/messages/send-raw.json', {}, 'raw_message'),
    'ses': (['aws-ses-v2-local', '--host', '127.0.0.1', '--port', '{port}'],
            '/v2/email/outbound-emails', {'Authorization': 'AWS4-HMAC-SHA256 Credential=x'},
            'Content'),
}


def free_port():
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return listener.getsockname()[1]


def mend(value):
    """Takes out what keeps prism from using a schema at all, or from writing a reply."""
    if isinstance(value, list):
        return [mend(item) for item in value]
    if not isinstance(value, dict):
        return value
    if 'nullable' in value and 'type' not in value:
        return {}
    return {'application/json' if key == '*/*' else key: mend(item)
            for key, item in value.items()}


def mended_document(directory):
    document = json.loads((PACKAGES / 'documents' / f'{PROVIDER}.json').read_text('utf-8'))
    path = directory / f'{PROVIDER}.json'
    path.write_text(json.dumps(mend(document)), 'utf-8')
    return path


def start(command, directory):
    """Starts a server of the packages. Returns: the process and its port, which it listens at."""
    port = free_port()
    document = mended_document(directory) if '{document}' in command else None
    words = [word.format(port=port, document=document) for word in command]
    words[0] = str(PACKAGES / 'node_modules' / '.bin' / words[0])
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    for _ in range(600):
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            return process, port
        except ConnectionRefusedError:
            time.sleep(0.1)
        if process.poll() is not None:
            break
    stop(process)
    raise SystemExit(f'{words[0]} does not listen')


def requests():
    """Each golden request of the provider as (case, value)."""
    cases = sorted((pathlib.Path(GOLDEN) / PROVIDER).iterdir())
    account = ['--account', PROVIDER]
    for case, (_, bodies) in zip(cases, golden.render_all(
            RENDER, account, [golden.source_of(case) for case in cases]), strict=True):
        for body in bodies:
            if body.startswith(b'{'): # not the message itself, by SMTP
                yield case.name, json.loads(body)


def post(port, path, headers, value):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=30)
    connection.request('POST', path, json.dumps(value).encode(),
                       {'Content-Type': 'application/json', **headers})
    reply = connection.getresponse()
    text = reply.read().decode('utf-8', 'replace')
    connection.close()
    return reply.status, text


def main():
    command, path, headers, wrong = VALIDATORS[PROVIDER]
    if not (PACKAGES / 'complete').exists():
        print(f'{PACKAGES}: not installed; packaging/install-npm installs it')
        return SKIPPED
    count, faults, value = 0, [], {}
    with tempfile.TemporaryDirectory() as directory:
        process, port = start(command, pathlib.Path(directory))
        try:
            for name, value in requests():
                status, text = post(port, path, headers, value)
                count += 1
                if not 200 <= status <= 299:
                    faults.append(f'{name}: {status} {text[:400]}')
            status, _ = post(port, path, headers, {**value, wrong: [7, 7]})
        finally:
            stop(process)
    print('\n'.join(faults))
    print(f'{count} requests, {len(faults)} refused; with a list for {wrong}: {status}')
    return int(bool(faults) or count < FEWEST or not 400 <= status <= 499)


sys.exit(main())
