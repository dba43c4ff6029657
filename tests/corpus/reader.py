# SPDX-License-Identifier: MIT
"""A message as Python's email package reads it: the other opinion.

Nothing here knows how brevdue reads. Where a rule is a choice that the documents leave open,
and brevdue's manual says which one it takes, it is said here as well.
"""

import binascii
import codecs
import email
import email.errors
import email.header
import email.message
import email.policy
import email.utils
import functools
import re

# A field is parsed again each time that it is asked for.
POLICY = email.policy.default.clone(
    header_factory=functools.lru_cache(maxsize=None)(email.policy.default.header_factory))
ENCODED = ('base64', 'quoted-printable', 'x-uuencode')
BODIES = ('text/plain', 'text/html')
ASCII = ('us-ascii', 'ascii', 'unknown-8bit')


def sound(text):
    """Bytes that Python kept as surrogates: UTF-8 where they are, else windows-1252."""
    return text.encode('utf-8', 'surrogateescape').decode('utf-8', 'windows-1252')


def as_windows_1252(error):
    return error.object[error.start:error.end].decode('windows-1252', 'replace'), error.end


codecs.register_error('windows-1252', as_windows_1252)


def one_line(text):
    """Controls are blanks where a value is one line."""
    return ''.join(' ' if ord(c) < 32 or 127 <= ord(c) < 160 else c for c in text).strip()


def unfold(text):
    return re.sub(r'\r?\n', '', text)


def decode_words(text):
    return str(email.header.make_header(email.header.decode_header(text)))


def parse_field(name, text):
    return POLICY.header_factory(name, unfold(text))


def fold_address(address):
    """Letters of a domain have no case, and an IDN has two forms."""
    local, at, domain = address.rpartition('@')
    if not at:
        return address
    try:
        domain = domain.encode('idna').decode() if not domain.isascii() else domain
    except UnicodeError:
        pass
    return f'{local}@{domain.lower()}'


class Mailbox:
    def __init__(self, name, address):
        self.name = one_line(name or '')
        self.address = fold_address(address)

    def __eq__(self, other):
        return (self.name, self.address) == (other.name, other.address)

    def __repr__(self):
        return f'{self.name!r} <{self.address}>'


def mailboxes(value):
    """Of a field's text. A comment is a name where there is no other.

    Not by email.headerregistry, which puts a blank between two encoded words of a name.
    """
    return [Mailbox(decode_words(name), address)
            for name, address in email.utils.getaddresses([unfold(value)]) if address]


class Part:
    """@charset: as declared; @excuse: why it cannot be compared, or None"""

    def __init__(self, kind, charset, name, cid, content, excuse=None):
        self.kind = kind
        self.charset = charset
        self.name = name
        self.cid = cid
        self.content = content
        self.excuse = excuse

    def text(self):
        return plain(decode(self.content, self.charset))

    def __repr__(self):
        return (f'{self.kind} {self.charset} {self.name!r} {self.cid!r} '
                f'{len(self.content)}: {self.content[:60]!r}')


def decode(content, charset):
    charset = (charset or '').lower().strip("'\"")
    if charset in ('iso-8859-1', 'latin-1'):
        charset = 'windows-1252'
    if charset and charset not in ASCII:
        try:
            return content.decode(charset, 'replace')
        except (LookupError, ValueError):
            pass
    try:
        return content.decode('utf-8')
    except UnicodeDecodeError:
        return content.decode('windows-1252', 'replace')


def plain(text):
    """Line ends are no content, and how many characters stand for damage is not either."""
    text = text.replace('\r\n', '\n').replace('\r', '\n').replace('\0', '\ufffd')
    return re.sub('\ufffd+', '\ufffd', text)


AS_IT_STANDS = email.policy.compat32.clone(max_line_length=0, mangle_from_=False)


def content_of(part):
    if part.get_content_maintype() == 'message':
        return raw_content(part)
    try:
        return part.get_payload(decode=True) or b''
    except (binascii.Error, ValueError):
        return b''


def raw_content(part):
    """An attached message is a file; Python has taken it apart."""
    payload = part.get_payload()
    if isinstance(payload, str):
        return payload.encode('ascii', 'surrogateescape')
    return b''.join(one.as_bytes(policy=AS_IT_STANDS) for one in payload)


def field_of(part, name):
    """A field in its older form, whose parameters keep bytes that are not ASCII."""
    field = email.message.Message()
    value = next((value for key, value in part.raw_items() if key.lower() == name), None)
    if value is not None:
        field[name] = sound(unfold(value))
    return field


def parameter_of(part, name, parameter):
    value = field_of(part, name).get_param(parameter, header=name)
    return None if value is None else email.utils.collapse_rfc2231_value(value)


def kind_of(part):
    """A multipart without a part in it is text, and so is what has no type."""
    kind = part.get_content_type()
    is_sound = re.fullmatch(r'[!#$%&\'*+.^_`{|}~\w-]+/[!#$%&\'*+.^_`{|}~\w-]+', kind, re.ASCII)
    return kind if is_sound and not kind.startswith('multipart/') else 'text/plain'


