# SPDX-License-Identifier: MIT
"""What Mandrill accepts of messages/send-raw, read strictly: see shape.py."""

import json
import re

import sparkpost_check
from shape import Refusal, address, array, closed, demand, flag, number, text

__all__ = ['Limits', 'Refusal', 'check_message', 'metadata', 'parse_search', 'recipients']

OPTION = re.compile(r'X-MC-([A-Za-z]+): ([ -~]+)\r\n')
TRACK = re.compile(r'none|opens|(opens,)?clicks_(all|htmlonly|textonly)')

message = closed({
    'key': text(1, 64), 'to': array(address, most=1), 'async': flag,
    'raw_message': text(1, one_line=False)}, {'ip_pool': text(1)})

QUERY = re.compile(r'email:"((?:[^"\\]|\\["\\])+)"')
question = closed({'key': text(1, 64), 'query': text(1), 'limit': number})


class Limits:
    """None that differs from one account to the next."""


def options(raw):
    """(options above the message, the message)"""
    found = {}
    while (line := OPTION.match(raw)) is not None:
        demand(line[1] not in found, 'raw_message', f'has X-MC-{line[1]} twice')
        found[line[1]] = line[2]
        raw = raw[line.end():]
    return found, raw


def check_options(found):
    demand(TRACK.fullmatch(found.get('Track', '')), 'Track', f'is {found.get("Track")!r}')
    demand(found.get('PreserveRecipients') == 'true', 'PreserveRecipients', 'is not on')
    tag = found.get('Tags', 't')
    demand(',' not in tag and not tag.startswith('_') and
           (len(tag) <= 50 or tag.startswith('=?')), 'Tags', f'is {tag!r}')
    metadata = found.get('Metadata', '{}')
    values = json.loads(metadata)
    demand(isinstance(values, dict) and all(type(one) is str for one in values.values()),
           'Metadata', 'is no object of strings')
    demand('brevdue-id' in values, 'Metadata', 'has no queue id')
    demand(len(metadata) <= 250, 'Metadata', 'is too large')


def metadata(value):
    return json.loads(options(value['raw_message'])[0].get('Metadata', '{}'))


def parse_search(value):
    """The address to which mail is asked for."""
    question(value, '')
    demand(1 <= value['limit'] <= 1000, 'limit', f'is {value["limit"]}')
    phrase = QUERY.fullmatch(value['query'])
    demand(phrase is not None, 'query', f'is {value["query"]!r}')
    recipient = re.sub(r'\\(.)', r'\1', phrase[1])
    address(recipient, 'query')
    return recipient


def raw_of(value):
    return options(value['raw_message'])[1]


def check_message(value, limits):
    message(value, '')
    folded = {one.lower() for one in value['to']}
    demand(len(folded) == len(value['to']), 'to', 'names one twice')
    demand(not value['async'], 'async', 'is on')
    found, raw = options(value['raw_message'])
    check_options(found)
    sparkpost_check.check_raw(raw)


def recipients(value):
    return value['to']
