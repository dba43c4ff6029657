#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sendmail for a user that has no name and no rights: what a container or a sandbox is."""
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

import frame
from programs import SKIPPED, Site, program
from sendmail import BASIC, FakeService

NOBODYS_UID = 54321


class OtherUser(unittest.TestCase):
    def setUp(self):
        self.site = Site(delivery='queue')
        self.addCleanup(self.site.__exit__)
        self.drop = pathlib.Path(self.site.spool, 'drop')
        self.drop.mkdir(parents=True)
        self.drop.chmod(0o3733)
        store = pathlib.Path(self.site.spool, 'store')
        store.mkdir()
        store.chmod(0o700)
        # The build may lie where only its owner can go.
        self.programs = pathlib.Path(self.site.path, 'copies')
        self.programs.mkdir()
        self.programs.chmod(0o755)
        shutil.copy(program('sendmail'), self.programs / 'sendmail')
        (self.programs / 'mailq').symlink_to('sendmail')

    def run_as(self, name, *args, input=b''):
        return subprocess.run([self.programs / name, *args], input=input, capture_output=True,
                              env=self.site.env(), user=NOBODYS_UID, group=NOBODYS_UID,
                              extra_groups=[])

    def test_no_password_entry(self):
        done = self.run_as('sendmail', '-t', input=BASIC)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b'', b''))
        path, = self.drop.iterdir()
        _, envelope, message = frame.read(path.read_bytes())
        self.assertEqual(path.stat().st_uid, NOBODYS_UID)
        self.assertEqual((envelope['sender'], envelope['login'], message),
                         ('uid-54321', 'uid-54321', BASIC))
        self.assertNotIn('full_name', envelope)

    def test_queue_that_cannot_be_read(self):
        for args in (['mailq'], ['sendmail', '-bpc']):
            done = self.run_as(*args)
            self.assertNotEqual(done.returncode, 0)
            self.assertEqual(done.stdout, b'')
            self.assertIn(b'could not be read', done.stderr)

    def ask(self, *args, answer=b'', asked=b'list'):
        service = FakeService(self.site.socket, lambda got: answer)
        os.chmod(self.site.socket, 0o666)
        done = self.run_as(*args)
        service.join()
        os.unlink(self.site.socket)
        self.assertEqual(service.got, b'brevdue1 ' + asked + b'\n')
        return done

    def test_the_service_shows_the_queue(self):
        text = b'one\ntwo\n\t\tTotal requests: 2\n-- 5 Kbytes in 2 Requests.\n'
        done = self.ask('mailq', answer=text)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, text, b''))
        self.assertEqual(self.ask('sendmail', '-bpc', answer=text).stdout, b'2\n')
        done = self.ask('mailq', '-qRx', '-q!Sy', answer=text, asked=b'list R=x S=!y')
        self.assertEqual((done.returncode, done.stdout), (0, text))

    def test_a_service_that_says_nothing_is_no_empty_queue(self):
        done = self.ask('mailq')
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, b'')


if __name__ == '__main__':
    if os.geteuid() != 0:
        print('only root can become another user')
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
