# SPDX-License-Identifier: MIT
"""A machine on which brevdue is installed, inside the test's own mount namespace.

The programs lie where they were built to lie, sendmail lies where its callers look for it,
and what calls it has no variable that says anything else. /run, /var/spool, /dev and what the
paths of brevdue need are the test's own; nothing is changed outside.
"""

import os
import re
import shutil
import socket
import subprocess
import threading

import namespace
import postmark
import programs

SENDMAIL = ('/usr/sbin/sendmail', '/usr/lib/sendmail')  # what callers have built in
SERVICE = 61900  # the service's account: a number without an entry in the password file
CONFIG = '''\
[brevdue]
account    = postmark
mail-name  = example.com
from       = Web <noreply@example.com>
postmaster = ops@example.com
aliases    = /dev/null
log        = {log}
retry-min  = 1s
{more}
[account postmark]
provider   = postmark
token-file = {token}
endpoint   = {url}
'''


def built_paths():
    """The paths that were compiled in, by the names that brevdue-paths.h gives them."""
    header = os.path.join(os.environ['BREVDUE_BUILD'], 'brevdue-paths.h')
    with open(header, encoding='ascii') as text:
        return dict(re.findall(r'#define BREV_(\w+) "(.*)"', text.read()))


class Machine:
    """Use it in a with statement; one for each process, since it changes the namespace."""

    def __init__(self):
        self.paths = built_paths()
        self.stage = namespace.Stage()
        self.programs = os.path.join(self.stage.path, 'programs')
        self.daemon = None
        self.log = os.path.join(self.stage.path, 'log')
        os.mkdir(self.programs)
        for name in programs.PROGRAMS:
            shutil.copy(programs.program(name), self.programs)
        self.install()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.stop()

    def install(self):
        put = self.stage.put
        for name in SENDMAIL:
            put(name, self.built('sendmail'), 0o755)
        put(os.path.join(self.paths['LIBEXECDIR'], 'courier'), self.built('courier'), 0o755)
        put(os.path.join(self.paths['BINDIR'], 'brevdue'), self.built('brevdue'), 0o755)
        self.stage.empty(self.paths['SYSCONFDIR'])
        self.stage.empty('/run')
        self.stage.empty('/var/spool')
        namespace.private_devices()

    def built(self, name):
        return os.path.join(self.programs, name)

    def configure(self, server, secret='/run/secrets/postmark', owner=SERVICE,
                  log='stderr', **more):
        """The shortest configuration that goes live, and its secret.

        @more: settings of [brevdue], with _ for -
        """
        os.makedirs(os.path.dirname(secret), exist_ok=True)
        with open(secret, 'w', encoding='ascii') as file:
            os.fchmod(file.fileno(), 0o400)
            file.write(server.token + '\n')
        os.chown(secret, owner, owner)
        more = ''.join(f'{name.replace("_", "-")} = {value}\n'
                       for name, value in more.items())
        path = os.path.join(self.paths['SYSCONFDIR'], 'brevdue.conf')
        with open(path, 'w', encoding='ascii') as file:
            file.write(CONFIG.format(token=secret, url=server.url, log=log, more=more))

    def name(self, host):
        """The machine's name, one word as on most: needs a namespace with --uts."""
        socket.sethostname(host)
        for path, text in (('/etc/hosts', f'127.0.0.1 localhost\n127.0.1.1 {host}\n'),
                           ('/etc/mailname', f'{host}\n')):
            if os.path.exists(path):
                copy = os.path.join(self.stage.path, os.path.basename(path))
                with open(copy, 'w', encoding='ascii') as file:
                    file.write(text)
                namespace.bind(copy, path)

    # The service.

    def start(self):
        """The service, as its package would start it: its directories, its account."""
        self.stop()  # one that a failed test left
        run = os.path.dirname(self.paths['SOCKET'])
        for directory in (run, self.paths['SPOOL']):
            os.makedirs(directory, exist_ok=True)
            os.chown(directory, SERVICE, SERVICE)
        with open(self.log, 'ab') as log:
            self.daemon = subprocess.Popen(
                as_user(SERVICE, self.built('brevdued')), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env={'PATH': '/usr/bin:/bin'})
        programs.wait(self.is_listening, 'brevdued')

    def is_listening(self):
        if self.daemon.poll() is not None:
            raise AssertionError(f'brevdued ended: {self.log_text()}')
        return os.path.exists(self.paths['SOCKET'])

    def stop(self):
        if self.daemon is not None:
            daemon, self.daemon = self.daemon, None
            programs.stop(daemon)

    def remove_service(self):
        """What the service's package leaves behind when it goes: nothing."""
        self.stop()
        for directory in (os.path.dirname(self.paths['SOCKET']), self.paths['SPOOL']):
            shutil.rmtree(directory, ignore_errors=True)

    def forget(self):
        """As if no message had come before."""
        self.remove_service()
        if os.path.exists(self.log):
            os.unlink(self.log)

    def log_text(self):
        if not os.path.exists(self.log):
            return ''
        with open(self.log, encoding='utf-8', errors='replace') as log:
            return log.read()

    def queue_is_empty(self):
        return not os.listdir(os.path.join(self.paths['SPOOL'], 'queue'))

    def wait_for(self, server, count):
        """Waits for @count messages at @server and an empty queue; checks that nothing
        bounced, was held, or was sent in a form that the provider refuses."""
        try:
            server.wait(lambda: len(server.messages) >= count, f'{count} messages')
            programs.wait(self.queue_is_empty, 'an empty queue')
        except AssertionError as error:
            raise AssertionError(f'{error}\n{self.log_text()}') from None
        assert server.problems == [], server.problems
        assert len(server.messages) == count, [m['Subject'] for m in server.messages]
        for word in ('status=bounced', 'status=held', 'status=parked', 'status=deferred'):
            assert word not in self.log_text(), self.log_text()
        return server.messages


def as_user(uid, *command, gid=None, bare=False):
    """@command under another account; @bare: without any capability, for ever."""
    gid = uid if gid is None else gid
    options = ['--reuid', str(uid), '--regid', str(gid), '--clear-groups']
    if bare:
        options += ['--bounding-set', '-all', '--inh-caps', '-all', '--no-new-privs']
    return ['setpriv', *options, *command]


class SystemLog:
    """Listens where syslog would, and keeps each line as a log file would show it."""

    def __init__(self, path='/dev/log'):
        self.lines = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        os.chmod(path, 0o666)
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            line = self.socket.recv(65536).decode(errors='replace').rstrip('\n\0')
            stamp, _, rest = re.sub(r'^<\d+>', '', line).partition(': ')
            when, program = stamp[:15], stamp[16:]
            self.lines.append(f'{when} host {program}: {rest}')


def serve(*rules, **options):
    return postmark.Postmark(rules, **options)
