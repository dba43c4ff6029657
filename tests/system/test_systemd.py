#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The units under a systemd that runs them: brevdue installed as README.md says, its token a
credential, its mail from an ordinary user to a stand-in."""

import os
import unittest

import booted
import caller
import machine

CONFIG = '''\
[brevdue]
from      = Web <noreply@example.com>
mail-name = example.com
aliases   = /dev/null
retry-min = 1s
[account postmark]
provider  = postmark
endpoint  = {url}
'''
TEXT = 'Subject: {}\nTo: a@example.org\n\nText\n'


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

    def configure(self, token=None, more=''):
        folder = self.paths['SYSCONFDIR']
        self.host.write(f'{folder}/brevdue.conf', CONFIG.format(url=self.server.url) + more)
        self.host.write(f'{folder}/postmark.token', (token or self.server.token) + '\n', 0o600)

    def forget(self):
        """As if brevdue had never been started."""
        self.systemctl('stop', 'brevdue.service', 'brevdue.socket')
        self.host.run('systemctl', 'reset-failed')
        self.host.do('find', self.paths['SPOOL'], '-type', 'f', '-delete')

    def systemctl(self, *args, status=0):
        return self.host.do('systemctl', *args, status=status)

    def start(self):
        self.systemctl('enable', '--now', 'brevdue.socket', 'brevdue.service')

    def send(self, subject):
        self.host.do('/usr/sbin/sendmail', '-t', user=caller.WEB, input=TEXT.format(subject))

    def assertArrived(self, *subjects):
        """These arrived once each, as the provider wants mail, and nothing is left."""
        self.host.wait_for(lambda: len(self.server.messages) >= len(subjects), 'the messages')
        queue = self.host.path(self.paths['SPOOL']) / 'queue'
        self.host.wait_for(lambda: not os.listdir(queue), 'an empty queue')
        self.assertEqual(self.server.problems, [])
        self.assertEqual(sorted(m['Subject'] for m in self.server.messages),
                         sorted(subjects))

    def test_mail_of_a_user(self):
        self.start()
        self.assertEqual(self.systemctl('is-active', 'brevdue.socket', 'brevdue.service'),
                         'active\nactive\n')
        self.send('Hello')
        self.assertArrived('Hello')
        log = self.host.journal('brevdue.service')
        self.assertRegex(log, rf'uid={caller.WEB}\b')
        self.assertIn('status=sent', log)


if __name__ == '__main__':
    booted.enter()
    unittest.main()
