# SPDX-License-Identifier: MIT
"""Whether a plan and its requests say what the message says.

Each difference must have a name: a loss, a dropped field, or a refusal that the plan prints.
All functions yield faults, as words for a person.
"""

import collections
import functools
import html
import re

from reader import BODIES, Mailbox, Original, fold_address, lines, plain, text_of

HOME = 'example.com'  # what brevdue.conf lets the accounts send as
STAND_IN = 'noreply@example.com'
ALREADY_TAKEN = ('from', 'to', 'cc', 'reply-to', 'subject', 'date', 'message-id', 'sender')
NEVER = ('bcc', 'resent-bcc', 'apparently-to', 'return-path')
ADDED = ('message-id', 'x-original-date', 'x-original-message-id', 'resent-date', 'resent-from',
         'resent-message-id')
MATERIAL = {'signed', 'encrypted', 'report', 'several-from'}
UTF8_NAMES = (None, 'utf-8', 'utf8', 'us-ascii', 'ascii', 'unknown-8bit')
MADE_UP_NAME = re.compile(r'attachment-\d+(\.\w+)+')
LEAST_NAME, LEAST_SUBJECT = 60, 200  # characters that no provider may cut
FIRST_BYTES = 30


class Plan:
    """What render --lines printed of one message."""

    def __init__(self):
        self.kind = self.step = self.reason = self.rewritten = None
        self.losses = set()
        self.dropped = []
        self.refused = []
        self.requests = []  # of [body, raw or None, recipients of SMTP]

    def take(self, key, value, decode):
        if key == 'plan':
            self.kind, _, self.step = value.partition(', ')
        elif key in ('reason', 'rewritten'):
            setattr(self, key, value)
        elif key == 'loss':
            self.losses.add(value)
        elif key == 'dropped':
            self.dropped.append(value.lower())
        elif key == 'refused':
            self.refused.append(fold_address(value.partition('=')[2].rpartition(' ')[0]))
        elif key == 'body':
            self.requests.append([decode(value), None, []])
        elif key == 'raw':
            self.requests[-1][1] = decode(value)
        elif key == 'rcpt':
            self.requests[-1][2].append(value)


def qualify(mailbox):
    if '@' not in mailbox.address:
        return Mailbox(mailbox.name or '', f'{mailbox.address}@{HOME}')
    return mailbox


def people(original, name):
    return [qualify(mailbox) for mailbox in original.mailboxes(name)]


def material(original):
    """Material losses that a structured API could not avoid."""
    found = set()
    for part in original.kinds():
        kind = part.get_content_type()
        if kind in ('multipart/signed', 'multipart/encrypted', 'multipart/report') and \
                part.is_multipart():
            found.add(kind.partition('/')[2])
        elif kind in ('application/pkcs7-mime', 'application/x-pkcs7-mime'):
            smime = part.get_param('smime-type')
            found.add('signed' if smime in ('signed-data', 'certs-only') else 'encrypted')
    if len(original.mailboxes('from')) > 1:
        found.add('several-from')
    return found


def compare(message, original, plan, requests):
    if plan.kind == 'refuse':
        named = plan.losses & MATERIAL
        if not named or not named <= material(original):
            yield f'refused for {named}, and the message has {material(original)}'
        return
    if plan.kind != 'send':
        yield f'the plan is {plan.kind}: {plan.reason}'
        return
    if not all(request.raw for request in requests) and material(original):
        yield f'sent, although it has {material(original)}'
    yield from compare_recipients(message, plan, requests)
    for request in requests:
        if request.raw is not None:
            yield from compare_raw(message, original, plan, request)
        else:
            yield from compare_structured(message, original, plan, request)


def compare_recipients(message, plan, requests):
    """Each recipient of the envelope once, and nobody else."""
    want = collections.Counter(qualify(Mailbox('', one)).address for one in message.recipients)
    want.subtract(plan.refused)
    got = collections.Counter(address for request in requests for address in request.everyone())
    if +want != got:
        yield f'recipients: missing {sorted(want - got)}, beyond {sorted(got - +want)}'


def compare_structured(message, original, plan, request):
    if 'short' in plan.losses:
        remove_filling(request)
    yield from compare_author(original, plan, request)
    yield from compare_shown(message, original, plan, request)
    yield from compare_subject(original, plan, request)
    yield from compare_headers(original, plan, request)
    yield from compare_parts(original, plan, request)
    yield from compare_names_of_losses(original, plan)
    yield from find_blind(request)


