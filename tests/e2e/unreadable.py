#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A queue file that cannot be read for a moment: that says nothing about the message. Each
of the courier's calls on it fails once."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import straced  # noqa: E402
from case import Case, hold_courier, mail, wrap_courier  # noqa: E402

MESSAGE_ID = '<its-own@example.com>'
READS = 12  # of import and of claim; those of the request itself are behind them


class Unreadable(Case):
    def setUp(self):
        super().setUp()
        self.arrived = 0
        self.trace = os.path.join(self.site.path, 'trace')
        self.site.account('other', self.server.url, self.server.token)
        self.site.sections['route marked'] = {'header': 'X-Kind: news', 'account': 'other'}
        self.site.write_config()
        wrap_courier(self.site)  # a file of its own in the place of the link

    def queue_one(self):
        """A message that no courier has seen; the id of its file."""
        hold_courier(self.site)
        self.site.start()
        self.submit('-t', '-i', input=mail(Message_ID=MESSAGE_ID, X_Kind='news'))
        self.site.stop()
        hold_courier(self.site, False)
        name, = self.files()
        return name

    def fail_at(self, call, fault, nth):
        """The courier's @nth call on the file fails. Returns: whether there was one"""
        name = self.queue_one()
        path = os.path.join(self.site.spool, 'queue', name)
        courier = os.path.join(self.site.programs, 'courier')
        with open(courier, encoding='utf-8') as file:
            before = file.read()
        with open(courier, 'w', encoding='utf-8') as file:
            file.write(before.replace('exec ', (
                'export ASAN_OPTIONS=detect_leaks=0\n'  # it is a tracer itself
                f'exec strace -D -qq -o {self.trace} -P {name} -P {path} -e signal=none '
                f'-e trace={call} -e inject={call}:error={fault}:when={nth} ')))
        self.site.start()
        self.arrived += 1
        self.server.wait(lambda: len(self.server.messages) >= self.arrived,
                         f'the mail after {call} {nth}; {self.site.log_text()}')
        self.site.stop()
        with open(courier, 'w', encoding='utf-8') as file:
            file.write(before)
        with open(self.trace, encoding='utf-8') as file:
            return 'INJECTED' in file.read()

    def check(self, what):
        """It arrived once, as itself, the way it was to go."""
        self.assertEqual(len(self.server.messages), self.arrived, what)
        message = self.server.messages[-1]
        fields = {field['Name']: field['Value'] for field in message['Headers']}
        log = self.site.log_text()
        self.assertEqual(fields.get('Message-ID'), MESSAGE_ID, what)
        self.assertIn('relay=other', log, what)
        self.assertNotIn('bounced', log, what)
        self.assertEqual(self.files(), [], what)
        os.unlink(self.site.log)

    def test_read(self):
        for nth in range(1, READS + 1):
            self.assertTrue(self.fail_at('pread64', 'EIO', nth), nth)
            self.check(f'EIO from read {nth}')

    def test_open(self):
        for nth in (1, 2):
            self.assertTrue(self.fail_at('openat', 'EMFILE', nth), nth)
            self.check(f'EMFILE from open {nth}')

    def test_folder(self):
        """Nor does a folder that cannot be read to its end say that nothing is in it."""
        self.queue_one()
        queue = os.path.join(self.site.spool, 'queue')
        done = subprocess.run(
            ['strace', '-D', '-qq', '-o', self.trace, '-P', queue, '-e', 'signal=none',
             '-e', 'trace=getdents64', '-e', 'inject=getdents64:error=EIO:when=1',
             os.path.join(self.site.programs, 'courier'), '--drain'],
            env=self.site.env(ASAN_OPTIONS='detect_leaks=0'), capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"cannot read '" + queue.encode(), done.stderr)
        self.assertEqual(len(self.server.messages), 1)
        self.assertIn('INJECTED', open(self.trace, encoding='utf-8').read())


if __name__ == '__main__':
    straced.need_strace()
    unittest.main()
