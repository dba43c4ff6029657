#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""git send-email hands its patches to /usr/sbin/sendmail."""

import os
import subprocess
import unittest

import fields
import machine
import namespace

SEND_EMAIL = '/usr/lib/git-core/git-send-email'


class GitTest(unittest.TestCase):
    def git(self, *args):
        env = {'PATH': '/usr/sbin:/usr/bin:/bin', 'HOME': self.home, 'LANG': 'C.UTF-8',
               'GIT_CONFIG_NOSYSTEM': '1', 'GIT_AUTHOR_NAME': 'J\u00f6rg Doe',
               'GIT_AUTHOR_EMAIL': 'joerg@example.com', 'GIT_COMMITTER_NAME': 'J\u00f6rg Doe',
               'GIT_COMMITTER_EMAIL': 'joerg@example.com'}
        done = subprocess.run(['git', *args], cwd=self.home, env=env, capture_output=True,
                              text=True, timeout=60, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def commit(self, text, subject):
        with open(os.path.join(self.home, 'file'), 'w', encoding='utf-8') as file:
            file.write(text)
        self.git('add', 'file')
        self.git('commit', '-m', subject)

    def test_series(self):
        with machine.Machine() as host, machine.serve() as server:
            host.configure(server)
            host.start()
            self.home = os.path.join(host.stage.path, 'repository')
            os.mkdir(self.home)
            self.git('init', '-q')
            self.commit('first\n', 'Begin')
            self.commit('Gr\u00fc\u00dfe\n.\nFrom here on\n', 'Gr\u00fc\u00dfe: say hello')
            self.commit('Gr\u00fc\u00dfe\n', 'Say less')
            self.git('send-email', '--confirm=never', '--from=J\u00f6rg Doe <joerg@example.com>',
                     '--to=List <list@example.org>', '--cc="Doe, Jane" <jane@example.org>',
                     '--bcc=secret@example.org', '--no-chain-reply-to', '-2')
            messages = sorted(host.wait_for(server, 2), key=lambda message: message['Subject'])
            patches = [self.git('format-patch', '--stdout', f'-1', revision).partition('\n\n')[2]
                       for revision in ('HEAD~', 'HEAD')]
        for message, patch in zip(messages, patches):
            self.check(message, patch)
        first, second = messages
        self.assertEqual(first['Subject'], '[PATCH 1/2] Gr\u00fc\u00dfe: say hello')
        self.assertEqual(second['Subject'], '[PATCH 2/2] Say less')
        self.assertEqual(dict(fields.headers(second))['In-Reply-To'],
                         fields.message_id(first))

    def check(self, message, patch):
        got = fields.take_apart(message)
        self.assertEqual(got['From'], [('J\u00f6rg Doe', 'joerg@example.com')])
        self.assertEqual(got['To'], [('List', 'list@example.org')])
        self.assertEqual(sorted(got['Cc']), sorted([
            ('Doe, Jane', 'jane@example.org'), ('J\u00f6rg Doe', 'joerg@example.com')]))
        self.assertEqual(got['Bcc'], [('', 'secret@example.org')])
        self.assertEqual(got['TextBody'].rstrip('\n'), patch.rstrip('\n'))
        self.assertIn('X-Mailer', dict(got['Headers']))


if __name__ == '__main__':
    namespace.need('git', SEND_EMAIL)
    namespace.enter()
    unittest.main()
