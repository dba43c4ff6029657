#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The signature check itself, against the example that AWS publishes (get-vanilla), and what
it must not let through."""

import datetime
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import sigv4  # noqa: E402

SECRETS = {'AKIDEXAMPLE': 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'}
TIME = datetime.datetime(2015, 8, 30, 12, 36, tzinfo=datetime.timezone.utc)
SIGNATURE = '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'
HEADERS = [
    ('Host', 'example.amazonaws.com'), ('X-Amz-Date', '20150830T123600Z'),
    ('Authorization', 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/'
     f'aws4_request, SignedHeaders=host;x-amz-date, Signature={SIGNATURE}')]


def verify(method='GET', target='/', headers=HEADERS, body=b'', now=TIME, region='us-east-1'):
    return sigv4.verify(method, target, headers, body, SECRETS, region, 'service', now)


class Published(unittest.TestCase):
    def test_example(self):
        self.assertEqual(verify(), 'AKIDEXAMPLE')

    def test_anything_else(self):
        more = HEADERS + [('X-Amz-Security-Token', 'x')]
        other = [(name, value.replace(SIGNATURE[:4], '0000')) for name, value in HEADERS]
        for options in ({'method': 'POST'}, {'target': '/x'}, {'target': '/?a=b'},
                        {'body': b'x'}, {'headers': more}, {'headers': other},
                        {'headers': HEADERS[1:]}, {'region': 'eu-west-1'},
                        {'now': TIME + datetime.timedelta(minutes=6)}):
            with self.subTest(str(options)), self.assertRaises(sigv4.Wrong):
                verify(**options)


if __name__ == '__main__':
    unittest.main()
