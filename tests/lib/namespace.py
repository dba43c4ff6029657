# SPDX-License-Identifier: MIT
"""A mount namespace for a test that has to change what lies at a fixed path.

Nothing that is mounted here can be seen outside, and all of it is gone with the process.
"""

import os
import shutil
import subprocess
import sys
import tempfile

import programs

INSIDE = 'BREVDUE_TEST_NAMESPACE'
SMALL = 64 * 1024


def need(*programs_or_files):
    """Skips the test unless all of these exist: names in the PATH, or paths."""
    for name in programs_or_files:
        path = os.environ['PATH'] + ':/usr/sbin:/sbin'
        if not (os.path.exists(name) if '/' in name else shutil.which(name, path=path)):
            skip(f'{name} is not installed; packages.txt names its package')


def skip(reason):
    """Ends the test as meson wants a test to be skipped, and says why."""
    print(f'SKIP: {reason}', flush=True)
    sys.exit(programs.SKIPPED)


def enter(*more):
    """Starts this program again in a namespace of its own; returns in the new one.

    @more: further options of unshare(1), such as --pid --fork
    """
    if INSIDE in os.environ:
        return
    if os.geteuid() != 0:
        skip('needs root for a mount namespace')
    os.environ[INSIDE] = '1'
    os.execvp('unshare', ['unshare', '--mount', '--propagation', 'private', *more,
                          sys.executable, *sys.argv])


def mount(*args):
    done = subprocess.run(['mount', *args], capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f'mount {" ".join(args)}: {done.stderr.strip()}')


def bind(source, target, read_only=False):
    """Lets @target show @source. @target must exist."""
    if INSIDE not in os.environ:
        raise AssertionError('not in a namespace of the test')
    mount('--bind', source, target)
    if read_only:
        mount('-o', 'remount,bind,ro', target)


def unbind(target):
    subprocess.run(['umount', target], check=True)


def free_place():
    """A directory that every Debian system has and that nobody here needs."""
    needed = (os.path.realpath(os.environ['BREVDUE_BUILD']), os.path.realpath(__file__))
    return next(place for place in ('/mnt', '/media', '/srv')
                if not any(path.startswith(place + '/') for path in needed))


def copy(source, target):
    """A copy with the same owner and mode."""
    status = os.stat(source)
    shutil.copyfile(source, target)
    os.chown(target, status.st_uid, status.st_gid)
    os.chmod(target, status.st_mode & 0o7777)


class Stage:
    """Makes directories writable, for this namespace alone, without touching them.

    All of it, and $TMPDIR from now on, lies on a file system of its own that goes with the
    process. A staged directory is a new directory that shows the old entries: its
    directories bound, its small files copied, its large ones as symbolic links to where
    the old directory now lies.
    """

    def __init__(self):
        if INSIDE not in os.environ:
            raise AssertionError('not in a namespace of the test')
        self.path = free_place()
        self.staged = {}
        mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', self.path)
        os.environ['TMPDIR'] = tempfile.tempdir = os.path.join(self.path, 'tmp')
        os.mkdir(tempfile.tempdir)
        os.chmod(tempfile.tempdir, 0o1777)

    def open(self, directory):
        """Lets files be made in @directory, an existing one."""
        directory = os.path.realpath(directory)
        if directory in self.staged:
            return
        old = os.path.join(self.path, str(len(self.staged)))
        new = old + '.new'
        os.mkdir(old)
        os.mkdir(new)
        bind(directory, old)
        for entry in os.scandir(old):
            shown = os.path.join(new, entry.name)
            if entry.is_dir(follow_symlinks=False):
                os.mkdir(shown)
                bind(entry.path, shown)
            elif entry.is_symlink():
                os.symlink(os.readlink(entry.path), shown)
            elif entry.is_file() and entry.stat().st_size <= SMALL:
                copy(entry.path, shown)
            else:
                os.symlink(entry.path, shown)
        mount('--rbind', new, directory)  # only now: mount(8) needs its libraries in /usr/lib
        self.staged[directory] = old

    def empty(self, directory, mode=0o755):
        """Gives @directory a new, empty content; it is made if it does not exist."""
        if not os.path.isdir(directory):
            parent = os.path.dirname(directory)
            while not os.path.isdir(parent):
                parent = os.path.dirname(parent)
            self.open(parent)
            os.makedirs(directory)
        mount('-t', 'tmpfs', '-o', f'mode={mode:o}', 'tmpfs', directory)

    def put(self, path, source, mode=None):
        """Lets @path be a copy of @source."""
        if not os.path.isdir(os.path.dirname(path)):
            self.empty(os.path.dirname(path))
        self.open(os.path.dirname(path))
        if os.path.lexists(path):
            os.unlink(path)
        shutil.copyfile(source, path)
        os.chmod(path, mode or os.stat(source).st_mode & 0o777)


def private_devices():
    """/dev with the usual nodes and no /dev/log: what listens there is the test's own."""
    nodes = ('null', 'zero', 'full', 'random', 'urandom', 'tty')
    stash = tempfile.mkdtemp(prefix='dev.')
    mount('-t', 'tmpfs', '-o', 'mode=755,dev', 'tmpfs', stash)
    for node in nodes:
        path = os.path.join(stash, node)
        open(path, 'w', encoding='ascii').close()
        mount('--bind', f'/dev/{node}', path)
    for name, target in (('fd', '/proc/self/fd'), ('stdin', '/proc/self/fd/0'),
                         ('stdout', '/proc/self/fd/1'), ('stderr', '/proc/self/fd/2')):
        os.symlink(target, os.path.join(stash, name))
    os.mkdir(os.path.join(stash, 'shm'), 0o1777)
    mount('--rbind', stash, '/dev')


def make_read_only():
    """Nothing in this namespace can be written to any more."""
    with open('/proc/self/mountinfo', encoding='utf-8') as mounts:
        points = [line.split()[4].encode().decode('unicode_escape') for line in mounts]
    for point in points:
        if point.startswith(('/proc', '/sys')):
            continue
        subprocess.run(['mount', '-o', 'remount,bind,ro', point], capture_output=True,
                       check=False)


def read_only(*command):
    """@command in one more namespace, where it finds nothing that it could write to."""
    return ['unshare', '--mount', '--propagation', 'private', sys.executable,
            os.path.abspath(__file__), *command]


if __name__ == '__main__':
    make_read_only()
    os.execvp(sys.argv[1], sys.argv[1:])
