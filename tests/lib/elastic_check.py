# SPDX-License-Identifier: MIT
"""What Elastic Email's v4 emails/transactional accepts, read strictly: see shape.py."""

import email.headerregistry
import email.policy

from shape import (MEDIA_TYPE, Refusal, address, array, body, closed, demand, flag, headers,
                   strict_base64, text)

__all__ = ['Limits', 'Refusal', 'check_message', 'recipients']

RESERVED = ('from', 'to', 'cc', 'bcc', 'reply-to', 'subject', 'date', 'message-id', 'sender',
            'content-*', 'mime-version', 'x-elasticemail-*')


def address_of(value):
    """The one address in "Name <a@b>", or None."""
    parsed = email.policy.default.header_factory('to', value)
    found = [one.addr_spec for one in parsed.addresses]
    return found[0] if len(found) == 1 else None


def mailbox(value, path):
    text(1)(value, path)
    address(address_of(value), path)


mailboxes = array(mailbox, most=50)

request = closed({
    'Recipients': closed({'To': mailboxes}, {'CC': mailboxes, 'BCC': mailboxes}),
    'Content': closed({
        'From': mailbox,
        'Subject': text(1),
        'Body': array(closed({'ContentType': text(pattern='PlainText|HTML|AMP'),
                              'Charset': text(pattern='utf-8'), 'Content': body}), most=3),
    }, {
        'ReplyTo': mailbox,
        'Headers': headers(RESERVED),
        'Attachments': array(closed({'Name': text(1), 'BinaryContent': strict_base64,
                                     'ContentType': text(pattern=MEDIA_TYPE)})),
    }),
}, {
    'Options': closed({}, {'ChannelName': text(1, 191), 'PoolName': text(1),
                           'TrackOpens': flag, 'TrackClicks': flag}),
})


class Limits:
    """None that differs from one account to the next."""


def recipients(value):
    return [address_of(one).lower() for name in ('To', 'CC', 'BCC')
            for one in value['Recipients'].get(name, ())]


def check_message(value, limits):
    request(value, '')
    kinds = [one['ContentType'] for one in value['Content']['Body']]
    demand(len(set(kinds)) == len(kinds), 'Body', 'has a form twice')
    demand(len(recipients(value)) <= 50, 'To', 'names too many')
