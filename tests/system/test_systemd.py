#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The units under a systemd that runs them: brevdue installed as README.md says, its token a
credential, its mail from an ordinary user to a stand-in."""

import os
import smtplib
import socket
import tempfile
import unittest

import booted
import caller
import machine
import nameserver
import postmark

CONFIG = '''\
[brevdue]
from      = Web <noreply@example.com>
mail-name = example.com
aliases   = /dev/null
retry-min = 1s
{first}\
account   = postmark
[account postmark]
provider  = postmark
endpoint  = {url}
'''
TEXT = 'Subject: {}\nTo: a@example.org\n\nText\n'


ROUTE = """\
[account programs]
provider   = postmark
endpoint   = {url}
token-file = /run/credentials/brevdue.service/brevdue.postmark.token
stream     = broadcasts
[route smtp]
user       = brevdue-smtp
account    = programs
"""
UNITS = ('brevdue.service', 'brevdue.socket', 'brevdue-check.service', 'brevdue-check.timer',
         'brevdue-smtp.socket', 'brevdue-smtp@one.service')
STARTED = ('brevdue.socket', 'brevdue.service', 'brevdue-check.timer', 'brevdue-smtp.socket')
BUSY = {'action': 'error', 'code': 100}
KEY = 'pm._domainkey.example.com'
SPOOL = '/srv/mail'
OTHER = 1  # daemon, which Debian always has
NEVER_ANSWERS = {'action': 'accept-then-stall', 'times': 1}
# An administrator's own.
ALARM = """\
[Service]
Type=oneshot
ExecStart=/bin/touch /run/alarm
"""
LOCKED_UP = """\
[Service]
Type=oneshot
ExecStart=/usr/sbin/sendmail -t -i
StandardInput=data
StandardInputText=Subject: Locked up
StandardInputText=To: a@example.org\\n\\nText
DynamicUser=yes
ProtectSystem=strict
PrivateNetwork=yes
PrivateUsers=yes
RestrictAddressFamilies=AF_UNIX
NoNewPrivileges=yes
ProtectProc=invisible
ProcSubset=pid
MemoryDenyWriteExecute=yes
SystemCallFilter=@system-service
"""
AT_ONCE = """\
[Timer]
OnCalendar=
OnCalendar=*:*:*
RandomizedDelaySec=0
AccuracySec=1ms
"""


class SystemdTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(booted.Booted())
        cls.paths = cls.host.paths
        cls.host.do('systemd-sysusers')
        cls.host.do('systemd-tmpfiles', '--create')

    def setUp(self):
        self.server = self.enterContext(machine.serve())
        self.configure()
        self.addCleanup(self.forget)

    def configure(self, more='', token=None, first=''):
        folder = self.paths['SYSCONFDIR']
        text = CONFIG.format(first=first, url=self.server.url) + more
        self.host.write(f'{folder}/brevdue.conf', text)
        self.host.write(f'{folder}/postmark.token', f'{token or self.server.token}\n', 0o600)

    def forget(self):
        """As if brevdue had never been started."""
        self.systemctl('disable', '--now', *STARTED)
        self.host.run('systemctl', 'reset-failed')
        self.host.do('find', self.paths['SPOOL'], '-type', 'f', '-delete')

    def systemctl(self, *args, status=0):
        return self.host.do('systemctl', *args, status=status)

    def start(self):
        self.systemctl('enable', '--now', 'brevdue.socket', 'brevdue.service')
        self.assertActive()

    def is_active(self, unit='brevdue.service'):
        return self.host.show(unit, 'ActiveState') == 'active'

    def assertActive(self, unit='brevdue.service'):
        self.assertTrue(self.is_active(unit), self.host.journal())

    def send(self, subject):
        self.host.do('/usr/sbin/sendmail', '-t', user=caller.WEB, input=TEXT.format(subject))

    def queue(self, folder='queue'):
        return os.listdir(self.host.path(self.paths['SPOOL']) / folder)

    def wait_for_requests(self, count=1):
        self.host.wait_for(lambda: len(self.server.requests) >= count, f'{count} requests')

    def assertArrived(self, *subjects):
        """These arrived once each, as the provider wants mail, and nothing is left."""
        self.host.wait_for(lambda: len(self.server.messages) >= len(subjects), 'the messages')
        self.host.wait_for(lambda: not self.queue(), 'an empty queue')
        self.assertEqual(self.server.problems, [])
        self.assertEqual(sorted(m['Subject'] for m in self.server.messages),
                         sorted(subjects))

    def test_units_as_they_were_installed(self):
        manuals = 'yes' if self.host.run('which', 'man').returncode == 0 else 'no'
        done = self.host.run('systemd-analyze', 'verify', f'--man={manuals}',
                             *(self.host.show(unit, 'FragmentPath') for unit in UNITS))
        self.assertEqual([line for line in done.stderr.splitlines() if 'brevdue' in line], [])
        self.start()
        print(self.host.do('systemd-analyze', 'security', 'brevdue.service'))

    def test_mail_of_a_user(self):
        self.start()
        self.send('Hello')
        self.assertArrived('Hello')
        log = self.host.journal('brevdue.service')
        self.assertRegex(log, rf'uid={caller.WEB}\b')
        self.assertIn('status=sent', log)

    def test_caller_that_is_locked_up(self):
        """Its own unit leaves it a UNIX socket, and no account that lasts."""
        self.host.write('/run/systemd/system/locked-up.service', LOCKED_UP)
        self.systemctl('daemon-reload')
        self.start()
        self.systemctl('start', 'locked-up.service')
        self.assertArrived('Locked up')
        self.systemctl('stop', 'brevdue.service', 'brevdue.socket')
        self.systemctl('start', 'locked-up.service', status=1)  # nowhere to keep it
        self.assertEqual(self.host.show('locked-up.service', 'ExecMainStatus'),
                         str(os.EX_OSERR))

    def test_quick_start(self):
        """The commands of README.md, by root."""
        self.start()
        self.systemctl('restart', 'brevdue')
        self.assertIn('service needs the systemd credential brevdue.postmark.token',
                      self.host.do('brevdue', 'config', 'check'))
        self.host.do('brevdue', 'test', 'you@example.com')
        self.host.wait_for(lambda: self.server.messages, 'the test')
        self.host.do('brevdue', 'status', '--check')

    def test_the_token_is_the_service_s_alone(self):
        self.start()
        token = f'{self.paths["SYSCONFDIR"]}/postmark.token'
        self.host.do('cat', token, user=caller.WEB, status=1)
        pid = self.host.show('brevdue.service', 'MainPID')
        for name in ('environ', 'cmdline'):
            self.assertNotIn(self.server.token, self.host.do('cat', f'/proc/{pid}/{name}'))
        credential = '/run/credentials/brevdue.service/brevdue.postmark.token'
        self.assertEqual(self.host.do('cat', credential), self.server.token + '\n')
        self.host.do('cat', credential, user=caller.WEB, status=1)

    def test_token_comes_later(self):
        (self.host.path(self.paths['SYSCONFDIR']) / 'postmark.token').unlink()
        self.start()
        self.send('Waits')
        self.host.wait_for(lambda: 'until this is mended' in self.host.journal(),
                           'a word about it')
        self.assertIn(f"'{self.paths['SYSCONFDIR']}/postmark.token'", self.host.journal())
        self.configure()
        self.systemctl('restart', 'brevdue.service')
        self.assertArrived('Waits')

    def test_mail_starts_the_service(self):
        self.systemctl('start', 'brevdue.socket')
        self.assertEqual(self.host.show('brevdue.service', 'ActiveState'), 'inactive')
        self.send('Hello')
        self.assertArrived('Hello')
        self.assertActive()

    def test_mail_while_all_is_stopped(self):
        self.send('Dropped')
        self.assertEqual(len(self.queue('drop')), 1)
        self.start()
        self.assertArrived('Dropped')
        self.assertRegex(self.host.journal('brevdue.service'), rf'uid={caller.WEB}\b')

    def test_restart_with_mail_in_the_queue(self):
        self.server.script.set([BUSY])
        self.start()
        self.send('Waits')
        self.wait_for_requests()
        self.systemctl('restart', 'brevdue.service')
        self.assertEqual(len(self.queue()), 1)
        self.server.script.set([])
        self.assertArrived('Waits')

    def test_restart_waits_for_an_answer(self):
        self.server.script.set([{'action': 'late', 'seconds': 2}])
        self.start()
        self.send('In flight')
        self.wait_for_requests()
        self.systemctl('restart', 'brevdue.service')
        self.assertArrived('In flight')
        self.assertEqual(len(self.server.requests), 1)

    def test_reload(self):
        self.start()
        pid = self.host.show('brevdue.service', 'MainPID')
        self.configure('stream = broadcasts\n')
        self.systemctl('reload', 'brevdue.service')
        self.send('After')
        self.assertArrived('After')
        self.assertEqual(self.server.messages[0]['MessageStream'], 'broadcasts')
        self.assertEqual(self.host.show('brevdue.service', 'MainPID'), pid)
        self.assertActive()

    def test_killed(self):
        """With a request out, of which nobody knows whether it was taken."""
        self.server.script.set([NEVER_ANSWERS])
        self.start()
        self.send('Once')
        self.host.wait_for(lambda: self.server.messages, 'the request')
        self.host.do('kill', '-KILL', self.host.show('brevdue.service', 'MainPID'))
        self.host.wait_for(lambda: self.host.show('brevdue.service', 'NRestarts') == '1',
                           'another start')
        self.assertArrived('Once')
        self.send('Afterwards')
        self.assertArrived('Once', 'Afterwards')
        self.assertActive()

    def test_courier_killed(self):
        self.server.script.set([NEVER_ANSWERS])
        self.start()
        pid = self.host.show('brevdue.service', 'MainPID')
        self.send('Once')
        self.host.wait_for(lambda: self.server.messages, 'the request')
        courier, = self.host.do('pgrep', '--parent', pid).split()
        self.host.do('kill', '-KILL', courier)
        self.assertArrived('Once')
        self.assertEqual(self.host.show('brevdue.service', 'MainPID'), pid)
        self.assertActive()

    def test_queue_of_a_user(self):
        self.server.script.set([BUSY])
        self.start()
        self.send('Mine')
        self.wait_for_requests()
        self.assertIn('www-data@example.com', self.host.do('mailq', user=caller.WEB))
        self.assertNotIn('www-data', self.host.do('mailq', user=OTHER))
        self.server.script.set([])
        self.host.do('brevdue', 'flush')
        self.assertArrived('Mine')

    def test_name_and_certificate(self):
        """https, and a name to look up, from where the service is locked up."""
        with tempfile.TemporaryDirectory() as directory:
            certificate = postmark.Certificate(directory)
            self.server = self.enterContext(machine.serve(certificate=certificate))
            with open(certificate.cert, encoding='ascii') as file:
                self.host.append('/etc/ssl/certs/ca-certificates.crt', file.read())
        self.server.url = self.server.url.replace('127.0.0.1', 'localhost')
        self.configure()
        self.start()
        self.send('Sealed')
        self.assertArrived('Sealed')

    def test_broken_configuration(self):
        """Mail is kept while it lasts, and goes out once it is mended."""
        self.configure('nonsense = yes\n[\n')
        self.systemctl('enable', '--now', 'brevdue.socket')
        self.send('Waits')
        self.host.wait_for(lambda: 'mail is kept but not sent' in self.host.journal(),
                           'a word about it')
        self.assertActive()
        self.configure()
        self.assertArrived('Waits')

    def test_another_spool(self):
        """Its folders are an administrator's: the service may set no set-gid bit."""
        self.paths = {**self.paths, 'SPOOL': SPOOL}
        self.configure(first=f'spool = {SPOOL}\n')
        for unit, path in (('brevdue', SPOOL), ('brevdue-check', SPOOL),
                           ('brevdue-smtp@', SPOOL)):
            self.host.write(f'/run/systemd/system/{unit}.service.d/spool.conf',
                            f'[Service]\nReadWritePaths={path}\n')
        self.addCleanup(self.host.do, 'sh', '-c', 'rm -r /run/systemd/system/*/spool.conf; '
                        'systemctl daemon-reload')
        self.systemctl('daemon-reload')
        self.host.do('install', '-d', '-o', 'brevdue', '-g', 'brevdue', SPOOL)
        self.systemctl('enable', '--now', 'brevdue.socket')
        self.systemctl('start', 'brevdue.service', status=1)
        self.host.wait_for(lambda: int(self.host.show('brevdue.service', 'NRestarts')) > 1,
                           'another try')
        self.assertIn(f'-m 3733 {SPOOL}/drop', self.host.journal('brevdue.service'))
        self.systemctl('stop', 'brevdue.service')
        self.assertNotIn('drop', self.queue('.'))
        self.host.do('install', '-d', '-o', 'brevdue', '-g', 'brevdue', '-m', '3733',
                     f'{SPOOL}/drop')
        self.systemctl('restart', 'brevdue.service')
        self.send('Handed over')
        self.assertArrived('Handed over')
        self.systemctl('start', 'brevdue-check.service')
        self.systemctl('stop', 'brevdue.service', 'brevdue.socket')
        self.send('Dropped')
        self.systemctl('start', 'brevdue-smtp.socket')
        self.smtp('By SMTP')
        self.start()
        self.assertArrived('Handed over', 'Dropped', 'By SMTP')

    def test_started_again_and_again(self):
        """By somebody who mends what it failed of: it is never given up."""
        spool = self.paths['SPOOL']
        self.start()
        self.systemctl('stop', 'brevdue.service')
        self.host.do('chmod', '0', f'{spool}/queue')
        for _ in range(7):
            self.host.run('systemctl', 'restart', 'brevdue.service')
        self.host.do('chmod', '0700', f'{spool}/queue')
        self.host.wait_for(self.is_active, 'the service')
        self.assertActive('brevdue.socket')
        self.send('Hello')
        self.assertArrived('Hello')

    def test_power_cut(self):
        """What was enabled starts at boot, and knows the mail of before."""
        self.server.script.set([BUSY])
        self.start()
        self.send('Before')
        self.wait_for_requests()
        self.host.cut_power()
        self.host.wait_for(self.is_active, 'the service')
        self.server.script.set([])
        self.send('After')
        self.assertArrived('Before', 'After')

    def test_alarm(self):
        for name, text in (('alarm.service', ALARM),
                           ('brevdue-check.timer.d/at-once.conf', AT_ONCE),
                           ('brevdue-check.service.d/alarm.conf',
                            '[Unit]\nOnFailure=alarm.service\nStartLimitIntervalSec=0\n')):
            self.host.write(f'/etc/systemd/system/{name}', text)
        self.systemctl('daemon-reload')
        self.start()
        self.systemctl('start', 'brevdue-check.service')
        self.systemctl('enable', '--now', 'brevdue-check.timer')
        alarm = self.host.path('/run/alarm')
        self.configure(token='c0ffee00-0000-4000-8000-000000000000')
        self.systemctl('restart', 'brevdue.service')
        self.send('Waits')
        self.host.wait_for(alarm.exists, 'the alarm')
        self.assertIn('brevdue CRITICAL', self.host.journal('brevdue-check.service'))
        alarm.unlink()
        self.host.wait_for(alarm.exists, 'another alarm')
        self.configure()
        self.systemctl('restart', 'brevdue.service')
        self.host.wait_for(lambda: not self.queue(), 'an empty queue')
        self.host.wait_for(lambda: self.host.show('brevdue-check.service', 'Result') ==
                           'success', 'the end of the alarm')

    def test_alarm_asks_for_keys(self):
        """The unit lets it reach a name server."""
        answers = [f'v=DKIM1; k=ed25519; p={"A" * 43}=', 'v=DKIM1; p=']  # good, revoked
        server = self.enterContext(nameserver.Teller(
            lambda query: nameserver.reply(query, nameserver.txt(KEY, answers[0]))))
        self.configure(first=f'dns-servers = {server.address}\n', more=f'dkim-keys = {KEY}\n')
        self.start()
        self.systemctl('start', 'brevdue-check.service')
        self.assertIn(KEY, server.names)
        answers.pop(0)
        self.systemctl('start', 'brevdue-check.service', status=1)
        self.assertIn(KEY, self.host.journal('brevdue-check.service'))

    def smtp(self, subject):
        with smtplib.SMTP('127.0.0.1', 25, timeout=20) as client:
            client.sendmail('web@example.com', ['a@example.org'], TEXT.format(subject))

    def clients_are_gone(self):
        return 'brevdue-smtp@' not in self.systemctl('list-units', '--all', '--plain')

    def test_smtp(self):
        self.start()
        self.systemctl('enable', '--now', 'brevdue-smtp.socket')
        for subject in ('One', 'Two'):
            self.smtp(subject)
        self.assertArrived('One', 'Two')
        self.host.wait_for(self.clients_are_gone, 'the clients to be gone')

    def test_crowd_of_smtp_clients(self):
        """More than systemd puts up with by itself, 200 in 2 seconds: the port stays open."""
        self.start()
        self.systemctl('start', 'brevdue-smtp.socket')
        for _ in range(300):
            socket.create_connection(('127.0.0.1', 25)).close()
        self.host.wait_for(self.clients_are_gone, 'the clients to be gone')
        self.assertActive('brevdue-smtp.socket')
        self.smtp('Hello')
        self.assertArrived('Hello')

    def test_route_of_smtp_clients(self):
        """By name, also when the client has long gone."""
        self.configure(ROUTE.format(url=self.server.url))
        self.systemctl('start', 'brevdue-smtp.socket')
        self.smtp('Dropped')
        self.host.wait_for(self.clients_are_gone, 'the client to be gone')
        self.start()
        self.assertArrived('Dropped')
        self.smtp('Handed over')
        self.assertArrived('Dropped', 'Handed over')
        self.assertEqual({message['Subject']: message.get('MessageStream')
                          for message in self.server.messages},
                         {'Dropped': 'broadcasts', 'Handed over': 'broadcasts'})

    def test_smtp_while_the_service_is_away(self):
        self.systemctl('start', 'brevdue-smtp.socket')
        self.smtp('Dropped')
        self.assertEqual(len(self.queue('drop')), 1)
        self.start()
        self.assertArrived('Dropped')


if __name__ == '__main__':
    booted.enter()
    unittest.main()
