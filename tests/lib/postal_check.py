# SPDX-License-Identifier: MIT
"""What Postal accepts of send/raw, read strictly, after the source of its API.

Pure functions: a request in, refusals out."""

import base64
import re

from postmark_check import HOST_NAME
import ses_check

PATH = '/api/v1/send/raw'
MEMBERS = {'mail_from': str, 'rcpt_to': list, 'data': str, 'bounce': bool}


class Refusal(Exception):
    pass


class Limits:
    def __init__(self, recipients=50):
        self.recipients = recipients


def check_address(address):
    local, at, domain = address.rpartition('@') if isinstance(address, str) else ('', '', '')
    if not local or not HOST_NAME.fullmatch(domain) or re.search(r'[^\x21-\x7e]|[<>]', address):
        raise Refusal(f'no address: {address!r}')


def check_message(message, limits=Limits()):
    for name, kind in MEMBERS.items():
        if type(message.get(name)) is not kind:
            raise Refusal(f'`{name}` is missing or no {kind.__name__}')
    if set(message) - set(MEMBERS):
        raise Refusal(f'unknown: {set(message) - set(MEMBERS)}')
    check_address(message['mail_from'])
    for address in message['rcpt_to']:
        check_address(address)
    folded = {address.lower() for address in message['rcpt_to']}
    if not 0 < len(message['rcpt_to']) <= limits.recipients or len(folded) < len(message['rcpt_to']):
        raise Refusal('no recipient, too many, or one twice')
    check_raw(base64.b64decode(message['data'], validate=True))


def check_raw(raw):
    """The server reads From and Sender out of what stands before the first blank line."""
    if re.search(rb'(?<!\r)\n', raw):
        raise Refusal('a line end without CR')
    try:
        names = {name for name, _ in ses_check.split_header(raw)}
    except ses_check.Refusal as refusal:
        raise Refusal(refusal.message) from None
    if 'from' not in names or {'bcc', 'resent-bcc', 'return-path'} & names:
        raise Refusal('no From, or a field that nobody is to see')
