# SPDX-License-Identifier: MIT
"""Stand-ins for providers beside Postmark: the same server, rules and misbehaviour.

    with Resend(rules=[{'action': 'accept-then-reset', 'times': 1}]) as server:
        ...

A message counts once however often its request comes, where the provider keeps keys.
"""

import base64
import email
import email.utils
import json
import os
import sys
import time
import urllib.parse
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import acs_hmac  # noqa: E402
import azure_check  # noqa: E402
import brevo_check  # noqa: E402
import cloudflare_check  # noqa: E402
import http_check  # noqa: E402
import mailtrap_check  # noqa: E402
import elastic_check  # noqa: E402
import mailersend_check  # noqa: E402
import mandrill_check  # noqa: E402
import mailjet_check  # noqa: E402
import resend_check  # noqa: E402
import scaleway_check  # noqa: E402
import sendgrid_check  # noqa: E402
import smtp2go_check  # noqa: E402
import sparkpost_check  # noqa: E402
from postmark import Postmark, Reply, Verdict  # noqa: E402


class Answer(Verdict):
    """What such a provider makes of one request: one reply, perhaps one that it gave before."""

    def __init__(self):
        super().__init__()
        self.value = {}
        self.headers = {}

    def reply(self):
        value = b'' if self.value is None else self.value
        return Reply(self.status, value, self.headers)

    def reply_of_refusal(self, rule):
        if self.problem is not None:
            return self.reply()
        return Reply(rule.get('status', 422), rule.get('body', {}), rule.get('headers'))


class Refused(Exception):
    def __init__(self, status, value, is_fair=False):
        """@is_fair: the client made no mistake."""
        super().__init__(f'{status}: {value}')
        self.status = status
        self.value = value
        self.is_fair = is_fair


class Structured(Postmark):
    """One request carries one message, or several, and each is kept under an id."""

    path = None        # of the one kind of request
    check = None       # module with check_message and Refusal
    token_header = 'Authorization'
    token_prefix = 'Bearer '
    settings = {}  # of an account, beside its token

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.sent_token = self.token  # as the header field has it
        self.keys = {}    # of requests that were accepted: their bodies and replies
        self.bodies = []  # of all requests that came whole

    def judge(self, method, path, headers, body):
        answer = Answer()
        self.bodies.append(body)
        try:
            self.take(answer, method, path, headers, body)
        except Refused as refused:
            answer.status, answer.value = refused.status, refused.value
            answer.problem = None if refused.is_fair else str(refused)
        return answer

    def take(self, answer, method, path, headers, body):
        if headers.get(self.token_header) != self.token_prefix + self.sent_token:
            raise Refused(401, self.error('no such key'))
        if method != 'POST' or not path.startswith(self.path):
            raise Refused(404, self.error('nothing here'))
        value = json.loads(body.decode('utf-8'))
        key = self.key_of(headers, value)
        if key is not None and key in self.keys:
            return self.repeat(answer, body, *self.keys[key])
        try:
            self.accept(answer, path, value)
        except self.check.Refusal as refusal:
            raise Refused(422, self.error(str(refusal))) from None
        if key is not None:
            answer.key = key, (body, answer.status, answer.value)
        return None

    def keep(self, request, verdict):
        super().keep(request, verdict)
        if hasattr(verdict, 'key'):
            name, kept = verdict.key
            with self.changed:
                self.keys[name] = kept

    def repeat(self, answer, body, first, status, value):
        if body != first:
            raise Refused(409, self.error('the same key with another body'))
        answer.status, answer.value = status, value

    def keep_message(self, answer, message):
        name = str(uuid.uuid4())
        answer.messages.append(message)
        answer.kept.append((name, message, []))
        return name

    def shown(self, address):
        """What was accepted for that recipient and may be shown by now, the latest first."""
        with self.changed:
            return [entry for entry in reversed(self.accepted)
                    if self.shows_after is not None and
                    entry['time'] + self.shows_after <= time.time() and
                    address.lower() in map(str.lower, self.check.recipients(entry['message']))]

    # What differs.

    def key_of(self, headers, value):
        return None

    def error(self, words):
        return {'message': words}

    def accept(self, answer, path, value):
        raise NotImplementedError


class SendGrid(Structured):
    path = '/v3/mail/send'
    check = sendgrid_check

    def error(self, words):
        return {'errors': [{'message': words, 'field': None}]}

    def accept(self, answer, path, value):
        self.check.check_message(value, None)
        name = self.keep_message(answer, value)
        answer.status, answer.value = 202, None
        answer.headers = {'X-Message-Id': name}
        if 'mail_settings' in value:
            answer.status, answer.kept = 200, []


