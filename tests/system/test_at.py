#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Jobs of at, which the real atd starts and whose output it mails."""

import os
import pwd
import subprocess
import unittest

import caller
import namespace
import programs

SPOOL = '/var/spool/cron'
PRINTING = '''\
printf 'one\\n.\\n..\\nFrom here: Gr\u00fc\u00dfe\\n'
echo 'Bcc: x@example.org' >&2
'''


class AtTest(caller.CallerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.host.name('web1')
        daemon = pwd.getpwnam('daemon')
        for place, mode in (('atjobs', 0o1770), ('atspool', 0o1770)):
            path = os.path.join(SPOOL, place)
            os.makedirs(path)
            os.chmod(path, mode)
            os.chown(path, daemon.pw_uid, daemon.pw_gid)
        sequence = os.path.join(SPOOL, 'atjobs/.SEQ')
        with open(sequence, 'w', encoding='ascii') as file:
            file.write('0\n')
        os.chmod(sequence, 0o600)
        os.chown(sequence, daemon.pw_uid, daemon.pw_gid)
        namespace.bind('/dev/null', '/etc/at.deny')  # it names www-data
        cls.atd = subprocess.Popen(['/usr/sbin/atd', '-f', '-b', '0'],
                                   env=caller.ENVIRONMENT)
        cls.addClassCleanup(programs.stop, cls.atd)
        programs.wait(lambda: os.path.exists('/run/atd.pid'), 'atd')

    def at(self, job, *options, user=None):
        self.serve()
        self.call('/usr/bin/at', *options, 'now', input=job, user=user)

    def assertOutput(self, login, text):
        """Mail for a local name goes to the postmaster."""
        message, = self.arrived()
        self.assertRegex(message['Subject'], r'^Output from your job +\d+$')
        self.assertSeen(message, {'From': [(login, login + '@example.com')],
                                  'To': [('', 'ops@example.com')],
                                  'Subject': message['Subject'], 'TextBody': text})

    def test_output(self):
        self.at(PRINTING)
        self.assertOutput('root', 'one\n.\n..\nFrom here: Gr\u00fc\u00dfe\n'
                          'Bcc: x@example.org\n')

    def test_of_a_user(self):
        self.at(PRINTING, user=caller.WEB)
        self.assertOutput('www-data',
                          'one\n.\n..\nFrom here: Gr\u00fc\u00dfe\nBcc: x@example.org\n')

    def test_silent(self):
        """With -m there is a message without a text; otherwise there is none."""
        self.at('true\n', '-m')
        self.assertOutput('root', ' ')
        self.at('true\n')
        programs.wait(lambda: not [name for name in os.listdir(SPOOL + '/atjobs')
                                   if name != '.SEQ'], 'the end of the job')
        self.assertNothing()


if __name__ == '__main__':
    namespace.need('/usr/bin/at', '/usr/sbin/atd', '/etc/at.deny')
    namespace.enter('--uts')
    unittest.main()
