# SPDX-License-Identifier: MIT
"""Stand-ins for Gmail and Microsoft Graph, with the connections, rules and ways to fail of
postmark.py. What they accepted is kept as {'User', 'Subject', 'To', 'Raw', 'Seen'}: the
addresses of its header, the message as text with a character for each byte, and what a
recipient sees of it."""

import base64
import email.utils
import re
import uuid

import gmail_check
import graph_check
from postmark import Postmark, Reply, Verdict
from ses_check import split_header


class Answer(Verdict):
    def __init__(self):
        super().__init__()
        self.value, self.headers = {}, {}

    def fail(self, status, value, is_fair=False):
        self.status, self.value = status, value
        self.problem = None if is_fair else f'{status}: {value}'

    def reply(self):
        return Reply(self.status, self.value, self.headers)

    def reply_of_refusal(self, rule):
        if self.problem is not None:
            return self.reply()
        return Reply(rule.get('status', 400), rule.get('body', {}), rule.get('headers'))


class Addressed(Postmark):
    """@tokens: the TokenServer whose newest token is good."""

    def __init__(self, tokens, rules=(), **options):
        super().__init__(rules, token=tokens.token, **options)
        self.tokens = tokens

    def judge(self, method, path, headers, body):
        answer = Answer()
        kind, _, token = headers.get('Authorization', '').partition(' ')
        if kind != 'Bearer' or not self.tokens.accepts(token):
            answer.fail(401, self.error('authError', 'InvalidAuthenticationToken', 'Invalid token'),
                        is_fair=True)
            return answer
        user = self.user_of(path)
        if method != 'POST' or user is None or headers.get('Content-Type') != self.content_type:
            answer.fail(404, self.error('notFound', 'BadRequest', f'no such path: {path}'))
            return answer
        faults = self.check.faults_of_body(body)
        if faults:
            answer.fail(400, self.error('invalidArgument', 'BadRequest', str(faults)))
            return answer
        self.accept(answer, user, self.decode(body))
        return answer

    def accept(self, answer, user, raw):
        fields = dict(split_header(raw))
        named = [fields.get(name, '') for name in ('to', 'cc', 'bcc')]
        seen = re.sub(rb'(?m)^Bcc:.*\r\n(?:[ \t].*\r\n)*', b'', raw, count=1) if 'bcc' in fields else raw
        message = {'User': user, 'Subject': fields.get('subject', '').strip(),
                   'To': [address for _, address in email.utils.getaddresses(
                       [value.replace('\r\n', '') for value in named if value])],
                   'Raw': raw.decode('latin-1'), 'Seen': seen.decode('latin-1')}
        answer.messages = [message]
        answer.kept.append((str(uuid.uuid4()), message, []))
        answer.results = [None]
        self.succeed(answer)


class Gmail(Addressed):
    check = gmail_check
    content_type = 'message/rfc822'

    def user_of(self, path):
        return 'me' if path == self.check.PATH else None

    def decode(self, body):
        return body

    def error(self, reason, _, words):
        return {'error': {'code': 400, 'message': words, 'errors': [{'reason': reason}]}}

    def succeed(self, answer):
        answer.value = {'id': answer.kept[0][0], 'threadId': '1', 'labelIds': ['SENT']}


class Graph(Addressed):
    check = graph_check
    content_type = 'text/plain'

    def user_of(self, path):
        found = self.check.PATH.fullmatch(path)
        return found and found[1]

    def decode(self, body):
        return base64.b64decode(body)

    def error(self, _, code, words):
        return {'error': {'code': code, 'message': words}}

    def succeed(self, answer):
        answer.status, answer.value = 202, b''
        answer.headers = {'request-id': answer.kept[0][0]}
