#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An independent oracle: the same messages, mapped to Postmark by django-anymail.

Each message is described once. brevdue gets it as MIME that Python's email package wrote,
through sendmail -t; anymail gets it as the Django message an application would build. Both
requests must mean the same, field by field, but for the differences listed with a message
(README.md gives their reasons); a listed difference that is none any more fails too.
"""

import base64
import email.message
import email.policy
import json
import os
import subprocess
import unittest

import fields
import machine
import namespace

ANYMAIL = '/usr/lib/python3/dist-packages/anymail'
PDF = b'%PDF-1.7\r\n' + bytes(range(256)) * 300
PICTURE = bytes(range(255, -1, -1)) * 20


def item(name, kind, content, **more):
    return {'name': name, 'type': kind, 'content': base64.b64encode(content).decode(), **more}


BASE = {'from': 'Shop <shop@example.com>', 'to': ['a@example.org'], 'subject': 'Hello'}
MESSAGES = {
    'plain': {**BASE, 'text': 'Text\n'},
    'utf-8': {**BASE, 'text': 'Gr\u00fc\u00dfe \u2603 \U0001f426\n',
              'subject': 'Gr\u00fc\u00dfe \u2603 ' * 12 + '\U0001f426'},
    'html only': {**BASE, 'html': '<p>Gr\u00fc\u00dfe</p>\n'},
    'text and html': {**BASE, 'text': 'one\n.\ntwo\n', 'html': '<p>one & "two"</p>\n'},
    'everybody': {
        **BASE, 'text': 'Text\n', 'from': '"B\u00fcro, \\"K\u00f6ln\\"" <shop@example.com>',
        'to': ['J\u00f6rg <a@example.org>', '"Doe, J." <b@example.org>', 'c@example.org'],
        'cc': ['D <d@example.org>'], 'bcc': ['e@example.org', 'f@example.org'],
        'reply_to': ['Desk <desk@example.com>', 'boss@example.com']},
    'only bcc': {**BASE, 'text': 'Text\n', 'to': [], 'bcc': ['e@example.org',
                                                             'f@example.org']},
    'headers': {**BASE, 'text': 'Text\n', 'headers': {
        'X-Shop': 'value', 'List-Unsubscribe': '<mailto:u@example.com>',
        'In-Reply-To': '<1@example.org>', 'References': '<0@example.org> <1@example.org>'}},
    'attachments': {**BASE, 'text': 'Text\n', 'html': '<img src="cid:logo@shop">\n',
                    'attachments': [
                        item('logo.png', 'image/png', PICTURE, cid='logo@shop'),
                        item('R\u00e9sum\u00e9 \u2603.pdf', 'application/pdf', PDF),
                        item('empty.dat', 'application/octet-stream', b''),
                        item('data.json', 'application/json', b'{"a": 1}\r\n')]},
    'text attachment': {**BASE, 'text': 'Text\n', 'attachments': [
        item('note.txt', 'text/plain', 'Gr\u00fc\u00dfe\n'.encode())]},
    'forwarded message': {**BASE, 'text': 'Text\n', 'attachments': [
        item('mail.eml', 'message/rfc822', b'Subject: Old\n\nOld text\n')]},
    'postmark': {**BASE, 'text': 'Text\n', 'tags': ['welcome'], 'track_opens': True,
                 'metadata': {'order': '17'}, 'esp_extra': {'MessageStream': 'broadcast'}},
}
NOTE = 'Gr\u00fc\u00dfe\n'.encode()
DIFFERENCES = {  # message: {field: (through brevdue, through anymail)}
    'text attachment': {'Attachments': (
        [('note.txt', 'text/plain; charset=utf-8', None, NOTE)],
        [('note.txt', 'text/plain', None, NOTE)])},
}


def as_mime(message):
    """The message as a mail program would hand it to sendmail -t."""
    mime = email.message.EmailMessage(policy=email.policy.SMTP.clone(linesep='\n'))
    for name, key in (('From', 'from'), ('To', 'to'), ('Cc', 'cc'), ('Bcc', 'bcc'),
                      ('Reply-To', 'reply_to')):
        value = message.get(key)
        if value:
            mime[name] = value if isinstance(value, str) else ', '.join(value)
    mime['Subject'] = message['subject']
    for name, value in {**message.get('headers', {}), **control_headers(message)}.items():
        mime[name] = value
    if 'text' in message:
        mime.set_content(message['text'])
    if 'html' in message and 'text' in message:
        mime.add_alternative(message['html'], subtype='html')
    elif 'html' in message:
        mime.set_content(message['html'], subtype='html')
    add_attachments(mime, message.get('attachments', ()))
    return mime.as_bytes()


def control_headers(message):
    """What an application that knows Postmark's SMTP headers would have written."""
    headers = {}
    if 'tags' in message:
        headers['X-PM-Tag'] = message['tags'][0]
    if 'track_opens' in message:
        headers['X-PM-TrackOpens'] = 'true'
    for name, value in message.get('metadata', {}).items():
        headers[f'X-PM-Metadata-{name}'] = value
    if 'esp_extra' in message:
        headers['X-PM-Message-Stream'] = message['esp_extra']['MessageStream']
    return headers


def add_attachments(mime, attachments):
    for entry in attachments:
        kind, _, subtype = entry['type'].partition('/')
        content = base64.b64decode(entry['content'])
        if kind == 'message':
            mime.add_attachment(email.message_from_bytes(content), filename=entry['name'])
        elif kind == 'text':
            mime.add_attachment(content.decode(), subtype, filename=entry['name'])
        elif 'cid' in entry:
            mime.get_body(('html',)).add_related(content, kind, subtype,
                                                 cid=f'<{entry["cid"]}>',
                                                 filename=entry['name'])
        else:
            mime.add_attachment(content, kind, subtype, filename=entry['name'])


class AnymailTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(machine.Machine())

    def through_anymail(self, message):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'anymail_send.py')
        with machine.serve() as server:
            done = subprocess.run(
                ['/usr/bin/python3', script], capture_output=True, text=True, timeout=60,
                env={'PATH': '/usr/bin:/bin', 'PYTHONDONTWRITEBYTECODE': '1',
                     'LANG': 'C.UTF-8'},
                input=json.dumps({'url': server.url, 'token': server.token,
                                  'messages': [message]}))
            # after it has sent, it fails to read a reply that names no To
            self.assertEqual((len(server.messages), server.problems), (1, []), done.stderr)
            return server.messages[0]

    def through_brevdue(self, message):
        with machine.serve() as server:
            self.host.configure(server)
            self.host.start()
            try:
                subprocess.run(['/usr/sbin/sendmail', '-t', '-i'], input=as_mime(message),
                               check=True, timeout=60, env={'PATH': '/usr/bin:/bin'})
                return self.host.wait_for(server, 1)[0]
            finally:
                self.host.stop()

    def test_same_meaning(self):
        for name, message in MESSAGES.items():
            with self.subTest(name):
                ours = fields.take_apart(self.through_brevdue(message))
                theirs = fields.take_apart(self.through_anymail(message))
                for field, wanted in DIFFERENCES.get(name, {}).items():
                    self.assertEqual((ours.pop(field), theirs.pop(field)), wanted)
                self.assertEqual(ours, theirs)


if __name__ == '__main__':
    namespace.need(ANYMAIL)
    namespace.enter()
    unittest.main()
