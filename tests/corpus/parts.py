# SPDX-License-Identifier: MIT
"""Bodies of every form for generate.py: trees of parts as bytes with LF line ends.

A part is (header lines, content). What has a sound form and what is broken stand apart, so
that a difference between two readers can be laid at the right door.
"""

import base64
import binascii
import quopri

TEXTS = {
    'us-ascii': 'Hello, all is well.\nFrom here on: dots\n.\n..two\n-- \nsignature\n',
    'utf-8': 'Grüße aus Köln, 山田さん, 😀\nzweite Zeile €\n',
    'iso-8859-1': 'Grüße aus Köln, à bientôt\n',
    'windows-1252': 'Preis: 10 € – “günstig”…\n',
    'iso-8859-15': 'Preis: 10 €, Œuvre\n',
    'iso-2022-jp': 'こんにちは、山田さん。\nお元気ですか\n',
    'shift_jis': 'ファイル名とソース表\n',
    'gb18030': '您好，附件是报告。𠀀\n',
    'big5': '您好，附件是報告。\n',
    'euc-kr': '안녕하세요, 보고서입니다.\n',
    'koi8-r': 'Привет, всё хорошо.\n',
    'windows-1251': 'Привет, всё хорошо.\n',
    'utf-7': 'Grüße, 山田\n',
    'utf-16le': 'Grüße, 山田\n',
}
# A name that no converter knows, or that says nothing: UTF-8 if it is, else windows-1252.
UNKNOWN = ('unknown-8bit', 'x-nonsense', 'us-ascii', None)
STATELESS = [name for name in TEXTS if name not in ('utf-16le', 'utf-7')]

NAMES = ('report.pdf', 'two words.txt', 'a "quoted", name.dat', 'Übersicht, Q3.pdf', '報告書.xlsx',
         'x' * 120 + '.csv', 'Rechnung für März – 10 €.pdf', "o'brien;v=2.txt", 'noextension',
         'façade (1).png', 'semi;colon=equals.txt', 'percent%20sign.pdf', '.hidden')
TYPES = ('application/pdf', 'application/octet-stream', 'image/png', 'text/plain', 'text/csv',
         'text/x-patch', 'application/vnd.ms-excel', 'application/json', 'text/vcard', 'audio/mpeg',
         'IMAGE/JPEG', 'application/zip')


def quote(text):
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"'


def words(text, charset='utf-8', kind='q', most=40):
    """RFC 2047, each word whole characters of at most @most encoded ones."""
    made, piece = [], ''
    for character in text:
        if piece and len(encoded(piece + character, charset, kind)) > most:
            made.append(piece)
            piece = ''
        piece += character
    made.append(piece)
    return ' '.join(f'=?{charset}?{kind}?{encoded(part, charset, kind)}?=' for part in made)


def encoded(text, charset, kind):
    raw = text.encode(charset, 'replace')
    if kind in 'bB':
        return base64.b64encode(raw).decode()
    return ''.join('_' if c == 32 else chr(c) if chr(c).isalnum() and c < 128 else f'={c:02X}'
                   for c in raw)


def percent(text, charset='utf-8'):
    return ''.join(chr(c) if chr(c).isalnum() and c < 128 or c in b'.-_' else f'%{c:02X}'
                   for c in text.encode(charset, 'replace'))


def pieces(name, value, charset="utf-8''", size=30):
    """RFC 2231 section 3 and 4.1; a piece may end within a character."""
    value = percent(value)
    cut = []
    while value:
        end = size
        while '%' in value[max(end - 2, 0):end] and end < len(value):
            end += 1  # not within %XX
        cut.append(value[:end])
        value = value[end:]
    return ';\n '.join(f'{name}*{i}*={charset if i == 0 else ""}{part}'
                       for i, part in enumerate(cut))


def parameter(rng, name, value):
    """A parameter in one of the spellings that programs use, as bytes."""
    ascii_only = value.isascii()
    ways = [lambda: f'{name}={quote(value)}'.encode('utf-8')] if ascii_only else [
        lambda: f"{name}*=utf-8''{percent(value)}".encode(),
        lambda: f"{name}*=UTF-8'de'{percent(value)}".encode(),
        lambda: pieces(name, value).encode(),
        lambda: f'{name}="{words(value)}"'.encode(),
        lambda: f'{name}="{words(value, kind="B")}"'.encode(),
        lambda: f'{name}={words(value, most=2000)}'.encode(),
        lambda: f'{name}={quote(value)}'.encode('utf-8'),
    ]
    if not ascii_only and rng.random() < 0.1:
        return f'{name}={quote(value)}'.encode('latin-1', 'replace')
    return rng.choice(ways)()


