# SPDX-License-Identifier: MIT
"""One message through brevdue and through somebody else's mapper, to the same stand-in, and
both requests in the neutral form of tests/corpus."""

import base64
import email
import email.policy
import hashlib
import json
import os
import sys
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..', 'lib'), os.path.join(HERE, '..', 'corpus')]

import mailgun  # noqa: E402
import postal  # noqa: E402
import postmark  # noqa: E402
import request  # noqa: E402
import ses  # noqa: E402
import structured  # noqa: E402
from programs import Site  # noqa: E402
from reader import (Mailbox, Original, Part, content_of, lines, mailboxes, one_line,  # noqa: E402
                    parameter_of, plain)

STAND_INS = {'postmark': postmark.Postmark, 'sendgrid': structured.SendGrid,
             'brevo': structured.Brevo, 'mailjet': structured.Mailjet,
             'ses': ses.Ses, 'mailgun': mailgun.Mailgun, 'postal': postal.Postal,
             'sparkpost': structured.SparkPost, 'mandrill': structured.Mandrill}
ONE_EACH = ('sparkpost', 'mandrill')  # a request for each recipient
ADDRESSES = {'to': 'To', 'cc': 'Cc', 'bcc': 'Bcc', 'reply_to': 'Reply-To'}
CONTENTS = ('Content', 'content', 'Base64Content', 'data')  # of a file, which may be empty
# Each side makes its own: the id and the time of a message, and keys of one request.
OWN = ('message-id', 'x-original-message-id', 'date', 'mime-version', 'content-type', 'content-transfer-encoding',
       'from', 'to', 'cc', 'bcc', 'reply-to', 'subject')


def stand_in(provider):
    """The stand-in, which also keeps what it was sent and refused: its rules are narrower
    than those of the provider."""
    class Keeping(STAND_INS[provider]):
        def __init__(self):
            super().__init__()
            self.seen = []  # of (Content-Type, body)

        def judge(self, method, path, headers, body):
            if method == 'POST':
                self.seen.append((headers.get('Content-Type', ''), body))
            return super().judge(method, path, headers, body)

    return Keeping()


def through_brevdue(provider, mime, sender, recipients):
    """@mime with an envelope through sendmail, straight to the provider."""
    with stand_in(provider) as server, Site(delivery='direct') as site:
        if provider == 'ses':
            ses.account(site, server)
        else:
            more = {'user': server.user} if provider == 'mailjet' else {}
            site.account(provider, server.url, server.token, provider=provider, **more)
        done = site.sendmail('-i', '-f', sender, '--', *recipients, input=mime)
        if done.returncode != 0 or server.problems or not server.seen:
            raise AssertionError(f'{done.returncode} {done.stderr.decode()} {server.problems}')
        if provider in ONE_EACH:
            return neutral(read_copies(provider, server.seen))
        assert len(server.seen) == 1
        return neutral(read(provider, *server.seen[0]))


# Reading.

def read_copies(provider, requests):
    """A message that is sent to each of its recipients by himself."""
    values = [json.loads(body) for _, body in requests]
    raw, = {request.TEXTS[provider](value) for value in values}
    return from_message(raw.encode(), [
        one for _, body in requests for one in request.ENVELOPES[provider](body.decode())])


def read(provider, kind, body):
    """A request of whoever made it."""
    if kind.startswith('application/json') or body.startswith(b'{'):  # some say no type
        value = sparse(json.loads(body))
        if provider == 'ses':
            return from_message(base64.b64decode(value['Content']['Raw']['Data']),
                                request.ses(value))
        found = request.Request()
        if provider in ONE_EACH:
            return from_other_api(provider, value, found)
        if provider == 'postal':
            return from_postal(value, found)
        request.READERS[provider](whole(provider, value), found)
        return found
    fields = read_form(kind, body)
    raw = [part.content for part in fields if part.cid in ('message', 'RawMessage.Data')]
    if not raw:
        return from_form(fields)
    return from_message(raw[0] if provider == 'mailgun' else base64.b64decode(raw[0]),
                        [part.content.decode() for part in fields
                         if part.cid == 'to' or part.cid.startswith('Destinations.')])


