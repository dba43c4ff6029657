# SPDX-License-Identifier: MIT
"""Reads what strace wrote of a run: the calls of all its processes, in one order."""

import re

# All that changes a file system or makes a change durable, what tells somebody that a
# message is kept, and what is needed to understand these.
TRACED = (
    'execve', 'clone', 'clone3', 'fork', 'vfork', 'exit_group', 'openat', 'open', 'creat',
    'write', 'writev', 'pwrite64', 'pwritev', 'pwritev2', 'sendfile', 'copy_file_range',
    'ftruncate', 'truncate', 'fallocate', 'lseek', 'fchmod', 'fchmodat', 'chmod', 'mkdir',
    'mkdirat', 'rmdir', 'rename', 'renameat', 'renameat2', 'link', 'linkat', 'symlink',
    'symlinkat', 'unlink', 'unlinkat', 'fsync', 'fdatasync', 'sync_file_range', 'sync',
    'syncfs', 'msync', 'sendto', 'sendmsg', 'recvfrom')
MAX_DATA = 1 << 24
LINE = re.compile(r'(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)$')
RESULT = re.compile(r'\)\s+= (-?\d+|\?|0x[0-9a-f]+)(<[^>]*>)?(?:\(deleted\))?( .*)?$')
PLACE = re.compile(r'(AT_FDCWD|-?\d+)(?:<([^>]*)>)?(?:\(deleted\))?$')


def options(record):
    """The strace command before a program."""
    calls = ','.join(f'?{name}' for name in TRACED)
    return ['strace', '-f', '--seccomp-bpf', '-qq', '-y', '-xx', '-s', str(MAX_DATA),
            '-e', 'signal=none', '-e', 'trace=' + calls, '-o', record]


def unquote(text):
    if text.endswith('...'):
        raise ValueError('strace has cut a string')
    return bytes.fromhex(text.strip('"').replace('\\x', ''))


def split(text):
    """The arguments of a call: -xx leaves no character in a string that could disturb."""
    parts, depth, start = [], 0, 0
    for match in re.finditer(r'[\[\]{}]|, ', text):
        if match[0] == ', ':
            if depth == 0:
                parts.append(text[start:match.start()])
                start = match.end()
        else:
            depth += 1 if match[0] in '[{' else -1
    return parts + [text[start:]] if text[start:] else parts


class Call:
    """One call. begun: how many calls had ended when it began."""

    def __init__(self, pid, name, text, begun):
        self.pid, self.name, self.begun, self.program = pid, name, begun, '?'
        match = RESULT.search(text)
        if match is None:
            raise ValueError(f'no result: {text[-200:]}')
        self.args = split(text[:match.start()])
        self.result = None if match[1] == '?' else int(match[1], 0)
        self.place = unquote(match[2][1:-1]).decode() if match[2] else None

    def failed(self):
        return self.result is not None and self.result < 0

    def string(self, n):
        return unquote(self.args[n])

    def strings(self, n):
        """The buffers of an array of them, as one."""
        return b''.join(unquote(text) for text in
                        re.findall(r'iov_base=("[^"]*"(?:\.\.\.)?)', self.args[n]))

    def fd(self, n=0):
        """(number, path or None) of a descriptor."""
        match = PLACE.match(self.args[n])
        path = unquote(match[2]).decode(errors='replace') if match[2] else None
        return match[1], path

    def path(self, n, at=None):
        """A path that may be relative to the descriptor @at."""
        path = self.string(n).decode(errors='replace')
        if path.startswith('/'):
            return path
        folder = self.fd(at)[1] if at is not None else None
        if folder is None:
            raise ValueError(f'{self.name} of {path}: relative to what?')
        return folder if path == '.' else f'{folder}/{path}'


def _finished(lines):
    """(pid, name, text, begun) of each call, when it ended."""
    open_calls, ended = {}, 0
    for line in lines:
        match = LINE.match(line.rstrip('\n'))
        if match is None:
            continue
        pid, resumed, name, rest = int(match[1]), match[2], match[3], match[4]
        if resumed == 'exit_group':
            continue
        if resumed:
            name, text, begun = open_calls.pop(pid)
            rest = text + rest
        elif rest.endswith(' <unfinished ...>') and name != 'exit_group':
            open_calls[pid] = (name, rest[:-len(' <unfinished ...>')], ended)
            continue
        else:
            begun = ended
            rest = rest.replace(' <unfinished ...>', ') = ?')
        yield pid, name, rest, begun
        ended += 1


def read(path):
    """All calls, each with the name of the program that made it."""
    programs, calls = {}, []
    with open(path, encoding='ascii', errors='replace') as file:
        for pid, name, text, begun in _finished(file):
            call = Call(pid, name, text, begun)
            if name == 'execve' and call.result == 0:
                programs[pid] = call.path(0).rpartition('/')[2]
            elif name in ('clone', 'clone3', 'fork', 'vfork') and not call.failed():
                programs.setdefault(call.result, programs.get(pid, '?'))
            call.program = programs.get(pid, '?')
            calls.append(call)
    return calls
