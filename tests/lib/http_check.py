# SPDX-License-Identifier: MIT
"""What the gateway of tests/golden/brevdue.conf takes by its template, and those of the cases of
tests/golden/http by theirs, read strictly: see shape.py."""

import email

from resend_check import mailbox
from shape import (MEDIA_TYPE, Refusal, address, array, body, closed, demand, headers,
                   strict_base64, text)

__all__ = ['Limits', 'Refusal', 'check_message', 'faults_of_body']

RESERVED = ('from', 'to', 'cc', 'bcc', 'reply-to', 'subject', 'message-id', 'content-*',
            'mime-version', 'dkim-signature', 'received')


def number_one(value, path):
    demand(value == 1 and type(value) is int, path, 'is not 1')


def content(value, path):
    """An empty file has no byte here."""
    demand(value == '' or strict_base64(value, path) is None, path, 'is no base64')


def message_in_base64(value, path):
    strict_base64(value, path)


def sender(value, path):
    if value != '':
        address(value, path)


by_fields = closed({
    'from': mailbox,
    'to': array(mailbox, most=50),
    'subject': text(),
    'meta': closed({'sender': sender, 'id': text(1), 'message_id': text(3, pattern='<[!-~]+>'),
                    'source': text(pattern='brevdue'), 'version': number_one}),
}, {
    'cc': array(mailbox, most=50),
    'bcc': array(mailbox, most=50),
    'reply_to': array(mailbox),
    'text': body,
    'html': body,
    'headers': headers(RESERVED),
    'attachments': array(closed(
        {'filename': text(1), 'content': content,
         'content_type': text(pattern=MEDIA_TYPE.pattern + '(;.*)?')},
        {'content_id': text(1, pattern='[!-;=?-~]+')})),
})
person = closed({'email': address}, {'name': text(1)})
apart = closed({'from': person, 'recipients': array(person), 'subject': text(), 'content': array(
    closed({'type': text(pattern='text/(plain|html)')}, {'value': body}))},
    {'headers': array(closed({'name': text(1), 'value': text()}))})
whole = closed({'message': message_in_base64, 'from': sender, 'to': array(address)})


class Limits:
    """None that differs from one account to the next."""


def shape_of(value):
    return whole if 'message' in value else apart if 'content' in value else by_fields


def check_message(value, limits):
    shape_of(value)(value, '')
    demand(shape_of(value) is not by_fields or 'text' in value or 'html' in value, 'text',
           'is missing')


def faults_of_body(body):
    """A body that is no JSON is the message itself."""
    import json
    if body.startswith(b'{'):
        try:
            check_message(json.loads(body.decode('utf-8')), Limits())
        except Refusal as refusal:
            return [str(refusal)]
        return []
    message = email.message_from_bytes(body)
    return [] if message['From'] and not message['Bcc'] else ['no From, or a Bcc']
