# SPDX-License-Identifier: MIT
"""Debian's other sendmails. Each is unpacked, never installed, into a root of its own on a
file system that goes with the process, and runs there without any network but loopback.

It needs root, and apt-get to fetch the packages once.
"""

import fcntl
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time

import adapter
import namespace
import relay

TOOLS = ('dash', 'coreutils')
USERS = {'root': 0, 'daemon': 1, 'mail': 8, 'nobody': 65534, 'postfix': 901,
         'Debian-exim': 903, 'smmta': 904, 'smmsp': 905, 'nullmail': 906, 'msmtp': 907}
GROUPS = {**USERS, 'tty': 5, 'postdrop': 911, 'nogroup': 65534}
SIOCSIFFLAGS, IFF_UP_AND_RUNNING = 0x8914, 0x41
PATIENCE = 20
PORT = 2525     # Postfix takes port 25 of this host for itself


def cache(options):
    default = os.path.join(os.environ.get('XDG_CACHE_HOME') or
                           os.path.expanduser('~/.cache'), 'brevdue-conformance')
    return pathlib.Path(options.roots or default).resolve()


def download(directory, packages):
    """Fetches packages with all that they need, as if nothing was installed."""
    partial = directory / 'partial'
    partial.mkdir(parents=True, exist_ok=True)
    (directory / 'status').touch()
    subprocess.run(
        ['apt-get', '--yes', '--quiet=2', '--no-install-recommends', '--download-only',
         '-o', f'Dir::State::status={directory}/status', '-o', 'APT::Sandbox::User=root',
         '-o', f'Dir::Cache::archives={directory}', '-o', 'Dir::Cache::pkgcache=',
         '-o', 'Debug::NoLocking=1', 'install', *packages], check=True)


def enter(options):
    """Fetches what is missing and starts this program again without a network."""
    options.jobs = 1
    directory = cache(options) / options.peer
    if namespace.INSIDE not in os.environ and not list(directory.glob('*.deb')):
        download(directory, (*PEERS[options.peer].packages, *TOOLS))
    namespace.enter('--net', '--pid', '--fork', '--kill-child')
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack('16sh', b'lo', IFF_UP_AND_RUNNING))
    options.roots = directory


def version_of(directory, package):
    name = next(directory.glob(f'{package}_*.deb')).name
    return name.split('_')[1].replace('%3a', ':')