def transfer(rng, content, how):
    """(header lines, encoded content)"""
    field = [f'Content-Transfer-Encoding: {how}'.encode()]
    if how.lower() == 'base64':
        line = rng.choice((76, 60, 64, 4, 900))
        text = base64.b64encode(content)
        return field, b''.join(text[i:i + line] + b'\n' for i in range(0, len(text), line))
    if how.lower() == 'quoted-printable':
        return field, quopri.encodestring(content)
    if how == 'x-uuencode':
        lines = [content[i:i + 45] for i in range(0, len(content), 45)]
        return field, (b'begin 644 data\n' + b''.join(map(binascii.b2a_uu, lines)) +
                       b'`\nend\n')
    return field if how else [], content


def text_part(rng, kind='plain', charset=None, flowed=None):
    charset = charset or rng.choice(['us-ascii', 'utf-8'] * 4 + STATELESS)
    text = TEXTS[charset]
    if rng.random() < 0.2:
        text = text * rng.randrange(2, 60)
    if kind == 'html':
        text = f'<html><body><p>{text}</p></body></html>\n'
    content = text.encode(charset)
    is_safe = charset in ('us-ascii', 'iso-2022-jp', 'utf-7')
    how = rng.choice(['quoted-printable', 'base64', 'BASE64', 'Quoted-Printable'] +
                     (['7bit', '', ''] if is_safe else ['8bit', 'binary', '']))
    if charset in ('shift_jis', 'gb18030', 'big5', 'utf-16le'):
        how = 'base64'
    label = rng.choice((charset, charset.upper(), quote(charset)))
    extra = '; format=flowed' if flowed or rng.random() < 0.1 and kind == 'plain' else ''
    lines = [f'Content-Type: text/{kind}; charset={label}{extra}'.encode()]
    if charset == 'us-ascii' and kind == 'plain' and rng.random() < 0.3:
        lines = rng.choice(([], [b'Content-Type: text/plain'], [b'Content-type: TEXT/PLAIN']))
    more, content = transfer(rng, content, how)
    return lines + more, content


def unlabelled_part(rng):
    charset = rng.choice(UNKNOWN)
    content = rng.choice((TEXTS['utf-8'].encode(), TEXTS['windows-1252'].encode('cp1252'),
                          TEXTS['us-ascii'].encode()))
    label = f'; charset={charset}' if charset else ''
    more, content = transfer(rng, content, rng.choice(('8bit', 'base64', 'quoted-printable')))
    return [b'Content-Type: text/plain' + label.encode()] + more, content


def blob(rng):
    return rng.randbytes(rng.choice((1, 2, 3, 57, 100, 1000, 5000)))


def attachment(rng):
    kind, name = rng.choice(TYPES), rng.choice(NAMES)
    charset = None
    if kind.startswith('text/'):
        charset = rng.choice(STATELESS + [None])
        content = TEXTS[charset or 'us-ascii'].encode(charset or 'us-ascii')
        how = rng.choice(('base64', 'quoted-printable', 'x-uuencode'))
    else:
        content = blob(rng)
        how = rng.choice(('base64', 'base64', 'quoted-printable', 'x-uuencode'))
    field = f'Content-Type: {kind}'.encode() + (f'; charset={charset}'.encode() if charset else b'')
    lines = [field]
    where = rng.randrange(4)
    if where == 0:
        lines.append(b'Content-Disposition: attachment')
    if where in (1, 3):
        lines.append(b'Content-Disposition: attachment;\n ' + parameter(rng, 'filename', name))
    if where in (2, 3):
        lines[0] += b';\n ' + parameter(rng, 'name', name)
    if where == 2:
        lines.append(b'Content-Disposition: attachment')
    if rng.random() < 0.1:
        lines.append(b'Content-Description: what it is')
    more, content = transfer(rng, content, how)
    lines += more
    rng.shuffle(lines)
    return lines, content


def image(rng, cid):
    lines = [b'Content-Type: image/png', f'Content-ID: <{cid}>'.encode()]
    if rng.random() < 0.7:
        name = rng.choice(('', f'; filename={cid.partition("@")[0]}.png'))
        lines.append(f'Content-Disposition: inline{name}'.encode())
    more, content = transfer(rng, blob(rng), 'base64')
    return lines + more, content


