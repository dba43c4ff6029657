# SPDX-License-Identifier: MIT
"""What Cloudflare's email/sending/send accepts, read strictly: see shape.py."""

import re

from shape import (CONTROLS, MEDIA_TYPE, Refusal, address, array, body, closed, demand,
                   strict_base64, text)

__all__ = ['Limits', 'Refusal', 'check_message', 'recipients']

URLS = re.compile(r'<(https://|mailto:)[^<>]+>')
ALLOWED = {
    'in-reply-to': None, 'references': None, 'list-id': None, 'list-archive': None,
    'list-help': None, 'list-owner': None, 'list-post': None, 'list-subscribe': None,
    'keywords': None, 'comments': None, 'organization': None, 'expires': None,
    'archived-at': None, 'reply-by': None, 'content-language': None,
    'require-recipient-valid-since': None, 'list-unsubscribe': None,
    'list-unsubscribe-post': 'List-Unsubscribe=One-Click', 'precedence': 'bulk|list|junk',
    'auto-submitted': 'auto-generated|auto-replied|auto-notified',
    'importance': 'high|normal|low', 'priority': 'normal|non-urgent|urgent',
    'sensitivity': 'personal|private|company-confidential'}


def header(name, value, path):
    demand(isinstance(value, str) and value.strip(), path, 'is empty')
    demand(not CONTROLS.search(value), path, 'has a control character')
    demand(len(value.encode()) <= 2048, path, 'is too long')
    if re.fullmatch(r'X-[A-Za-z0-9_-]{1,98}', name, re.IGNORECASE):
        return
    demand(name.lower() in ALLOWED, path, 'is not allowed')
    pattern = ALLOWED[name.lower()]
    demand(pattern is None or re.fullmatch(pattern, value), path, f'is {value!r}')


def headers(value, path):
    demand(isinstance(value, dict) and value, path, 'is no object, or empty')
    for name, content in value.items():
        header(name, content, f'{path}.{name}')
    folded = {name.lower(): content for name, content in value.items()}
    demand(len(folded) == len(value), path, 'has a name twice')
    own = [name for name in folded if not name.startswith('x-')]
    demand(len(own) <= 20, path, f'has {len(own)} that are not X-*')
    size = sum(len(name) + len(content.encode()) + 4 for name, content in value.items())
    demand(size <= 16 * 1024, path, f'has {size} bytes')
    urls = folded.get('list-unsubscribe', '')
    demand(not urls or URLS.search(urls) and '<http:' not in urls, path, f'unsubscribes: {urls}')
    demand('list-unsubscribe-post' not in folded or '<https://' in urls, path, 'has no URL')


mailbox = closed({'address': address}, {'name': text(1)})
mailboxes = array(mailbox, most=50)
message = closed({
    'from': mailbox,
    'to': mailboxes,
    'subject': text(1, 998),
}, {
    'cc': mailboxes,
    'bcc': mailboxes,
    'reply_to': mailbox,
    'text': body,
    'html': body,
    'headers': headers,
    'attachments': array(closed(
        {'content': strict_base64, 'filename': text(1), 'type': text(pattern=MEDIA_TYPE),
         'disposition': text(pattern='attachment|inline')},
        {'content_id': text(1, pattern='[!-;=?-~]+')})),
})


class Limits:
    """None that differs from one account to the next."""


def recipients(value):
    return [mailbox['address'].lower() for name in ('to', 'cc', 'bcc')
            for mailbox in value.get(name, ())]


def check_message(value, limits):
    message(value, '')
    demand('text' in value or 'html' in value, 'text', 'is missing')
    demand(len(recipients(value)) <= 50, 'to', 'names too many')
