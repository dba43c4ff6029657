# SPDX-License-Identifier: MIT
"""A stand-in for Postal on a loopback address, with the connections, rules and ways to fail
of postmark.py. What it accepted is kept as {'From', 'To', 'Subject', 'Raw', 'Sender',
'Bounce'}: the raw message as text with a character for each byte."""

import base64
import json
import uuid

import postal_check as check
from postmark import Postmark, Reply, Verdict
from ses_check import split_header

KEY = 'AbCdEfGhIjKlMnOpQrStUvWx'


class PostalVerdict(Verdict):
    def refuse(self, data, status='error'):
        self.problem = data['message'] if status == 'parameter-error' else None
        self.results = [{'status': status, 'time': 0.0, 'flags': {}, 'data': data}]

    def reply(self):
        return Reply(200, self.results[0])

    def reply_of_refusal(self, rule):
        return Reply(200, {'status': 'error', 'data': {'code': rule.get('code', 'Unknown')}})


class Postal(Postmark):
    """@domains: those of From that it has; None: any."""

    def __init__(self, rules=(), domains=None, **options):
        super().__init__(rules, token=KEY, **options)
        self.domains = domains

    def judge(self, method, path, headers, body):
        verdict = PostalVerdict()
        key = headers.get('X-Server-API-Key')
        if key != self.token:
            verdict.refuse({'code': 'InvalidServerAPIKey', 'token': key, 'message':
                            'The API token provided in X-Server-API-Key was not valid.'})
            return verdict
        try:
            if method != 'POST' or path != check.PATH:
                raise check.Refusal(f'no such path: {path}')
            message = json.loads(body.decode('utf-8'))
            check.check_message(message)
            self.accept(verdict, message)
        except (check.Refusal, ValueError) as refusal:
            verdict.refuse({'message': str(refusal)}, 'parameter-error')
        return verdict

    def accept(self, verdict, request):
        raw = base64.b64decode(request['data'])
        fields = {}
        for name, value in split_header(raw):
            fields.setdefault(name, value.strip())
        if self.domains is not None and \
                fields['from'].rstrip('>').rpartition('@')[2] not in self.domains:
            verdict.refuse({'code': 'UnauthenticatedFromAddress'})
            return
        message = {'From': fields['from'], 'Subject': fields.get('subject', ''),
                   'To': ', '.join(request['rcpt_to']), 'Raw': raw.decode('latin-1'),
                   'Sender': request['mail_from'], 'Bounce': request['bounce']}
        message_id = fields.get('message-id', f'<{uuid.uuid4()}@example.com>')
        verdict.messages = [message]
        verdict.kept.append((message_id, message, []))
        number = len(self.messages) + 1
        verdict.results = [{'status': 'success', 'time': 0.01, 'flags': {}, 'data': {
            'message_id': message_id.strip('<>'), 'messages': {
                to: {'id': number + n, 'token': 'abc'}
                for n, to in enumerate(request['rcpt_to'])}}}]
