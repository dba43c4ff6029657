# SPDX-License-Identifier: MIT
"""What a JSON value must look like, for the checks of providers' requests.

A shape is a function that is given a value and the path that led to it, and raises Refusal.
Where a provider's documents leave a choice the narrower reading is taken.
"""

import base64
import binascii
import re

ADDRESS = re.compile(r'[!-~]+@[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+',
                     re.ASCII | re.IGNORECASE)
HEADER_NAME = re.compile(r'[!-9;-~]+')
MEDIA_TYPE = re.compile(r'[!#$&^_.+\w-]+/[!#$&^_.+\w-]+', re.ASCII)
CONTROLS = re.compile(r'[\x00-\x1f\x7f]')


class Refusal(Exception):
    def __init__(self, path, words):
        super().__init__(f'{path}: {words}')
        self.path = path
        self.words = words


def demand(holds, path, words):
    if not holds:
        raise Refusal(path, words)


def text(least=0, most=1 << 30, pattern=None, one_line=True):
    def check(value, path):
        demand(isinstance(value, str), path, 'is no string')
        demand(least <= len(value) <= most, path, f'has {len(value)} characters')
        demand(not one_line or not CONTROLS.search(value), path, 'has a control character')
        demand('\0' not in value, path, 'has a NUL')
        demand(pattern is None or re.fullmatch(pattern, value), path, f'is {value!r}')
    return check


def body(value, path):
    text(1, one_line=False)(value, path)


def flag(value, path):
    demand(isinstance(value, bool), path, 'is no boolean')


def number(value, path):
    demand(type(value) is int, path, 'is no number')


def address(value, path):
    demand(isinstance(value, str) and ADDRESS.fullmatch(value), path,
           f'is no address: {value!r}')


def strict_base64(value, path):
    """Only the plain alphabet, padded, in one line, with no bits left over, not empty."""
    try:
        encoded = value.encode('ascii')
        decoded = binascii.a2b_base64(encoded, strict_mode=True)
        demand(decoded and base64.b64encode(decoded) == encoded, path, 'is no strict base64')
    except ValueError:
        raise Refusal(path, 'is no strict base64') from None


def array(shape, least=1, most=1 << 30):
    def check(value, path):
        demand(isinstance(value, list), path, 'is no array')
        demand(least <= len(value) <= most, path, f'has {len(value)} elements')
        for i, element in enumerate(value):
            shape(element, f'{path}.{i}')
    return check


def closed(must, may=None):
    """An object with all members of @must, perhaps those of @may, and no other."""
    shapes = {**must, **(may or {})}

    def check(value, path):
        demand(isinstance(value, dict), path, 'is no object')
        for name in must:
            demand(name in value, path, f'has no {name}')
        for name, member in value.items():
            demand(name in shapes, path, f'has {name}')
            shapes[name](member, f'{path}.{name}'.lstrip('.'))
    return check


def strings(key=None, value=None, most=1 << 30):
    """An object that maps names to strings."""
    def check(members, path):
        demand(isinstance(members, dict) and 0 < len(members) <= most, path, 'is no object')
        for name, member in members.items():
            (key or text(1))(name, path)
            (value or text())(member, f'{path}.{name}')
    return check


def headers(reserved):
    """Header fields as an object: ASCII, no name twice in whatever case, none reserved."""
    def check(members, path):
        strings(text(1, pattern=HEADER_NAME), text(pattern=r'[ -~\t]+'))(members, path)
        lower = [name.lower() for name in members]
        demand(len(set(lower)) == len(lower), path, 'has a name twice')
        for name in lower:
            demand(not any(name == word or word.endswith('*') and name.startswith(word[:-1])
                           for word in reserved), path, f'has {name}, which is reserved')
    return check
