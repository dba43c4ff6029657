# SPDX-License-Identifier: MIT
"""What SendGrid's mail/send accepts, read strictly: see shape.py."""

from shape import (MEDIA_TYPE, Refusal, address, array, body, closed, demand, flag, headers,
                   number, strict_base64, strings, text)

__all__ = ['Limits', 'Refusal', 'check_message']

RESERVED = ('x-sg-id', 'x-sg-eid', 'received', 'dkim-signature', 'content-type',
            'content-transfer-encoding', 'to', 'from', 'subject', 'reply-to', 'cc', 'bcc')

mailbox = closed({'email': address}, {'name': text(1)})
mailboxes = array(mailbox, most=1000)
switch = closed({'enable': flag})

message = closed({
    'personalizations': array(closed(
        {'to': mailboxes},
        {'cc': mailboxes, 'bcc': mailboxes, 'custom_args': strings()}), most=1),
    'from': mailbox,
    'subject': text(1),
    'content': array(closed({'type': text(pattern=MEDIA_TYPE), 'value': body})),
}, {
    'reply_to': mailbox,
    'reply_to_list': array(mailbox, most=1000),
    'headers': headers(RESERVED),
    'categories': array(text(1, 255), most=10),
    'ip_pool_name': text(2, 64),
    'asm': closed({'group_id': number}),
    'mail_settings': closed({'sandbox_mode': switch}),
    'tracking_settings': closed({}, {
        'click_tracking': closed({'enable': flag, 'enable_text': flag}),
        'open_tracking': switch}),
    'attachments': array(closed(
        {'content': strict_base64, 'filename': text(1), 'type': text(pattern=MEDIA_TYPE),
         'disposition': text(pattern='inline|attachment')},
        {'content_id': text(1, pattern='[!-;=?-~]+')})),
})


class Limits:
    """None that differs from one account to the next."""


def check_message(value, limits):
    message(value, '')
    to = [mailbox['email'].lower() for name in ('to', 'cc', 'bcc')
          for mailbox in value['personalizations'][0].get(name, ())]
    demand(len(set(to)) == len(to) <= 1000, 'personalizations.0', 'an address comes twice')
    demand(not ('reply_to' in value and 'reply_to_list' in value), 'reply_to', 'is there twice')
    types = [form['type'] for form in value['content']]
    order = sorted(types, key=lambda kind: {'text/plain': 0, 'text/html': 1}.get(kind, 2))
    demand(types == order, 'content', f'comes in the order {types}')
    size = sum(len(form['value'].encode()) for form in value['content'])
    size += sum(len(part['content']) for part in value.get('attachments', ()))
    demand(size <= 30 << 20, '', 'is too large')