def excuse_of(part, data):
    """Why Python's reading of a broken part is none to compare with, or None.

    Its content was read before: some defects are found then.
    """
    encoding = str(part.get('Content-Transfer-Encoding', '')).lower()
    payload = '' if part.is_multipart() else str(part.get_payload())
    defects = {type(defect) for defect in part.defects}
    for holds, excuse in (
            (any('\0' in value for _, value in part.raw_items()),
             'a NUL ends a field for one and not for the other'),
            (encoding in ENCODED and '\0' in payload,
             'readers differ in what they make of encoded text behind a NUL'),
            (not part.keys() and not part.get_payload(),
             'Python sees a part of nothing behind the last delimiter'),
            (email.errors.InvalidBase64LengthDefect in defects,
             'Python leaves base64 of an impossible length as it is'),
            (email.errors.MissingHeaderBodySeparatorDefect in defects,
             'Python takes a broken header line for the beginning of the body'),
            (email.errors.StartBoundaryNotFoundDefect in defects and
             f'--{part.get_boundary()}--'.encode() in data,
             'Python drops what stands behind the last delimiter where the first is missing'),
            (encoding == 'quoted-printable' and re.search(r'=[^\n]?\Z', payload),
             'GMime drops an escape that the end of the message cuts off'),
            (encoding == 'x-uuencode' and not re.search(r'(?m)^end\s*$', payload),
             'Python fills a uuencoded line that was cut off with NULs')):
        if holds:
            return excuse
    return None


def name_of(part):
    """Encoded words within a parameter are not allowed, and common."""
    name = parameter_of(part, 'content-disposition', 'filename')
    if name is None:
        name = parameter_of(part, 'content-type', 'name')
    return None if name is None else one_line(decode_words(name))


def charset_of(part):
    charset = parameter_of(part, 'content-type', 'charset')
    return charset.lower() if charset else None


def leaves(part):
    """All that is content, in order; an attached message is one."""
    if part.is_multipart() and part.get_content_maintype() == 'multipart':
        for child in part.iter_parts():
            yield from leaves(child)
    else:
        yield part


BLANKS_BEFORE_COLON = re.compile(rb'(?m)^([!-9;-~]+)[ \t]+:')
ENCODING = re.compile(rb'(?mi)^(Content-Transfer-Encoding:)[ \t]*(?:\r?\n[ \t]+)?(\S+)[ \t]*(\r?)$')


def close_up(data):
    """Without the blanks before a field's colon, which end the header for Python; RFC 5322
    section 4.5 wants them read. Without those around an encoding, which it does not know then."""
    end = re.search(rb'\r?\n\r?\n', data)
    header = data[:end.start()] if end else data
    closed = BLANKS_BEFORE_COLON.sub(rb'\1:', header) + data[len(header):]
    return ENCODING.sub(rb'\1 \2\3', closed)


def lines(content):
    """To compare what differs in its line ends alone, or in how many end it."""
    return content.replace(b'\r\n', b'\n').rstrip(b'\n')


class Original:
    """Fields of a message and its parts."""

    def __init__(self, data):
        self.lines = lines(data)
        self.message = email.message_from_bytes(close_up(data), policy=POLICY)
        self.fields = [(name, sound(value)) for name, value in self.message.raw_items()]
        self.parts = [self.take(part) for part in leaves(self.message)]

    def take(self, part):
        cid = part.get('Content-ID')
        content = content_of(part)
        return Part(kind_of(part), charset_of(part), name_of(part),
                    str(cid).strip().strip('<>') if cid else None, content, excuse_of(part, self.lines))

    def all(self, name):
        return [value for field, value in self.fields if field.lower() == name]

    def first(self, name):
        return next(iter(self.all(name)), None)

    def mailboxes(self, name):
        return [mailbox for value in self.all(name) for mailbox in mailboxes(value)]

    def text_of(self, name):
        value = self.first(name)
        return '' if value is None else text_of(value)

    def is_open(self):
        """Whether a multipart has no end: the last line end is then anybody's."""
        return any(isinstance(defect, email.errors.CloseBoundaryNotFoundDefect)
                   for part in self.kinds() for defect in part.defects)

    def is_broken(self):
        """Whether it says that it has parts, and none is found."""
        return self.message.get_content_maintype() == 'multipart' and \
            not self.message.is_multipart()

    def body(self, subtype):
        """What a mail program would show first, or None."""
        part = self.message.get_body((subtype,))
        return self.take(part) if part is not None else None

    def kinds(self):
        """Content types of all parts, multiparts too, attached messages not entered."""
        pending, found = [self.message], []
        while pending:
            part = pending.pop()
            found.append(part)
            if part.is_multipart() and part.get_content_maintype() == 'multipart':
                pending.extend(part.iter_parts())
        return found


def text_of(value):
    """A field that is text, decoded."""
    return one_line(str(parse_field('subject', value)))
