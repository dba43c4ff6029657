# SPDX-License-Identifier: MIT
"""A machine with a systemd of its own, on which brevdue is installed as README.md says.

Its root is this machine's with a layer above it; systemd is the first process of a namespace
that has its own processes, mounts, control groups and network, and starts nothing but its
journal. All of it goes with the test; nothing outside is changed.
"""

import atexit
import fcntl
import os
import pathlib
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import threading

import machine
import namespace
import programs

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SIOCSIFFLAGS, IFF_UP_AND_RUNNING = 0x8914, 0x41
SYSTEMD = '/lib/systemd/systemd'
UNITS = 'etc/systemd/system'
# Other packages' units are there, but nothing asks for them.
LEFT_OUT = ('etc/systemd/system', 'usr/lib/systemd/system-generators',
            'usr/local/lib/systemd/system', 'usr/lib/systemd/system/*.wants',
            'usr/lib/systemd/system/*.requires', 'var/log/journal')
WANTED = {'sysinit.target': ('systemd-journald.service', 'systemd-tmpfiles-setup.service'),
          'sockets.target': ('systemd-journald.socket', 'systemd-journald-dev-log.socket')}
NAMESPACES = ('--mount', '--net', '--uts', '--ipc', '--pid', '--cgroup')
NODES = ('null', 'zero', 'full', 'random', 'urandom', 'tty')
ENVIRONMENT = {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
               'LANG': 'C.UTF-8', 'SYSTEMD_PAGER': 'cat'}
# In a control group of its own; then as the first process, which ends with the test.
BOOT = r'''
echo $$ >"$1/cgroup.procs"
exec setpriv --pdeathsig KILL unshare --pid --mount --cgroup --fork --kill-child=KILL sh -euc '
    mount -t proc proc "$1/proc"
    mount --bind "$1/proc/sys" "$1/proc/sys"
    mount -o remount,bind,ro "$1/proc/sys"
    mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup"
    mount -t tmpfs -o mode=755 tmpfs "$1/run"
    mount -t tmpfs -o mode=1777 tmpfs "$1/tmp"
    mkdir "$1/run/outside"
    cd "$1"
    pivot_root . run/outside
    umount -l run/outside
    mount --make-rshared /
    exec env -i container=brevdue-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        setpriv --bounding-set -sys_time,-sys_module,-sys_boot,-sys_rawio,-syslog \
        "$2" --system --unit=multi-user.target --log-target=journal-or-kmsg --show-status=no
' sh "$2" "$3"
'''


def enter():
    """Into the test's namespace; a loopback interface is all the network there is."""
    namespace.need(SYSTEMD, 'systemctl', 'systemd-analyze', 'systemd-sysusers', 'unshare',
                   'nsenter', 'setpriv', 'pivot_root', 'meson')
    if os.geteuid() == 0 and namespace.INSIDE not in os.environ:
        done = subprocess.run(['unshare', *NAMESPACES, '--fork', 'true'], capture_output=True,
                              text=True)
        if done.returncode != 0:
            namespace.skip(f'root may make no namespaces here: {done.stderr.strip()}')
    namespace.enter('--net', '--uts', '--ipc')
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # puts everything away first
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack('16sh', b'lo', IFF_UP_AND_RUNNING))


def try_mount(reason, *args):
    try:
        namespace.mount(*args)
    except OSError as error:
        namespace.skip(f'{reason}: {error}')


def remove_groups(top):
    try:
        for path, _, _ in os.walk(top, topdown=False):
            os.rmdir(path)
    except OSError:  # somebody is in it still
        return False
    return True


