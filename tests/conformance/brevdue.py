# SPDX-License-Identifier: MIT
"""brevdue, with its service and an account of the provider "outbox".

For each message the outbox holds the bytes that were kept, and the requests that the
provider would have got; `brevdue queue show` has the envelope. The body of a delivery is
that of the kept message; its header is what the requests say, as the provider would send it.
"""

import json
import os
import pathlib
import re
import time

import adapter
import check
from programs import Site

# The provider adds these to a message that has none.
BY_PROVIDER = ('Date',)
MEMBERS = {'From': 'From', 'To': 'To', 'Cc': 'Cc', 'ReplyTo': 'Reply-To',
           'Subject': 'Subject'}
SETTLED = ('parked', 'held')
PATIENCE = 10
BROKEN = r'Sanitizer|runtime error|CRITICAL|Assertion|died of signal'


def fields_of(request):
    """The header that a provider makes of a request. Its Bcc is an envelope, no field."""
    fields = [(name, request[member].encode()) for member, name in MEMBERS.items()
              if request.get(member)]
    fields += [(one['Name'], one['Value'].encode()) for one in request.get('Headers', [])]
    names = {name.lower() for name, _ in fields}
    return fields + [(name, b'by the provider') for name in BY_PROVIDER
                     if name.lower() not in names]


def visible(request):
    """All of a request that a recipient sees of others. The one recipient of a request of its
    own, to whom the provider shows the address in To, sees no other."""
    mailboxes = [one for name in ('To', 'Cc', 'Bcc')
                 for one in check.mailboxes([request.get(name, '').encode()]) if one[1]]
    hidden = {'Bcc', 'To'} if len(mailboxes) == 1 else {'Bcc'}
    shown = {name: value for name, value in request.items() if name not in hidden}
    return json.dumps(shown, ensure_ascii=False).encode('utf-8', 'surrogateescape')


def body_faults(fields, body, requests):
    """A body of plain ASCII has to be in the request as it is in the message."""
    names = {name.lower() for name, _ in fields}
    if names & {'mime-version', 'content-type', 'content-transfer-encoding'}:
        return []
    if not body.strip() or not body.isascii() or b'\0' in body or b'\r' in body:
        return []
    return [f'the request has the body {check.show(one.get("TextBody"))}'
            for one in requests if one.get('TextBody', '').encode() != body]


def broken_fields(request):
    """A line break in a field of a request would be a field more in what the provider makes
    of it."""
    return [f'the request has a line break in {name}: {value!r}'
            for name, value in fields_of(request) if b'\n' in value or b'\r' in value]


class Brevdue(adapter.Adapter):
    features = frozenset({'aliases', 'size-limit'})

    def __init__(self, sendmail):
        build = pathlib.Path(sendmail).absolute().parent.parent
        os.environ.setdefault('BREVDUE_BUILD', str(build))
        self.sendmail = os.path.abspath(sendmail)
        self.title = sendmail
        self.site = None
        self.names = None
        self.outbox = None
        self.seen = set()
        self.log_at = 0

    def __enter__(self):
        self.site = Site(delivery='queue', max_message_size='3500K',
                         **{'from': f'Default <default@{adapter.DOMAIN}>'})
        self.names = pathlib.Path(self.site.path, 'names')
        self.names.mkdir()
        self.outbox = pathlib.Path(self.site.path, 'outbox')
        self.site.set(aliases=self.site.write('aliases', 'aliased: target@example.net\n'))
        self.site.account('outbox', provider='outbox', directory=str(self.outbox),
                          **{'as': 'postmark'})
        self.site.start()
        self.title = self.site.sendmail('-bV').stdout.decode().strip()
        return self

    def __exit__(self, *ignored):
        self.site.__exit__()

    def program(self, name):
        path = self.names / name
        if not path.exists():
            path.symlink_to(self.sendmail)
        return [str(path)]

    def environment(self):
        return self.site.env()

    def begin(self):
        self.log_at = len(self.site.log_text())

    def collect(self):
        self.settle()
        kept = {path.stem for path in self.outbox.glob('*.eml')} - self.seen
        self.seen |= kept
        log = self.site.log_text()[self.log_at:]
        if re.search(BROKEN, log):
            raise AssertionError(log)
        return [self.delivery(one) for one in sorted(kept)], log

    def settle(self):
        """Waits until the queue is empty; what waits for a queue run gets one, and what
        would wait for an administrator is deleted."""
        end = time.monotonic() + PATIENCE
        flush_at = time.monotonic() + 0.5
        while self.site.queue_files() or os.listdir(os.path.join(self.site.spool, 'drop')):
            if time.monotonic() > end:
                raise AssertionError('the queue is not empty: ' + self.site.log_text()[-2000:])
            if time.monotonic() > flush_at:
                self.move_on()
                flush_at += 1
            time.sleep(0.005)

    def move_on(self):
        for row in self.site.queue():
            if row['state'] in SETTLED:
                self.site.run('brevdue', 'queue', 'delete', row['id'])
        self.site.run('brevdue', 'flush')

    def delivery(self, identifier):
        row = self.site.admin('queue', 'show', identifier)
        message = (self.outbox / f'{identifier}.eml').read_bytes()
        paths = [self.outbox / f'{identifier}.request.json',
                 *sorted(self.outbox.glob(f'{identifier}-*.request.json'))]
        requests = [json.loads(path.read_bytes()) for path in paths]
        fields, body = check.split(message)
        return check.Delivery(
            sender=row['sender'],
            recipients=[one['address'] for one in row['recipients']
                        if one['state'] != 'refused'],
            fields=fields_of(requests[0]), body=body,
            texts=[visible(request) for request in requests],
            faults=body_faults(fields, body, requests) +
            [fault for request in requests for fault in broken_fields(request)])
