# SPDX-License-Identifier: MIT
"""What Mailtrap's api/send and api/batch accept, read strictly: see shape.py."""

import json
import urllib.parse

from shape import (MEDIA_TYPE, Refusal, address, array, body, closed, demand, headers,
                   strict_base64, strings, text)

__all__ = ['Limits', 'Refusal', 'check_batch', 'check_message', 'parse_search',
           'recipients']

RESERVED = ('from', 'to', 'cc', 'bcc', 'reply-to', 'subject', 'date', 'message-id', 'sender',
            'content-*', 'mime-version', 'x-mt-*')

mailbox = closed({'email': address}, {'name': text(1)})
mailboxes = array(mailbox, most=1000)


def attachment(value, path):
    closed({'filename': text(1), 'type': text(pattern=MEDIA_TYPE.pattern + '(; .*)?'),
            'content': strict_base64, 'disposition': text(pattern='attachment|inline')},
           {'content_id': text(1, pattern='[!-;=?-~]+')})(value, path)
    demand((value['disposition'] == 'inline') == ('content_id' in value), path,
           'is shown, or has a Content-ID, and not both')


message = closed({
    'from': mailbox,
    'subject': text(1),
}, {
    'to': mailboxes,
    'cc': mailboxes,
    'bcc': mailboxes,
    'reply_to': mailbox,
    'text': body,
    'html': body,
    'headers': headers(RESERVED),
    'category': text(1, 255),
    'custom_variables': strings(),
    'attachments': array(attachment),
})


class Limits:
    """None that differs from one account to the next."""


def recipients(value):
    return [mailbox['email'].lower() for name in ('to', 'cc', 'bcc')
            for mailbox in value.get(name, ())]


def parse_search(target):
    """Returns the addresses that are searched for."""
    url = urllib.parse.urlsplit(target)
    query = urllib.parse.parse_qsl(url.query, strict_parsing=True)
    demand(url.path == '/api/email_logs', 'path', 'is no search')
    demand(query[:1] == [('filters[to][operator]', 'ci_equal')], 'filters', 'compare otherwise')
    demand({name for name, _ in query[1:]} == {'filters[to][value][]'}, 'filters', 'are others')
    return [value for _, value in query[1:]]


def check_message(value, limits):
    message(value, '')
    demand('text' in value or 'html' in value, 'text', 'is missing')
    demand(recipients(value), 'to', 'is missing')
    variables = json.dumps(value.get('custom_variables', {}), separators=(',', ':'))
    demand(len(variables) <= 1000, 'custom_variables', 'are too long')


def check_batch(value, limits):
    closed({'requests': array(check_each, most=500)})(value, '')


def check_each(value, path):
    check_message(value, None)