def from_other_api(provider, value, found):
    """Of a provider to which brevdue sends the message itself: https://developers.sparkpost.com,
    Transmissions; https://mailchimp.com/developer/transactional/api, Messages."""
    if 'raw_message' in value:
        return from_message(value['raw_message'].encode(), value['to'])
    content = value['message'] if provider == 'mandrill' else value['content']
    headers = content.get('headers', {})
    if provider == 'mandrill':
        found.sender = Mailbox(content.get('from_name', ''), content['from_email'])
        for one in content['to']:
            getattr(found, one['type']).append(Mailbox(one.get('name', ''), one['email']))
        found.reply_to = mailboxes(headers.pop('Reply-To', ''))
    else:
        found.sender, = mailboxes(content['from'])
        found.to = mailboxes(value['recipients'][0]['address']['header_to'])
        found.cc = mailboxes(headers.pop('Cc', ''))
        shown = [one.address for one in found.to + found.cc]
        found.bcc = [Mailbox('', one['address']['email']) for one in value['recipients']
                     if one['address']['email'] not in shown]
        found.reply_to = mailboxes(content.get('reply_to', ''))
    found.subject = content.get('subject', '')
    found.forms = [request.form(kind, content[name]) for name, kind in (
        ('text', 'text/plain'), ('html', 'text/html')) if name in content]
    found.headers = list(headers.items())
    for member in ('attachments', 'images', 'inline_images'):
        for one in content.get(member, ()):
            data = one.get('content', one.get('data', ''))
            cid = one['name'] if member != 'attachments' else None
            found.attachments.append(request.file(one['type'], one.get('name'), data, cid))
    return found


def from_postal(value, found):
    """https://apiv1.postalserver.io, Send: brevdue sends the message itself."""
    if 'data' in value:
        return from_message(base64.b64decode(value['data']), value['rcpt_to'])
    found.sender, = mailboxes(value['from'])
    for member in ('to', 'cc', 'bcc'):
        getattr(found, member).extend(
            one for text in value.get(member, ()) for one in mailboxes(text))
    found.reply_to = mailboxes(value.get('reply_to', ''))
    found.subject = value.get('subject', '')
    found.forms = [request.form(kind, value[name]) for name, kind in (
        ('plain_body', 'text/plain'), ('html_body', 'text/html')) if name in value]
    found.headers = list(value.get('headers', {}).items())
    found.attachments = [
        request.file(one['content_type'], one.get('name'), one.get('data', ''), None)
        for one in value.get('attachments', ())]
    return found


def sparse(value):
    """Without members that say nothing, which others write as null or as empty."""
    if isinstance(value, dict):
        kept = {name: sparse(member) for name, member in value.items()}
        return {name: member for name, member in kept.items()
                if member not in (None, []) and (member or name in CONTENTS)}
    return [sparse(one) for one in value] if isinstance(value, list) else value


def whole(provider, value):
    """With the members that our own requests always have, and that may be left out."""
    if provider == 'mailjet':
        shared = value.pop('Globals', {})
        value['Messages'] = [{'Subject': '', **shared, **one} for one in value['Messages']]
        return value
    if provider == 'sendgrid':
        whom, = value['personalizations']
        return {'headers': {}, 'subject': whom.get('subject', ''), **value}
    return {'Headers': [], 'Subject': '', 'subject': '', **value}


