# SPDX-License-Identifier: MIT
"""What a request says, in the form that compare.py reads: one small reader a provider.

A reader is given the value of the body, and fills in a Request. A provider that takes the
message itself needs only a way to its recipients: render shows the message.
"""

import base64
import json
import re

from reader import Mailbox, Original, Part, fold_address, mailboxes


class Request:
    def __init__(self):
        self.sender = None
        self.to, self.cc, self.bcc, self.reply_to = [], [], [], []
        self.subject = ''
        self.forms = []       # of the body, of Part: text/plain first
        self.attachments = []
        self.headers = []     # of (name, raw value)
        self.raw = None       # bytes
        self.is_addressed = False  # by the header that stood above them
        self.value = None     # the body, parsed
        self.recipients = None  # addresses of the envelope, where that stands apart

    def everyone(self):
        if self.recipients is not None:
            return self.recipients
        return [mailbox.address for mailbox in self.to + self.cc + self.bcc]


def form(kind, text):
    return Part(kind, 'utf-8', None, None, text.encode('utf-8'))


def file(kind, name, content, cid=None):
    """@kind: with parameters, or None where the name decides"""
    kind, _, rest = (kind or '').partition(';')
    charset = rest.partition('charset=')[2].partition(';')[0].strip('" ').lower() or None
    return Part(kind or None, charset, name, cid, base64.b64decode(content))


def postmark(value, request):
    for member, into in (('To', request.to), ('Cc', request.cc), ('Bcc', request.bcc),
                         ('ReplyTo', request.reply_to)):
        into += mailboxes(value.get(member, '')) if value.get(member) else []
    request.sender, = mailboxes(value['From'])
    request.subject = value['Subject']
    request.forms = [form(kind, value[member]) for member, kind in (
        ('TextBody', 'text/plain'), ('HtmlBody', 'text/html')) if member in value]
    request.headers = [(one['Name'], one['Value']) for one in value['Headers']
                       if one['Name'] != 'X-PM-KeepID']
    for one in value.get('Attachments', ()):
        cid = one.get('ContentID')
        request.attachments.append(file(one['ContentType'], one['Name'], one['Content'],
                                        cid and cid.removeprefix('cid:')))


def apart(value, address='email', name='name'):
    return Mailbox(value.get(name, ''), value[address])


def sendgrid(value, request):
    whom, = value['personalizations']
    for member in ('to', 'cc', 'bcc'):
        getattr(request, member).extend(map(apart, whom.get(member, ())))
    request.reply_to = [apart(one) for one in value.get('reply_to_list', ())]
    if 'reply_to' in value:
        request.reply_to = [apart(value['reply_to'])]
    request.sender = apart(value['from'])
    request.subject = value['subject']
    request.forms = [form(one['type'], one['value']) for one in value['content']]
    request.headers = list(value['headers'].items())
    request.attachments = [file(one['type'], one['filename'], one['content'],
                                one.get('content_id')) for one in value.get('attachments', ())]


def resend(value, request):
    for member in ('to', 'cc', 'bcc', 'reply_to'):
        for text in value.get(member, ()):
            getattr(request, member).extend(mailboxes(text))
    request.sender, = mailboxes(value['from'])
    request.subject = value['subject']
    request.forms = [form(kind, value[member]) for member, kind in (
        ('text', 'text/plain'), ('html', 'text/html')) if member in value]
    request.headers = list(value.get('headers', {}).items())
    request.attachments = [file(one.get('content_type'), one['filename'], one['content'],
                                one.get('content_id')) for one in value.get('attachments', ())]


def http(value, request):
    """By the template of tests/golden/brevdue.conf."""
    resend(value, request)
    request.headers.append(('Message-ID', value['meta']['message_id']))


def brevo(value, request):
    for member in ('to', 'cc', 'bcc'):
        getattr(request, member).extend(map(apart, value.get(member, ())))
    request.reply_to = [apart(value['replyTo'])] if 'replyTo' in value else []
    request.sender = apart(value['sender'])
    request.subject = value['subject']
    request.forms = [form(kind, value[member]) for member, kind in (
        ('textContent', 'text/plain'), ('htmlContent', 'text/html')) if member in value]
    request.headers = [(name, text) for name, text in value.get('headers', {}).items()
                       if name != 'idempotencyKey']
    request.attachments = [file(None, one['name'], one['content'])
                           for one in value.get('attachment', ())]