class Resend(Structured):
    path = '/emails'
    check = resend_check

    def key_of(self, headers, value):
        return headers.get('Idempotency-Key')

    def error(self, words):
        return {'statusCode': 422, 'name': 'validation_error', 'message': words}

    def accept(self, answer, path, value):
        if path == '/emails':
            self.check.check_message(value, None)
            answer.value = {'id': self.keep_message(answer, value)}
        else:
            self.check.check_batch(value, None)
            answer.value = {'data': [{'id': self.keep_message(answer, one)} for one in value]}


class Brevo(Structured):
    path = '/smtp/email'
    check = brevo_check
    token_header, token_prefix = 'api-key', ''

    def key_of(self, headers, value):
        return value.get('headers', {}).get('idempotencyKey')

    def error(self, words):
        return {'code': 'invalid_parameter', 'message': words}

    def repeat(self, answer, body, first, status, value):
        raise Refused(400, {'code': 'duplicate_request', 'message': 'already processed'},
                      is_fair=True)

    def accept(self, answer, path, value):
        self.check.check_message(value, None)
        name = self.keep_message(answer, value)
        answer.status, answer.value = 201, {'messageId': f'<{name}@smtp-relay.mailin.fr>'}


class Gateway(Structured):
    """One of the administrator's own, as the account describes it."""
    path = '/'
    check = http_check
    token_header, token_prefix = 'X-Api-Key', ''
    settings = {
        'token_header': 'X-Api-Key', 'id_field': 'mail.id', 'success': '202',
        'idempotency_header': 'X-Request-Key',
        'template': json.dumps({
            'from': {'email': '${from-address}', 'name': '${from-name}'},
            'recipients': [{'email': '${recipients}'}], 'subject': '${subject}',
            'content': [{'type': 'text/plain', 'value': '${text}'},
                        {'type': 'text/html', 'value': '${html}'}],
            'headers': [{'name': '${header-name}', 'value': '${header-value}'}]})}

    def key_of(self, headers, value):
        return headers.get('X-Request-Key')

    def accept(self, answer, path, value):
        self.check.check_message(value, None)
        answer.status, answer.value = 202, {'mail': {'id': self.keep_message(answer, value)}}


def number(name):
    return uuid.UUID(name).int >> 80


class Mailjet(Structured):
    path = '/v3.1/send'
    check = mailjet_check
    user = 'public-half'
    settings = {'user': user}

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        pair = f'{self.user}:{self.token}'.encode()
        self.token_prefix = 'Basic '
        self.sent_token = base64.b64encode(pair).decode()

    def take(self, answer, method, path, headers, body):
        if method != 'GET':
            return super().take(answer, method, path, headers, body)
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))
        with self.changed:
            sent = [entry for entry in self.accepted
                    if entry['message']['CustomID'] == query['CustomID']]
        data = [{'ID': number(entry['MessageID']), 'ContactAlt': address,
                 'CustomID': query['CustomID']}
                for entry in sent for address in self.check.recipients(entry['message'])]
        answer.value = {'Count': len(data), 'Data': data, 'Total': len(data)}
        return None

    def error(self, words):
        return {'ErrorCode': 'mj-0002', 'StatusCode': 400, 'ErrorMessage': words}

    def accept(self, answer, path, value):
        self.check.check_message(value, None)
        answer.value = {'Messages': [self.result(answer, one) for one in value['Messages']]}

    def result(self, answer, message):
        kept = self.keep_message(answer, message)
        return {'Status': 'success', **{
            name: [{'Email': mailbox['Email'], 'MessageUUID': 'u', 'MessageID': number(kept),
                    'MessageHref': ''} for mailbox in message.get(name, ())]
            for name in ('To', 'Cc', 'Bcc')}}


class Cloudflare(Structured):
    user = '0123456789abcdef'
    settings = {'user': user}
    path = f'/accounts/{user}/email/sending/send'
    check = cloudflare_check

    def error(self, words):
        return {'success': False, 'errors': [{'code': 10202, 'message': words}],
                'messages': [], 'result': None}

    def accept(self, answer, path, value):
        self.check.check_message(value, None)
        self.keep_message(answer, value)
        answer.value = {'success': True, 'errors': [], 'messages': [], 'result': {
            'delivered': self.check.recipients(value), 'permanent_bounces': [], 'queued': []}}