def from_message(raw, recipients):
    """Whom it goes to, and it does not show, gets a blind copy."""
    original = Original(raw)
    found = request.Request()
    found.sender = original.mailboxes('from')[0]
    for member, name in ADDRESSES.items():
        getattr(found, member).extend(original.mailboxes(name.lower()))
    found.bcc = [one for text in recipients for one in mailboxes(text)
                 if one.address not in [shown.address for shown in found.to + found.cc]]
    found.subject = original.text_of('subject')
    found.headers = original.fields
    forms = [part for part in map(original.body, ('plain', 'html')) if part]
    bodies = [part.content for part in forms]
    found.attachments = [part for part in original.parts
                         if part.name or part.cid or part.content not in bodies]
    found.forms = [request.form(part.kind, part.text()) for part in forms]
    return found


def read_form(kind, body):
    """The fields of a form as parts, whose @cid is the name of the field."""
    if kind.startswith('application/x-www-form-urlencoded'):
        return [Part('text/plain', None, None, name, value.encode()) for name, value in
                urllib.parse.parse_qsl(body.decode(), keep_blank_values=True)]
    header = f'Content-Type: {kind}\r\n\r\n'.encode()
    whole_form = email.message_from_bytes(header + body, policy=email.policy.HTTP)
    return [Part(part.get_content_type(), None, file_name(part),
                 parameter_of(part, 'content-disposition', 'name'),
                 content_of(part)) for part in whole_form.iter_parts()]


def file_name(part):
    """Browsers write %22 for a quote, and so do many libraries: https://html.spec.whatwg.org,
    Multipart form data."""
    name = parameter_of(part, 'content-disposition', 'filename')
    return name and name.replace('%22', '"')


def from_form(fields):
    """Mailgun's fields of one message: https://documentation.mailgun.com, Messages."""
    found = request.Request()
    for part in fields:
        name = part.cid.partition('[')[0]  # PHP numbers the files of one field
        text = part.content.decode('utf-8', 'replace')
        if name == 'from':
            found.sender, = mailboxes(text)
        elif name == 'h:Reply-To':
            found.reply_to += mailboxes(text)
        elif name in ADDRESSES:
            getattr(found, name).extend(mailboxes(text))
        elif name == 'subject':
            found.subject = text
        elif name in ('text', 'html') and text:
            kind = 'text/plain' if name == 'text' else 'text/html'
            found.forms.append(request.form(kind, text))
        elif name.startswith('h:'):
            found.headers.append((name[2:], text))
        elif name in ('attachment', 'inline'):
            part.cid = part.name if name == 'inline' else None
            found.attachments.append(part)
    return found


# Comparing.

def neutral(found):
    """Everything a recipient could notice, by names for a person."""
    said = {'From': [repr(found.sender)]}
    for member, name in ADDRESSES.items():
        said[name] = list(map(repr, getattr(found, member)))
    said['Bcc'].sort()
    said['Subject'] = one_line(found.subject)
    for part in found.forms:
        said[part.kind] = name_pictures(plain(part.text()).rstrip('\n'), found.attachments)
    for name, value in found.headers:
        if name.lower() not in OWN:
            said.setdefault(f'{name.title()}:', []).append(' '.join(value.split()))
    found.attachments.sort(key=lambda part: (part.name or '', part.content))
    for name in ('kind', 'charset', 'name', 'cid', 'content'):
        said[f'attachments: {name}'] = [describe(part, name) for part in found.attachments]
    return {name: value for name, value in said.items() if value and any(value)}


def name_pictures(text, attachments):
    """An id is made up by many; what counts is which file is meant."""
    for part in attachments:
        if part.cid and f'cid:{part.cid}' in text:
            text, part.cid = text.replace(f'cid:{part.cid}', f'cid:{part.name}'), part.name
    return text


def describe(part, name):
    value = getattr(part, name)
    if name == 'content':
        return hashlib.sha256(lines(value)).hexdigest()[:16] if len(value) > 60 else lines(value)
    return value.lower() if value and name == 'kind' else value


def differing(ours, theirs):
    """The names of fields in which two neutral forms differ."""
    return sorted(name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name))
