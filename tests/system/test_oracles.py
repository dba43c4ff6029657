#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Independent oracles: the same messages through django-anymail and Symfony's bridges.

The oracle is given a message as its applications make one, and sends it to the provider's
stand-in. The same message, as the same framework writes it for SMTP, goes through sendmail
of brevdue to such a stand-in. The two requests must say the same (oracle.py), but for the
rows of oracles.md, each with its reason; a row that is no difference any more fails too.
"""

import base64
import itertools
import json
import os
import re
import subprocess
import sys
import unittest

import namespace
import oracle
from test_anymail import BASE, MESSAGES as SHARED, PICTURE, ANYMAIL, item

SYMFONY = '/usr/share/php/Symfony/Component'
BRIDGES = ('Amazon', 'Mailchimp', 'Mailgun', 'Mailjet', 'Postmark', 'Sendgrid', 'Sendinblue')
NEEDED = ('php', '/usr/lib/python3/dist-packages/boto3', ANYMAIL, f'{SYMFONY}/HttpClient',
          *(f'{SYMFONY}/Mailer/Bridge/{name}' for name in BRIDGES))
TABLE = os.path.join(oracle.HERE, 'oracles.md')
KEY, SECRET = 'AKIDEXAMPLE', 'secret'

MESSAGES = {
    **{name: SHARED[name] for name in (
        'plain', 'utf-8', 'html only', 'text and html', 'everybody', 'attachments',
        'text attachment', 'forwarded message')},
    'commas': {**BASE, 'text': 'Text\n', 'from': '"B\u00fcro, K\u00f6ln" <shop@example.com>',
               'to': ['"M\u00fcller, J\u00f6rg" <a@example.org>', '"Doe, J." <b@example.org>',
                      '"\u5c71\u7530, \u592a\u90ce" <c@example.org>'],
               'reply_to': ['"Desk, \u00c4rger" <desk@example.com>']},
    'threading': {**BASE, 'text': 'Text\n', 'headers': {
        'In-Reply-To': '<1@example.org>', 'References': '<0@example.org> <1@example.org>',
        'X-Shop': 'one, two; three', 'Auto-Submitted': 'auto-generated'}},
    'list': {**BASE, 'text': 'Text\n', 'headers': {
        'List-Unsubscribe': '<mailto:u@example.com>, <https://example.com/u?a=b&c=d>',
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
        'List-Id': 'News <news.example.com>', 'Precedence': 'bulk'}},
    'header in utf-8': {**BASE, 'text': 'Text\n', 'headers': {'X-Shop': 'Gr\u00fc\u00dfe'}},
    'two files of one name': {**BASE, 'text': 'Text\n', 'attachments': [
        item('a.dat', 'application/octet-stream', b'one'),
        item('a.dat', 'application/octet-stream', b'two'),
        item('\u00dcbersicht, Q3; "neu".pdf', 'application/pdf', PICTURE)]},
    'calendar': {**BASE, 'text': 'Text\n', 'attachments': [
        item('invite.ics', 'text/calendar', b'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n'),
        item('list.csv', 'text/csv', 'n\u00e4me;1\n'.encode())]},
}

ANYMAIL_SETTINGS = {  # provider: (backend, its settings)
    'postmark': ('postmark', {'POSTMARK_SERVER_TOKEN': SECRET, 'POSTMARK_API_URL': '@'}),
    'sendgrid': ('sendgrid', {'SENDGRID_API_KEY': SECRET, 'SENDGRID_API_URL': '@/v3/'}),
    'brevo': ('sendinblue', {'SENDINBLUE_API_KEY': SECRET, 'SENDINBLUE_API_URL': '@'}),
    'mailjet': ('mailjet', {'MAILJET_API_KEY': KEY, 'MAILJET_SECRET_KEY': SECRET,
                            'MAILJET_API_URL': '@/v3.1/'}),
    'mailgun': ('mailgun', {'MAILGUN_API_KEY': SECRET, 'MAILGUN_API_URL': '@/v3/',
                            'MAILGUN_SENDER_DOMAIN': 'example.com'}),
    'postal': ('postal', {'POSTAL_API_KEY': SECRET, 'POSTAL_API_URL': '@'}),
    'sparkpost': ('sparkpost', {'SPARKPOST_API_KEY': SECRET, 'SPARKPOST_API_URL': '@'}),
    'mandrill': ('mandrill', {'MANDRILL_API_KEY': SECRET, 'MANDRILL_API_URL': '@'}),
    'ses': ('amazon_ses', {'AMAZON_SES_CLIENT_PARAMS': {
        'endpoint_url': '@', 'region_name': 'eu-west-1', 'aws_access_key_id': KEY,
        'aws_secret_access_key': SECRET, 'config': {'retries': {'max_attempts': 0}}}}),
}
SYMFONY_CLASSES = {  # provider: (class, arguments)
    'postmark': ('Postmark\\Transport\\PostmarkApiTransport', [SECRET]),
    'sendgrid': ('Sendgrid\\Transport\\SendgridApiTransport', [SECRET]),
    'brevo': ('Sendinblue\\Transport\\SendinblueApiTransport', [SECRET]),
    'mailjet': ('Mailjet\\Transport\\MailjetApiTransport', [KEY, SECRET]),
    'mailgun': ('Mailgun\\Transport\\MailgunApiTransport', [SECRET, 'example.com', 'us']),
    'mandrill': ('Mailchimp\\Transport\\MandrillHttpTransport', [SECRET]),
    'ses': ('Amazon\\Transport\\SesHttpTransport', [KEY, SECRET, 'eu-west-1']),
}


def run(command, call):
    done = subprocess.run(command, input=json.dumps(call), capture_output=True, text=True,
                          timeout=60, env={'PATH': '/usr/bin:/bin', 'LANG': 'C.UTF-8',
                                           'PYTHONDONTWRITEBYTECODE': '1'})
    if not done.stdout:
        raise AssertionError(f'{command}: {done.stderr}')
    return json.loads(done.stdout), done.stderr


def through_anymail(server, provider, message):
    """What it cannot say to this provider it leaves out."""
    backend, settings = ANYMAIL_SETTINGS[provider]
    settings = json.loads(json.dumps(settings).replace('@', server.url))
    return run(['/usr/bin/python3', os.path.join(oracle.HERE, 'anymail_send.py')],
               {'backend': backend, 'messages': [message],
                'settings': {**settings, 'IGNORE_UNSUPPORTED_FEATURES': True}})


def through_symfony(server, provider, message):
    name, arguments = SYMFONY_CLASSES[provider]
    said, _ = run(['/usr/bin/php', os.path.join(oracle.HERE, 'symfony-bridge.php')],
                  {'class': name, 'arguments': arguments, 'host': '127.0.0.1',
                   'port': server.port, 'message': as_calls(message)})
    said['recipients'] = [one for name in ('to', 'cc', 'bcc') for one in message.get(name, ())]
    return said, said['error']


def as_calls(message):
    """As symfony-bridge.php wants it."""
    people = {'from': [message['from']], **{call: message.get(member, ()) for member, call in (
        ('to', 'to'), ('cc', 'cc'), ('bcc', 'bcc'), ('reply_to', 'replyTo'))}}
    files = message.get('attachments', ())
    said = {name: message[name] for name in ('subject', 'text', 'html') if name in message}
    for one in files:  # Symfony knows a picture by its file's name
        if 'cid' in one:
            said['html'] = said['html'].replace(one['cid'], one['name'])
    return {'people': {call: [(one.address, one.name) for text in found
                              for one in oracle.mailboxes(text)]
                       for call, found in people.items() if found},
            'calls': [[name, [text]] for name, text in said.items()],
            'headers': list(message.get('headers', {}).items()),
            'attachments': [[one['content'], one['name'], one['type']] for one in files
                            if 'cid' not in one],
            'pictures': [[one['content'], one['name'], one['type']] for one in files
                         if 'cid' in one]}


ORACLES = {'anymail': through_anymail, 'symfony': through_symfony}


def compare(name, provider, message):
    """{field: (through brevdue, through the oracle)} of those that differ."""
    with oracle.stand_in(provider) as server:
        said, errors = ORACLES[name](server, provider, message)
        if not server.seen:
            return {'everything': ('sent', errors)}
        if len(server.seen) != 1:
            raise AssertionError(f'{len(server.seen)} requests: {errors}')
        theirs = oracle.neutral(oracle.read(provider, *server.seen[0]))
    recipients = [one.address for text in said['recipients'] for one in oracle.mailboxes(text)]
    ours = oracle.through_brevdue(provider, base64.b64decode(said['mime']),
                                  'shop@example.com', recipients)
    return {field: (ours.get(field), theirs.get(field))
            for field in oracle.differing(ours, theirs)}


def rows():
    """(oracle, provider, message, field) of all that the table excuses."""
    with open(TABLE, encoding='utf-8') as text:
        cells = [[cell.strip() for cell in line.strip('|\n').split('|')] for line in text
                 if re.match(r'\| (anymail|symfony)', line)]
    assert all(len(row) == 5 and row[4] for row in cells), 'a row without a reason'
    found = [one for row in cells
             for one in itertools.product(*(cell.split(', ') for cell in row[:4]))]
    assert len(set(found)) == len(found), 'a difference that stands there twice'
    return set(found)


class OracleTest(unittest.TestCase):
    provider = None

    def check(self, name):
        wanted = {row for row in rows() if row[:2] == (name, self.provider)}
        for title, message in MESSAGES.items():
            with self.subTest(title):
                found = compare(name, self.provider, message)
                got = {(name, self.provider, title, field) for field in found}
                self.assertEqual(got, {row for row in wanted if row[2] == title}, found)
        self.assertLessEqual({row[2] for row in wanted}, MESSAGES.keys())

    def test_anymail(self):
        self.check('anymail')

    def test_symfony(self):
        if self.provider not in SYMFONY_CLASSES:
            self.skipTest('Symfony has no bridge of its own to it')
        self.check('symfony')

    def test_table(self):
        """Every row is looked at by some run of this program."""
        for row in rows():
            self.assertIn(row[1], oracle.STAND_INS)


if __name__ == '__main__':
    namespace.need(*NEEDED)
    OracleTest.provider = sys.argv.pop(1)
    unittest.main()
