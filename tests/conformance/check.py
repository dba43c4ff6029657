# SPDX-License-Identifier: MIT
"""Compares what a sendmail did with what a case expects of it."""

import collections
import dataclasses
import email.header
import email.utils
import re

DELIVERY, EXIT, TALK = KINDS = ('delivery', 'exit', 'talk')
REPORT = (('Auto-Submitted', rb'(?i)auto-'), ('Content-Type', rb'(?i)multipart/report'),
          ('X-Failed-Recipients', rb'.'),
          ('Subject', rb'(?i)(deliver|mail).*(fail|return)|(fail|return).*(deliver|mail)'))
SHOWN = 300  # bytes of a long value that a report shows


@dataclasses.dataclass
class Delivery:
    """One message as it leaves the machine."""
    sender: str
    recipients: list
    fields: list           # (name, value), unfolded, as bytes
    body: bytes
    texts: list            # what must not hold a secret: the whole message as it travels
    faults: list = dataclasses.field(default_factory=list)

    def values(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def is_report(self):
        """Whether it is a mail about an error, which nobody submitted."""
        return self.sender == '' and any(
            re.search(pattern, value) for name, pattern in REPORT
            for value in self.values(name))


@dataclasses.dataclass
class Observed:
    status: int            # None: it did not end
    stdout: bytes
    stderr: bytes
    deliveries: list
    dialogue: list = dataclasses.field(default_factory=list)
    broken_pipe: bool = False
    touched: list = dataclasses.field(default_factory=list)
    log: str = ''


@dataclasses.dataclass
class Fault:
    kind: str
    word: str
    text: str


def split(message):
    """(fields, body) of a message with LF line ends."""
    head, _, body = message.partition(b'\n\n')
    if message.startswith(b'\n'):
        head, body = b'', message[1:]
    fields = []
    for line in head.split(b'\n'):
        name, colon, value = line.partition(b':')
        if line[:1] in (b' ', b'\t') and fields:
            fields[-1] = (fields[-1][0], fields[-1][1] + line)
        elif colon and name.strip():
            fields.append((name.decode('latin-1').strip(), value.strip()))
    return fields, body


def show(value):
    if isinstance(value, bytes) and len(value) > SHOWN:
        return f'{value[:SHOWN // 2]!r} ... {value[-SHOWN // 2:]!r} ({len(value)} bytes)'
    if isinstance(value, (list, tuple)) and len(value) > 20:
        return f'{value[:10]!r} ... ({len(value)} of them)'
    return repr(value)


def plain(value):
    """The text of a field: encoded words decoded, blanks made one."""
    text = value.decode('utf-8', 'surrogateescape')
    parts = [part if isinstance(part, str) else part.decode(charset or 'utf-8', 'replace')
             for part, charset in email.header.decode_header(text)]
    return re.sub(r'\s+', ' ', ''.join(parts)).strip()


def mailboxes(values):
    """(name, address) of each address in the fields; encoded words count as their text."""
    texts = [value.decode('utf-8', 'surrogateescape') for value in values]
    return [(plain(name.encode('utf-8', 'surrogateescape')), address)
            for name, address in email.utils.getaddresses(texts)]


def same_address(address):
    """Domains are the same in any case."""
    local, at, domain = address.strip('<>').rpartition('@')
    return local + at + domain.lower() if at else domain


def merge(deliveries):
    """One delivery for each message: some send it once for each recipient or domain."""
    merged = {}
    for one in deliveries:
        key = (one.sender, one.body)
        if key not in merged:
            merged[key] = dataclasses.replace(
                one, recipients=list(one.recipients), texts=list(one.texts))
            continue
        merged[key].recipients += one.recipients
        merged[key].texts += one.texts
        merged[key].faults += one.faults
    return list(merged.values())


def check_recipients(message, got):
    wanted = collections.Counter(map(same_address, message.recipients))
    there = collections.Counter(map(same_address, got.recipients))
    if there == wanted:
        return
    word = 'duplicates' if set(there) == set(wanted) else 'recipients'
    yield Fault(DELIVERY, word, f'recipients: expected {show(sorted(wanted.elements()))}, '
                                f'got {show(sorted(there.elements()))}')


def check_body(message, got):
    if message.body is not None and got.body not in (message.body, message.body + b'\n'):
        yield Fault(DELIVERY, 'body',
                    f'body: expected {show(message.body)}, got {show(got.body)}')
    if message.body_without_breaks is not None:
        there = re.sub(rb'[\s!]', b'', got.body)
        if there != re.sub(rb'[\s!]', b'', message.body_without_breaks):
            yield Fault(DELIVERY, 'body', 'body, line breaks apart: expected '
                        f'{show(message.body_without_breaks)}, got {show(got.body)}')


def check_header(message, got):
    for name, wanted in message.header.items():
        wanted = wanted if isinstance(wanted, list) else [wanted]
        there = [plain(value) for value in got.values(name)]
        if there != wanted:
            yield Fault(DELIVERY, 'header', f'{name}: expected {wanted}, got {show(there)}')
    for name, wanted in message.addresses.items():
        wanted = mailboxes([text.encode() for text in wanted])
        there = mailboxes(got.values(name))
        if there != wanted:
            yield Fault(DELIVERY, 'header', f'{name}: expected {wanted}, got {show(there)}')
    for name in message.present:
        if not got.values(name):
            yield Fault(DELIVERY, 'header', f'{name}: expected one, got none')
    for name in message.absent:
        if got.values(name):
            leaks = 'bcc' in name.lower() and any(got.values(name))
            word = 'leaked' if leaks else 'header'
            yield Fault(DELIVERY, word, f'{name}: expected none, got {got.values(name)}')
    there = [name for name, _ in got.fields if name in message.order]
    if there != message.order:
        yield Fault(DELIVERY, 'order', f'order: expected {message.order}, got {there}')


def check_message(message, got):
    if message.sender is not None and same_address(got.sender) != same_address(message.sender):
        yield Fault(DELIVERY, 'sender',
                    f'envelope sender: expected {message.sender!r}, got {got.sender!r}')
    yield from check_recipients(message, got)
    yield from check_body(message, got)
    yield from check_header(message, got)
    for secret in message.never:
        if any(secret.encode() in text for text in got.texts):
            yield Fault(DELIVERY, 'leaked', f'{secret!r} is in the message')
    for fault in got.faults:
        yield Fault(DELIVERY, 'body', fault)


def pair(messages, deliveries):
    """Each expected message with the delivery that is most like it."""
    left = list(deliveries)
    for message in messages:
        if not left:
            yield message, None
            continue
        best = min(left, key=lambda got: len(list(check_message(message, got))))
        left.remove(best)
        yield message, best


def check_deliveries(case, observed):
    mails = [one for one in observed.deliveries if not one.is_report()]
    got = merge(mails)
    told = observed.status != 0 or case.script is not None
    if case.or_nothing and not got and told:
        return
    if not case.messages and got:
        to = sorted({address for one in got for address in one.recipients})
        yield Fault(DELIVERY, 'sent', f'nothing may be sent; it went to {show(to)}')
        return
    for message, delivery in pair(case.messages, got):
        if delivery is None:
            bounced = len(mails) < len(observed.deliveries)
            told = observed.status != 0 or observed.dialogue
            word = 'refused' if told else 'bounced' if bounced else 'lost'
            yield Fault(DELIVERY, word,
                        f'no message arrived for {show(message.recipients)}')
        else:
            yield from check_message(message, delivery)
    if case.messages and len(got) > len(case.messages):
        yield Fault(DELIVERY, 'extra',
                    f'{len(got)} messages arrived, expected {len(case.messages)}')
    if case.report and len(mails) == len(observed.deliveries):
        yield Fault(DELIVERY, 'report', 'no mail about the error arrived')


def check_exit(case, observed):
    if observed.status is None:
        yield Fault(EXIT, 'hangs', 'it did not end')
    elif case.or_nothing:
        return
    elif case.statuses is None and observed.status == 0:
        yield Fault(EXIT, 'exit 0', 'exit status: expected any but 0, got 0')
    elif case.statuses is not None and observed.status not in case.statuses:
        wanted = ' or '.join(map(str, case.statuses))
        yield Fault(EXIT, f'exit {observed.status}',
                    f'exit status: expected {wanted}, got {observed.status}')


def check_talk(case, observed):
    if case.script is None and case.stdout == '' and observed.stdout:
        yield Fault(TALK, 'stdout', f'stdout: expected nothing, got {show(observed.stdout)}')
    elif case.stdout and not re.search(case.stdout.encode(), observed.stdout):
        yield Fault(TALK, 'stdout',
                    f'stdout: expected /{case.stdout}/, got {show(observed.stdout)}')
    if case.stderr == '' and observed.stderr:
        yield Fault(TALK, 'stderr', f'stderr: expected nothing, got {show(observed.stderr)}')
    elif case.stderr and not re.search(case.stderr.encode(), observed.stderr):
        yield Fault(TALK, 'stderr',
                    f'stderr: expected /{case.stderr}/, got {show(observed.stderr)}')
    for text in observed.dialogue:
        yield Fault(TALK, 'reply', text)
    if case.reads_all and observed.broken_pipe:
        yield Fault(TALK, 'pipe', 'it ended before it had read all of its input')


def check(case, observed):
    """All that is wrong: an empty list when it is as the contract wants it."""
    faults = [*check_deliveries(case, observed), *check_exit(case, observed),
              *check_talk(case, observed)]
    if observed.touched:
        faults.append(Fault(DELIVERY, 'wrote', f'it wrote {observed.touched}'))
    return faults
