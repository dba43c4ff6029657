# SPDX-License-Identifier: MIT
"""A stand-in for Mailgun on a loopback address, with the connections, rules and ways to fail
of postmark.py. What it accepted is kept as {'From', 'To', 'Subject', 'Raw', 'Options',
'Domain'}: the raw message as text with a character for each byte."""

import base64
import json
import uuid

import mailgun_check as check
from postmark import Postmark, Reply, Verdict
from ses_check import split_header

KEY = '0123456789abcdef-key'


class MailgunVerdict(Verdict):
    def refuse(self, refusal, is_ours=True):
        self.problem = str(refusal) if is_ours else None
        self.status = refusal.status
        self.results = [{'message': refusal.message}]

    def reply(self):
        if self.status == 401:
            return Reply(401, b'Forbidden', {'Content-Type': 'text/plain'})
        return Reply(self.status, self.results[0])

    def reply_of_refusal(self, rule):
        if self.status != 200:
            return self.reply()
        return Reply(rule.get('status', 400), {'message': rule.get('message', 'no')},
                     rule.get('headers'))


class Mailgun(Postmark):
    """@domains: those it has; None: any."""

    def __init__(self, rules=(), domains=None, **options):
        super().__init__(rules, token=KEY, **options)
        self.domains = domains
        self.shows = True  # whether the logs show anything yet
        self.limits = check.Limits()

    def judge(self, method, path, headers, body):
        verdict = MailgunVerdict()
        wanted = 'Basic ' + base64.b64encode(f'api:{self.token}'.encode()).decode()
        found = check.PATH.fullmatch(path)
        try:
            if headers.get('Authorization') != wanted:
                verdict.refuse(check.Refusal('Forbidden', 401), is_ours=False)
            elif (method, path) == ('POST', check.SEARCH):
                verdict.results = [self.search(check.check_search(body))]
            elif method != 'POST' or found is None:
                verdict.refuse(check.Refusal('Not Found', 404))
            elif self.domains is not None and found[1] not in self.domains:
                verdict.refuse(check.Refusal(f'Domain not found: {found[1]}', 404),
                               is_ours=False)
            else:
                boundary = check.boundary_of(headers.get('Content-Type'))
                parts = check.parse_form(body, boundary)
                self.accept(verdict, found[1], parts, check.check_form(parts, self.limits))
        except check.Refusal as refusal:
            verdict.refuse(refusal)
        return verdict

    @property
    def searches(self):
        with self.changed:
            return [request for request in self.requests if request['path'] == check.SEARCH]

    def search(self, wish):
        """What the logs show: an entry for each recipient."""
        with self.changed:
            sent = [(entry['MessageID'].strip('<>'), entry['message']) for entry in self.accepted]
        items = [{'id': 'e', 'event': 'accepted', '@timestamp': '2026-11-25T18:00:00.000Z',
                  'domain': {'name': message['Domain']}, 'recipient': address,
                  'user-variables': json.dumps({
                      name[2:]: value for name, value in message['Options'].items()
                      if name.startswith('v:')}),
                  'message': {'headers': {'message-id': message_id}}}
                 for message_id, message in sent for address in message['To'].split(', ')
                 if (message['Domain'], message_id) == (wish['domain'], wish['message_id'])]
        return {'start': '', 'end': '', 'items': items if self.shows else [],
                'pagination': {'next': 'token'}}

    def accept(self, verdict, domain, parts, raw):
        fields = {}
        for name, value in split_header(raw):
            fields.setdefault(name, value.strip())
        options = [(name, content.decode()) for name, is_file, content in parts if not is_file]
        message = {'From': fields['from'], 'Subject': fields.get('subject', ''),
                   'To': ', '.join(value for name, value in options if name == 'to'),
                   'Raw': raw.decode('latin-1'), 'Domain': domain,
                   'Options': {name: value for name, value in options if name != 'to'}}
        message_id = fields.get('message-id', f'<{uuid.uuid4()}@{domain}>')
        verdict.messages = [message]
        verdict.kept.append((message_id, message, []))
        verdict.results = [{'id': message_id, 'message': 'Queued. Thank you.'}]
