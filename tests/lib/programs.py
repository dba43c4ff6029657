# SPDX-License-Identifier: MIT
"""What tests need to run brevdue's own programs: a site of their own, and waiting.

A site is a temporary directory with a configuration, a spool and a socket. Programs are
found below $BREVDUE_BUILD.
"""

import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess
import tempfile
import time

PROGRAMS = {
    'sendmail': 'compat/sendmail',
    'brevdued': 'src/accept/brevdued',
    'courier': 'src/courier/courier',
    'brevdue': 'src/admin/brevdue',
}
SKIPPED = 77  # meson: the test could not be run here


def program(name):
    """The path of one of our programs as it was built."""
    return os.path.join(os.environ['BREVDUE_BUILD'], PROGRAMS[name])


def is_open_to_others(path):
    """Whether every user may enter it: root's tests run programs as others."""
    path = pathlib.Path(path).resolve()
    return all(place.stat().st_mode & 0o001 for place in (path, *path.parents))


def wait(condition, what, seconds=20):
    """Calls @condition until it is true, and returns what it gave."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f'waited {seconds} s for {what}')
        time.sleep(0.01)


def stop(process, number=signal.SIGTERM, seconds=30):
    """Ends a process that was started here, by its own number; returns its status."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError(f'{process.args[0]} did not end within {seconds} s') from None


class Site:
    """A machine's worth of brevdue below one directory. Use it in a with statement."""

    def __init__(self, delivery=None, **settings):
        """@settings: of [brevdue], with _ for -; an account is added with account()."""
        self.path = tempfile.mkdtemp(prefix='brevdue-test.')
        os.chmod(self.path, 0o755)
        self.spool = os.path.join(self.path, 'spool')
        self.socket = os.path.join(self.path, 'submit')
        self.config = os.path.join(self.path, 'brevdue.conf')
        self.log = os.path.join(self.path, 'log')
        self.programs = os.path.join(self.path, 'programs')
        self.daemon = None
        self.settings = {'spool': self.spool, 'socket': self.socket,
                         'mail-name': 'example.com', 'aliases': '/dev/null',
                         'retry-min': '1s', 'log': 'stderr'}
        if delivery:
            self.settings['delivery'] = delivery
        self.set(**settings)
        self.sections = {}
        self.link_programs()
        self.write_config()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.stop()
        shutil.rmtree(self.path, ignore_errors=True)

    def link_programs(self):
        put = os.symlink if is_open_to_others(os.environ['BREVDUE_BUILD']) else shutil.copy
        os.mkdir(self.programs)
        for name in PROGRAMS:
            put(program(name), os.path.join(self.programs, name))
        for name in ('mailq', 'newaliases', 'rmail'):
            put(program('sendmail'), os.path.join(self.programs, name))

    # Configuration.

    def set(self, **settings):
        """Changes keys of [brevdue]; None removes one."""
        for name, value in settings.items():
            name = name.replace('_', '-')
            self.settings.pop(name, None)
            if value is not None:
                self.settings[name] = value

    def account(self, name='postmark', url=None, token=None, **settings):
        """Adds an account, the default one unless there is one already."""
        section = {'provider': 'postmark', 'senders': '*'}
        if url:
            section['endpoint'] = url
        if token:
            section['token-file'] = self.write(f'{name}.token', token + '\n', 0o600)
        section.update((key.replace('_', '-'), value) for key, value in settings.items())
        self.sections[f'account {name}'] = section
        self.settings.setdefault('account', name)
        self.write_config()

    def postmark(self, server, **settings):
        """An account at a stand-in, whose search needs no longer than a second."""
        self.account('postmark', server.url, server.token,
                     **{'indexing_time': '1s', **settings})

    def write_config(self):
        lines = []
        for title, section in (('brevdue', self.settings), *self.sections.items()):
            lines.append(f'[{title}]')
            lines += [f'{name} = {value}' for name, value in section.items()]
        self.write('brevdue.conf', '\n'.join(lines) + '\n', 0o644)

    def write(self, name, text, mode=0o644):
        """A file of the site, replaced as a whole; returns its path."""
        path = os.path.join(self.path, name)
        with open(path + '.new', 'w', encoding='utf-8') as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
        os.rename(path + '.new', path)
        return path

    def env(self, **more):
        """An environment of which nothing of the tester's own is left."""
        kept = {name: os.environ[name] for name in
                ('PATH', 'TMPDIR', 'ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS', 'G_DEBUG')
                if name in os.environ}
        return {**kept, 'HOME': self.path, 'LANG': 'C.UTF-8', 'BREVDUE_CONFIG': self.config,
                'BREVDUE_PROGRAMS': self.programs, **more}

    # Programs.

    def run(self, name, *args, input=b'', env=None, timeout=60, **options):
        """Runs a program (or mailq, newaliases, rmail) to its end; output as bytes."""
        return subprocess.run([os.path.join(self.programs, name), *args], input=input,
                              capture_output=True, env=env or self.env(), timeout=timeout,
                              **options)

    def sendmail(self, *args, input=b'', **options):
        if isinstance(input, str):
            input = input.encode()
        return self.run('sendmail', *args, input=input, **options)

    def start(self, *args, env=None):
        """Starts brevdued and waits until it listens."""
        with open(self.log, 'ab') as log:
            self.daemon = subprocess.Popen(
                [os.path.join(self.programs, 'brevdued'), *args], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=env or self.env())
        wait(self.is_listening, f'brevdued; its log: {self.log_text()}')
        return self.daemon

    def is_listening(self):
        if self.daemon.poll() is not None:
            raise AssertionError(f'brevdued ended: {self.daemon.returncode}: '
                                 f'{self.log_text()}')
        try:
            return stat.S_ISSOCK(os.stat(self.socket).st_mode)
        except FileNotFoundError:
            return False

    def stop(self, number=signal.SIGTERM):
        """Ends brevdued, if it runs; returns its status."""
        if self.daemon is None:
            return None
        daemon, self.daemon = self.daemon, None
        return stop(daemon, number)

    def log_text(self):
        try:
            with open(self.log, encoding='utf-8', errors='replace') as log:
                return log.read()
        except FileNotFoundError:
            return ''

    # Queue.

    def admin(self, *args, **options):
        """What a brevdue command printed with --json."""
        done = self.run('brevdue', *args, '--json', **options)
        if done.returncode != 0:
            raise AssertionError(f'brevdue {" ".join(args)}: {done.returncode}: '
                                 f'{done.stderr.decode(errors="replace")}')
        return json.loads(done.stdout)

    def queue(self):
        """The messages of the queue, as brevdue lists them."""
        return self.admin('queue', 'list')

    def wait_for_empty_queue(self, seconds=20):
        wait(lambda: not self.queue(), f'an empty queue; log: {self.log_text()}', seconds)

    def queue_files(self):
        try:
            return sorted(os.listdir(os.path.join(self.spool, 'queue')))
        except FileNotFoundError:
            return []
