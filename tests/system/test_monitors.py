#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What watches a machine and writes to its administrator: mdadm, smartd, sudo, fail2ban and
logwatch, each configured as its manual says."""

import os
import re
import shutil
import unittest

import caller
import fields
import namespace
import programs

MDADM, SMARTD, RUNNER, SUDO, LOGWATCH = (
    '/sbin/mdadm', '/usr/share/smartmontools/smartd_warning.sh',
    '/usr/share/smartmontools/smartd-runner', '/usr/bin/sudo', '/usr/sbin/logwatch')
BAN = '/etc/fail2ban/action.d/sendmail.conf'
SUDOERS = '''\
Defaults mail_always, mail_badpass, mailto="ops@example.org, b@example.org"
Defaults mailfrom="Sudo <sudo@example.com>", passwd_tries=1
www-data ALL=(root) NOPASSWD: /bin/true
www-data ALL=(root) /bin/ls
'''
JAIL = '''\
[web]
enabled = true
backend = polling
filter =
logpath = {log}
failregex = ^bad <HOST>$
datepattern = {{NONE}}
maxretry = 2
usedns = no
action = {action}[name=web, dest="ops@example.org", sender="f2b@example.com",
         sendername="Fail2Ban \u00e9", logpath="{log}"]
'''
OPS = [('', 'ops@example.com')]  # who reads what is for root


class MonitorTest(caller.CallerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host.name('web1')

    def setUp(self):
        self.serve()

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.host.stage.path, name)
        with open(path, 'w', encoding='utf-8') as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
        return path

    def assertMail(self, message, sender, to, subject, text, headers=()):
        """@text is a pattern for all of it."""
        self.assertRegex(message.get('TextBody'), re.compile(f'\\A{text}\\Z', re.S))
        self.assertSeen(message, {
            'From': sender, 'To': to, 'Subject': subject, 'TextBody': message['TextBody'],
            **({'Headers': list(headers)} if headers else {})})

    # mdadm says TestMessage of a device before it looks at it: no array is needed.

    def mdadm(self, lines):
        self.call(MDADM, '--monitor', '--test', '--oneshot', '/dev/md0', '--config',
                  self.write('mdadm.conf', lines))
        return self.arrived()[0]

    def test_mdadm(self):
        text = '.*A TestMessage event had been detected on md device /dev/md0.*'
        subject = 'TestMessage event on /dev/md0:web1'
        self.assertMail(self.mdadm('MAILADDR root\n'),
                        [('mdadm monitoring', 'noreply@example.com')], OPS, subject, text)
        self.serve()
        self.assertMail(self.mdadm('MAILADDR a@example.org,b@example.org\n'
                                   'MAILFROM Raid <raid@example.com>\n'),
                        [('Raid', 'raid@example.com')],
                        [('', 'a@example.org'), ('', 'b@example.org')], subject, text)

    # smartd has no disk to watch here; this is the command it runs for -m with -M test.

    def smartd(self, address, mailer):
        self.call(SMARTD, env={
            'SMARTD_MAILER': mailer, 'SMARTD_ADDRESS': address, 'SMARTD_PREVCNT': '0',
            'SMARTD_MESSAGE': 'TEST EMAIL from smartd for device: /dev/sda',
            'SMARTD_FAILTYPE': 'EmailTest', 'SMARTD_TFIRST': '', 'SMARTD_NEXTDAYS': '',
            'SMARTD_DEVICEINFO': 'Gr\u00fc\u00dfe 2000, S/N:1', 'SMARTD_DEVICE': '/dev/sda',
            'SMARTD_DEVICESTRING': '/dev/sda', 'SMARTD_DEVICETYPE': 'auto'})
        return self.arrived()[0]

    def test_smartd(self):
        rows = (('root', RUNNER, OPS),  # "-M exec", as in Debian's smartd.conf
                ('root a@example.org', '', [('', 'a@example.org'), *OPS]))
        for address, mailer, to in rows:
            with self.subTest(address):
                self.serve()
                message = self.smartd(address, mailer)
                sender, = fields.mailboxes(message, 'From')
                self.assertEqual(sender[0], 'root')  # whichever program is "mail"
                self.assertMail(message, [sender], to,
                                'SMART error (EmailTest) detected on host: web1',
                                'This message was.*web1\n.*TEST EMAIL from smartd for device: '
                                '/dev/sda\n\nDevice info:\nGr\u00fc\u00dfe 2000, S/N:1\n.*'
                                'SYSLOG.\n')

    # sudo starts sendmail as the user, and does not wait for it.

    def test_sudo(self):
        namespace.bind(self.write('sudoers', SUDOERS, 0o440), '/etc/sudoers')
        self.addCleanup(namespace.unbind, '/etc/sudoers')
        line = (r'web1 : .* : www-data : {}PWD=/ ; USER=root ; COMMAND={}\n\n')
        rows = (  # command, password, status, the lines of the messages
            (['/bin/true', 'one\n.\ntwo\nBcc: x@example.org'], '', 0,
             [line.format('', '/bin/true \'one#012.#012two#012Bcc: x@example.org\''),
              line.format('', '/bin/true .* ; EXIT=0')]),
            (['/bin/ls'], 'wrong\n', 1,
             [line.format('1 incorrect password attempt ; ', '/bin/ls')]),
            (['/bin/cat', 'Gr\u00fc\u00dfe'], 'wrong\n', 1,
             [line.format('command not allowed ; ', '/bin/cat Gr\u00fc\u00dfe')]))
        for command, password, status, lines in rows:
            with self.subTest(command):
                self.serve()
                self.call(SUDO, '-S', '-k', *command, input=password, status=status,
                          user=caller.WEB)
                messages = sorted(self.arrived(len(lines)),
                                  key=lambda message: len(message['TextBody']))
                for message, wanted in zip(messages, lines):
                    self.assertMail(message, [('Sudo', 'sudo@example.com')],
                                    [('', 'ops@example.org'), ('', 'b@example.org')],
                                    '*** SECURITY information for web1 ***', wanted,
                                    [('Auto-Submitted', 'auto-generated')])
                self.assertSender('www-data@example.com')

    # fail2ban pipes into sendmail -f SENDER RECIPIENT, without -i and without an end of line.

    def fail2ban(self, action, lines):
        """Runs a server of its own until @lines of a log have had it ban somebody."""
        place = os.path.join(self.host.stage.path, action)
        shutil.copytree('/etc/fail2ban', place, ignore=lambda *names: ['jail.d'])
        log = self.write(action + '.log', '')
        self.write(f'{action}/jail.local', JAIL.format(log=log, action=action))
        self.write(f'{action}/fail2ban.local', '[Definition]\ndbfile = None\n')
        self.write(f'{action}/action.d/mail-whois-common.local',
                   '[Definition]\n_whois = echo nobody knows\n')  # asks nobody outside
        options = ['-c', place, '-s', place + '/socket', '-p', place + '/pid', '--logtarget',
                   place + '/log', '--syslogsocket', 'none']
        self.call('fail2ban-client', *options, 'start')
        try:
            self.arrived()
            self.write(action + '.log', lines)
            return self.arrived(2)[1], log
        finally:
            self.call('fail2ban-client', *options, 'stop')
            programs.wait(lambda: not os.path.exists(place + '/pid'), 'the end of fail2ban')

    def assertBan(self, message, text):
        self.assertMail(message, [('Fail2Ban \u00e9', 'f2b@example.com')],
                        [('', 'ops@example.org')],
                        '[Fail2Ban] web: banned 192.0.2.1 from web1', text)

    def test_fail2ban(self):
        message, _ = self.fail2ban('sendmail', 'bad 192.0.2.1\n' * 2)
        self.assertBan(message, 'Hi,\n\nThe IP 192.0.2.1 has just been banned by Fail2Ban '
                                'after\n2 attempts against web.\n\nRegards,\n\nFail2Ban\n?')
        started, _, stopped = self.arrived(3)
        self.assertEqual([started['Subject'], stopped['Subject']],
                         [f'[Fail2Ban] web: {what} on web1' for what in ('started', 'stopped')])
        self.assertSender('f2b@example.com')

    def test_fail2ban_with_the_lines_of_a_log(self):
        message, log = self.fail2ban('sendmail-whois-lines', 'bad 192.0.2.1\n' * 2)
        self.assertBan(message, 'Hi,\n.*more information about 192.0.2.1 :\n+nobody '
                                'knows.*\nLines '
                                'containing failures of 192.0.2.1 .*\nbad 192.0.2.1\n'
                                'bad 192.0.2.1\n.*Regards,\n\nFail2Ban\n?')

    # logwatch writes one To for each word of --mailto, commas and all.

    def test_logwatch(self):
        logs = os.path.join(self.host.stage.path, 'logs')
        os.mkdir(logs)
        self.write('logs/auth.log', 'Nov 25 00:00:01 web1 sshd[1]: Accepted publickey for '
                   'J\u00f6rg from 192.0.2.1 port 1 ssh2\n')
        self.call(LOGWATCH, '--mailto', 'root, b@example.org', '--output', 'mail', '--range',
                  'all', '--service', 'sshd', '--detail', 'high', '--logdir', logs)
        message, = self.arrived()
        self.assertMail(message, [('', 'root@example.com')],
                        [*OPS, ('', 'b@example.org')], 'Logwatch for web1 (Linux)',
                        ' *\n #+ Logwatch .*Users logging in through sshd:\n    J\u00f6rg:\n'
                        '       192.0.2.1: 1 Time\n.*Logwatch End #+ \n+',
                        [('Auto-Submitted', 'auto-generated'), ('Precedence', 'bulk')])


if __name__ == '__main__':
    namespace.need(MDADM, SMARTD, RUNNER, '/usr/bin/mail', SUDO, 'fail2ban-client', BAN,
                   LOGWATCH)
    namespace.enter('--uts')
    unittest.main()