def expected_author(original, message_sender='web@example.com'):
    """(From, Reply-To, who was replaced)"""
    authors = people(original, 'from') or [Mailbox('', message_sender)]
    replies = people(original, 'reply-to')
    author = authors[0]
    domain = author.address.rpartition('@')[2]
    if domain == HOME:
        return author, replies, None
    if not replies and '.' in domain:
        replies = [author]
    return Mailbox(author.name or author.address, STAND_IN), replies, author.address


def compare_author(original, plan, request):
    author, replies, replaced = expected_author(original)
    if 'from-name' in plan.losses:
        author = Mailbox('', author.address)
    if not is_same_mailbox(request.sender, author, plan):
        yield f'From: {request.sender} is not {author}'
    if 'reply-to, but for the first address' in plan.dropped:
        replies = replies[:1]
    if len(request.reply_to) != len(replies) or not all(
            is_same_mailbox(*pair, plan) for pair in zip(request.reply_to, replies)):
        yield f'Reply-To: {request.reply_to} is not {replies}'
    if replaced is not None and fold_address(plan.rewritten or '') != replaced:
        yield f'{replaced} was replaced, and the plan says {plan.rewritten}'


def is_same_mailbox(got, want, plan):
    """A long name may have been cut, or have lost a character, if the plan says so."""
    if 'a character of a display name' in plan.dropped and got.address == want.address:
        return len(got.name) == len(want.name) and all(
            one == other or one == ' ' for one, other in zip(got.name, want.name))
    is_cut = 'the end of a display name' in plan.dropped and len(got.name) >= LEAST_NAME
    same_name = want.name.startswith(got.name) if is_cut else want.name == got.name
    return got.address == want.address and same_name


def compare_shown(message, original, plan, request):
    """To, Cc and Bcc: those of the header, as far as they are in the envelope."""
    envelope = {qualify(Mailbox('', one)).address for one in message.recipients}
    to, cc = people(original, 'to'), people(original, 'cc')
    if {one.address for one in to + cc} - envelope and 'hidden-recipient' not in plan.losses:
        yield 'a header recipient is not in the envelope, and that has no name'
    in_to = {one.address for one in to}
    for member, listed in (('to', to), ('cc', [one for one in cc if one.address not in in_to])):
        for mailbox in getattr(request, member):
            if any(is_same_mailbox(mailbox, one, plan) for one in listed):
                continue
            if member == 'to' and 'moved-recipient' in plan.losses and request.everyone() == [
                    mailbox.address] and mailbox.address not in in_to:
                continue
            yield f'{member}: {mailbox} is not among {listed}'
    shown = in_to | {one.address for one in cc}
    for mailbox in request.bcc:
        if mailbox.address in shown:
            yield f'bcc: {mailbox} is in the header'


FILLING = re.compile(rb'\n {10}\.\Z|<!-- {10}-->\Z')


def remove_filling(request):
    """The bodies as they were, where a provider takes none so short."""
    for form in request.forms:
        form.content = FILLING.sub(b'', form.content)


def compare_subject(original, plan, request):
    subject = original.text_of('subject')
    if not subject and 'empty-subject' in plan.losses:
        subject = '(no subject)'
    if 'the end of the subject' in plan.dropped and len(request.subject) >= LEAST_SUBJECT:
        subject = subject[:len(request.subject)]
    if 'short' in plan.losses and len(subject) < 10:
        subject = subject.ljust(9) + '.'
    if request.subject != subject:
        yield f'Subject: {request.subject!r} is not {subject!r}'


def is_carried_apart(name):
    return name in ALREADY_TAKEN or name in NEVER or name.startswith('content-') or \
        name == 'mime-version'


def compare_headers(original, plan, request):
    got = collections.defaultdict(list)
    for name, value in request.headers:
        got[name.lower()].append(text_of(value))
    want = collections.defaultdict(list)
    for name, value in original.fields:
        if not is_carried_apart(name.lower()):
            want[name.lower()].append(text_of(value))
    for name, values in want.items():
        if got[name] == values or name in plan.dropped and not got[name]:
            continue
        if got[name] == values[:1] and 'repeated-header' in plan.losses:
            continue
        yield f'{name}: {got[name]} is not {values}'
    for name, values in got.items():
        if values and name not in want and name not in ADDED:
            yield f'{name}: {values} is not in the message'
    yield from compare_message_id(original, plan, got)


def compare_message_id(original, plan, got):
    want = original.text_of('message-id')
    where = 'x-original-message-id' if 'message-id' in plan.losses else 'message-id'
    if want and got[where] != [want] and not (
            'message-id' in plan.dropped and not got[where]):
        yield f'{where}: {got[where]} is not {want}'


