# SPDX-License-Identifier: MIT
"""What Postmark accepts, read strictly.

Pure functions: bytes in, refusals out. Where the provider's documents leave a choice the
narrower reading is taken, so that a request which passes here passes there.
"""

import base64
import binascii
import email.policy
import json
import re
import urllib.parse

MEGABYTE = 1000 * 1000

TEXT_MEMBERS = ('From', 'To', 'Cc', 'Bcc', 'ReplyTo', 'Subject', 'Tag', 'TextBody',
                'HtmlBody', 'MessageStream', 'TrackLinks')
MEMBERS = {
    **{name: str for name in TEXT_MEMBERS},
    'TrackOpens': bool,
    'Headers': list,
    'Metadata': dict,
    'Attachments': list,
}
RECIPIENT_MEMBERS = ('To', 'Cc', 'Bcc')
DEFAULT_STREAM = 'outbound'
SEARCH_MEMBERS = ('recipient', 'fromemail', 'tag', 'status', 'todate', 'fromdate', 'subject',
                  'messagestream')  # beside count, offset and metadata_NAME
MAX_CHARACTERS = {'From': 255, 'Subject': 2000, 'Tag': 1000}
TRACK_LINKS = ('None', 'HtmlAndText', 'HtmlOnly', 'TextOnly')

RESERVED_HEADERS = frozenset((
    'return-path', 'x-pm-rcpt', 'from', 'reply-to', 'sender', 'received', 'date',
    'content-type', 'content-transfer-encoding', 'mime-version', 'cc', 'bcc', 'subject',
    'tag', 'attachment', 'to', 'track-opens', 'track-links', 'message-stream',
    'postmark-template-alias'))
FORBIDDEN_EXTENSIONS = frozenset(
    'vbs exe bin bat chm com cpl crt hlp hta inf ins isp jse lnk mdb pcd pif reg scr sct '
    'shs vbe vba wsf wsh wsl msc msi msp mst'.split())

HEADER_NAME = re.compile(r'[!-9;-~]+')
HOST_NAME = re.compile(r'[^\s@.]{1,63}(\.[^\s@.]{1,63})+')
MEDIA_TYPE = re.compile(r'[!#$&^_.+\w-]+/[!#$&^_.+\w-]+(\s*;.*)?', re.ASCII)
BASE64 = re.compile(rb'[A-Za-z0-9+/]*={0,2}')
STREAM = re.compile(r'[a-z0-9][a-z0-9_-]*')
CONTROLS = re.compile(r'[\x00-\x1f\x7f]')
BODY_CONTROLS = re.compile(r'\x00')


class Refusal(Exception):
    """A documented error: its code, its words, and the HTTP status of a single request."""

    def __init__(self, code, message, status=422):
        super().__init__(f'{code}: {message}')
        self.code = code
        self.message = message
        self.status = status

    def as_result(self):
        return {'ErrorCode': self.code, 'Message': self.message}


class Limits:
    """Documented sizes; a benchmark may want others."""

    def __init__(self, message=10 * MEGABYTE, body=5 * MEGABYTE, request=50 * MEGABYTE,
                 recipients=50, batch=500):
        self.message = message
        self.body = body
        self.request = request
        self.recipients = recipients
        self.batch = batch


def unique_members(pairs):
    """An object hook for json: a member given twice is a mistake of the sender."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Refusal(402, 'Invalid JSON: a member is given twice.')
    return members


def parse_json(body):
    """The JSON value of a request body, which must be UTF-8 without lone surrogates."""
    try:
        value = json.loads(body.decode('utf-8'), object_pairs_hook=unique_members,
                           parse_constant=refuse_constant)
        json.dumps(value, ensure_ascii=False).encode('utf-8')
    except (ValueError, RecursionError) as error:
        raise Refusal(402, f'Invalid JSON: {error}') from None
    return value


def refuse_constant(name):
    raise Refusal(402, f'Invalid JSON: {name} is no JSON value.')


def check_headers(headers, tokens, has_body=True):
    """The request's own header; returns the token it used."""
    token = headers.get('X-Postmark-Server-Token')
    if token is None:
        raise Refusal(10, 'No Account or Server API tokens were supplied in the HTTP '
                          'headers.', 401)
    if token.lower() not in (known.lower() for known in tokens):
        raise Refusal(10, 'The Server Token you provided is not valid.', 401)
    if not is_json_type(headers.get('Accept', '')):
        raise Refusal(409, "The 'Accept' header must be application/json.")
    if has_body and not is_json_type(headers.get('Content-Type', '')):
        raise Refusal(409, "The 'Content-Type' header must be application/json.", 415)
    return token


def is_json_type(value):
    return value.split(';')[0].strip().lower() == 'application/json'


