# SPDX-License-Identifier: MIT
"""What Microsoft Graph accepts of sendMail, read strictly."""

import base64
import binascii
import re

import addressed_check

PATH = re.compile(r'/v1\.0/users/([^/@]+@[^/@]+)/sendMail')


def faults_of_body(body):
    try:
        message = base64.b64decode(body, validate=True)
    except binascii.Error as fault:
        return [f'Invalid base64 string for MIME content: {fault}']
    return addressed_check.faults(message, takes_bcc=False)
