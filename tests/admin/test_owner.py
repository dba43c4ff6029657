#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""As root: brevdue works on a spool as its owner, and leaves nothing of root's in it."""

import os
import sys
import unittest

import programs
from programs import Site

OWNER = 65534  # nobody: any uid but root's
MAIL = b'From: web@example.com\nTo: a@example.net\n\nText\n'


def as_owner():
    os.setgroups([])
    os.setgid(OWNER)
    os.setuid(OWNER)


class Owner(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(Site(delivery='direct', spool_durable='yes'))
        self.site.account(provider='outbox')
        os.mkdir(self.site.spool)
        os.chown(self.site.spool, OWNER, OWNER)

    def submit(self):
        done = self.site.sendmail('-t', '-i', '-odq', input=MAIL, preexec_fn=as_owner)
        self.assertEqual(done.returncode, 0, done.stderr)

    def owners(self):
        found = {os.lstat(self.site.spool).st_uid}
        for folder, folders, files in os.walk(self.site.spool):
            found |= {os.lstat(os.path.join(folder, name)).st_uid for name in folders + files}
        return found

    def test_root_becomes_the_owner(self):
        self.submit()
        message, = self.site.queue()
        self.assertEqual((message['uid'], message['state']), (OWNER, 'incoming'))
        self.assertEqual(self.site.admin('flush'), {'due': 1, 'left': 0})
        for args in (('status',), ('trace', message['id']), ('config', 'check'), ('compat',),
                     ('forget', 'a@example.net')):
            done = self.site.run('brevdue', *args)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.owners(), {OWNER})

    def test_the_owner_is_enough_for_the_alarm(self):
        """As brevdue-check.service runs it."""
        self.submit()
        for preexec_fn in (as_owner, None):
            done = self.site.run('brevdue', 'status', '--check', preexec_fn=preexec_fn)
            self.assertEqual((done.returncode, done.stderr), (0, b''), done.stdout)
        self.assertEqual(self.site.admin('flush'), {'due': 1, 'left': 0})
        done = self.site.run('brevdue', 'status', '--check', preexec_fn=as_owner)
        self.assertEqual((done.returncode, done.stderr), (2, b''))
        self.assertIn(b'reached nobody', done.stdout)

    def test_others_are_refused(self):
        self.submit()
        done = self.site.run('brevdue', 'queue', 'list', preexec_fn=lambda: os.setuid(OWNER - 1))
        self.assertEqual((done.returncode, done.stdout), (77, b''))
        self.assertIn(b'mailq', done.stderr)

    def test_others_can_check_the_configuration(self):
        self.site.account('second', token='t0ken')
        self.submit()
        done = self.site.run('brevdue', 'config', 'check',
                             preexec_fn=lambda: os.setuid(OWNER - 1))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(b'not looked at', done.stdout)

    def test_no_spool_yet(self):
        os.rmdir(self.site.spool)
        self.assertEqual(self.site.queue(), [])
        self.assertFalse(os.path.exists(self.site.spool))


if __name__ == '__main__':
    if os.geteuid() != 0:
        print('SKIP: needs root, to become somebody else')
        sys.exit(programs.SKIPPED)
    unittest.main()