def mailjet(value, request):
    value, = value['Messages']
    for member in ('To', 'Cc', 'Bcc'):
        getattr(request, member.lower()).extend(
            apart(one, 'Email', 'Name') for one in value.get(member, ()))
    request.reply_to = [apart(value['ReplyTo'], 'Email', 'Name')] if 'ReplyTo' in value else []
    request.sender = apart(value['From'], 'Email', 'Name')
    request.subject = value['Subject']
    request.forms = [form(kind, value[member]) for member, kind in (
        ('TextPart', 'text/plain'), ('HTMLPart', 'text/html')) if member in value]
    request.headers = list(value.get('Headers', {}).items())
    request.attachments = [
        file(one['ContentType'], one['Filename'], one['Base64Content'], one.get('ContentID'))
        for member in ('InlinedAttachments', 'Attachments') for one in value.get(member, ())]


def cloudflare(value, request):
    for member in ('to', 'cc', 'bcc'):
        getattr(request, member).extend(apart(one, 'address') for one in value.get(member, ()))
    request.reply_to = [apart(value['reply_to'], 'address')] if 'reply_to' in value else []
    request.sender = apart(value['from'], 'address')
    request.subject = value['subject']
    request.forms = [form(kind, value[member]) for member, kind in (
        ('text', 'text/plain'), ('html', 'text/html')) if member in value]
    request.headers = list(value.get('headers', {}).items())
    request.attachments = [file(one['type'], one['filename'], one['content'],
                                one.get('content_id')) for one in value.get('attachments', ())]


def mailtrap(value, request):
    for member in ('to', 'cc', 'bcc'):
        getattr(request, member).extend(map(apart, value.get(member, ())))
    request.reply_to = [apart(value['reply_to'])] if 'reply_to' in value else []
    request.sender = apart(value['from'])
    request.subject = value['subject']
    request.forms = [form(kind, value[member]) for member, kind in (
        ('text', 'text/plain'), ('html', 'text/html')) if member in value]
    request.headers = list(value.get('headers', {}).items())
    request.attachments = [file(one['type'], one['filename'], one['content'],
                                one.get('content_id')) for one in value.get('attachments', ())]


def mailersend(value, request):
    """Ids come without their brackets; a type that nobody says is the name's."""
    for member in ('to', 'cc', 'bcc'):
        getattr(request, member).extend(map(apart, value.get(member, ())))
    request.reply_to = [apart(value['reply_to'])] if 'reply_to' in value else []
    request.sender = apart(value['from'])
    request.subject = value['subject']
    request.forms = [form(kind, value[member]) for member, kind in (
        ('text', 'text/plain'), ('html', 'text/html')) if member in value]
    ids = {'In-Reply-To': [value[name] for name in ('in_reply_to',) if name in value],
           'References': value.get('references', [])}
    request.headers = [(name, ' '.join(f'<{one}>' for one in found))
                       for name, found in ids.items() if found]
    if value.get('precedence_bulk'):
        request.headers.append(('Precedence', 'bulk'))
    request.attachments = [file(None, one['filename'], one['content'], one.get('id'))
                           for one in value.get('attachments', ())]


FORMS = {'PlainText': 'text/plain', 'HTML': 'text/html', 'AMP': 'text/x-amp-html'}


def elastic(value, request):
    content = value['Content']
    for member in ('To', 'CC', 'BCC'):
        for one in value['Recipients'].get(member, ()):
            getattr(request, member.lower()).extend(mailboxes(one))
    request.reply_to = mailboxes(content['ReplyTo']) if 'ReplyTo' in content else []
    request.sender, = mailboxes(content['From'])
    request.subject = content['Subject']
    request.forms = [form(FORMS[one['ContentType']], one['Content']) for one in content['Body']]
    request.headers = list(content.get('Headers', {}).items())
    request.attachments = [file(one['ContentType'], one['Name'], one['BinaryContent'])
                           for one in content.get('Attachments', ())]