def parse_mailboxes(field, text):
    """Mailboxes of a recipient member as (display name, address)."""
    if CONTROLS.search(text):
        raise Refusal(300, f"Invalid '{field}' address: control character.")
    header = email.policy.default.header_factory(field, text)
    if header.defects or any(group.display_name for group in header.groups):
        raise Refusal(300, f"Error parsing '{field}': Illegal email address '{text}'.")
    for mailbox in header.addresses:
        check_address(field, mailbox)
    return [(mailbox.display_name, mailbox.addr_spec) for mailbox in header.addresses]


def check_address(field, mailbox):
    if not mailbox.username or not mailbox.username.isascii():
        raise Refusal(300, f"Invalid '{field}' address: '{mailbox.addr_spec}'.")
    if not HOST_NAME.fullmatch(mailbox.domain):
        raise Refusal(300, f"Error parsing '{field}': Illegal email domain "
                           f"'{mailbox.domain}' in address '{mailbox.addr_spec}'.")


def recipients(message):
    """Addresses of all recipients of a message that was found good, in lower case."""
    return [address.lower() for member in RECIPIENT_MEMBERS
            for _, address in parse_mailboxes(member, message.get(member, ''))]


class Search:
    """What a search of sent messages asks for."""

    def __init__(self, path):
        query = urllib.parse.urlsplit(path).query
        pairs = urllib.parse.parse_qsl(query, keep_blank_values=True, strict_parsing=True)
        if len(dict(pairs)) != len(pairs):
            raise Refusal(300, 'A parameter is given twice.')
        self.filters = dict(pairs)
        self.count = self.take_number('count', 1, 500)
        self.offset = self.take_number('offset', 0, 10000 - self.count)
        unknown = [name for name in self.filters
                   if name not in SEARCH_MEMBERS and not name.startswith('metadata_')]
        if unknown:
            raise Refusal(300, f'No such parameter: {", ".join(unknown)}.')

    def take_number(self, name, least, most):
        value = self.filters.pop(name, '')
        if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
            raise Refusal(300, f"'{name}' is required: {least} to {most}.")
        return int(value)

    def finds(self, message):
        """Only by stream and metadata; without a stream the default one is searched."""
        stream = self.filters.get('messagestream', DEFAULT_STREAM)
        metadata = message.get('Metadata') or {}
        return stream == message.get('MessageStream', DEFAULT_STREAM) and all(
            metadata.get(name.removeprefix('metadata_')) == value
            for name, value in self.filters.items() if name.startswith('metadata_'))


def parse_search(path):
    try:
        return Search(path)
    except ValueError:
        raise Refusal(300, 'Invalid query.') from None


def check_members(message):
    if not isinstance(message, dict):
        raise Refusal(402, 'Invalid JSON: a message must be an object.')
    unknown = sorted(set(message) - set(MEMBERS))
    if unknown:
        raise Refusal(403, f'Invalid request field(s): {", ".join(unknown)}.')
    for name, value in message.items():
        if type(value) is not MEMBERS[name]:
            raise Refusal(403, f"Invalid request field(s): '{name}' has the wrong type.")


def check_texts(message, limits):
    for name in set(TEXT_MEMBERS) - {'TextBody', 'HtmlBody'}:
        if CONTROLS.search(message.get(name, '')):
            raise Refusal(300, f"Invalid '{name}' value: control character.")
    for name, length in MAX_CHARACTERS.items():
        if len(message.get(name, '')) > length:
            raise Refusal(300, f"Invalid '{name}' value: more than {length} characters.")
    bodies = [message.get(name, '') for name in ('TextBody', 'HtmlBody')]
    if not any(bodies):
        raise Refusal(300, "Provide either email TextBody or HtmlBody or both.")
    for body in bodies:
        if BODY_CONTROLS.search(body):
            raise Refusal(300, 'Invalid body: NUL character.')
        if len(body.encode('utf-8')) > limits.body:
            raise Refusal(300, f'A body is larger than {limits.body} bytes.')
    if message.get('TrackLinks', 'None') not in TRACK_LINKS:
        raise Refusal(300, "Invalid 'TrackLinks' value.")


def check_addresses(message, limits):
    authors = parse_mailboxes('From', message.get('From', ''))
    if len(authors) != 1:
        raise Refusal(300, f"Invalid 'From' address: '{message.get('From', '')}'.")
    for member in ('ReplyTo', *RECIPIENT_MEMBERS):
        if member in message and not message[member].strip():
            raise Refusal(300, f"Invalid '{member}' address: ''.")
    parse_mailboxes('Reply-To', message.get('ReplyTo', ''))
    count = len(recipients(message))
    if count == 0:
        raise Refusal(300, 'Zero recipients specified.')
    if count > limits.recipients:
        raise Refusal(300, f'Too many recipients: {count}, at most {limits.recipients}.')