class Booted:
    """Use it in a with statement; one for each process."""

    def __init__(self):
        self.paths = machine.built_paths()
        self.stage = namespace.Stage().path
        self.root = pathlib.Path(self.stage, 'root')
        self.groups = pathlib.Path(self.stage, 'groups')
        self.group = self.groups / f'brevdue-test-{os.getpid()}'
        self.unshare = self.pid = None
        self.console = b''
        atexit.register(self.end)  # also when the test is told to end
        self.mount()
        self.leave_out()
        self.install()

    # The tree.

    def mount(self):
        for name in ('root', 'groups', 'above', 'between'):
            os.mkdir(os.path.join(self.stage, name))
        try_mount('no layer above the root directory', '-t', 'overlay', 'overlay', '-o',
                  f'lowerdir=/,upperdir={self.stage}/above,workdir={self.stage}/between',
                  str(self.root))
        try_mount('no cgroup2', '-t', 'cgroup2', 'cgroup2', str(self.groups))
        for group in self.groups.glob('brevdue-test-*'):  # of a test that was killed
            if not os.path.exists(f'/proc/{group.name.rpartition("-")[2]}'):
                remove_groups(group)
        namespace.mount('-t', 'sysfs', '-o', 'ro', 'sysfs', str(self.root / 'sys'))
        namespace.mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', str(self.root / 'dev'))
        self.make_devices(self.root / 'dev')

    def make_devices(self, dev):
        self.terminal, self.console_end = pty.openpty()
        threading.Thread(target=self.listen, daemon=True).start()
        for name, source in (*((node, f'/dev/{node}') for node in NODES),
                             ('console', os.ttyname(self.console_end))):
            (dev / name).touch()
            namespace.bind(source, str(dev / name))
        for name, target in (('fd', '/proc/self/fd'), ('stdin', '/proc/self/fd/0'),
                             ('stdout', '/proc/self/fd/1'), ('stderr', '/proc/self/fd/2'),
                             ('ptmx', 'pts/ptmx')):
            (dev / name).symlink_to(target)
        for name, options in (('pts', ('devpts', 'newinstance,ptmxmode=0666')),
                              ('shm', ('tmpfs', 'mode=1777'))):
            (dev / name).mkdir()
            namespace.mount('-t', options[0], '-o', options[1], name, str(dev / name))

    def listen(self):
        """What systemd says before there is a journal."""
        try:
            while True:
                self.console += os.read(self.terminal, 4096)
        except OSError:
            pass

    def leave_out(self):
        for pattern in LEFT_OUT:
            for path in self.root.glob(pattern):
                shutil.rmtree(path)
        for target, names in WANTED.items():
            for name in names:
                link = self.root / UNITS / f'{target}.wants' / name
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(f'/usr/lib/systemd/system/{name}')

    def install(self):
        """What a packager does: nothing of it runs yet."""
        self.outside('meson', 'install', '--no-rebuild', '-C', os.environ['BREVDUE_BUILD'],
                     '--destdir', str(self.root))
        self.outside(str(SOURCE / 'packaging' / 'become-sendmail'), 'install',
                     ROOT=str(self.root), BREVDUE_LIBEXECDIR=self.paths['LIBEXECDIR'])

    @staticmethod
    def outside(*command, **env):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, env={**os.environ, **env})
        assert done.returncode == 0, f'{command}: {done.stdout}'

    # The system.

    def __enter__(self):
        try:
            self.boot()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *ignored):
        self.end()

    def boot(self):
        try:
            self.group.mkdir()
        except OSError as error:
            namespace.skip(f'no control group can be made: {error}')
        self.unshare = subprocess.Popen(
            ['sh', '-euc', BOOT, 'sh', str(self.group), str(self.root), SYSTEMD],
            stdin=subprocess.DEVNULL, stderr=self.console_end, env=ENVIRONMENT)
        try:
            programs.wait(self.is_up, 'systemd to be up')
        except AssertionError as error:
            raise AssertionError(f'{error}\n{self.console.decode(errors="replace")}') from None

    def is_up(self):
        status = self.unshare.poll()
        assert status is None, f'systemd ended: {status}'
        children = pathlib.Path(f'/proc/{self.unshare.pid}/task/{self.unshare.pid}/children')
        self.pid = children.read_text(encoding='ascii').strip()
        return (self.pid and os.path.realpath(f'/proc/{self.pid}/exe') ==
                os.path.realpath(SYSTEMD) and
                self.run('systemctl', 'is-system-running').stdout == 'running\n')

    def cut_power(self):
        """Another boot of the same disk."""
        self.end()
        self.boot()

    def end(self):
        """Kills the first process, and with it the kernel all others of its namespace."""
        if self.unshare is not None:
            if self.pid:
                os.kill(int(self.pid), signal.SIGKILL)
            else:
                self.unshare.kill()
            self.unshare.wait()
            self.unshare = self.pid = None
        programs.wait(lambda: remove_groups(self.group), 'the control groups to be empty')

    # In it.

    def command(self, *command, user=None):
        if user is not None:
            command = machine.as_user(user, *command)
        return ['nsenter', '--target', self.pid, '--mount', '--pid', '--cgroup', '--wd=/',
                *command]

    def run(self, *command, user=None, input='', env=None):
        return subprocess.run(self.command(*command, user=user), input=input, text=True,
                              capture_output=True, timeout=60, errors='replace',
                              env={**ENVIRONMENT, **(env or {})})

    def do(self, *command, status=0, **options):
        """Runs @command, which has to end with @status; what it printed."""
        done = self.run(*command, **options)
        if done.returncode != status:
            raise AssertionError(f'{" ".join(command)}: {done.returncode}: {done.stdout}'
                                 f'{done.stderr}\n{self.journal()}')
        return done.stdout

    def path(self, path):
        """Where @path of the booted system lies for the test."""
        return pathlib.Path(f'/proc/{self.pid}/root', path.lstrip('/'))

    def write(self, path, text, mode=0o644):
        target = self.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, 'w', encoding='utf-8') as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)

    def append(self, path, text):
        with open(self.path(path), 'a', encoding='utf-8') as file:
            file.write(text)

    def journal(self, *unit):
        return self.run('journalctl', '--no-pager', '--output=short-precise',
                        *(f'--unit={name}' for name in unit)).stdout

    def show(self, unit, name):
        return self.do('systemctl', 'show', '--value', '--property', name, unit).strip()

    def wait_for(self, condition, what):
        try:
            return programs.wait(condition, what)
        except AssertionError as error:
            raise AssertionError(f'{error}\n{self.journal()}') from None