def compare_parts(original, plan, request):
    """Each part of the message once: an attachment or a form of the body."""
    left = list(original.parts)
    yield from compare_attachments(original, plan, request, left)
    yield from compare_forms(original, plan, request, left)
    yield from compare_bodies(original, plan, request)
    for part in left:
        is_blank = part.kind in BODIES and not part.content.strip()
        if not part.excuse and not (is_blank and 'empty-body' in plan.losses):
            yield f'lost: {part}'


def compare_attachments(original, plan, request, left):
    for file in request.attachments:
        found = find(left, file, functools.partial(is_same_file, original, plan))
        if found is None:
            yield f'the attachment {file} is none of {left}'
            continue
        left.remove(found)
        if not found.excuse:
            yield from compare_file(original, found, file, plan)


def compare_forms(original, plan, request, left):
    for form in request.forms:
        if is_made_up(form, request, plan):
            continue
        found = find(left, form, functools.partial(is_form_of, original))
        if found is None:
            yield f'the body {form} is no part of {left}'
            continue
        left.remove(found)
        if not found.excuse:
            yield from compare_charset(found, plan)


def is_made_up(form, request, plan):
    """What stands for no body; the HTML form of text that has none."""
    if 'empty-body' in plan.losses and form.content in (b' ', b'<br>'):
        return True
    seen = html.unescape(re.sub('<[^>]*>', '', form.content.decode('utf-8')))
    return 'text-alone' in plan.losses and form.kind == 'text/html' and any(
        one.kind == 'text/plain' and one.text() == plain(seen) for one in request.forms)


def find(left, got, is_same):
    """What the message has of the request's part: the same, or one that has an excuse."""
    same = [part for part in left if is_same(part, got)] or [part for part in left if part.excuse]
    return max(same, key=functools.partial(likeness, got), default=None)


def likeness(got, part):
    """To choose among parts of the same content: whose name it is counts most."""
    return part.name == got.name, sum((part.kind == got.kind, part.charset == got.charset,
                                       part.cid == got.cid))


def is_form_of(original, part, form):
    ours, theirs = plain(form.content.decode('utf-8')), part.text()
    if original.is_open():
        ours, theirs = ours.rstrip('\n'), theirs.rstrip('\n')
    return ours == theirs and part.kind == form.kind


def compare_charset(part, plan):
    if part.charset not in UTF8_NAMES and 'charset' not in plan.losses:
        yield f'the body was in {part.charset}, and that has no name'


def compare_bodies(original, plan, request):
    """What is shown first is what another reader shows first."""
    for kind, subtype in (('text/plain', 'plain'), ('text/html', 'html')):
        body = original.body(subtype)
        got = next((form for form in request.forms if form.kind == kind), None)
        if body is None or body.excuse or body.name or not body.content.strip() or plan.losses & {'several-texts', 'nesting'}:
            continue
        if got is None or not is_form_of(original, body, got):
            yield f'the {subtype} body is {got}, and was {body}'


def is_same_file(original, plan, part, file):
    """An empty one is a line end where a provider wants content."""
    content = file.content if part.content or file.content != b'\n' else b''
    is_renamed = 'file-name' in plan.losses and (
        file.name.startswith(part.name or '') or file.name == part.cid)
    is_same_name = part.name == file.name or not part.name or is_renamed
    return is_same_name and is_same_content(original, part, content)


def is_same_content(original, part, content):
    if part.content == content:
        return True
    if part.kind.startswith('message/'):  # which Python takes apart and puts together
        first = lines(part.content)[:FIRST_BYTES]
        return lines(content).startswith(first) and lines(content) in original.lines
    return original.is_open() and lines(part.content) == lines(content)


def compare_file(original, part, file, plan):
    if not part.name and not MADE_UP_NAME.fullmatch(file.name) and file.name != part.cid:
        yield f'an attachment without a name is {file.name!r}'
    if file.kind is not None and file.kind != part.kind:
        yield f'{file.name}: {file.kind} is not {part.kind}'
    if file.kind is None and '.' not in file.name:
        yield f'{file.name}: neither type nor extension'
    if file.charset != part.charset and part.kind.startswith('text/') and \
            part.charset not in (None, 'us-ascii') and 'attachment-charset' not in plan.losses:
        yield f'{file.name}: charset {file.charset} is not {part.charset}'
    if file.cid != part.cid and (file.cid or is_shown(original, part.cid)):
        yield f'{file.name}: Content-ID {file.cid} is not {part.cid}'


def is_shown(original, cid):
    return any(part.kind == 'text/html' and f'cid:{cid}' in part.text()
               for part in original.parts)


