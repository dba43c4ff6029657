# SPDX-License-Identifier: MIT
"""What Brevo's smtp/email accepts, read strictly: see shape.py."""

import re

from shape import (Refusal, address, array, body, closed, demand, headers, strict_base64,
                   text)

__all__ = ['Limits', 'Refusal', 'check_message', 'recipients']

RESERVED = ('from', 'to', 'cc', 'bcc', 'reply-to', 'subject', 'date', 'message-id', 'content-*',
            'mime-version', 'sender.ip')
EXTENSIONS = frozenset(
    'xlsx xls ods docx docm doc csv pdf txt gif jpg jpeg png tif tiff rtf bmp cgm css shtml '
    'html htm zip xml ppt pptx tar ez ics mobi msg pub eps odt mp3 m4a m4v wma ogg flac wav '
    'aif aifc aiff mp4 mov avi mkv mpeg mpg wmv pkpass xlsm'.split())
UUID = re.compile('[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')

mailbox = closed({'email': address}, {'name': text(1, 70)})


def attachment(value, path):
    closed({'name': text(1), 'content': strict_base64})(value, path)
    demand(value['name'].rpartition('.')[2].lower() in EXTENSIONS, path,
           f'has a forbidden extension: {value["name"]}')


message = closed({
    'sender': mailbox,
    'to': array(mailbox),
    'subject': text(1),
    'htmlContent': body,
}, {
    'cc': array(mailbox),
    'bcc': array(mailbox),
    'replyTo': mailbox,
    'textContent': body,
    'headers': headers(RESERVED),
    'tags': array(text(1)),
    'attachment': array(attachment),
})


class Limits:
    """None that differs from one account to the next."""


def recipients(value):
    return [mailbox['email'].lower() for name in ('to', 'cc', 'bcc')
            for mailbox in value.get(name, ())]


def check_message(value, limits):
    message(value, '')
    demand(len(recipients(value)) <= 99, 'to', 'names too many')
    key = value.get('headers', {}).get('idempotencyKey')
    demand(key is None or UUID.fullmatch(key), 'headers', f'has a key that is no UUID: {key}')
