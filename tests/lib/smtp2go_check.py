# SPDX-License-Identifier: MIT
"""What SMTP2GO's v3 email/mime accepts, read strictly: see shape.py."""

import base64

import addressed_check
from shape import Refusal, closed, demand, flag, strict_base64

__all__ = ['Limits', 'Refusal', 'check_message', 'check_search', 'message_of']

message = closed({'mime_email': strict_base64, 'fastaccept': flag})


class Limits:
    """None that differs from one account to the next."""


def message_of(value):
    return base64.b64decode(value['mime_email'])


def check_message(value, limits):
    message(value, '')
    demand(not value['fastaccept'], 'fastaccept', 'says nothing of what becomes of it')
    faults = addressed_check.faults(message_of(value), takes_bcc=False)
    demand(not faults, 'mime_email', f'is no message to send: {faults}')


def check_search(value):
    """Returns the address that is searched for."""
    wish = dict(value)
    address = wish.pop('search_recipient', '')
    demand('@' in address, 'search_recipient', f'is no address: {address}')
    demand(wish == {'event_types': ['processed'], 'custom_headers': ['Message-ID'],
                    'limit': 1000}, '', f'is another question: {wish}')
    return address
