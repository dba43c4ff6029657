# SPDX-License-Identifier: MIT
"""What SMTP2GO's v3 email/mime accepts, read strictly: see shape.py."""

import base64

import addressed_check
from shape import Refusal, closed, demand, flag, strict_base64

__all__ = ['Limits', 'Refusal', 'check_message', 'message_of']

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