class Peer(relay.SinkAdapter):
    """The way of a peer from its packages to an empty queue."""

    packages = ()            # the first one gives the peer its name and version
    sendmail = '/usr/sbin/sendmail'
    queue = ()               # globs of files that lie there while mail is not sent
    directories = ()         # (path, owner, group, mode)
    files = {}               # configuration
    queue_command = None     # sends what is in the queue
    log_file = None

    def __init__(self, debs):
        super().__init__(PORT)
        self.debs = debs
        self.root = None
        self.started = []
        self.title = f'{self.packages[0]} {version_of(debs, self.packages[0])}'

    def __enter__(self):
        super().__enter__()
        self.root = pathlib.Path(tempfile.mkdtemp(prefix='peer.'))
        namespace.mount('-t', 'tmpfs', '-o', 'mode=755,dev,suid', 'tmpfs', str(self.root))
        self.unpack()
        self.furnish()
        self.configure()
        self.start()
        return self

    def __exit__(self, *ignored):
        for process in self.started:
            process.terminate()
            process.wait(10)
        super().__exit__()
        subprocess.run(['umount', '-l', str(self.root)], check=False)
        self.root.rmdir()

    # The root.

    def unpack(self):
        for name in ('bin', 'sbin', 'lib', 'lib64'):
            (self.root / 'usr' / name).mkdir(parents=True)
            (self.root / name).symlink_to(f'usr/{name}')
        for path in sorted(self.debs.glob('*.deb')):
            archive = subprocess.Popen(['dpkg-deb', '--fsys-tarfile', str(path)],
                                       stdout=subprocess.PIPE)
            subprocess.run(['tar', '-x', '--keep-directory-symlink', '-C', str(self.root)],
                           stdin=archive.stdout, check=True)
            archive.wait()

    def furnish(self):
        for path, mode in (('tmp', 0o1777), ('dev', 0o755), ('proc', 0o755), ('etc', 0o755),
                           ('names', 0o755), ('root', 0o700), ('run', 0o755)):
            (self.root / path).mkdir(exist_ok=True)
            (self.root / path).chmod(mode)
        for name, minor in (('null', 3), ('zero', 5), ('random', 8), ('urandom', 9)):
            os.mknod(self.root / 'dev' / name, 0o20666, os.makedev(1, minor))
            (self.root / 'dev' / name).chmod(0o666)
        namespace.mount('-t', 'proc', 'proc', str(self.root / 'proc'))
        self.put('/etc/passwd', ''.join(f'{name}:x:{number}:{number}:{name}:/root:/bin/sh\n'
                                        for name, number in USERS.items()))
        self.put('/etc/group', ''.join(f'{name}:x:{number}:\n'
                                       for name, number in GROUPS.items()))
        self.put('/etc/hosts', f'127.0.0.1 localhost {adapter.DOMAIN}\n')
        self.put('/etc/mailname', adapter.DOMAIN + '\n')
        self.put('/etc/hostname', adapter.DOMAIN + '\n')
        self.put('/etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files\n')
        self.put('/etc/services', 'smtp 25/tcp\n')
        self.put('/etc/aliases', '')
        self.put('/etc/resolv.conf', '')


    def put(self, path, text):
        where = self.root / path.lstrip('/')
        where.parent.mkdir(parents=True, exist_ok=True)
        if where.is_symlink():
            where.unlink()
        where.write_text(text, encoding='utf-8')

    def inside(self, *command, check=True):
        return subprocess.run(['chroot', str(self.root), *command], env=self.environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, check=check,
                              timeout=PATIENCE * 3)

    def background(self, *command, options=()):
        self.started.append(subprocess.Popen(
            ['chroot', *options, str(self.root), *command], env=self.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    # What differs.

    def configure(self):
        for path, owner, group, mode in self.directories:
            where = self.root / path.lstrip('/')
            where.mkdir(parents=True, exist_ok=True)
            os.chown(where, USERS[owner], GROUPS[group])
            where.chmod(mode)
        for path, text in self.files.items():
            self.put(path, text.replace('{domain}', adapter.DOMAIN)
                     .replace('{port}', str(PORT)))

    def start(self):
        """Starts what has to run beside sendmail."""

    # A case.

    def program(self, name):
        found = next((f'/{folder}/{name}' for folder in ('usr/sbin', 'usr/bin', 'usr/lib')
                      if os.path.lexists(self.root / folder / name)), None)
        if name == 'sendmail' or found is None:
            found = f'/names/{name}'
            if not os.path.lexists(self.root / 'names' / name):
                (self.root / 'names' / name).symlink_to(self.sendmail)
        return ['chroot', str(self.root), found]

    def environment(self):
        return {**super().environment(), 'HOME': '/root'}

    def scratch(self):
        path = tempfile.mkdtemp(prefix='conformance.', dir=self.root / 'tmp')
        os.chmod(path, 0o777)
        return path, '/tmp/' + os.path.basename(path)

    def queued(self):
        return [path for pattern in self.queue for path in self.root.glob(pattern)
                if path.is_file()]

    def settle(self):
        end = time.monotonic() + PATIENCE
        run_at = time.monotonic() + (2 if self.started else 0)
        while self.queued() and time.monotonic() < end:
            if self.queue_command and time.monotonic() >= run_at:
                self.inside(*self.queue_command, check=False)
                run_at = time.monotonic() + 2
            time.sleep(0.01)
        super().settle()
        for path in self.queued():
            path.unlink(missing_ok=True)

    def log(self):
        if not self.log_file:
            return ''
        path = self.root / self.log_file.lstrip('/')
        return path.read_text(errors='replace')[-3000:] if path.exists() else ''

    def begin(self):
        super().begin()
        if self.log_file and (self.root / self.log_file.lstrip('/')).exists():
            os.truncate(self.root / self.log_file.lstrip('/'), 0)


class Postfix(Peer):
    packages = ('postfix',)
    queue = tuple(f'var/spool/postfix/{name}/**/*'
                  for name in ('maildrop', 'incoming', 'active', 'deferred'))
    queue_command = ('/usr/sbin/postqueue', '-f')
    log_file = '/var/log/postfix.log'
    directories = (
        ('/var/spool/postfix', 'root', 'root', 0o755),
        ('/var/spool/postfix/pid', 'root', 'root', 0o755),
        *((f'/var/spool/postfix/{name}', 'postfix', 'root', 0o700)
          for name in ('active', 'bounce', 'corrupt', 'defer', 'deferred', 'flush', 'hold',
                       'incoming', 'private', 'saved', 'trace')),
        ('/var/spool/postfix/maildrop', 'postfix', 'postdrop', 0o1730),
        ('/var/spool/postfix/public', 'postfix', 'postdrop', 0o2710),
        ('/var/lib/postfix', 'postfix', 'postfix', 0o755))
    files = {'/etc/postfix/dynamicmaps.cf': '', '/etc/postfix/main.cf': '''
compatibility_level = 3.6
queue_directory = /var/spool/postfix
data_directory = /var/lib/postfix
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
meta_directory = /etc/postfix
maillog_file = /var/log/postfix.log
myhostname = host.{domain}
myorigin = {domain}
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
relayhost = [127.0.0.1]:{port}
alias_maps =
alias_database =
smtp_tls_security_level = none
smtp_dns_support_level = disabled
smtp_host_lookup = native
default_destination_recipient_limit = 5000
message_size_limit = 100000000
mailbox_size_limit = 0
in_flow_delay = 0
'''}

    def configure(self):
        super().configure()
        share = self.root / 'usr/share/postfix'
        text = (share / 'master.cf.dist').read_text()
        text = re.sub(r'(?m)^(\S+\s+\S+\s+\S+\s+\S+\s+)y', r'\1n', text)
        text = re.sub(r'(?m)^smtp +inet', '#smtp inet', text)
        if 'postlog' not in text:
            text += 'postlog unix-dgram n - n - 1 postlogd\n'
        self.put('/etc/postfix/master.cf', text)
        for name in ('postdrop', 'postqueue'):
            os.chown(self.root / 'usr/sbin' / name, 0, GROUPS['postdrop'])
            (self.root / 'usr/sbin' / name).chmod(0o2555)

    def start(self):
        self.background('/usr/lib/postfix/sbin/master', '-d')
        end = time.monotonic() + PATIENCE
        while not (self.root / 'var/spool/postfix/public/pickup').exists():
            if time.monotonic() > end:
                raise AssertionError('postfix does not start: ' + self.log())
            time.sleep(0.05)


class Exim(Peer):
    packages = ('exim4-daemon-light', 'exim4-base')
    sendmail = '/usr/sbin/exim4'
    queue = ('var/spool/exim4/input/**/*',)
    queue_command = ('/usr/sbin/exim4', '-qff')
    log_file = '/var/log/exim4/mainlog'
    directories = (('/var/spool/exim4', 'Debian-exim', 'Debian-exim', 0o750),
                   ('/var/log/exim4', 'Debian-exim', 'Debian-exim', 0o2750))
    files = {'/etc/exim4/exim4.conf': '''
primary_hostname = host.{domain}
qualify_domain = {domain}
domainlist local_domains =
untrusted_set_sender = *
queue_only
local_interfaces = 127.0.0.1
keep_environment =
log_file_path = /var/log/exim4/%slog
message_size_limit = 100M
acl_smtp_rcpt = accept
begin routers
smart:
  driver = manualroute
  transport = remote
  route_list = * 127.0.0.1 byname
  self = send
begin transports
remote:
  driver = smtp
  port = {port}
  hosts_avoid_tls = *
  hosts_try_dane =
begin retry
* * F,2h,15m
'''}


class Sendmail(Peer):
    """sendmail 8 as Debian submits mail: submit.cf, which relays to loopback."""
    packages = ('sendmail-bin', 'sendmail-base', 'sendmail-cf', 'm4')
    sendmail = '/usr/libexec/sendmail/sendmail'
    queue = ('var/spool/mqueue-client/*',)
    directories = (('/var/spool/mqueue-client', 'smmsp', 'smmsp', 0o2770),
                   ('/run/sendmail/msp', 'smmsp', 'smmsp', 0o2770))
    files = {'/etc/mail/service.switch': 'hosts files\naliases files\n',
             '/tmp/submit.mc': '''divert(0)dnl
VERSIONID(`conformance')dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `{domain}')dnl
define(`confCF_VERSION', `Submit')dnl
define(`MSP_QUEUE_DIR', `/var/spool/mqueue-client')dnl
define(`confPID_FILE', `/run/sendmail/msp/sendmail.pid')dnl
define(`confTIME_ZONE', `USE_TZ')dnl
define(`confDONT_INIT_GROUPS', `True')dnl
define(`confSERVICE_SWITCH_FILE', `/etc/mail/service.switch')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {port}')dnl
FEATURE(`msp', `[127.0.0.1]')dnl
'''}

    queue_command = ('/usr/libexec/sendmail/sendmail', '-Ac', '-q')

    def configure(self):
        super().configure()
        done = self.inside('m4', '-I', '/usr/share/sendmail/cf',
                           '/usr/share/sendmail/cf/m4/cf.m4', '/tmp/submit.mc')
        self.put('/etc/mail/submit.cf', done.stdout.decode())
        self.put('/etc/mail/sendmail.cf', done.stdout.decode())


class Msmtp(Peer):
    packages = ('msmtp',)
    sendmail = '/usr/bin/msmtp'
    files = {'/etc/msmtprc': '''
defaults
auth off
tls off
account default
host 127.0.0.1
port {port}
from root@{domain}
'''}


class Nullmailer(Peer):
    packages = ('nullmailer',)
    queue = ('var/spool/nullmailer/queue/*', 'var/spool/nullmailer/tmp/*')
    directories = tuple((f'/var/spool/nullmailer/{name}', 'mail', 'root', 0o750)
                        for name in ('queue', 'tmp', 'failed'))
    files = {'/etc/nullmailer/defaulthost': '{domain}\n',
             '/etc/nullmailer/defaultdomain': '{domain}\n',
             '/etc/nullmailer/pausetime': '1\n',
             '/etc/nullmailer/remotes': '127.0.0.1 smtp --port={port}\n'}

    def start(self):
        trigger = self.root / 'var/spool/nullmailer/trigger'
        trigger.unlink(missing_ok=True)
        os.mkfifo(trigger, 0o622)
        os.chown(trigger, USERS['mail'], 0)
        self.background('/usr/sbin/nullmailer-send', options=['--userspec=mail'])


class Dma(Peer):
    packages = ('dma',)
    sendmail = '/usr/sbin/dma'
    queue = ('var/spool/dma/Q*', 'var/spool/dma/M*', 'var/spool/dma/tmp*')
    queue_command = ('/usr/sbin/dma', '-q1')
    directories = (('/var/spool/dma', 'root', 'mail', 0o2775),
                   ('/var/mail', 'root', 'mail', 0o2775))
    files = {'/etc/dma/dma.conf': 'SMARTHOST 127.0.0.1\nPORT {port}\nNULLCLIENT\n'
                                  'MAILNAME {domain}\nAUTHPATH /etc/dma/auth.conf\n',
             '/etc/dma/auth.conf': '', '/var/spool/dma/flush': ''}


class Ssmtp(Peer):
    packages = ('ssmtp',)
    files = {'/etc/ssmtp/ssmtp.conf': 'root=\nmailhub=127.0.0.1:{port}\nhostname={domain}\n'
                                      'rewriteDomain={domain}\nFromLineOverride=YES\n',
             '/etc/ssmtp/revaliases': ''}
    sendmail = '/usr/sbin/ssmtp'


PEERS = {'postfix': Postfix, 'exim4': Exim, 'sendmail': Sendmail, 'msmtp': Msmtp,
         'nullmailer': Nullmailer, 'dma': Dma, 'ssmtp': Ssmtp}
