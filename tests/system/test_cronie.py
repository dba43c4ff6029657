#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""cronie, the cron of Fedora and Red Hat, is not in Debian 12: its command line and the
messages that its two generations write, byte for byte."""

import unittest

import caller
import namespace

COMMAND = ['/usr/sbin/sendmail', '-FCronDaemon', '-i', '-odi', '-oem', '-oi', '-t', '-f']
OLD = 'From: {sender} (Cron Daemon)\n'        # up to 1.4
NEW = 'From: "(Cron Daemon)" <{sender}>\n'
REST = '''\
To: {to}
Subject: Cron <{login}@web1> /usr/local/bin/backup --say "Gr\u00fc\u00dfe"
Content-Type: text/plain; charset={charset}
Auto-Submitted: auto-generated
Precedence: bulk
X-Cron-Env: <XDG_SESSION_ID=1>
X-Cron-Env: <LANG=en_US.UTF-8>
X-Cron-Env: <MAILTO={to}>
X-Cron-Env: <SHELL=/bin/sh>
X-Cron-Env: <HOME=/root>
X-Cron-Env: <LOGNAME={login}>

'''
OUTPUT = 'one\n.\n..\nFrom here on\nGr\u00fc\u00dfe\nno end of line'
ROOT = [('Cron Daemon', 'root@example.com')]
# name: (how From is written, user id, its values, From, To)
CALLS = {
    'root, long ago': (OLD, None, {'login': 'root', 'sender': 'root', 'to': 'root'},
                       ROOT, [('', 'ops@example.com')]),
    'root': (NEW, None, {'login': 'root', 'sender': 'root', 'to': 'root'},
             [('(Cron Daemon)', 'root@example.com')], [('', 'ops@example.com')]),
    'MAILTO and MAILFROM': (
        NEW, caller.WEB, {'login': 'www-data', 'sender': 'cron@example.com',
                          'to': 'a@example.org,b@example.org'},
        [('(Cron Daemon)', 'cron@example.com')],
        [('', 'a@example.org'), ('', 'b@example.org')]),
}
# as locales name it; in the C locale the text is still what the job printed
CHARSETS = ('UTF-8', 'ANSI_X3.4-1968')


class CronieTest(caller.CallerTest):
    def test_jobs(self):
        for name, (start, user, values, sender, to) in CALLS.items():
            for charset in CHARSETS:
                with self.subTest(name, charset=charset):
                    self.serve()
                    message = (start + REST).format(charset=charset, **values) + OUTPUT
                    self.call(*COMMAND, values['sender'], input=message, user=user)
                    got, = self.arrived()
                    self.assertSeen(got, {
                        'From': sender, 'To': to, 'TextBody': OUTPUT,
                        'Subject': f'Cron <{values["login"]}@web1> /usr/local/bin/backup '
                                   '--say "Gr\u00fc\u00dfe"', 'Headers': [
                            ('Auto-Submitted', 'auto-generated'), ('Precedence', 'bulk')]},
                        ['x-cron-env'])
                    self.assertEqual([header['Value'] for header in got['Headers']
                                      if header['Name'] == 'X-Cron-Env'],
                                     [line[12:] for line in message.splitlines()
                                      if line.startswith('X-Cron-Env')])

    def test_status_when_nobody_takes_it(self):
        """cronie logs it; 75 would say that the mail is queued."""
        self.serve()
        self.host.remove_service()
        values = CALLS['root'][2]
        self.call(*COMMAND, 'root', user=caller.WEB, status=78,
                  input=(NEW + REST).format(charset='UTF-8', **values) + OUTPUT)
        self.assertEqual(self.server.requests, [])


if __name__ == '__main__':
    namespace.enter()
    unittest.main()
