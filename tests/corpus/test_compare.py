#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What compare.py must not let through: a good request, altered in one thing at a time."""

import copy
import json
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'lib')]

import compare  # noqa: E402
import generate  # noqa: E402
import reader  # noqa: E402
import request  # noqa: E402

MAIL = '''From: Jane <web@example.com>
To: Bob <to@example.org>, other@example.org
Cc: cc@example.org
Bcc: blind@example.org
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Message-ID: <1@example.com>
X-Kept: yes
X-Kept: twice
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

text =FC
--a
Content-Type: text/html

<img src="cid:1@example.com">
--a--
--b
Content-Type: image/png
Content-ID: <1@example.com>
Content-Transfer-Encoding: base64

AAEC
--b
Content-Type: text/csv; charset=iso-8859-1
Content-Disposition: attachment; filename*=utf-8''t%C3%BC.csv
Content-Transfer-Encoding: base64

/A==
--b--
'''.encode()

GOOD = {
    'From': 'Jane <web@example.com>', 'To': 'Bob <to@example.org>, other@example.org',
    'Cc': 'cc@example.org', 'Bcc': 'blind@example.org', 'Subject': 'Grüße',
    'TextBody': 'text ü', 'HtmlBody': '<img src="cid:1@example.com">',
    'Headers': [{'Name': 'Message-ID', 'Value': '<1@example.com>'},
                {'Name': 'X-Kept', 'Value': 'yes'}, {'Name': 'X-Kept', 'Value': 'twice'}],
    'Attachments': [
        {'Name': 'attachment-1.png', 'ContentType': 'image/png', 'Content': 'AAEC',
         'ContentID': 'cid:1@example.com'},
        {'Name': 'tü.csv', 'ContentType': 'text/csv; charset=iso-8859-1', 'Content': '/A=='}],
}
RECIPIENTS = ['to@example.org', 'other@example.org', 'cc@example.org', 'blind@example.org']


def put(*path):
    """An alteration: the value at the path is the last word; None takes it away."""
    *path, name, new = path

    def alter(value):
        for step in path:
            value = value[step]
        if new is None:
            del value[name]
        else:
            value[name] = new
    return alter


ALTERATIONS = {
    'another author': put('From', 'web@example.com'),
    'a name is lost': put('To', 'to@example.org, other@example.org'),
    'a recipient is lost': put('To', 'Bob <to@example.org>'),
    'a stranger': put('Cc', 'cc@example.org, stranger@example.org'),
    'nobody in Cc': put('Cc', None),
    'shown in another field': lambda value: value.update(
        To='Bob <to@example.org>', Cc='cc@example.org, other@example.org'),
    'a blind copy in Cc': lambda value: (value.pop('Bcc'), value.update(
        Cc='cc@example.org, blind@example.org')),
    'a blind copy in a field': put('Headers', 1, 'Value', 'blind@example.org'),
    'a blind copy twice': put('Bcc', 'blind@example.org, blind@example.org'),
    'a reply address': put('ReplyTo', 'web@example.com'),
    'the subject as it was encoded': put('Subject', '=?utf-8?q?Gr=C3=BC=C3=9Fe?='),
    'text in another charset': put('TextBody', 'text Ã¼'),
    'no text': put('TextBody', None),
    'text and HTML exchanged': lambda value: value.update(
        TextBody=GOOD['HtmlBody'], HtmlBody=GOOD['TextBody']),
    'a field is lost': put('Headers', 2, None),
    'a field has another value': put('Headers', 1, 'Value', 'no'),
    'a field nobody wrote': put('Headers', 1, 'Name', 'X-Other'),
    'another Message-ID': put('Headers', 0, 'Value', '<2@example.com>'),
    'an attachment is lost': put('Attachments', 1, None),
    'an attachment comes twice': lambda value: value['Attachments'].append(
        value['Attachments'][1]),
    'a byte is lost': put('Attachments', 0, 'Content', 'AAE='),
    'another file name': put('Attachments', 1, 'Name', 'tu.csv'),
    'another type': put('Attachments', 1, 'ContentType', 'text/plain; charset=iso-8859-1'),
    'the charset of a file is lost': put('Attachments', 1, 'ContentType', 'text/csv'),
    'the image has no id': put('Attachments', 0, 'ContentID', None),
}

RAW_ALTERATIONS = {
    'a byte of the body': (b'AAEC', b'AAED'),
    'a field': (b'X-Kept: twice\n', b''),
    'the subject': (b'Gr=C3', b'gr=C3'),
    'a name': (b'Bob ', b'Rob '),
    'a blind copy': (b'X-Kept: yes', b'Bcc: blind@example.org'),
    'the author': (b'Jane', b'June'),
}


def a_plan(*losses):
    plan = compare.Plan()
    plan.kind = 'send'
    plan.losses = {'charset', *losses}
    return plan


def faults(value, plan=None, mail=MAIL):
    message = generate.Message('test', mail, RECIPIENTS, ['blind@example.org'])
    one = request.read('postmark', json.dumps(value).encode(), None, [])
    return list(compare.compare(message, reader.Original(mail), plan or a_plan(), [one]))


def raw_faults(raw):
    message = generate.Message('test', MAIL, RECIPIENTS, ['blind@example.org'])
    one = request.read('smtp', raw, None, RECIPIENTS)
    return list(compare.compare(message, reader.Original(MAIL), a_plan(), [one]))


class Compare(unittest.TestCase):
    def test_good(self):
        self.assertEqual(faults(GOOD), [])

    def test_altered(self):
        for name, alter in ALTERATIONS.items():
            with self.subTest(name):
                value = copy.deepcopy(GOOD)
                alter(value)
                self.assertNotEqual(faults(value), [])

    def test_unnamed(self):
        plan = a_plan()
        plan.losses = set()
        self.assertNotEqual(faults(GOOD, plan), [])

    def test_named(self):
        value = copy.deepcopy(GOOD)
        value['Attachments'][1]['ContentType'] = 'text/csv'
        self.assertEqual(faults(value, a_plan('attachment-charset')), [])

    def test_signed(self):
        mail = MAIL.replace(b'multipart/mixed', b'multipart/signed')
        self.assertNotEqual(faults(GOOD, mail=mail), [])

    def test_refused_for_nothing(self):
        plan = a_plan('signed')
        plan.kind = 'refuse'
        self.assertNotEqual(faults(GOOD, plan), [])

    def test_raw(self):
        good = MAIL.replace(b'Bcc: blind@example.org\n', b'')
        self.assertEqual(raw_faults(good), [])
        self.assertEqual(raw_faults(good.replace(b'\n', b'\r\n')), [])
        for name, (old, new) in RAW_ALTERATIONS.items():
            with self.subTest(name):
                self.assertNotEqual(raw_faults(good.replace(old, new, 1)), [])


if __name__ == '__main__':
    unittest.main()
