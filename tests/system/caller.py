# SPDX-License-Identifier: MIT
"""What the tests of real callers share: one machine for a class, a stand-in for each message.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
import unittest

import fields
import machine

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = tempfile.TemporaryDirectory(prefix='brevdue-scripts.')
os.chmod(SCRIPTS.name, 0o755)
ENVIRONMENT = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LANG': 'C.UTF-8'}
ALWAYS = ('message-id', 'x-pm-keepid')  # in Headers, whoever sent it
WEB = 33  # www-data, which Debian always has


def helper(name):
    """The path of a copy of a script that lies beside the tests, which not everybody may
    be able to read."""
    return shutil.copy(os.path.join(HERE, name), SCRIPTS.name)


def brief(parts):
    """The same with a digest of each large file, so that a difference can be read."""
    files = [(*names, content if len(content) < 200 else
              f'{len(content)} bytes, {hashlib.sha256(content).hexdigest()}')
             for *names, content in parts.get('Attachments', ())]
    return {**parts, 'Attachments': files} if files else parts


class CallerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(machine.Machine())

    def serve(self, *rules, **settings):
        """A new stand-in, and the service that sends to it and knows nothing of before."""
        self.host.forget()
        self.server = self.enterContext(machine.serve(*rules))
        self.host.configure(self.server, **settings)
        self.host.start()

    def call(self, *command, input=b'', status=0, user=None, env=None, cwd='/'):
        """Runs a caller, which has to end with @status; what it printed, and in self.errors
        what it complained about."""
        if user is not None:
            command = machine.as_user(user, *command)
        if isinstance(input, str):
            input = input.encode()
        done = subprocess.run(command, input=input, capture_output=True, timeout=60, cwd=cwd,
                              env={**ENVIRONMENT, **(env or {})})
        output, self.errors = (text.decode(errors='replace')
                               for text in (done.stdout, done.stderr))
        self.assertEqual(done.returncode, status, f'{command}: {output} {self.errors}')
        return output

    def arrived(self, count=1):
        """The @count messages that arrived, as the provider got them."""
        return self.host.wait_for(self.server, count)

    def assertArrived(self, wanted, without=()):
        """One message arrived, and @wanted is all that a recipient can see of it, but for
        the headers @without (lower case)."""
        message, = self.arrived()
        self.assertSeen(message, wanted, without)
        return message

    def assertSeen(self, message, wanted, without=()):
        self.assertRegex(fields.message_id(message), r'^<[^@<>\s]+@[^@<>\s]+>$')
        self.maxDiff = None
        self.assertEqual(brief(fields.take_apart(message, (*ALWAYS, *without))),
                         brief(wanted))

    def assertSender(self, address):
        """The envelope's sender of the last message."""
        last = [line for line in self.host.log_text().splitlines() if ': from=<' in line][-1]
        self.assertIn(f': from=<{address}>, size=', last)

    def assertNothing(self, mails_errors=False):
        """No message was kept: what arrives first is one that is sent afterwards, but for
        the mail about the error that a caller with -oem asks for."""
        subprocess.run(['/usr/sbin/sendmail', 'z@example.org'], input=b'Subject: z\n\nz\n',
                       check=True, timeout=60, env=ENVIRONMENT)
        wanted = [*(['Your mail was not accepted'] if mails_errors else []), 'z']
        self.assertEqual(sorted(m['Subject'] for m in self.arrived(len(wanted))), wanted)
