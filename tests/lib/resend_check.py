# SPDX-License-Identifier: MIT
"""What Resend's emails and emails/batch accept, read strictly: see shape.py."""

import email.policy
import mimetypes
import re

from shape import (ADDRESS, MEDIA_TYPE, Refusal, array, body, closed, demand, headers,
                   strict_base64, text)

__all__ = ['Limits', 'Refusal', 'check_batch', 'check_message', 'recipients']

RESERVED = ('from', 'to', 'cc', 'bcc', 'reply-to', 'subject', 'date', 'message-id', 'content-*',
            'mime-version', 'dkim-signature', 'received')
WORD = r'[A-Za-z0-9_-]{1,256}'
KEY = re.compile('[!-~]{1,256}')


def addresses(value):
    header = email.policy.default.header_factory('to', value)
    return [] if header.defects else [mailbox.addr_spec for mailbox in header.addresses]


def mailbox(value, path):
    text(3)(value, path)
    found = addresses(value)
    demand(len(found) == 1 and ADDRESS.fullmatch(found[0]), path, f'is no mailbox: {value!r}')


def attachment(value, path):
    closed({'filename': text(1), 'content': strict_base64},
           {'content_type': text(pattern=MEDIA_TYPE.pattern + '(;.*)?'),
            'content_id': text(1, pattern='[!-;=?-~]+')})(value, path)
    guessed = mimetypes.guess_type(value['filename'])[0]
    given = value.get('content_type', '').partition(';')[0]
    demand(not given or guessed in (None, given), path,
           f'would vanish: {value["filename"]} is said to be {given}')


message = closed({
    'from': mailbox,
    'to': array(mailbox, most=50),
    'subject': text(1),
}, {
    'cc': array(mailbox, most=50),
    'bcc': array(mailbox, most=50),
    'reply_to': array(mailbox),
    'text': body,
    'html': body,
    'headers': headers(RESERVED),
    'tags': array(closed({'name': text(pattern=WORD), 'value': text(pattern=WORD)})),
    'attachments': array(attachment),
})


class Limits:
    """None that differs from one account to the next."""


def recipients(value):
    return [address.lower() for name in ('to', 'cc', 'bcc') for text in value.get(name, ())
            for address in addresses(text)]


def check_message(value, limits):
    message(value, '')
    demand('text' in value or 'html' in value, 'text', 'is missing')
    demand(len(recipients(value)) <= 50, 'to', 'names too many')
    names = [tag['name'] for tag in value.get('tags', ())]
    demand(len(set(names)) == len(names), 'tags', 'has a name twice')


def check_batch(value, limits):
    demand(isinstance(value, list) and 1 <= len(value) <= 100, '', 'is no batch')
    for i, one in enumerate(value):
        demand('attachments' not in one, f'{i}.attachments', 'may not be in a batch')
        check_message(one, limits)
