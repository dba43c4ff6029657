#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A port for programs that know nothing but SMTP: sendmail -bd, and sendmail -bs behind a
server in the manner of inetd. Clients are Python's smtplib."""

import contextlib
import os
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import frame  # noqa: E402
from case import Case, hold_courier, mail  # noqa: E402
from programs import SKIPPED, stop, wait  # noqa: E402

PER_PEER, TOTAL = 40, 60
ACCOUNT = 65533  # when the tests run as root, which serves nobody


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class PortCase(Case):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.configure(listen=f'127.0.0.1:{self.port}')
        self.addCleanup(self.end_all)

    def configure(self, **settings):
        """As the service's account, which all of the site belongs to."""
        self.site.set(**settings)
        self.site.write_config()
        os.makedirs(self.site.spool, exist_ok=True)
        if os.geteuid() == 0:
            for folder, folders, files in os.walk(self.site.path):
                for name in ('.', *folders, *files):
                    os.chown(os.path.join(folder, name), ACCOUNT, ACCOUNT,
                             follow_symlinks=False)

    def account(self):
        if os.geteuid() != 0:
            return {}
        return {'user': ACCOUNT, 'group': ACCOUNT, 'extra_groups': []}

    def launch(self, *command, **options):
        """A program that is ended with the test, its output in the site's log."""
        with open(self.site.log, 'ab') as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       env=self.site.env(), **(options or self.account()))
        self.addCleanup(stop, process)
        return process

    def sendmail(self, *args, **options):
        return self.launch(os.path.join(self.site.programs, 'sendmail'), *args, **options)

    def run_sendmail(self, *args):
        done = self.site.sendmail(*args, **self.account())
        return done.returncode, done.stderr.decode()

    def processes(self):
        """Of this site: process id and arguments."""
        found = {}
        for pid in filter(str.isdigit, os.listdir('/proc')):
            with contextlib.suppress(OSError), open(f'/proc/{pid}/cmdline', 'rb') as file:
                arguments = file.read().decode(errors='replace').split('\0')[:-1]
                if any(self.site.path in argument for argument in arguments):
                    found[int(pid)] = arguments
        return found

    def pid_of(self, *end):
        """The one process whose arguments end so."""
        pid, = [pid for pid, args in self.processes().items()
                if tuple(args[-len(end):]) == end or args[0].endswith('/' + end[0])]
        return pid

    @staticmethod
    def ids_of(pid):
        """Its user and group ids, of all four kinds; none when it has ended."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError), \
                open(f'/proc/{pid}/status', encoding='ascii') as status:
            return [line.split()[1:] for line in status if line.startswith(('Uid:', 'Gid:'))]
        return []

    def end_all(self):
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        wait(lambda: not self.processes(), 'the end of all programs')

    def is_open(self):
        with contextlib.suppress(OSError), \
                socket.create_connection(('127.0.0.1', self.port), 20) as connection:
            return connection.recv(3) == b'220'

    def client(self, source='127.0.0.1'):
        client = smtplib.SMTP('127.0.0.1', self.port, source_address=(source, 0), timeout=20)
        self.addCleanup(client.close)
        return client

    def greeting(self, source='127.0.0.1'):
        """The code of the first reply, and the connection."""
        connection = socket.create_connection(('127.0.0.1', self.port), 20, (source, 0))
        self.addCleanup(connection.close)
        return int(connection.recv(100)[:3]), connection

    def check_deliveries(self, uid):
        """Several messages of one client, one of them with wishes. The courier is held since
        before the start: one that runs would take some of them."""
        client = self.client()
        client.ehlo('client')
        self.assertTrue(client.has_extn('dsn') and client.has_extn('smtputf8'))
        name = f'smtp[127.0.0.1]:{client.sock.getsockname()[1]}'
        for number in range(3):
            client.sendmail('www@example.com', 'ann@example.net', mail(subject=f'{number}'))
        client.sendmail('www@example.com', ['ann@example.net', 'bob@example.net'],
                        mail(to='ann@example.net, bob@example.net', subject='wishes'),
                        ['RET=HDRS', 'ENVID=e+2B1'],
                        ['NOTIFY=SUCCESS', 'ORCPT=rfc822;x@y'])
        client.quit()
        queue = os.path.join(self.site.spool, 'queue')
        kept = {}
        for file in os.listdir(queue):
            with open(os.path.join(queue, file), 'rb') as data:
                origin, _, envelope, message = frame.read_queue_file(data.read())
            kept[message.split(b'Subject: ')[1].split(b'\n')[0]] = envelope
            self.assertEqual((origin[0], envelope['program']), (uid, name))
            self.assertNotIn('full_name', envelope)
        self.assertEqual(set(kept), {b'0', b'1', b'2', b'wishes'})
        self.assertEqual((kept[b'wishes']['wishes'], kept[b'wishes']['envid']),
                         (['2 rfc822;x@y'] * 2, 'e+1'))
        hold_courier(self.site, False)
        self.assertEqual(self.site.run('brevdue', 'flush').returncode, 0)
        messages = {m['Subject']: m for m in self.wait_for(5)}
        for subject in ('0', '1', '2', 'wishes'):
            self.assertNotIn('x@y', str(messages.pop(subject)))
        (_, report), = messages.items()
        self.assertEqual(self.recipients(report), {'www@example.com'})
        self.assertIn('bob@example.net', report['TextBody'])


class Port(PortCase):
    def start(self):
        process = self.sendmail('-bD')
        wait(self.is_open, f'the port; {self.site.log_text()}')
        return process

    def test_deliveries(self):
        hold_courier(self.site)
        process = self.start()
        self.check_deliveries(ACCOUNT if os.geteuid() == 0 else os.geteuid())
        self.assertEqual(stop(process), 0)
        self.assertEqual(self.processes(), {})

    def test_background(self):
        """What the caller hears is true: when it ends, the port is open."""
        self.assertEqual(self.run_sendmail('-bd', '-q15m'), (0, ''))
        self.client().sendmail('www@example.com', 'ann@example.net', mail())
        self.wait_for(1)
        pid = self.pid_of('-bd', '-q15m')
        self.assertEqual(os.readlink(f'/proc/{pid}/fd/2'), '/dev/null')
        os.kill(pid, signal.SIGTERM)
        wait(lambda: not self.processes(), 'the end of all programs')
        self.assertFalse(self.is_open())

    def test_limits(self):
        self.start()
        first = [self.greeting() for _ in range(PER_PEER)]
        self.assertEqual(self.greeting()[0], 421)
        others = [self.greeting('127.0.0.2') for _ in range(TOTAL - PER_PEER)]
        self.assertEqual(self.greeting('127.0.0.3')[0], 421)
        self.assertEqual({code for code, _ in first + others}, {220})
        first[0][1].close()
        wait(lambda: self.greeting()[0] == 220, 'room for another client')

    def test_limits_of_one_connection(self):
        self.configure(smtp_timeout='1s')
        self.start()
        client = self.client()
        for _ in range(1000):
            self.assertEqual(client.noop()[0], 250)
        self.assertEqual(client.noop()[0], 250)
        self.assertEqual(client.getreply()[0], 421)
        code, silent = self.greeting()
        self.assertEqual((code, silent.recv(100)[:9]), (220, b'421 4.4.2'))

    def test_end(self):
        """Who is in the middle of a message may end it; who is idle is sent away."""
        hold_courier(self.site)
        process = self.start()
        idle, busy, late = (self.client() for _ in range(3))
        for client in (busy, late):
            client.ehlo('x')
            client.mail('www@example.com')
            client.rcpt('ann@example.net')
            self.assertEqual(client.docmd('DATA')[0], 354)
        process.send_signal(signal.SIGTERM)
        wait(lambda: not self.is_open(), 'the end of the port')
        busy.send('Subject: s\r\n\r\ntext\r\n.\r\n')
        self.assertEqual(busy.getreply()[0], 250)
        late.send('Subject: s\r\n\r\nhalf')
        self.assertEqual(process.wait(20), 0)
        for client in (idle, late):
            with self.assertRaises((smtplib.SMTPServerDisconnected, OSError)):
                client.getreply()
        self.assertEqual((len(self.files()), self.processes()), (1, {}))

    def test_a_port_that_is_taken(self):
        with socket.create_server(('127.0.0.1', self.port)):
            for mode in ('-bd', '-bD'):
                status, said = self.run_sendmail(mode)
                self.assertEqual(status, 71)
                self.assertIn(f"cannot listen on '127.0.0.1:{self.port}'", said)
        self.assertEqual(self.processes(), {})

    def test_addresses_that_are_none(self):
        for address in ('25', ':25', '127.0.0.1', '127.0.0.1:', 'localhost:25', '::1:25',
                        '[::1:25', '127.0.0.1:smtp', '127.0.0.1:65536', '127.0.0.1:0'):
            self.configure(listen=address)
            status, said = self.run_sendmail('-bD')
            self.assertEqual((address, status), (address, 78))
            self.assertIn(f"'{address}'", said)

    def test_a_service_that_runs_already(self):
        brevdued = self.launch(os.path.join(self.site.programs, 'brevdued'))
        wait(lambda: os.path.exists(self.site.socket), 'brevdued')
        process = self.start()
        self.client().sendmail('www@example.com', 'ann@example.net', mail())
        self.wait_for(1)
        self.assertEqual(stop(process), 0)
        self.assertIsNone(brevdued.poll())

    def test_a_service_that_cannot_start(self):
        os.unlink(os.path.join(self.site.programs, 'brevdued'))
        self.site.write('programs/brevdued', '#!/bin/sh\necho "no, sorry" >&2\nexit 4\n', 0o755)
        for mode in ('-bd', '-bD'):
            status, said = self.run_sendmail(mode)
            self.assertEqual((status, 'no, sorry\n' in said), (71, mode == '-bD'))
            self.assertIn('brevdued could not start', said)
        self.assertEqual(self.processes(), {})

    def test_a_service_that_dies(self):
        process = self.start()
        os.kill(self.pid_of('brevdued'), signal.SIGKILL)
        self.assertEqual(process.wait(20), 71)
        self.assertIn('brevdued has ended', self.site.log_text())

    def test_reload(self):
        process = self.start()
        self.site.set(mail_name='sound', retry_min='wrong')
        self.site.write_config()
        process.send_signal(signal.SIGHUP)
        self.wait_for_log("'wrong' is not a time")
        self.assertIsNone(process.poll())


class Root(PortCase):
    def test_serves_nobody(self):
        """Root opens the port; whoever the spool belongs to does all else."""
        os.makedirs(os.path.join(self.site.spool, 'queue'), 0o700)
        self.configure()
        hold_courier(self.site)
        process = self.sendmail('-bD', user=0)
        wait(self.is_open, f'the port; {self.site.log_text()}')
        code, connection = self.greeting()
        self.assertEqual(code, 220)
        running = self.processes()
        self.assertLessEqual({'sendmail', 'brevdued'},
                             {args[0].rsplit('/')[-1] for args in running.values()})
        seen = [ids for ids in map(self.ids_of, running) if ids]  # the probe's may have ended
        self.assertGreaterEqual(len(seen), 3)
        self.assertEqual(seen, [[[str(ACCOUNT)] * 4] * 2] * len(seen))
        connection.close()
        self.check_deliveries(ACCOUNT)
        self.assertEqual(stop(process), 0)

    def test_without_an_account(self):
        os.rmdir(self.site.spool)
        done = self.site.sendmail('-bD')
        self.assertEqual(done.returncode, 78)
        self.assertIn(b'root does not serve SMTP', done.stderr)


class Inetd(PortCase):
    def test_deliveries(self):
        """As the unit brevdue-smtp.socket does it: Accept=yes."""
        hold_courier(self.site)
        self.launch(os.path.join(self.site.programs, 'brevdued'))
        passed = [f'--setenv={name}={value}' for name, value in self.site.env().items()]
        self.launch('systemd-socket-activate', '--accept', '--inetd', *passed,
                    '-l', f'127.0.0.1:{self.port}',
                    os.path.join(self.site.programs, 'sendmail'), '-bs')
        wait(self.is_open, f'the port; {self.site.log_text()}')
        self.check_deliveries(ACCOUNT if os.geteuid() == 0 else os.geteuid())


def lacks(cases):
    if cases == 'Root' and os.geteuid() != 0:
        return 'root, to give it up'
    if cases == 'Inetd' and not shutil.which('systemd-socket-activate'):
        return 'systemd-socket-activate'
    return None


if __name__ == '__main__':
    if missing := lacks(sys.argv[1]):
        print(f'needs {missing}')
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