class Mailtrap(Structured):
    path = '/api/'
    search_path = '/api/email_logs'
    check = mailtrap_check

    def take(self, answer, method, path, headers, body):
        if method != 'GET':
            return super().take(answer, method, path, headers, body)
        if headers.get('Authorization') != f'Bearer {self.token}':
            raise Refused(401, {'error': 'Incorrect API token'})
        entries = [{'message_id': entry['MessageID'], 'to': address, 'status': 'enqueued',
                    'custom_variables': entry['message'].get('custom_variables', {})}
                   for address in self.check.parse_search(path)
                   for entry in self.shown(address)]
        answer.value = {'messages': entries, 'total_count': len(entries),
                        'next_page_cursor': None}
        return None

    def error(self, words):
        return {'success': False, 'errors': [words]}

    def accept(self, answer, path, value):
        is_batch = path.startswith('/api/batch')
        is_sandbox = path not in ('/api/send', '/api/batch')
        (self.check.check_batch if is_batch else self.check.check_message)(value, None)
        if is_batch:
            answer.value = {'success': True, 'responses': [
                self.result(answer, one, is_sandbox) for one in value['requests']]}
        else:
            answer.value = self.result(answer, value, is_sandbox)
        if is_sandbox:
            answer.kept = []

    def result(self, answer, message, is_sandbox):
        kept = self.keep_message(answer, message)
        n = 1 if is_sandbox else len(self.check.recipients(message))
        return {'success': True, 'message_ids': [f'{kept}-{i}' for i in range(n)]}


class MailerSend(Structured):
    path = '/email'
    check = mailersend_check

    def error(self, words):
        return {'message': f'{words} #MS42209', 'errors': {}}

    def accept(self, answer, path, value):
        self.check.check_message(value, None)
        answer.headers = {'x-message-id': self.keep_message(answer, value)}
        answer.status, answer.value = 202, None


class ElasticEmail(Structured):
    path = '/emails/transactional'
    check = elastic_check
    token_header, token_prefix = 'X-ElasticEmail-ApiKey', ''

    def error(self, words):
        return {'Error': words}

    def accept(self, answer, path, value):
        self.check.check_message(value, None)
        answer.value = {'TransactionID': 't', 'MessageID': self.keep_message(answer, value)}


class Scaleway(Structured):
    user = '6170692e-7363-616c-6577-61792e636f6d'
    settings = {'user': user}
    path = '/emails'
    check = scaleway_check
    token_header, token_prefix = 'X-Auth-Token', ''

    def error(self, words):
        return {'type': 'invalid_arguments', 'message': words, 'details': []}

    def accept(self, answer, path, value):
        self.check.check_message(value, None)
        name = self.keep_message(answer, value)
        answer.value = {'emails': [{'id': name, 'mail_rcpt': address, 'status': 'new'}
                                   for address in self.check.recipients(value)]}


class Smtp2go(Structured):
    path = '/email/mime'
    check = smtp2go_check
    token_header, token_prefix = 'X-Smtp2go-Api-Key', ''

    def take(self, answer, method, path, headers, body):
        if path != '/activity/search':
            return super().take(answer, method, path, headers, body)
        if headers.get(self.token_header) != self.token:
            raise Refused(401, self.error('no such key'))
        address = self.check.check_search(json.loads(body))
        with self.changed:
            sent = [(entry['MessageID'], email.message_from_bytes(
                self.check.message_of(entry['message']))) for entry in self.accepted]
        events = [self.event(name, message) for name, message in sent]
        events = [event for event in events if address in event['recipients']]
        answer.value = {'request_id': 'r', 'data': {
            'continue_token': None, 'total_events': len(events), 'events': events}}
        return None

    def event(self, name, message):
        fields = message.get_all('To', []) + message.get_all('Cc', [])
        return {'event': 'processed', 'email_id': name, 'recipient': '',
                'recipients': [address for _, address in email.utils.getaddresses(fields)],
                'custom_headers': {'Message-ID': message['Message-ID']}}

    def error(self, words):
        return {'request_id': 'r', 'data': {
            'error_code': 'E_ApiResponseCodes.NON_VALIDATING_IN_PAYLOAD', 'error': words}}

    def accept(self, answer, path, value):
        self.check.check_message(value, None)
        answer.value = {'request_id': 'r', 'data': {
            'succeeded': 1, 'failed': 0, 'failures': [],
            'email_id': self.keep_message(answer, value)}}


