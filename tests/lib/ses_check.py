# SPDX-License-Identifier: MIT
"""What Amazon SES accepts of SendEmail with a raw message, read strictly.

Pure functions, after the API's service model and the Developer Guide: bytes in, refusals out.
"""

import base64
import email
import email.policy
import json
import re

from postmark_check import HOST_NAME, unique_members

PATH = '/v2/email/outbound-emails'
MEMBERS = {'FromEmailAddress': str, 'Destination': dict, 'Content': dict, 'EmailTags': list,
           'ConfigurationSetName': str}
DESTINATION = ('ToAddresses', 'CcAddresses', 'BccAddresses')
TAG = re.compile(r'[A-Za-z0-9_-]{1,256}')
CONFIGURATION_SET = re.compile(r'[A-Za-z0-9_-]{1,64}')
ONCE = frozenset((  # header fields that may not be given twice
    'accept-language acceptlanguage archived-at auto-submitted bounces-to comments '
    'content-alternative content-base content-class content-description content-disposition '
    'content-duration content-id content-language content-length content-location content-md5 '
    'content-transfer-encoding content-type date delivered-to disposition-notification-options '
    'disposition-notification-to dkim-signature domainkey-signature errors-to from importance '
    'in-reply-to keywords list-archive list-help list-id list-owner list-post list-subscribe '
    'list-unsubscribe list-unsubscribe-post message-context message-id mime-version organization '
    'original-from original-message-id original-recipient original-subject precedence priority '
    'references reply-to return-path return-receipt-to sender solicitation sensitivity subject '
    'thread-index thread-topic user-agent vbr-info').split())


class Refusal(Exception):
    """A documented error: its type, its words and the HTTP status."""

    def __init__(self, kind, message, status=400):
        super().__init__(f'{kind}: {message}')
        self.kind = kind
        self.message = message
        self.status = status


class Limits:
    def __init__(self, message=40 * 1024 * 1024, recipients=50, tags=50):
        self.message = message  # bytes, as base64
        self.recipients = recipients
        self.tags = tags


def bad(message):
    return Refusal('BadRequestException', message)


def parse_json(body):
    try:
        return json.loads(body.decode('utf-8'), object_pairs_hook=unique_members)
    except (ValueError, RecursionError) as error:
        raise Refusal('SerializationException', str(error)) from None


def check_members(value, members, what):
    if not isinstance(value, dict):
        raise Refusal('SerializationException', f'{what} is no object')
    for name, member in value.items():
        if name not in members:
            raise Refusal('SerializationException', f'{what} has no member {name}')
        if type(member) is not members[name]:
            raise Refusal('SerializationException', f'{name} has the wrong type')


def check_address(address):
    local, at, domain = address.rpartition('@')
    if not address.isascii() or re.search(r'[\x00-\x20\x7f<>]', address):
        raise bad(f'Local address contains control or whitespace: {address}')
    if not at or not local or not HOST_NAME.fullmatch(domain):
        raise bad(f"Missing final '@domain': {address}")


def recipients(message):
    """Of a request that was found good, in lower case."""
    return [address.lower() for name in DESTINATION
            for address in message['Destination'].get(name, ())]


def check_destination(destination, limits):
    check_members(destination, dict.fromkeys(DESTINATION, list), 'Destination')
    addresses = [address for name in DESTINATION for address in destination.get(name, ())]
    if not addresses or len(addresses) > limits.recipients:
        raise bad(f'Recipient count exceeds {limits.recipients}: {len(addresses)}.')
    for address in addresses:
        if not isinstance(address, str):
            raise Refusal('SerializationException', 'an address is no string')
        check_address(address)
    if len({address.lower() for address in addresses}) != len(addresses):
        raise bad('A recipient is named twice.')  # SES does not say so: a mistake of ours


def check_tags(tags, limits):
    names = []
    for tag in tags:
        check_members(tag, {'Name': str, 'Value': str}, 'EmailTags')
        if not TAG.fullmatch(tag.get('Name', '')) or not TAG.fullmatch(tag.get('Value', '')):
            raise bad(f'Invalid tag: {tag}')
        names.append(tag['Name'])
    if len(tags) > limits.tags or len(set(names)) != len(names):
        raise bad('Too many tags, or one name twice.')


def raw_of(message):
    return base64.b64decode(message['Content']['Raw']['Data'], validate=True)


def split_header(raw):
    """The fields as (name, value), as they are written."""
    header, blank, _ = raw.partition(b'\r\n\r\n')
    if not blank:
        raise bad('no blank line behind the header')
    fields = []
    for line in header.split(b'\r\n'):
        if line[:1] in (b' ', b'\t') and fields:
            fields[-1] += b'\r\n' + line
        else:
            fields.append(line)
    pairs = []
    for field in fields:
        name, colon, value = field.partition(b':')
        if not colon or not re.fullmatch(rb'[!-9;-~]+[ \t]*', name):
            raise bad(f'no header field: {field!r}')
        pairs.append((name.strip().decode().lower(), value.decode('latin-1')))
    return pairs


def check_raw(raw, limits):
    if (len(raw) + 2) // 3 * 4 > limits.message:
        raise Refusal('MessageRejected', 'Message length is more than '
                      f'{limits.message} bytes long: {len(raw)}.')
    if re.search(rb'(?<!\r)\n', raw):
        raise bad('a line end without CR')
    fields = split_header(raw)
    names = [name for name, _ in fields]
    for name in ONCE.intersection(names):
        if names.count(name) > 1:
            raise bad(f"Duplicate header '{name}'.")
    if 'from' not in names:
        raise bad("Missing required header 'From'.")
    if {'bcc', 'resent-bcc', 'return-path'}.intersection(names):
        raise bad('a field that nobody is to see')
    email.message_from_bytes(raw, policy=email.policy.default)


def check_message(message, limits=Limits()):
    check_members(message, MEMBERS, 'the request')
    check_destination(message.get('Destination', {}), limits)
    check_tags(message.get('EmailTags', []), limits)
    if 'FromEmailAddress' in message:
        check_address(message['FromEmailAddress'])
    if not CONFIGURATION_SET.fullmatch(message.get('ConfigurationSetName', 'none')):
        raise bad('Invalid configuration set name')
    check_members(message.get('Content'), {'Raw': dict}, 'Content')
    check_members(message['Content'].get('Raw'), {'Data': str}, 'Raw')
    try:
        raw = raw_of(message)
    except (KeyError, ValueError) as error:
        raise Refusal('SerializationException', f'no base64: {error}') from None
    check_raw(raw, limits)


def header_of(message, name):
    """The first field of that name in the raw message; '' when there is none."""
    values = [value.strip() for key, value in split_header(raw_of(message))
              if key == name.lower()]
    return values[0] if values else ''


def from_addresses(message):
    header = email.policy.default.header_factory('From', header_of(message, 'From'))
    return [mailbox.addr_spec.lower() for mailbox in header.addresses]
