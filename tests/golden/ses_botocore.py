#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What botocore, Amazon's own client, says about our requests to SES: ses_botocore.py RENDER
GOLDEN. Its service model validates each golden request, and its signer has to come to the
signature of a request that was sent."""

import base64
import json
import os
import pathlib
import subprocess
import sys
import unittest
from unittest import mock

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

from programs import SKIPPED, Site  # noqa: E402

try:
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials
    import botocore.session
    import botocore.validate
except ImportError:
    sys.exit(SKIPPED)

from ses import KEY_ID, SECRET, Ses, account  # noqa: E402

RENDER, GOLDEN = sys.argv[1], pathlib.Path(sys.argv[2])
MAIL = 'From: www@example.com\nTo: ann@example.net\nSubject: s\n\n' + 2000 * 'text\n'


def requests():
    """Each golden request as (case, value)."""
    for case in sorted((GOLDEN / 'ses').iterdir()):
        own = (case / 'message.eml').exists()
        source = case if own else GOLDEN / 'messages' / case.name
        done = subprocess.run([RENDER, '--raw', '--account', 'ses', source], check=True,
                              stdout=subprocess.PIPE, timeout=60)
        for body in done.stdout.split(b'\0')[:-1]:
            yield case.name, json.loads(body)


class Model(unittest.TestCase):
    def test_each_request_is_valid(self):
        model = botocore.session.Session().get_service_model('sesv2')
        operation = model.operation_model('SendEmail')
        self.assertEqual(operation.http, {'method': 'POST',
                                          'requestUri': '/v2/email/outbound-emails'})
        count = 0
        for name, value in requests():
            value['Content']['Raw']['Data'] = base64.b64decode(value['Content']['Raw']['Data'])
            report = botocore.validate.ParamValidator().validate(value, operation.input_shape)
            self.assertFalse(report.has_errors(), f'{name}: {report.generate_report()}')
            known = set(operation.input_shape.members)
            self.assertLessEqual(set(value), known, name)
            count += 1
        self.assertGreater(count, 40)


class Signer(unittest.TestCase):
    def sign(self, request, body, url):
        """The Authorization that botocore gives the same request."""
        headers = dict(request['headers'])
        signed = headers['Authorization'].split('SignedHeaders=')[1].split(',')[0].split(';')
        again = botocore.awsrequest.AWSRequest(
            'POST', url + request['path'], data=body,
            headers={name: value for name, value in headers.items()
                     if name.lower() in signed})
        credentials = botocore.credentials.Credentials(KEY_ID, SECRET)
        auth = botocore.auth.SigV4Auth(credentials, 'ses', 'eu-west-1')
        again.context['timestamp'] = headers['X-Amz-Date']
        canonical = auth.canonical_request(again)
        return auth.signature(auth.string_to_sign(again, canonical), again), signed

    def test_same_signature(self):
        bodies = []
        judge = Ses.judge

        def keep(server, method, path, headers, body):
            bodies.append(body)
            return judge(server, method, path, headers, body)

        with mock.patch.object(Ses, 'judge', keep), Ses() as server, Site('direct') as site:
            account(site, server)
            done = site.sendmail('-t', '-i', input=MAIL)
            self.assertEqual(done.returncode, 0, done.stderr)
            request, = server.requests
        wanted, signed = self.sign(request, bodies[0], server.url)
        given = dict(request['headers'])['Authorization'].split('Signature=')[1]
        self.assertEqual(given, wanted)
        self.assertIn('x-amz-content-sha256', signed)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
