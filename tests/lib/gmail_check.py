# SPDX-License-Identifier: MIT
"""What Gmail accepts as an upload, read strictly."""

import addressed_check

PATH = '/upload/gmail/v1/users/me/messages/send?uploadType=media'


def faults_of_body(body):
    return addressed_check.faults(body, takes_bcc=True)
