# SPDX-License-Identifier: MIT
"""Messages of every kind, made from a number: the same number, the same bytes."""

import random

import parts

PEOPLE = ('Jane Doe', 'Doe, Jane', 'Jürgen Müller', '山田 太郎', 'Dr. A. "Quote" B', "O'Brien (Sales)",
          'Emoji 😀, Inc.', 'Иван Петров', 'a@b.example', 'back\\slash', 'Grüße: Team; Köln',
          'Department of Very Long Names, Commas, and Further Particulars, Section ' + 'ä, ' * 30 + 'Z')
SUBJECTS = ('hello', '', 'Grüße aus Köln', '山田さんへ: お知らせ', 'a  b', 'Re: [list] x = y?', 'x' * 300,
            'Ünicode ' * 40, '=?not an encoded word', 'tab\there', '50% off!', 'emoji 😀😀😀')
SEPARATE = ('References', 'In-Reply-To')


class Message:
    """@blind: envelope recipients whom no header field may show"""

    def __init__(self, name, data, recipients, blind=(), sender='web@example.com'):
        self.name = name
        self.data = data
        self.recipients = recipients
        self.blind = set(blind)
        self.sender = sender

    def envelope(self):
        return f'sender: {self.sender}\n' + ''.join(f'recipient: {address}\n'
                                                   for address in self.recipients)


def phrase(rng, name):
    ways = [lambda: parts.words(name).encode(), lambda: parts.words(name, kind='B').encode(),
            lambda: parts.quote(name).encode('utf-8')]
    if all(c.isalnum() or c == ' ' for c in name) and name.isascii():
        ways.append(name.encode)
    if not name.isascii():
        ways.append(lambda: parts.quote(parts.words(name, most=200)).encode())
    try:
        name.encode('iso-8859-1')
        ways.append(lambda: parts.words(name, 'iso-8859-1', 'Q').encode())
        if not name.isascii() and rng.random() < 0.5:
            ways.append(lambda: parts.quote(name).encode('iso-8859-1'))
    except UnicodeEncodeError:
        pass
    return rng.choice(ways)()


def mailbox(rng, address):
    way = rng.randrange(6)
    if way == 0:
        return address.encode()
    if way == 1:
        return b'<' + address.encode() + b'>'
    if way == 2:
        return address.encode() + b' (Plain Comment)'
    return phrase(rng, rng.choice(PEOPLE)) + b' <' + address.encode() + b'>'


def addresses(rng, prefix, n):
    """@n addresses that occur nowhere else in the message."""
    ways = ('{}{}@example.org', '{}+{}@Example.ORG', '"{},{}"@example.org', '{}.{}@sub.example.net',
            '{}{}@xn--bcher-kva.example', "{}o'{}@example.org", '{}{}@bücher.example')
    weights = (9, 2, 1, 2, 1, 1, 1)
    return [rng.choices(ways, weights)[0].format(prefix, i) for i in range(n)]


def unstructured(rng, text):
    if text.isascii():
        return text.encode()
    return rng.choice((lambda: parts.words(text).encode(), lambda: parts.words(text, kind='b').encode(),
                       lambda: text.encode('utf-8')))()


def fold(rng, line):
    """At some blanks, as programs do, and as they should not."""
    if rng.random() < 0.5:
        return line
    out = b''
    for i, byte in enumerate(line):
        is_blank = byte == 32 and i > line.find(b':') + 1 and line[i - 1] != 32
        out += b'\n' + rng.choice((b' ', b' ', b'\t')) if is_blank and rng.random() < 0.2 else bytes((byte,))
    return out


def other_fields(rng):
    pool = [
        b'X-Mailer: program 1.0', b'X-Strange:   spaced   out  ', b'X-Nospace:value', b'X-Empty:',
        'X-Utf8: Grüße'.encode(), 'X-Latin: Grüße'.encode('latin-1'), b'X-Long: ' + b'y' * 1200,
        b'X-Words: ' + parts.words('Größe 山田').encode(), b'X-Twice: one', b'X-Twice: two',
        b'List-Id: A list <list.example.com>', b'List-Unsubscribe: <mailto:u@example.com>,\n <https://example.com/u>',
        b'List-Unsubscribe-Post: List-Unsubscribe=One-Click', b'List-Post: NO',
        b'In-Reply-To: <parent@example.net>', b'References: <a@example.net>\n <parent@example.net>',
        b'Auto-Submitted: auto-generated', b'Precedence: bulk', b'Thread-Index: AdXYZ==', b'Keywords: a, b',
        b'Comments: said (by) nobody', b'Importance: high', b'X-Priority: 1 (Highest)', b'Organization: ACME, Inc.',
        b'Received: from a by b; Mon, 23 Nov 2026 02:00:00 +0000', b'Received: from c by d; Mon, 23 Nov 2026 01:00:00 +0000',
        b'DKIM-Signature: v=1; a=rsa-sha256; d=example.net; b=AAAA', b'ARC-Seal: i=1; a=rsa-sha256; b=AAAA',
        b'Authentication-Results: mx.example.net; spf=pass', b'Return-Path: <bounce@example.net>',
        b'Sender: secretary@example.com', b'Sender: web@example.com', b'Resent-From: other@example.com',
        b'Resent-To: further@example.net', b'Resent-Date: Mon, 23 Nov 2026 02:00:00 +0000',
        b'Disposition-Notification-To: web@example.com', b'Errors-To: e@example.com', b'Tag: reserved',
        b'Attachment: reserved', b'X-Colon : before the colon', b'Content-Language: de', b'Face: ' + b'iVBOR ' * 60,
        b'Thread-Topic: =?utf-8?Q?broken word', b'X-Control: a\x07b', b'Newsgroups: a.b.c',
    ]
    return rng.sample(pool, rng.randrange(0, 9))