def check_custom_headers(headers):
    for header in headers:
        if not isinstance(header, dict) or set(header) != {'Name', 'Value'}:
            raise Refusal(403, "Invalid request field(s): a header has Name and Value.")
        name, value = header['Name'], header['Value']
        if not isinstance(name, str) or not isinstance(value, str):
            raise Refusal(403, "Invalid request field(s): a header holds strings.")
        if not HEADER_NAME.fullmatch(name):
            raise Refusal(300, f"Invalid header name '{name}'.")
        if name.lower() in RESERVED_HEADERS:
            raise Refusal(300, f"Header '{name}' is not allowed in Headers.")
        if CONTROLS.sub('', value.replace('\t', ' ')) != value.replace('\t', ' '):
            raise Refusal(300, f"Header '{name}' has a control character in its value.")


def check_metadata(metadata):
    if len(metadata) > 10:
        raise Refusal(300, 'Metadata: at most 10 fields.')
    for key, value in metadata.items():
        if not isinstance(value, str):
            raise Refusal(403, f"Invalid request field(s): Metadata '{key}'.")
        if not 1 <= len(key) <= 20 or len(value) > 80:
            raise Refusal(300, f"Metadata '{key}': at most 20 and 80 characters.")
        if CONTROLS.search(key + value):
            raise Refusal(300, f"Metadata '{key}': control character.")


def check_attachments(attachments):
    for attachment in attachments:
        if not isinstance(attachment, dict):
            raise Refusal(403, 'Invalid request field(s): Attachments.')
        members = set(attachment)
        if not {'Name', 'Content', 'ContentType'} <= members <= {
                'Name', 'Content', 'ContentType', 'ContentID'}:
            raise Refusal(403, f'Invalid request field(s): {", ".join(sorted(members))}.')
        if not all(isinstance(value, str) for value in attachment.values()):
            raise Refusal(403, 'Invalid request field(s): an attachment holds strings.')
        check_attachment(attachment)


def check_attachment(attachment):
    name = attachment['Name']
    if not name or CONTROLS.search(name):
        raise Refusal(300, f"Attachment name '{name}' is invalid.")
    if name.rpartition('.')[2].lower() in FORBIDDEN_EXTENSIONS and '.' in name:
        raise Refusal(411, f"Attachment '{name}' has a forbidden extension.")
    if not MEDIA_TYPE.fullmatch(attachment['ContentType']) or CONTROLS.search(
            attachment['ContentType']):
        raise Refusal(300, f"Attachment '{name}' has an invalid ContentType.")
    content_id = attachment.get('ContentID', 'cid:x')
    if not re.fullmatch(r'cid:[!-~]+', content_id) or '<' in content_id:
        raise Refusal(300, f"Attachment '{name}' has an invalid ContentID.")
    decode_base64(name, attachment['Content'])


def decode_base64(name, content):
    """Only the plain alphabet, padded, in one line, with no bits left over."""
    try:
        encoded = content.encode('ascii')
        if not BASE64.fullmatch(encoded):
            raise ValueError
        decoded = binascii.a2b_base64(encoded, strict_mode=True) if encoded else b''
        if base64.b64encode(decoded) != encoded:
            raise ValueError
    except ValueError:
        raise Refusal(300, f"Attachment '{name}': Content is not valid base64.") from None
    return decoded


def message_size(message):
    """Bytes that count towards the limit: bodies, and attachments after base64."""
    return sum(len(message.get(name, '').encode('utf-8'))
               for name in ('TextBody', 'HtmlBody')) + sum(
        len(attachment['Content']) for attachment in message.get('Attachments', ()))


def check_message(message, limits, streams=None, senders=None):
    """Raises Refusal unless @message is one that Postmark takes.

    @streams: known message streams, None for all
    @senders: addresses and domains that may send, None for all
    """
    check_members(message)
    check_texts(message, limits)
    check_addresses(message, limits)
    check_custom_headers(message.get('Headers', ()))
    check_metadata(message.get('Metadata', {}))
    check_attachments(message.get('Attachments', ()))
    if message_size(message) > limits.message:
        raise Refusal(300, f'The message is larger than {limits.message} bytes.')
    stream = message.get('MessageStream', 'outbound')
    if not STREAM.fullmatch(stream) or (streams is not None and stream not in streams):
        raise Refusal(1235, f"The stream '{stream}' does not exist on this server.")
    check_sender(message, senders)


def check_sender(message, senders):
    address = parse_mailboxes('From', message['From'])[0][1].lower()
    if senders is None or address in senders or address.partition('@')[2] in senders:
        return
    raise Refusal(400, f"The 'From' address you supplied ({address}) is not a Sender "
                       'Signature on your account.')
