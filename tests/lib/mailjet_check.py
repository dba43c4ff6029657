# SPDX-License-Identifier: MIT
"""What Mailjet's v3.1/send accepts, read strictly: see shape.py."""

from shape import (MEDIA_TYPE, Refusal, address, array, body, closed, demand, flag, headers,
                   strict_base64, text)

__all__ = ['Limits', 'Refusal', 'check_message', 'recipients']

RESERVED = ('from', 'sender', 'subject', 'to', 'cc', 'bcc', 'return-path', 'delivered-to',
            'dkim-signature', 'domainkey-status', 'received-spf', 'authentication-results',
            'received', 'user-agent', 'x-mailer', 'list-id', 'date', 'message-id',
            'x-feedback-id', 'x-csa-complaints', 'x-mj-*', 'x-mailjet-*', 'content-*')

mailbox = closed({'Email': address}, {'Name': text(1)})
mailboxes = array(mailbox, most=50)
file = {'ContentType': text(pattern=MEDIA_TYPE), 'Filename': text(1),
        'Base64Content': strict_base64}
choice = text(pattern='account_default|disabled|enabled')

message = closed({
    'From': mailbox,
    'To': mailboxes,
    'Subject': text(1, 255),
}, {
    'Cc': mailboxes,
    'Bcc': mailboxes,
    'ReplyTo': mailbox,
    'TextPart': body,
    'HTMLPart': body,
    'Attachments': array(closed(file)),
    'InlinedAttachments': array(closed({**file, 'ContentID': text(1, pattern='[!-;=?-~]+')})),
    'Headers': headers(RESERVED),
    'CustomID': text(1),
    'CustomCampaign': text(1),
    'EventPayload': text(1),
    'TrackOpens': choice,
    'TrackClicks': choice,
})
request = closed({'Messages': array(message, most=50)}, {'SandboxMode': flag})


class Limits:
    """None that differs from one account to the next."""


def recipients(value):
    return [mailbox['Email'].lower() for name in ('To', 'Cc', 'Bcc')
            for mailbox in value.get(name, ())]


def check_message(value, limits):
    """@value: the whole request"""
    request(value, '')
    for one in value['Messages']:
        demand('TextPart' in one or 'HTMLPart' in one, 'TextPart', 'is missing')
        demand(len(recipients(one)) <= 50, 'To', 'names too many')
        size = sum(len(part['Base64Content']) for name in ('Attachments', 'InlinedAttachments')
                   for part in one.get(name, ()))
        demand(size <= 20 << 20, 'Attachments', 'are too large')
