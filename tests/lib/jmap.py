# SPDX-License-Identifier: MIT
"""A stand-in for a JMAP server on a loopback address, with the connections, rules and ways to fail
of postmark.py. Only the request that submits has messages: {"min_messages": 1} in a rule's "match"
means that one. The rule "error" makes it a SetError: "error", an object with "type".

What it sent is kept as {'From', 'To', 'Subject', 'Raw', 'Sender'}; what is left in its drafts is in
@emails."""

import json
import uuid

import jmap_check as check
from postmark import Postmark, Reply
from ses_check import split_header
from structured import Answer, Refused

ACCOUNT = 'u1'


def name():
    return 'm' + uuid.uuid4().hex


class JmapAnswer(Answer):
    def reply_of_refusal(self, rule):
        if self.problem is not None or 'error' not in rule:
            return super().reply_of_refusal(rule)
        responses = [[method, {**result, 'created': None, 'notCreated': {'send': rule['error']}}
                      if method == 'EmailSubmission/set' else result, call]
                     for method, result, call in self.value['methodResponses']]
        return Reply(200, {**self.value, 'methodResponses': responses})


class Jmap(Postmark):
    """@api: what the session says of its URL; @identities: addresses; @primary: whose account may
    send."""

    def __init__(self, rules=(), api='/jmap/api/', identities=('*@example.com',), primary=ACCOUNT,
                 most=1000000, **options):
        super().__init__(rules, **options)
        self.api, self.primary, self.most = api, primary, most
        self.identities = {f'i{n}': address for n, address in enumerate(identities)}
        self.blobs, self.emails = {}, {}

    def judge(self, method, path, headers, body):
        answer = JmapAnswer()
        try:
            if headers.get('Authorization') != f'Bearer {self.token}':
                raise Refused(401, {'type': 'about:blank', 'status': 401, 'detail': 'who?'}, True)
            handle = {('GET', '/.well-known/jmap'): self.move,
                      ('GET', '/jmap/session'): self.session,
                      ('POST', f'/jmap/upload/{ACCOUNT}/'): self.upload,
                      ('POST', '/jmap/api/'): self.call}.get((method, path))
            if handle is None:
                raise Refused(404, {})
            handle(answer, headers, body)
        except Refused as refused:
            answer.status, answer.value = refused.status, refused.value
            answer.problem = None if refused.is_fair else str(refused)
        except (check.Refusal, ValueError) as refusal:
            answer.status, answer.problem = 400, str(refusal)
            answer.value = {'type': 'urn:ietf:params:jmap:error:notRequest', 'detail': str(refusal)}
        return answer

    def move(self, answer, headers, body):
        answer.status, answer.value, answer.headers = 307, None, {'Location': '/jmap/session'}

    def session(self, answer, headers, body):
        answer.value = {
            'capabilities': {check.CAPABILITIES[0]: {'maxSizeUpload': self.most},
                             **{one: {} for one in check.CAPABILITIES[1:]}},
            'accounts': {ACCOUNT: {'name': 'web'}}, 'username': 'web', 'state': '1',
            'primaryAccounts': {check.CAPABILITIES[1]: ACCOUNT,
                                **({check.CAPABILITIES[2]: self.primary} if self.primary else {})},
            'apiUrl': self.api, 'downloadUrl': '/d/{accountId}/{blobId}/{name}?type={type}',
            'uploadUrl': '/jmap/upload/{accountId}/', 'eventSourceUrl': '/e'}

    def upload(self, answer, headers, body):
        check.check_raw(body)
        blob = name()
        self.blobs[blob] = body
        answer.status = 201
        answer.value = {'accountId': ACCOUNT, 'blobId': blob, 'type': headers['Content-Type'],
                        'size': len(body)}

    def call(self, answer, headers, body):
        value = json.loads(body.decode('utf-8'))
        check.check_message(value)
        methods = {'Identity/get': self.get_identities, 'Mailbox/query': self.find_mailbox,
                   'Email/import': self.import_emails, 'Email/set': self.destroy,
                   'EmailSubmission/set': self.submit}
        answer.value = {'sessionState': '1', 'methodResponses': [
            [method, {'accountId': ACCOUNT, **methods[method](answer, arguments)}, call]
            for method, arguments, call in value['methodCalls']]}

    def get_identities(self, answer, arguments):
        return {'list': [{'id': key, 'name': '', 'email': address}
                         for key, address in self.identities.items()], 'notFound': []}

    def find_mailbox(self, answer, arguments):
        return {'ids': ['d1'] if arguments['filter'] == {'role': 'drafts'} else ['in1']}

    def import_emails(self, answer, arguments):
        created = {}
        for key, one in arguments['emails'].items():
            if one['blobId'] not in self.blobs or one['mailboxIds'] != {'d1': True}:
                raise Refused(422, {})
            created[key] = {'id': name()}
            self.emails[created[key]['id']] = self.blobs.pop(one['blobId'])
        return {'created': created, 'notCreated': None}

    def submit(self, answer, arguments):
        (key, one), = arguments['create'].items()
        if one['emailId'] not in self.emails or one['identityId'] not in self.identities:
            raise Refused(422, {})
        raw = self.emails[one['emailId']]
        fields = {}
        for field, value in split_header(raw):
            fields.setdefault(field, value.strip())
        message = {'From': fields['from'], 'Subject': fields.get('subject', ''),
                   'To': ', '.join(to['email'] for to in one['envelope']['rcptTo']),
                   'Raw': raw.decode('latin-1'), 'Sender': one['envelope']['mailFrom']['email']}
        answer.messages = [message]
        answer.kept.append((fields.get('message-id', name()), message, []))
        return {'created': {key: {'id': name(), 'undoStatus': 'final'}}, 'notCreated': None}

    def destroy(self, answer, arguments):
        return {'destroyed': [key for key in arguments['destroy'] if self.emails.pop(key)]}
