# SPDX-License-Identifier: MIT
"""What a message must look like whose header says who receives it."""

import email.utils

import smtp_check
from ses_check import split_header

RECIPIENTS = ('to', 'cc', 'bcc')


def faults(message, takes_bcc):
    """@takes_bcc: the provider takes Bcc out for all others."""
    fields = list(split_header(message))
    names = [name for name, _ in fields]
    found = [fault for fault in smtp_check.faults(message)
             if not (takes_bcc and fault == 'bcc is there')]
    found += [f'{name} comes twice' for name in RECIPIENTS if names.count(name) > 1]
    found += [f'{name} is there' for name in names if name.startswith('resent-')]
    values = [value.replace('\r\n', '') for name, value in fields if name in RECIPIENTS]
    addresses = [address.lower() for _, address in email.utils.getaddresses(values)]
    if not addresses or '' in addresses or len(set(addresses)) < len(addresses):
        found.append(f'no recipient, none at all or one twice: {addresses}')
    return found