def multipart(rng, subtype, parts, extra=''):
    boundary = rng.choice((f'b{rng.randrange(10**9)}', f"=_{rng.randrange(10**9)}'+_,-./:=?x",
                           f'----=_Part {rng.randrange(10**6)}'))
    content = rng.choice((b'', b'This is a message in several parts.\n\n'))
    for lines, body in parts:
        content += b'--' + boundary.encode() + rng.choice((b'', b'', b' ')) + b'\n'
        content += b''.join(line + b'\n' for line in lines) + b'\n' + body
        content += b'' if body.endswith(b'\n') and rng.random() < 0.5 else b'\n'
    content += b'--' + boundary.encode() + b'--\n' + rng.choice((b'', b'\nepilogue\n'))
    field = f'Content-Type: multipart/{subtype};\n boundary={quote(boundary)}{extra}'
    return [field.encode()], content


def inline_text(rng):
    """What a program shows between others, with a name or without."""
    lines, content = text_part(rng, rng.choice(('plain', 'html')))
    name = rng.choice((b'', b';\n ' + parameter(rng, 'filename', rng.choice(NAMES))))
    return lines + [b'Content-Disposition: inline' + name], content


def odd_text(rng):
    """Labels that programs get wrong, or spell as nobody expects."""
    latin, utf8 = TEXTS['iso-8859-1'].encode('latin-1'), TEXTS['utf-8'].encode()
    return rng.choice((
        ([b'Content-Type: text/plain; charset=utf-8'], latin),
        ([b'Content-Type: text/plain; charset=us-ascii'], utf8),
        ([b'Content-Type: text/plain; charset=utf-8', b'Content-Transfer-Encoding: 7bit'], utf8),
        ([b'Content-Type: text/plain; charset="utf-8" '], utf8),
        ([b'Content-Type: text/plain;charset=utf-8;'], utf8),
        ([b'Content-Type: text/plain; charset=utf8; x=y; format=fixed'], utf8),
        ([b'Content-Type: text/plain;\n\tcharset=utf-8;\n\tdelsp=yes; format="flowed"'], utf8),
        ([b'Content-Type: text/plain (a comment); charset=utf-8'], utf8),
        ([b'Content-Type: text'], b'a type without its second half\n'),
        ([b'Content-Type: text/plain; charset=""'], utf8),
        ([b"Content-Type: text/plain; charset*=us-ascii''utf-8"], utf8),
        ([b'Content-Type: text/plain; charset=utf-7'], TEXTS['utf-7'].encode('utf-7')),
        ([b'Content-Type: text/plain; charset=utf-16le', b'Content-Transfer-Encoding: base64'],
         base64.b64encode(TEXTS['utf-16le'].encode('utf-16le')) + b'\n'),
        ([b'Content-Transfer-Encoding: quoted-printable'], b'soft=\nbreak =3D a=b =zz\nend='),
        ([b'Content-Transfer-Encoding: base64'], b'SGVs bG8g\ndGhl\n\ncmU=\n'),
        ([b'Content-Transfer-Encoding: nonsense'], b'as it stands\n'),
        ([b'CONTENT-TYPE: TEXT/PLAIN'], b'long line ' + b'x' * 5000 + b'\n'),
        ([b'Content-Type: text/enriched'], b'<bold>text</bold>\n'),
        ([b'Content-Type: text/plain'], b''),
        ([b'Content-Type: text/plain'], b' \n\t\n'),
        ([], b'>From mbox\nFrom here\n--not a boundary\n'),
    ))


def digest(rng):
    """Its parts are messages unless they say otherwise (RFC 2046 section 5.1.5)."""
    inner = b'From: a@example.net\nSubject: one of several\n\ntext\n'
    return multipart(rng, 'digest', [([b'Content-Type: message/rfc822'], inner),
                                     ([b'Content-Type: message/rfc822'], inner)])


def deep(rng):
    part = text_part(rng)
    for _ in range(rng.randrange(10, 40)):
        part = multipart(rng, rng.choice(('mixed', 'alternative', 'related')), [part])
    return part


def attached_message(rng):
    lines, body = text_part(rng)
    content = (b'From: other@example.net\nTo: someone@example.net\nSubject: inner\n' +
               b''.join(line + b'\n' for line in lines) + b'\n' + body)
    name = rng.choice((b'', b'; name="mail.eml"'))
    return [b'Content-Type: message/rfc822' + name], content


