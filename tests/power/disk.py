# SPDX-License-Identifier: MIT
"""What a recorded run did to a folder, and what a power cut may leave of it.

The model is POSIX with a page cache, as unkind as it may be:

- a write, a change of size or of mode is on disk for sure only once a later fsync of that
  file has returned (fdatasync: the same without the mode); until then it may be there, or
  not, or torn, whatever is there of others, earlier or later;
- a name (made, removed, changed) is on disk for sure only once a later fsync of its folder
  has returned. A folder is itself a name in another one;
- a rename within one folder happens wholly or not at all; between two folders the new name
  and the removal of the old one are apart;
- sync_file_range promises nothing.

With names_with_file an fsync of a file also keeps the names it was given before: so do ext4,
XFS and btrfs, and the drop directory, which its users cannot open, relies on it.
"""

import hashlib
import os
import posixpath
import stat

VOLATILE = '-shm'  # SQLite's index of its log: made anew when nobody uses it
SYNCS = ('fsync', 'fdatasync', 'sync_file_range')
PAGE = 4096


class Node:
    """A file, or a folder with the names it has while the system runs."""

    def __init__(self, mode, data=b'', names=None, path=''):
        self.mode, self.data, self.names, self.path = mode, data, names, path


class Op:
    """A change. call: the number of the call that made it."""

    def __init__(self, call, kind, node, *values):
        self.call, self.kind, self.node, self.values = call, kind, node, values
        self.path = node.path

    def __str__(self):
        values = [f'{len(value)} bytes' if isinstance(value, bytes) else str(value)
                  for value in self.values if not isinstance(value, Node)]
        return f'{self.kind} {" ".join(values)} {self.path} (call {self.call})'

    def is_of_file(self):
        return self.kind in ('data', 'size', 'mode')

    def subject(self):
        """The file whose name this is."""
        return self.values[-1]


class Sync:
    """A call that makes something durable."""

    def __init__(self, number, call, node, path):
        self.number, self.begun, self.node, self.path = number, call.begun, node, path
        self.name, self.program = call.name, call.program

    def covers(self, op, names_with_file):
        if op.call >= self.begun or self.name == 'sync_file_range':
            return False
        if op.node is self.node:
            return op.kind != 'mode' or self.name == 'fsync'
        return (names_with_file and not op.is_of_file() and op.kind != 'remove' and
                op.subject() is self.node and self.name == 'fsync')