def compare_names_of_losses(original, plan):
    """Changes that no field of the request shows."""
    senders = people(original, 'sender')
    author = people(original, 'from')[:1]
    parts = original.kinds()
    facts = {
        'sender': bool(senders) and [one.address for one in author] != [
            one.address for one in senders[:1]],
        'attached-message': any(part.get_content_type() == 'message/rfc822' for part in parts),
        'part-headers': any(part.get('Content-Description') for part in parts),
        'group': any(';' in value for name in ('to', 'cc') for value in original.all(name)
                     if value.startswith(('A group:', 'undisclosed'))),
    }
    for name, holds in facts.items():
        if holds and name not in plan.losses:
            yield f'the loss {name!r} has no name'


def find_blind(request):
    for mailbox in request.to:
        if 'blind' in mailbox.address and len(request.everyone()) > 1:
            yield f'{mailbox} shows in To'
    shown = [*(one.address for one in request.cc + request.reply_to), request.subject,
             *(value for _, value in request.headers)]
    if any('blind' in text for text in shown) or any(
            b'blind' in part.content for part in request.forms + request.attachments):
        yield 'a blind copy shows'


# The message itself.

def compare_raw(message, original, plan, request):
    copy = Original(request.raw)
    yield from compare_raw_fields(original, copy, plan)
    if request.is_addressed:
        yield from compare_shown(message, original, plan, request)
        yield from find_blind(request)
    else:
        yield from compare_raw_recipients(original, copy)
    if 'eight-bit' in plan.losses:
        yield from compare_recoded(message, original, copy)
    elif body_of(request.raw) != body_of(message.data):
        yield 'the bytes of the body are others'
    if b'blind' in request.raw:
        yield 'a blind copy shows'


def is_text(data):
    try:
        return '\0' not in data.decode('utf-8')
    except UnicodeDecodeError:
        return False


def compare_recoded(message, original, copy):
    """What is not UTF-8 was encoded, or read as windows-1252 where nothing could be encoded."""
    if is_text(message.data):
        yield 'it is UTF-8, and was encoded'
    yield from compare_recoded_parts(original, copy)


def compare_recoded_parts(original, copy):
    if len(original.parts) != len(copy.parts):
        yield f'{original.parts} became {copy.parts}'
    for part, now in zip(original.parts, copy.parts):
        if part.excuse or now.excuse:
            continue
        if (part.kind, part.name, part.cid) != (now.kind, now.name, now.cid) or \
                part.charset != now.charset and part.charset is not None:
            yield f'{part} became {now}'
        if part.kind.startswith('message/') and is_encoded_already(part) and \
                lines(part.content.replace(b'\0', b'\xef\xbf\xbd')) == lines(now.content):
            continue  # a NUL in its header, which ends there for Python
        if part.kind.startswith('message/'):
            yield from compare_recoded_parts(Original(part.content), Original(now.content))
        elif lines(part.content) != lines(now.content) and not (
                original.is_broken() and
                lines(part.content.decode('utf-8', 'windows-1252').encode()) == lines(now.content)):
            yield f'the bytes of {part} became those of {now}'


def is_encoded_already(part):
    return re.search(rb'(?i)\ncontent-transfer-encoding: *(quoted-printable|base64)\s',
                     part.content)


def body_of(data):
    data = data.replace(b'\r\n', b'\n')
    return data[1:] if data.startswith(b'\n') else data.partition(b'\n\n')[2]


ENCODING = ('mime-version', 'content-type', 'content-transfer-encoding')
EDITED = ('from', 'reply-to', 'to', 'cc', 'sender')


def compare_raw_fields(original, copy, plan):
    author, replies, _ = expected_author(original)
    want = [(name.lower(), unfolded(value)) for name, value in original.fields
            if name.lower() not in NEVER + EDITED]
    got = [(name.lower(), unfolded(value)) for name, value in copy.fields
           if name.lower() not in EDITED]
    if 'eight-bit' in plan.losses:
        want, got = (list(filter(lambda one: one[0] not in ENCODING, each)) for each in (want, got))
    for field in got:
        if field in want:
            want.remove(field)
        elif field[0] not in ADDED + ('date',):
            yield f'{field} is not in the message'
    for name, value in want:
        if name not in plan.dropped:
            yield f'lost: {name}: {value!r}'
    if people(copy, 'from')[:1] != [author]:
        yield f'From: {people(copy, "from")} is not {author}'
    if people(copy, 'reply-to') != replies:
        yield f'Reply-To: {people(copy, "reply-to")} is not {replies}'


def compare_raw_recipients(original, copy):
    for name in ('to', 'cc'):
        if [one for one in people(copy, name)] != people(original, name):
            yield f'{name}: {people(copy, name)} is not {people(original, name)}'


def unfolded(value):
    return re.sub(r'\r?\n', '', value).strip()
