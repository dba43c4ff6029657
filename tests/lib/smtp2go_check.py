# SPDX-License-Identifier: MIT
"""What SMTP2GO's v3 email/send accepts, read strictly: see shape.py."""

import email.policy

from shape import (ADDRESS, CONTROLS, HEADER_NAME, MEDIA_TYPE, Refusal, array, body, closed,
                   demand, flag, strict_base64, text)

__all__ = ['Limits', 'Refusal', 'check_message', 'recipients']

RESERVED = {'from', 'to', 'cc', 'bcc', 'subject', 'date', 'message-id', 'mime-version',
            'content-type', 'content-transfer-encoding', 'received', 'return-path', 'sender'}


def addresses(value):
    header = email.policy.default.header_factory('to', value)
    return [] if header.defects else [mailbox.addr_spec for mailbox in header.addresses]


def mailbox(value, path):
    text(3)(value, path)
    found = addresses(value)
    demand(len(found) == 1 and ADDRESS.fullmatch(found[0]), path, f'is no mailbox: {value!r}')


def header(value, path):
    closed({'header': text(1), 'value': text(1)})(value, path)
    demand(HEADER_NAME.fullmatch(value['header']), path, 'is no name')
    demand(value['header'].lower() not in RESERVED, path, f'sets {value["header"]}')
    demand(value['value'].isascii() and not CONTROLS.search(value['value']), path,
           'is not plain')


file = closed({'filename': text(1), 'mimetype': text(pattern=MEDIA_TYPE),
               'fileblob': strict_base64})
message = closed({
    'sender': mailbox,
    'to': array(mailbox, most=100),
    'subject': text(1),
    'fastaccept': flag,
}, {
    'cc': array(mailbox, most=100),
    'bcc': array(mailbox, most=100),
    'text_body': body,
    'html_body': body,
    'custom_headers': array(header),
    'attachments': array(file),
    'inlines': array(file),
})


class Limits:
    """None that differs from one account to the next."""


def recipients(value):
    return [address.lower() for name in ('to', 'cc', 'bcc') for text in value.get(name, ())
            for address in addresses(text)]


def check_message(value, limits):
    message(value, '')
    demand('text_body' in value or 'html_body' in value, 'text_body', 'is missing')
    demand(not value['fastaccept'], 'fastaccept', 'says nothing of what becomes of it')
    demand(len(recipients(value)) <= 100, 'to', 'names too many')
