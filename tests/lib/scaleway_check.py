# SPDX-License-Identifier: MIT
"""What Scaleway's v1alpha1 emails accept, read strictly: see shape.py."""

from shape import (CONTROLS, HEADER_NAME, MEDIA_TYPE, Refusal, address, array, closed, demand,
                   strict_base64, text)

__all__ = ['Limits', 'Refusal', 'check_message', 'recipients']

RESERVED = {'from', 'to', 'cc', 'bcc', 'subject', 'date', 'message-id', 'mime-version',
            'received', 'return-path', 'sender', 'dkim-signature'}
OFFICE = 'application/vnd.openxmlformats-officedocument.'
TYPES = {'application/pdf', 'application/msword', 'application/xml', 'application/zip',
         'application/ics', 'application/pkcs7-mime', 'application/x-pkcs7-mime',
         'application/pkcs7-signature', 'application/x-pkcs7-signature', 'audio/mpeg',
         'audio/wav', 'image/gif', 'image/jpeg', 'image/jpg', 'image/png', 'image/svg+xml',
         'image/tiff', 'image/webp', 'text/calendar', 'text/csv', 'text/html', 'text/plain',
         'text/xml', 'application/vnd.ms-excel',
         'application/vnd.oasis.opendocument.spreadsheet',
         OFFICE + 'wordprocessingml.document', OFFICE + 'spreadsheetml.sheet'}


def content(value, path):
    text(10, one_line=False)(value, path)
    demand(len(value.strip()) >= 10 or value.endswith('.'), path, 'is too short')


def header(value, path):
    closed({'key': text(1), 'value': text(1)})(value, path)
    demand(HEADER_NAME.fullmatch(value['key']), path, 'is no name')
    demand(value['key'].lower() not in RESERVED, path, f'sets {value["key"]}')
    demand(value['value'].isascii() and not CONTROLS.search(value['value']), path,
           'is not plain')


def attachment(value, path):
    closed({'name': text(1), 'type': text(pattern=MEDIA_TYPE.pattern + '(;.*)?'),
            'content': strict_base64})(value, path)
    demand(value['type'].partition(';')[0] in TYPES, path, f'is of {value["type"]}')


mailbox = closed({'email': address}, {'name': text(1)})
mailboxes = array(mailbox, most=10)
message = closed({
    'project_id': text(pattern='[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'),
    'from': mailbox,
    'to': mailboxes,
    'subject': text(10),
}, {
    'cc': mailboxes,
    'bcc': mailboxes,
    'text': content,
    'html': content,
    'additional_headers': array(header),
    'attachments': array(attachment),
})


class Limits:
    """None that differs from one account to the next."""


def recipients(value):
    return [mailbox['email'].lower() for name in ('to', 'cc', 'bcc')
            for mailbox in value.get(name, ())]


def check_message(value, limits):
    message(value, '')
    demand(value['subject'].strip() == value['subject'], 'subject', 'would be cut')
    demand('text' in value or 'html' in value, 'text', 'is missing')
    demand(len(recipients(value)) <= 10, 'to', 'names too many')
