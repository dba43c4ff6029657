#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The signature check itself, against what Microsoft's @azure/communication-common 2.4.2 made
of the same requests, and what it must not let through."""

import datetime
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import acs_hmac  # noqa: E402

KEY = 'a2V5IG9mIG5vYm9keQ=='
TIME = datetime.datetime(1994, 11, 6, 8, 49, 37, tzinfo=datetime.timezone.utc)
TARGET = '/emails:send?api-version=2025-09-01'
BODY = b'{"a":1}'
SIGNATURE = 'rJM9QefFbRnDyFY8VIkNVEnjhoJvdwqAcXvr78UeY4g='
HEADERS = [
    ('Host', 'res.communication.azure.com'), ('x-ms-date', 'Sun, 06 Nov 1994 08:49:37 GMT'),
    ('x-ms-content-sha256', 'AVq9f1zFei3ZS3WQ8ErYCEJzkF7jPsXOvq5iJ2qX+GI='),
    ('Authorization', acs_hmac.PREFIX + SIGNATURE)]


def verify(method='POST', target=TARGET, headers=HEADERS, body=BODY, key=KEY, now=TIME):
    acs_hmac.verify(method, target, headers, body, key, now)


class Published(unittest.TestCase):
    def test_example(self):
        verify()

    def test_anything_else(self):
        other = [(name, value.replace(SIGNATURE[:4], '0000')) for name, value in HEADERS]
        host = [('Host', 'other.example'), *HEADERS[1:]]
        for options in ({'method': 'GET'}, {'target': '/emails:send'}, {'body': b'{}'},
                        {'headers': other}, {'headers': HEADERS[1:]}, {'headers': host},
                        {'headers': HEADERS + HEADERS[:1]}, {'key': 'b3RoZXI='},
                        {'now': TIME + datetime.timedelta(minutes=6)}):
            with self.subTest(str(options)), self.assertRaises(acs_hmac.Wrong):
                verify(**options)


if __name__ == '__main__':
    unittest.main()