class Recorder:
    """Follows the calls and collects the changes below root/top."""

    def __init__(self, root, top):
        self.root, self.top = root, f'{root}/{top}'
        self.tree = Node(0o755, names={})
        self.ops, self.syncs, self.open_files = [], [], {}
        if os.path.exists(self.top):
            self.tree.names[top] = self.load(self.top)
        self.initial = copy_of(self.tree)

    def load(self, path):
        info = os.stat(path)
        mode = stat.S_IMODE(info.st_mode)
        if stat.S_ISDIR(info.st_mode):
            return Node(mode, names={name: self.load(f'{path}/{name}')
                                     for name in sorted(os.listdir(path))
                                     if not name.endswith(VOLATILE)}, path=path)
        with open(path, 'rb') as file:
            return Node(mode, file.read(), path=path)

    def is_ours(self, path):
        return path is not None and (path == self.top or path.startswith(self.top + '/')) \
            and not path.endswith(VOLATILE)

    def find(self, path):
        node = self.tree
        for name in posixpath.relpath(path, self.root).split('/'):
            if name != '.':
                node = node.names.get(name) if node is not None and node.names else None
        return node

    def parent(self, path):
        folder, _, name = path.rpartition('/')
        return self.find(folder), name

    def add(self, op):
        op.order = len(self.ops)
        self.ops.append(op)

    def node_of_fd(self, call):
        """The file behind the first argument, if it is below our folder."""
        number, path = call.fd()
        if path == self.root:
            return self.tree
        if not self.is_ours(path):
            return None
        found = self.open_files.get((call.pid, number))
        return found[0] if found else self.find(path)

    def see(self, number, call):
        if call.failed():
            return
        handler = getattr(self, 'on_' + call.name, None)
        if handler is not None:
            handler(number, call)

    # Names.

    def on_openat(self, number, call):
        path = call.path(1, 0)
        self.open_files.pop((call.pid, str(call.result)), None)
        if not self.is_ours(path):
            return
        flags = call.args[2].split('|')
        node = self.find(path)
        if 'O_TMPFILE' in flags:
            raise ValueError(f'{path}: O_TMPFILE is not modelled')
        if node is None:
            node = self.make(number, path, Node(int(call.args[3], 8)))
        elif 'O_TRUNC' in flags and node.names is None:
            self.add(Op(number, 'size', node, 0))
        self.open_files[call.pid, str(call.result)] = [node, 0, 'O_APPEND' in flags]

    def make(self, number, path, node):
        folder, name = self.parent(path)
        node.path = path
        folder.names[name] = node
        self.add(Op(number, 'add', folder, name, node))
        return node

    def on_mkdirat(self, number, call):
        self.mkdir(number, call.path(1, 0), call.args[2])

    def on_mkdir(self, number, call):
        self.mkdir(number, call.path(0), call.args[1])

    def mkdir(self, number, path, mode):
        if self.is_ours(path):
            self.make(number, path, Node(int(mode, 8), names={}))

    def on_renameat2(self, number, call):
        self.rename(number, call.path(1, 0), call.path(3, 2))

    on_renameat = on_renameat2

    def on_rename(self, number, call):
        self.rename(number, call.path(0), call.path(1))

    def rename(self, number, old, new):
        if not self.is_ours(old) and not self.is_ours(new):
            return
        (folder, name), (new_folder, new_name) = self.parent(old), self.parent(new)
        node = folder.names.pop(name)
        new_folder.names[new_name] = node
        if folder is new_folder:
            self.add(Op(number, 'move', folder, name, new_name, node))
        else:
            self.add(Op(number, 'add', new_folder, new_name, node))
            self.add(Op(number, 'remove', folder, name, node))

    def on_unlinkat(self, number, call):
        self.unlink(number, call.path(1, 0))

    def on_unlink(self, number, call):
        self.unlink(number, call.path(0))

    def unlink(self, number, path):
        if self.is_ours(path):
            folder, name = self.parent(path)
            self.add(Op(number, 'remove', folder, name, folder.names.pop(name)))

    # Contents.

    def put(self, number, call, data):
        number_of_fd, path = call.fd()
        if not self.is_ours(path):
            return
        entry = self.open_files[call.pid, number_of_fd]
        if entry[2]:
            raise ValueError(f'{path}: O_APPEND is not modelled')
        self.add(Op(number, 'data', entry[0], entry[1], data[:call.result]))
        entry[1] += call.result

    def on_write(self, number, call):
        if self.is_ours(call.fd()[1]):
            self.put(number, call, call.string(1))

    def on_writev(self, number, call):
        if self.is_ours(call.fd()[1]):
            self.put(number, call, call.strings(1))

    def on_pwrite64(self, number, call):
        node = self.node_of_fd(call)
        if node is not None:
            self.add(Op(number, 'data', node, int(call.args[3]), call.string(1)[:call.result]))

    def on_ftruncate(self, number, call):
        node = self.node_of_fd(call)
        if node is not None:
            self.add(Op(number, 'size', node, int(call.args[1])))

    def on_fchmod(self, number, call):
        node = self.node_of_fd(call)
        if node is not None:
            self.add(Op(number, 'mode', node, int(call.args[1], 8)))

    def on_lseek(self, number, call):
        entry = self.open_files.get((call.pid, call.fd()[0]))
        if entry and self.is_ours(call.fd()[1]):
            entry[1] = call.result

    def refuse(self, number, call):
        """What would change files behind the model's back must not go unnoticed."""
        text = ' '.join(call.args)
        if self.top.encode().hex() in text.replace('\\x', ''):
            raise ValueError(f'{call.name} is not modelled: {text[:300]}')

    on_open = on_creat = on_pwritev = on_pwritev2 = on_sendfile = on_copy_file_range = refuse
    on_truncate = on_fallocate = on_fchmodat = on_chmod = on_rmdir = on_link = refuse
    on_linkat = on_symlink = on_symlinkat = on_sync = on_syncfs = on_msync = refuse

    # Durability.

    def on_fsync(self, number, call):
        node = self.node_of_fd(call)
        if node is not None:
            path = posixpath.relpath(call.fd()[1], self.root)
            self.syncs.append(Sync(number, call, node, path))

    on_fdatasync = on_sync_file_range = on_fsync


