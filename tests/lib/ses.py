# SPDX-License-Identifier: MIT
"""A stand-in for Amazon SES on a loopback address, with the connections, rules and ways to
fail of postmark.py. Every signature is checked (sigv4.py), every request read strictly.

What it accepted is kept as {'From', 'To', 'Cc', 'Bcc', 'Subject', 'Raw', 'Request'}: the raw
message as text with a character for each byte.
"""

import base64
import uuid

import ses_check as check
import sigv4
from postmark import Postmark, Reply, Verdict

KEY_ID = 'AKIDEXAMPLE'
SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
REGION = 'eu-west-1'


class SesVerdict(Verdict):
    kind = None

    def refuse(self, refusal, is_ours=True):
        self.kind = refusal.kind
        self.problem = str(refusal) if is_ours else None
        self.status = refusal.status
        self.results = [{'message': refusal.message}]

    def reply(self):
        headers = {'x-amzn-ErrorType': f'{self.kind}:http://example/'} if self.kind else {}
        return Reply(self.status, self.results[0],
                     {'x-amzn-RequestId': str(uuid.uuid4()), **headers})

    def reply_of_refusal(self, rule):
        if self.kind is not None:
            return self.reply()
        return Reply(rule.get('status', 400), {'message': rule.get('message', 'no')},
                     {'x-amzn-ErrorType': rule.get('type', 'BadRequestException'),
                      **rule.get('headers', {})})


class Ses(Postmark):
    """@identities: the From addresses or domains that are verified; None: all.
    @session: what X-Amz-Security-Token must be; None: there is none."""

    def __init__(self, rules=(), secrets=None, region=REGION, identities=None, session=None,
                 configuration_sets=None, **options):
        super().__init__(rules, **options)
        self.secrets = secrets or {KEY_ID: SECRET}
        self.region = region
        self.identities = identities
        self.session = session
        self.configuration_sets = configuration_sets
        self.limits = check.Limits()
        self.key_ids = []  # with which it was signed, in order

    def judge(self, method, path, headers, body):
        verdict = SesVerdict()
        try:
            self.check_signature(method, path, headers, body)
            if (method, path) != ('POST', check.PATH):
                raise check.Refusal('UnknownOperationException', path, 404)
            if headers.get('Content-Type') != 'application/json':
                raise check.Refusal('SerializationException', 'no JSON')
            request = check.parse_json(body)
            check.check_message(request, self.limits)
        except check.Refusal as refusal:
            verdict.refuse(refusal, is_ours=refusal.status != 403)
            return verdict
        try:
            self.check_account(request)
            self.accept(verdict, request)
        except check.Refusal as refusal:
            verdict.refuse(refusal, is_ours=False)
        return verdict

    def check_signature(self, method, path, headers, body):
        pairs = list(headers.items())
        if headers.get('X-Amz-Security-Token') != self.session:
            raise check.Refusal('UnrecognizedClientException', 'The security token included '
                                'in the request is invalid.', 403)
        try:
            self.key_ids.append(sigv4.verify(method, path, pairs, body, self.secrets,
                                             self.region, 'ses'))
        except sigv4.Wrong as wrong:
            raise check.Refusal('SignatureDoesNotMatch',
                                f'The request signature is wrong: {wrong}', 403) from None

    def check_account(self, request):
        authors = check.from_addresses(request)
        failed = [address for address in authors if self.identities is not None and
                  not {address, address.partition('@')[2]} & set(self.identities)]
        if failed:
            raise check.Refusal(
                'MessageRejected', 'Email address is not verified. The following identities '
                f'failed the check in region {self.region.upper()}: {", ".join(failed)}')
        name = request.get('ConfigurationSetName')
        if name and self.configuration_sets is not None and name not in self.configuration_sets:
            raise check.Refusal('NotFoundException',
                                f'Configuration set <{name}> does not exist.', 404)

    def accept(self, verdict, request):
        message = {'From': check.header_of(request, 'From'),
                   'Subject': check.header_of(request, 'Subject'),
                   'Raw': check.raw_of(request).decode('latin-1'), 'Request': request}
        for name in check.DESTINATION:
            message[name.removesuffix('Addresses')] = ', '.join(
                request['Destination'].get(name, ()))
        message_id = f'0102{uuid.uuid4()}-000000'
        verdict.messages = [message]
        verdict.kept.append((message_id, message, []))
        verdict.results = [{'MessageId': message_id}]


def raw_of(message):
    return message['Raw'].encode('latin-1')


def account(site, server, name='ses', **settings):
    """Adds the account at a stand-in to a site."""
    key_id, secret = next(iter(server.secrets.items()))
    site.account(name, server.url, secret,
                 **{'provider': 'ses', 'user': key_id, 'region': server.region, **settings})


def encode(raw):
    return base64.b64encode(raw).decode()
