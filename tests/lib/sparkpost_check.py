# SPDX-License-Identifier: MIT
"""What SparkPost accepts of transmissions with a raw message, read strictly: see shape.py."""

import json
import re
import urllib.parse

import ses_check
from shape import Refusal, address, array, closed, demand, flag, strings, text

__all__ = ['Limits', 'Refusal', 'check_message', 'parse_search', 'recipients']

message = closed({
    'options': closed({'open_tracking': flag, 'click_tracking': flag, 'transactional': flag,
                       'perform_substitutions': flag}, {'ip_pool': text(1, 64)}),
    'recipients': array(closed({'address': closed({'email': address})}), most=1),
    'content': closed({'email_rfc822': text(1, one_line=False)}),
    'metadata': strings(text(1), text()),
}, {
    'campaign_id': text(1, 64),
})


class Limits:
    """None that differs from one account to the next."""


def check_raw(raw):
    """A message as such a string carries it: text, with whole line ends and nothing secret."""
    demand(not re.search(r'(?<!\r)\n', raw), 'raw', 'has a line end without CR')
    try:
        data = raw.encode('utf-8')
        names = {name for name, _ in ses_check.split_header(data)}
    except UnicodeEncodeError:
        raise Refusal('raw', 'has half a character') from None
    except ses_check.Refusal as refusal:
        raise Refusal('raw', refusal.message) from None
    demand('from' in names, 'raw', 'has no From')
    secret = names & {'bcc', 'resent-bcc', 'return-path', 'x-msys-api'}
    demand(not secret, 'raw', f'has {secret}')
    demand(len(data) <= 20_000_000, 'raw', 'is too large')


def check_message(value, limits):
    message(value, '')
    demand(not value['options']['perform_substitutions'], 'options', 'reads {{ in the message')
    demand('brevdue-id' in value['metadata'], 'metadata', 'has no queue id')
    size = len(json.dumps(value['metadata']))
    demand(size <= 1000, 'metadata', f'has {size} bytes')
    check_raw(raw_of(value))


def parse_search(path):
    """The address whose events are asked for."""
    split = urllib.parse.urlsplit(path)
    query = urllib.parse.parse_qsl(split.query, keep_blank_values=True, strict_parsing=True)
    demand(split.path == '/events/message', 'path', f'is {split.path}')
    demand([name for name, _ in query] == ['recipients', 'per_page'], 'query', f'is {query}')
    (_, recipient), (_, most) = query
    address(recipient, 'recipients')
    demand(',' not in recipient and recipient == recipient.lower(), 'recipients',
           f'is {recipient!r}')
    demand(most.isdecimal() and 1 <= int(most) <= 10_000, 'per_page', f'is {most!r}')
    return recipient


def raw_of(value):
    return value['content']['email_rfc822']


def recipients(value):
    return [one['address']['email'] for one in value['recipients']]