def calendar(rng):
    more, content = transfer(rng, 'BEGIN:VCALENDAR\nMETHOD:REQUEST\nSUMMARY:Größe\nEND:VCALENDAR\n'
                             .encode(), rng.choice(('base64', 'quoted-printable', '8bit')))
    return [b'Content-Type: text/calendar; charset=utf-8; method=REQUEST'] + more, content


def amp(rng):
    return [b'Content-Type: text/x-amp-html; charset=utf-8'], '<html ⚡4email></html>\n'.encode()


def related(rng, inner):
    ids = [f'img{i}.{rng.randrange(10**6)}@example.com' for i in range(rng.randrange(1, 4))]
    return multipart(rng, 'related', [inner] + [image(rng, cid) for cid in ids],
                     rng.choice(('', '; type="text/html"')))


def alternative(rng):
    forms = [text_part(rng)]
    if rng.random() < 0.2:
        forms.append(amp(rng))
    html = text_part(rng, 'html')
    forms.append(related(rng, html) if rng.random() < 0.3 else html)
    if rng.random() < 0.2:
        forms.append(calendar(rng))
    return multipart(rng, 'alternative', forms)


def tree(rng, depth=0):
    """Any form of body: text, or multiparts in any order down to some depth."""
    leaves = (lambda: text_part(rng), lambda: text_part(rng, 'html'), lambda: attachment(rng),
              lambda: unlabelled_part(rng), lambda: attached_message(rng), lambda: calendar(rng),
              lambda: inline_text(rng), lambda: odd_text(rng), lambda: digest(rng))
    if depth > rng.randrange(1, 6):
        return rng.choice(leaves)()
    if depth == 0 and rng.random() < 0.1:
        return rng.choice((odd_text, odd_text, deep))(rng)
    way = rng.randrange(8)
    if way < 2:
        return rng.choice(leaves[:3] if depth else leaves[:2])()
    if way == 2:
        return alternative(rng)
    if way == 3:
        return related(rng, rng.choice((text_part(rng, 'html'), alternative(rng))))
    if way == 4:
        children = [tree(rng, depth + 1) for _ in range(rng.randrange(1, 4))]
        return multipart(rng, rng.choice(('alternative', 'related', 'mixed', 'x-other')), children)
    first = rng.choice((lambda: text_part(rng), lambda: alternative(rng),
                        lambda: related(rng, text_part(rng, 'html')),
                        lambda: tree(rng, depth + 1)))()
    others = [rng.choice((attachment, attachment, attached_message, inline_text, odd_text,
                          lambda rng: tree(rng, depth + 1)))(rng)
              for _ in range(rng.randrange(0, 4))]
    return multipart(rng, rng.choice(('mixed', 'mixed', 'mixed', 'Mixed')), [first] + others)


def material(rng):
    """What no structured API can carry: signed, encrypted, reports."""
    text = text_part(rng)
    signature = [b'Content-Type: application/pgp-signature; name=signature.asc'], b'-----BEGIN\n'
    status = [b'Content-Type: message/delivery-status'], (
        b'Reporting-MTA: dns; mx.example.net\n\n'
        b'Final-Recipient: rfc822; x@example.net\nAction: failed\nStatus: 5.1.1\n')
    receipt = [b'Content-Type: message/disposition-notification'], (
        b'Final-Recipient: rfc822; x@example.net\n'
        b'Disposition: manual-action/MDN-sent-manually; displayed\n')
    pkcs7 = [b'Content-Transfer-Encoding: base64',
             b'Content-Disposition: attachment; filename=smime.p7m'], b'MIIBAAAA\n'
    whole = rng.choice((
        lambda: multipart(rng, 'signed', [text, signature],
                          '; micalg=pgp-sha256; protocol="application/pgp-signature"'),
        lambda: multipart(rng, 'encrypted', [
            ([b'Content-Type: application/pgp-encrypted'], b'Version: 1\n'),
            ([b'Content-Type: application/octet-stream'], b'-----BEGIN PGP MESSAGE-----\n')],
            '; protocol="application/pgp-encrypted"'),
        lambda: multipart(rng, 'report', [text, status, attached_message(rng)],
                          '; report-type=delivery-status'),
        lambda: multipart(rng, 'report', [text, receipt],
                          '; report-type=disposition-notification'),
        lambda: ([b'Content-Type: application/pkcs7-mime; smime-type=' + rng.choice(
            (b'signed-data', b'enveloped-data')) + b'; name=smime.p7m'] + pkcs7[0], pkcs7[1]),
    ))()
    return whole if rng.random() < 0.6 else multipart(rng, 'mixed', [text_part(rng), whole])