def copy_of(node):
    """The folders anew, the same files: only their names change."""
    names = None
    if node.names is not None:
        names = {name: copy_of(child) for name, child in node.names.items()}
    copy = Node(node.mode, node.data, names)
    copy.origin = node
    return copy


class Disk:
    """What may be left after each call."""

    def __init__(self, recorder, names_with_file=False, ignored=(), removed=()):
        """@ignored: numbers of calls that made nothing durable after all; @removed: files
        that are taken away afterwards"""
        self.recorder, self.removed = recorder, removed
        self.durable_at = {}
        syncs = [sync for sync in recorder.syncs if sync.number not in ignored]
        for op in recorder.ops:
            covering = [sync.number for sync in syncs if sync.covers(op, names_with_file)]
            self.durable_at[op] = min(covering, default=None)

    def split(self, point):
        """(durable, pending) changes after call number @point."""
        durable, pending = [], []
        for op in self.recorder.ops:
            if op.call > point:
                break
            at = self.durable_at[op]
            (durable if at is not None and at <= point else pending).append(op)
        return durable, pending

    def tree(self, durable, present, torn=None):
        """The tree with these changes; @torn: {op: function of its bytes and place}."""
        root = copy_of(self.recorder.initial)
        nodes = {}
        _index(root, nodes)
        chosen = sorted([*durable, *present], key=lambda op: op.order)
        for op in chosen:
            _apply(op, nodes, torn or {})
        return Tree(root, self.removed)


def _index(node, nodes):
    original = node.origin.origin
    nodes[original] = node
    node.data = bytearray(node.data)
    for child in (node.names or {}).values():
        _index(child, nodes)


def _fresh(node, nodes):
    """The copy of a file or folder of the recording."""
    if node not in nodes:
        nodes[node] = Node(node.mode, bytearray(), None if node.names is None else {})
    return nodes[node]


def _apply(op, nodes, torn):
    node = _fresh(op.node, nodes)
    if op.kind == 'data':
        pieces = [(op.values[0], op.values[1])]
        if op in torn:
            pieces = torn[op](*op.values)
        for at, data in pieces:
            _write(node.data, at, data)
    elif op.kind == 'size':
        size = op.values[0]
        del node.data[size:]
        node.data.extend(bytes(size - len(node.data)))
    elif op.kind == 'mode':
        node.mode = op.values[0]
    elif op.kind == 'add':
        node.names[op.values[0]] = _fresh(op.values[1], nodes)
    elif op.kind == 'remove':
        if node.names.get(op.values[0]) is nodes.get(op.values[1]):
            node.names.pop(op.values[0], None)
    else:
        old, new, child = op.values
        if node.names.get(old) is nodes.get(child):
            node.names.pop(old, None)
        node.names[new] = _fresh(child, nodes)


def _write(buffer, at, data):
    if len(buffer) < at:
        buffer.extend(bytes(at - len(buffer)))
    buffer[at:at + len(data)] = data


class Tree:
    """A state of the folder, to be written out or compared."""

    def __init__(self, root, removed=()):
        self.entries = []
        self._collect('', root)
        self.entries = [entry for entry in self.entries if entry[0] not in removed]
        digest = hashlib.sha256()
        for path, mode, data in self.entries:
            length = -1 if data is None else len(data)
            digest.update(f'{path} {mode} {length}\n'.encode())
            digest.update(data or b'')
        self.digest = digest.hexdigest()

    def _collect(self, path, node):
        for name, child in sorted(node.names.items()):
            place = f'{path}/{name}'
            data = None if child.names is not None else bytes(child.data)
            self.entries.append((place, child.mode, data))
            if child.names is not None:
                self._collect(place, child)

    def write(self, folder):
        for path, mode, data in self.entries:
            place = folder + path
            if data is None:
                os.mkdir(place)
            else:
                with open(place, 'wb') as file:
                    file.write(data)
            os.chmod(place, mode)

    def files(self, folder):
        """The names of the files in one of its folders."""
        return [path[len(folder) + 1:] for path, _, data in self.entries
                if data is not None and path.startswith(folder + '/')]
