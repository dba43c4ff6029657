# SPDX-License-Identifier: MIT
"""What MailerSend's v1/email accepts, read strictly: see shape.py."""

from shape import (Refusal, address, array, body, closed, demand, flag, strict_base64, text)

__all__ = ['Limits', 'Refusal', 'check_message', 'recipients']

mailbox = closed({'email': address}, {'name': text(1, pattern='[^,;]+')})
message_id = text(1, pattern=r'[^<>\s]+')


def attachment(value, path):
    closed({'filename': text(1), 'content': strict_base64,
            'disposition': text(pattern='attachment|inline')},
           {'id': text(1, pattern='[!-;=?-~]+')})(value, path)
    demand((value['disposition'] == 'inline') == ('id' in value), path,
           'is shown, or has an id, and not both')


message = closed({
    'from': mailbox,
    'to': array(mailbox, most=50),
    'subject': text(1),
}, {
    'cc': array(mailbox, most=50),
    'bcc': array(mailbox, most=50),
    'reply_to': mailbox,
    'text': body,
    'html': body,
    'in_reply_to': message_id,
    'references': array(message_id),
    'precedence_bulk': flag,
    'tags': array(text(1), most=5),
    'settings': closed({}, {'track_clicks': flag, 'track_opens': flag}),
    'attachments': array(attachment),
})


class Limits:
    """Of Cc and Bcc: 10, or 1, by the account. Who names more is told so, and asked for less."""


def recipients(value):
    return [mailbox['email'].lower() for name in ('to', 'cc', 'bcc')
            for mailbox in value.get(name, ())]


def check_message(value, limits):
    message(value, '')
    demand('text' in value or 'html' in value, 'text', 'is missing')
    people = recipients(value)
    demand(len(people) <= 50 and len(set(people)) == len(people), 'to', 'names one twice')
