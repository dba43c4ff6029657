# SPDX-License-Identifier: MIT
"""What emails:send of Azure Communication Services accepts, read strictly: see shape.py."""

from shape import (MEDIA_TYPE, Refusal, address, array, body, closed, demand, flag, headers,
                   strict_base64, text)

__all__ = ['Limits', 'Refusal', 'check_message', 'recipients']

RESERVED = ('from', 'to', 'cc', 'bcc', 'reply-to', 'subject', 'date', 'sender', 'content-*',
            'mime-version', 'received', 'return-path', 'dkim-signature')

mailbox = closed({'address': address}, {'displayName': text(1)})
mailboxes = array(mailbox, most=50)
attachment = closed({'name': text(1), 'contentType': text(pattern=MEDIA_TYPE.pattern),
                     'contentInBase64': strict_base64},
                    {'contentId': text(1, pattern='[!-;=?-~]+')})
message = closed({
    'senderAddress': address,
    'content': closed({'subject': text(1)}, {'plainText': body, 'html': body}),
    'recipients': closed({'to': mailboxes}, {'cc': mailboxes, 'bcc': mailboxes}),
    'userEngagementTrackingDisabled': flag,
}, {
    'replyTo': mailboxes,
    'headers': headers(RESERVED),
    'attachments': array(attachment),
})


class Limits:
    """None that differs from one account to the next."""


def recipients(value):
    return [mailbox['address'].lower() for name in ('to', 'cc', 'bcc')
            for mailbox in value['recipients'].get(name, ())]


def check_message(value, limits):
    message(value, '')
    demand(len(value['content']) > 1, 'content', 'has no body')
    demand(len(recipients(value)) <= 50, 'recipients', 'are too many')