class Azure(Structured):
    """Each signature is checked; an operation can be asked for by its id."""
    path = '/emails:send?api-version=2025-09-01'
    operations = '/emails/operations/'
    check = azure_check

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.token = base64.b64encode(self.token.encode()).decode()

    def take(self, answer, method, path, headers, body):
        try:
            acs_hmac.verify(method, path, list(headers.items()), body, self.token)
        except acs_hmac.Wrong as wrong:
            raise Refused(401, self.error(str(wrong))) from None
        if method == 'GET' and path.startswith(self.operations):
            return self.show(answer, path.removeprefix(self.operations).partition('?')[0])
        if (method, path) != ('POST', self.path):
            raise Refused(404, self.error('nothing here'))
        answer.operation = str(uuid.UUID(headers['Operation-Id']))
        try:
            self.accept(answer, path, json.loads(body.decode('utf-8')))
        except self.check.Refusal as refusal:
            raise Refused(400, self.error(str(refusal))) from None

    def show(self, answer, operation):
        with self.changed:
            known = [entry['MessageID'] for entry in self.accepted]
        if operation not in known:
            raise Refused(404, self.error('no such operation'), is_fair=True)
        answer.value = {'id': operation, 'status': 'Succeeded'}

    def error(self, words):
        return {'error': {'code': 'BadRequest', 'message': words}}

    def accept(self, answer, path, value):
        self.check.check_message(value, None)
        answer.messages.append(value)
        answer.kept.append((answer.operation, value, []))
        answer.status, answer.value = 202, {'id': answer.operation, 'status': 'Running'}


class SparkPost(Structured):
    """One recipient a request: each has a mail of its own."""
    path = '/transmissions'
    search_path = '/events/message'
    check = sparkpost_check
    token_prefix = ''

    def take(self, answer, method, path, headers, body):
        if method != 'GET':
            return super().take(answer, method, path, headers, body)
        if headers.get('Authorization') != self.token:
            raise Refused(401, {'errors': [{'message': 'Unauthorized.'}]})
        try:
            address = self.check.parse_search(path)
        except self.check.Refusal as refusal:
            raise Refused(400, self.error(str(refusal))) from None
        events = [{'type': kind, 'event_id': '1', 'message_id': 'm', 'rcpt_to': address,
                   'transmission_id': entry['MessageID'],
                   'rcpt_meta': entry['message'].get('metadata', {})}
                  for entry in self.shown(address) for kind in ('delivery', 'injection')]
        answer.value = {'results': events, 'total_count': len(events), 'links': []}

    def error(self, words):
        return {'errors': [{'code': '1300', 'message': words}]}

    def accept(self, answer, path, value):
        self.check.check_message(value, None)
        answer.value = {'results': {
            'total_rejected_recipients': 0, 'total_accepted_recipients': len(value['recipients']),
            'id': self.keep_message(answer, value)}}


class Mandrill(Structured):
    """The key is in the body."""
    path = '/messages/send-raw'
    search_path = '/messages/search'
    check = mandrill_check

    def take(self, answer, method, path, headers, body):
        if json.loads(body.decode('utf-8')).get('key') != self.token:
            raise Refused(500, {'status': 'error', 'code': -1, 'name': 'Invalid_Key',
                                'message': 'Invalid API key'})
        if (method, path) == ('POST', self.search_path):
            return self.search(answer, json.loads(body.decode('utf-8')))
        headers = {**headers, 'Authorization': f'Bearer {self.token}'}
        return super().take(answer, method, path, headers, body)

    def search(self, answer, question):
        try:
            address = self.check.parse_search(question)
        except self.check.Refusal as refusal:
            raise Refused(500, self.error(str(refusal))) from None
        answer.value = [
            {'ts': int(entry['time']), '_id': f'{entry["MessageID"]}-0', 'email': address,
             'sender': 'a@example.com', 'subject': '', 'state': 'sent', 'tags': [],
             'metadata': self.check.metadata(entry['message'])}
            for entry in self.shown(address)][:question['limit']]

    def error(self, words):
        return {'status': 'error', 'code': -2, 'name': 'ValidationError', 'message': words}

    def accept(self, answer, path, value):
        self.check.check_message(value, None)
        name = self.keep_message(answer, value)
        answer.value = [{'email': address, 'status': 'queued', '_id': f'{name}-{n}',
                         'reject_reason': None} for n, address in enumerate(value['to'])]