def scaleway(value, request):
    for member in ('to', 'cc', 'bcc'):
        getattr(request, member).extend(map(apart, value.get(member, ())))
    request.sender = apart(value['from'])
    request.subject = value['subject']
    request.forms = [form(kind, value[member]) for member, kind in (
        ('text', 'text/plain'), ('html', 'text/html')) if member in value]
    for one in value.get('additional_headers', ()):
        if one['key'] == 'Reply-To':
            request.reply_to += mailboxes(one['value'])
        else:
            request.headers.append((one['key'], one['value']))
    request.attachments = [file(one['type'], one['name'], one['content'])
                           for one in value.get('attachments', ())]


def azure(value, request):
    def mailbox(one):
        return Mailbox(one.get('displayName', ''), one['address'])
    for member in ('to', 'cc', 'bcc'):
        getattr(request, member).extend(map(mailbox, value['recipients'].get(member, ())))
    request.sender = Mailbox('', value['senderAddress'])
    request.reply_to = list(map(mailbox, value.get('replyTo', ())))
    request.subject = value['content']['subject']
    request.forms = [form(kind, value['content'][member]) for member, kind in (
        ('plainText', 'text/plain'), ('html', 'text/html')) if member in value['content']]
    request.headers = list(value.get('headers', {}).items())
    request.attachments = [file(one['contentType'], one['name'], one['contentInBase64'],
                                one.get('contentId')) for one in value.get('attachments', ())]


READERS = {
    'azure': azure,
    'postmark': postmark,
    'sendgrid': sendgrid,
    'resend': resend,
    'brevo': brevo,
    'mailjet': mailjet,
    'cloudflare': cloudflare,
    'scaleway': scaleway,
    'http': http,
    'mailtrap': mailtrap,
    'mailersend': mailersend,
    'elastic': elastic,
}


def ses(value):
    return [address for member in ('ToAddresses', 'CcAddresses', 'BccAddresses')
            for address in value['Destination'].get(member, ())]


def mailgun(value):
    return re.findall(r'name="to"\r\n\r\n([^\r]*)\r\n', value.partition('name="message"')[0])


def jmap(value):
    """Of the last request for the mail."""
    return [to['email'] for method, arguments, _ in value['methodCalls']
            if method == 'EmailSubmission/set'
            for to in arguments['create']['send']['envelope']['rcptTo']]


# Of those that take the message itself and read in its header who receives it: whether they
# take Bcc out of that.
ADDRESSED = {'gmail': True, 'graph': False, 'smtp2go': False}
ADDRESSES = re.compile(rb'\A(?:(?:To|Cc|Bcc):.*\r\n(?:[ \t].*\r\n)*)*')


def read_addressed(request, takes_bcc):
    """Its header is the envelope; @request.raw is the rest."""
    header = Original(ADDRESSES.match(request.raw)[0] + b'\r\n')
    request.raw = ADDRESSES.sub(b'', request.raw)
    request.is_addressed = True
    for name in ('to', 'cc', 'bcc') if takes_bcc else ('to', 'cc'):
        setattr(request, name, header.mailboxes(name))


ENVELOPES = {  # of those that take the message itself
    'ses': lambda body: ses(json.loads(body)), 'mailgun': mailgun,
    'postal': lambda body: json.loads(body)['rcpt_to'],
    'mandrill': lambda body: json.loads(body)['to'],
    'sparkpost': lambda body: [one['address']['email'] for one in json.loads(body)['recipients']],
    'jmap': lambda body: jmap(json.loads(body))}

TEXTS = {  # of those that take it as text: what a reader of the request has
    'mandrill': lambda value: re.sub(r'\A(?:X-MC-[^\n]*\n)+', '', value['raw_message']),
    'sparkpost': lambda value: value['content']['email_rfc822']}


def read(provider, body, raw, recipients):
    """@raw: the message itself, where that is sent; @recipients: of SMTP"""
    request = Request()
    if raw is None and not recipients:
        request.value = json.loads(body.decode('utf-8'))
        READERS[provider](request.value, request)
        return request
    request.raw = body if raw is None else raw
    if provider in ADDRESSED:
        read_addressed(request, ADDRESSED[provider])
        return request
    if provider in TEXTS:
        request.raw = TEXTS[provider](json.loads(body.decode('utf-8'))).encode('utf-8')
    request.recipients = list(map(fold_address, recipients or
                                  ENVELOPES[provider](body.decode('utf-8', 'replace'))))
    return request
