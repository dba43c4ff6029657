# SPDX-License-Identifier: MIT
"""Sends messages through a backend of django-anymail, Postmark's unless another is named:
another mapper of mail to the same API, written by others. Runs with Debian's own python3.
Standard input: {"url", "token", "messages"} or {"backend", "settings", "messages"}; a message
is described at the top of test_anymail.py. Prints each as Django writes it for SMTP, with its
envelope, before it is sent."""

import base64
import email.mime.image
import json
import sys

import django
from django.conf import settings
from django.core import mail


def build(message):
    built = mail.EmailMultiAlternatives(
        message['subject'], message.get('text', ''), message['from'], message['to'],
        bcc=message.get('bcc'), cc=message.get('cc'), reply_to=message.get('reply_to'),
        headers=message.get('headers'))
    if 'html' in message:
        built.attach_alternative(message['html'], 'text/html')
    for item in message.get('attachments', ()):
        content = base64.b64decode(item['content'])
        if 'cid' in item:
            part = email.mime.image.MIMEImage(content, item['type'].partition('/')[2])
            part.add_header('Content-ID', f'<{item["cid"]}>')
            part.add_header('Content-Disposition', 'inline', filename=item['name'])
            built.attach(part)
        else:
            built.attach(item['name'], content, item['type'])
    for name in ('tags', 'metadata', 'track_opens', 'esp_extra'):
        if name in message:
            setattr(built, name, message[name])
    return built


def main():
    call = json.load(sys.stdin)
    chosen = call.get('settings') or {'POSTMARK_SERVER_TOKEN': call['token'],
                                      'POSTMARK_API_URL': call['url'] + '/'}
    settings.configure(
        EMAIL_BACKEND=f'anymail.backends.{call.get("backend", "postmark")}.EmailBackend',
        USE_TZ=True, ANYMAIL=chosen)
    django.setup()
    for message in call['messages']:
        built = build(message)
        print(json.dumps({'mime': base64.b64encode(built.message().as_bytes()).decode(),
                          'recipients': built.recipients()}), flush=True)
        built.send()


if __name__ == '__main__':
    main()
