# SPDX-License-Identifier: MIT
"""What RFC 8620 and RFC 8621 say of the requests of one JMAP client, read strictly: see shape.py."""

import re

import ses_check
from shape import Refusal, address, array, closed, demand, text

__all__ = ['Limits', 'Refusal', 'check_message', 'faults_of_body', 'recipients']

ID = r'[A-Za-z0-9_-]{1,255}'
CAPABILITIES = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail',
                'urn:ietf:params:jmap:submission']
name = text(pattern=ID)


def exactly(wanted):
    def check(value, path):
        demand(value == wanted and type(value) is type(wanted), path, f'is {value!r}')
    return check


def sender(value, path):
    if value != '':
        address(value, path)


def identified(shape):
    """An object of one member, whose name is an id."""
    def check(value, path):
        demand(isinstance(value, dict) and len(value) == 1, path, 'has not one member')
        for key, one in value.items():
            demand(re.fullmatch(ID, key), path, f'{key!r} is no id')
            shape(one, f'{path}.{key}')
    return check


submission = closed({
    'identityId': name, 'emailId': name,
    'envelope': closed({'mailFrom': closed({'email': sender}),
                        'rcptTo': array(closed({'email': address}), most=100)})})
METHODS = {
    'Identity/get': closed({'accountId': name}),
    'Mailbox/query': closed({'accountId': name,
                             'filter': closed({'role': text(pattern='drafts|inbox')})}),
    'Email/import': closed({'accountId': name, 'emails': identified(closed({
        'blobId': name, 'mailboxIds': identified(exactly(True)),
        'keywords': closed({'$draft': exactly(True), '$seen': exactly(True)})}))}),
    'EmailSubmission/set': closed({'accountId': name, 'create': identified(submission)}),
    'Email/set': closed({'accountId': name, 'destroy': array(name, most=1)}),
}


class Limits:
    """None that differs from one account to the next."""


def recipients(value):
    return [to['email'] for method, arguments, _ in value['methodCalls']
            if method == 'EmailSubmission/set'
            for one in arguments['create'].values() for to in one['envelope']['rcptTo']]


def check_message(value, limits=None):
    demand(isinstance(value, dict) and set(value) == {'using', 'methodCalls'}, '',
           'is no Request')
    exactly(CAPABILITIES)(value['using'], 'using')
    demand(isinstance(value['methodCalls'], list) and value['methodCalls'], 'methodCalls',
           'is empty')
    for i, call in enumerate(value['methodCalls']):
        demand(isinstance(call, list) and len(call) == 3, f'methodCalls.{i}', 'is no Invocation')
        method, arguments, call_id = call
        demand(method in METHODS, f'methodCalls.{i}', f'{method!r} is not used here')
        METHODS[method](arguments, f'methodCalls.{i}.1')
        text(1)(call_id, f'methodCalls.{i}.2')
    folded = [to.lower() for to in recipients(value)]
    demand(len(set(folded)) == len(folded), 'rcptTo', 'has an address twice')


def check_raw(raw):
    """RFC 8621 section 4.8: any octets, but this client writes RFC 5322, and no blind copy."""
    demand(not re.search(rb'(?<!\r)\n', raw), 'message', 'has a line end without CR')
    try:
        names = {field for field, _ in ses_check.split_header(raw)}
    except ses_check.Refusal as refusal:
        raise Refusal('message', refusal.message) from None
    demand('from' in names, 'message', 'has no From')
    demand(not {'bcc', 'resent-bcc', 'return-path'} & names, 'message',
           'has a field that nobody is to see')


def faults_of_body(body):
    """A body that is no JSON is the message itself."""
    import json
    try:
        if body.startswith(b'{"using"'):
            check_message(json.loads(body.decode('utf-8')))
        else:
            check_raw(body)
    except Refusal as refusal:
        return [str(refusal)]
    return []
