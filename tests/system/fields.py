# SPDX-License-Identifier: MIT
"""A request to Postmark, taken apart so that two of them can be compared."""

import base64

import postmark_check as check

ADDRESSES = {'From': 'From', 'To': 'To', 'Cc': 'Cc', 'Bcc': 'Bcc', 'ReplyTo': 'Reply-To'}


def mailboxes(message, member):
    return check.parse_mailboxes(ADDRESSES[member], message.get(member, ''))


def attachments(message):
    """(name, type, content id, bytes) of each attachment."""
    return [(item['Name'], item['ContentType'], item.get('ContentID'),
             base64.b64decode(item['Content'], validate=True))
            for item in message.get('Attachments', ())]


def headers(message, without=()):
    """(name, value) of the custom headers, but for names in @without (lower case)."""
    return [(item['Name'], item['Value']) for item in message.get('Headers', ())
            if item['Name'].lower() not in without]


def message_id(message):
    """The Message-ID the recipient will see, which must be asked to be kept."""
    values = {name.lower(): value for name, value in headers(message)}
    assert values.get('x-pm-keepid') == 'true', values
    return values['message-id']


def take_apart(message, without=('message-id', 'x-pm-keepid')):
    """Everything a recipient could notice, each field by its name.

    The stream is left out when it is the default one, and so is what brevdue adds to find
    a message again: its queue id, among the metadata.
    """
    fields = {member: mailboxes(message, member) for member in ADDRESSES}
    metadata = {name: value for name, value in message.get('Metadata', {}).items()
                if name != 'brevdue-id'}
    stream = message.get('MessageStream', 'outbound')
    fields.update(Subject=message.get('Subject'), TextBody=message.get('TextBody'),
                  HtmlBody=message.get('HtmlBody'), Headers=headers(message, without),
                  Attachments=attachments(message), Tag=message.get('Tag'),
                  Metadata=metadata,
                  MessageStream=None if stream == 'outbound' else stream)
    return {name: value for name, value in fields.items()
            if value not in (None, [], {}, '')}
