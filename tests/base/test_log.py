#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Log lines reach journald with their fields, syslog, or standard error, and `auto' finds
the one that listens. Both sockets have fixed paths: a mount namespace gives us our own."""
import os
import socket
import subprocess
import sys
import unittest

import namespace

PROGRAM = sys.argv.pop(1)
AUTO, JOURNALD, SYSLOG, STDERR = map(str, range(4))
JOURNAL = '/run/systemd/journal/socket'


def log(target, text='hello'):
    return subprocess.run([PROGRAM, target, text], capture_output=True, text=True, check=True)


class LogTest(unittest.TestCase):
    def listen(self, path):
        listener = self.enterContext(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        listener.bind(path)
        listener.settimeout(10)
        self.addCleanup(os.unlink, path)
        return listener

    def test_journald(self):
        journal = self.listen(JOURNAL)
        for target in (JOURNALD, AUTO):
            done = log(target, 'two\nlines')
            self.assertEqual((done.stdout, done.stderr), (JOURNALD, ''))
            lines = journal.recv(4096).decode().splitlines()
            for line in ('MESSAGE=two?lines', 'PRIORITY=4', 'SYSLOG_IDENTIFIER=brevdue/smtp',
                         'BREVDUE_ID=the-id', 'BREVDUE_STATUS=sent'):
                self.assertIn(line, lines)

    def test_syslog(self):
        syslog = self.listen('/dev/log')
        for target in (SYSLOG, AUTO):
            done = log(target)
            self.assertEqual((done.stdout, done.stderr), (SYSLOG, ''))
            # facility mail (2), priority warning (4)
            self.assertRegex(syslog.recv(4096).decode(), r'^<20>.* brevdue/smtp\[\d+\]: hello')

    def test_nobody_listens(self):
        for target in (STDERR, AUTO, JOURNALD):
            done = log(target)
            self.assertRegex(done.stderr, r'^brevdue/smtp\[\d+\]: hello\n$')


if __name__ == '__main__':
    sys.argv.insert(1, PROGRAM)
    namespace.enter()
    sys.argv.pop(1)
    stage = namespace.Stage()
    namespace.private_devices()
    stage.empty('/run/systemd/journal')
    unittest.main()