def recipient_fields(rng, message):
    """Header lines, the envelope's recipients, and who of them is blind."""
    to = addresses(rng, 'to', rng.choice((0, 1, 1, 1, 2, 3, 12)))
    cc = addresses(rng, 'cc', rng.choice((0, 0, 0, 1, 2)))
    blind = addresses(rng, 'blind', rng.choice((0, 0, 1, 2)))
    outside = addresses(rng, 'outside', rng.choice((0, 0, 0, 0, 1)))
    if not to + cc + blind:
        to = ['only@example.org']
    shown = [mailbox(rng, address) for address in to + outside]
    lines = []
    if shown and rng.random() < 0.1:
        shown = [b'A group: ' + b', '.join(shown) + b';']
    elif not shown and rng.random() < 0.5:
        shown = [b'undisclosed-recipients:;']
    joiner = rng.choice((b', ', b',', b',\n '))
    if shown:
        lines.append(b'To: ' + joiner.join(shown))
    if cc and len(cc) > 1 and rng.random() < 0.2:
        lines += [b'Cc: ' + mailbox(rng, address) for address in cc]
    elif cc:
        lines.append(b'Cc: ' + joiner.join(mailbox(rng, address) for address in cc))
    if blind and rng.random() < 0.6:
        name = rng.choice((b'Bcc', b'Resent-Bcc', b'bcc', b'BCC', b'Apparently-To'))
        lines.append(name + b': ' + b',\n '.join(mailbox(rng, address) for address in blind))
    everyone = to + cc + blind
    rng.shuffle(everyone)
    return lines, everyone, blind


def header(rng):
    authors = [rng.choice(('web@example.com', 'news@example.com', 'root@example.com', 'root',
                           'stranger@example.net', 'root@web1'))]
    if rng.random() < 0.05:
        authors.append('second@example.com')
    lines = [b'From: ' + b', '.join(mailbox(rng, author) for author in authors)]
    if rng.random() < 0.05:
        lines = []
    if rng.random() < 0.95:
        lines.append(fold(rng, b'Subject: ' + unstructured(rng, rng.choice(SUBJECTS))))
    if rng.random() < 0.8:
        lines.append(b'Date: ' + rng.choice((b'Mon, 23 Nov 2026 02:55:00 +0000', b'23 Nov 2026 03:10 GMT',
                                             b'Tue, 3 Mar 2020 12:00:00 +0100', b'no date at all')))
    if rng.random() < 0.6:
        lines.append(b'Message-ID: <%d.x@example.com>' % rng.randrange(10**9))
    if rng.random() < 0.3:
        replies = addresses(rng, 'reply', rng.choice((1, 1, 2)))
        lines.append(b'Reply-To: ' + b', '.join(mailbox(rng, address) for address in replies))
    return lines + other_fields(rng)


def spoil(rng, data):
    """Damage that programs and relays do."""
    way = rng.randrange(6)
    if way == 0:
        return data[:rng.randrange(max(len(data) // 2, data.find(b'\n\n')), len(data))]  # cut off
    if way == 1:
        return data.replace(b'--\n', b'\n', 1)
    if way == 2:
        return data.replace(b'boundary=', b'boundery=', 1)
    if way == 3:
        place = rng.randrange(data.find(b'\n\n'), len(data))
        return data[:place] + b'\0' + data[place:]
    if way == 4:
        return data.replace(b'base64', b'base46', 1)
    return data.replace(b'=?utf-8?q?', b'=?utf-8?q', 1)


def disorder(rng, lines):
    """Header lines as no program ought to write them. A "From " line is taken off before."""
    way = rng.randrange(6)
    if way == 1:
        return lines + [b'Subject: a second one']
    if way == 2:
        return lines + [b'From: news@example.com']
    if way == 3:
        return [line.replace(b': ', b':', 1) for line in lines]
    if way == 4:
        return [line.partition(b':')[0].upper() + b':' + line.partition(b':')[2] for line in lines]
    if way == 5:
        return [line.replace(b': ', b':\n ', 1) for line in lines]
    return [line + b' ' for line in lines]


def line_ends(rng, data):
    way = rng.randrange(8)
    if way < 3:
        return data.replace(b'\n', b'\r\n')
    if way == 3:
        return b''.join(line + rng.choice((b'\n', b'\r\n')) for line in data.split(b'\n')[:-1])
    return data


def make(number):
    rng = random.Random(number)
    body = parts.material(rng) if rng.random() < 0.08 else parts.tree(rng)
    fields, everyone, blind = recipient_fields(rng, number)
    lines = header(rng) + fields
    rng.shuffle(lines)
    mime = body[0] + ([] if rng.random() < 0.1 else [b'MIME-Version: 1.0'])
    whole = disorder(rng, lines + mime) if rng.random() < 0.1 else lines + mime
    data = b''.join(line + b'\n' for line in whole) + b'\n' + body[1]
    name = f'{number}'
    if rng.random() < 0.1:
        data = spoil(rng, data)
        name += '-spoilt'
    return Message(name, line_ends(rng, data), everyone, blind)
