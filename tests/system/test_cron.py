#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's cron daemon starts a job that prints; its mail reaches the provider."""

import os
import subprocess
import unittest

import fields
import machine
import namespace
import programs

DAILY = '''\
@reboot echo "backup done: Gr\u00fc\u00dfe"; echo "second line" >&2
'''
MAILTO = '''\
MAILTO=Ann@example.org
CONTENT_TYPE="text/plain; charset=UTF-8"
@reboot printf 'one\\n.\\nFrom here on\\n'
@reboot true
'''


class CronTest(unittest.TestCase):
    def test_jobs(self):
        with machine.Machine() as host, machine.serve() as server:
            self.prepare(host)
            host.configure(server)
            host.start()
            cron = subprocess.Popen(['/usr/sbin/cron', '-f', '-L', '0'],
                                    env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin',
                                         'LANG': 'C.UTF-8'})
            try:
                messages = host.wait_for(server, 2)
            finally:
                programs.stop(cron)
        by_text = {message['TextBody'].split()[0]: message for message in messages}
        self.check_backup(by_text['backup'])
        self.check_list(by_text['one'])

    def prepare(self, host):
        """Only the test's own jobs: none of the machine's."""
        for path in ('/etc/cron.d', '/etc/cron.hourly', '/etc/cron.daily'):
            host.stage.empty(path)
        empty = os.path.join(host.stage.path, 'crontab')
        with open(empty, 'w', encoding='ascii') as file:
            file.write('# nothing\n')
        namespace.bind(empty, '/etc/crontab')
        os.makedirs('/var/spool/cron/crontabs', 0o1730)
        for user, uid, text in (('root', 0, DAILY), ('www-data', 33, MAILTO)):
            path = f'/var/spool/cron/crontabs/{user}'
            with open(path, 'w', encoding='utf-8') as table:
                os.fchmod(table.fileno(), 0o600)
                table.write(text)
            os.chown(path, uid, 0)

    def check_backup(self, message):
        """From root, to root: a local name each, which no provider takes as it is."""
        self.assertEqual(fields.mailboxes(message, 'To'), [('', 'ops@example.com')])
        self.assertEqual(fields.mailboxes(message, 'From'),
                         [('Cron Daemon', 'root@example.com')])
        self.assertRegex(message['Subject'], r'^Cron <root@\S+> echo "backup done')
        self.assertEqual(message['TextBody'], 'backup done: Gr\u00fc\u00dfe\nsecond line\n')
        self.check_headers(message, 'root')

    def check_list(self, message):
        """Debian's cron writes root into From whoever owns the job."""
        self.assertEqual(fields.mailboxes(message, 'To'), [('', 'Ann@example.org')])
        self.assertEqual(fields.mailboxes(message, 'From'),
                         [('Cron Daemon', 'root@example.com')])
        self.assertEqual(message['TextBody'], 'one\n.\nFrom here on\n')
        self.check_headers(message, 'www-data')

    def check_headers(self, message, user):
        names = {name for name, _ in fields.headers(message)}
        self.assertEqual(names, {'Message-ID', 'X-PM-KeepID', 'X-Cron-Env'})
        self.assertIn(('X-Cron-Env', f'<LOGNAME={user}>'), fields.headers(message))


if __name__ == '__main__':
    namespace.need('/usr/sbin/cron', '/etc/crontab')
    namespace.enter()
    unittest.main()
