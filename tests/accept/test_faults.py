# SPDX-License-Identifier: MIT
"""Each call that makes a message durable fails once, as on a full, broken or read-only disk.

The calls come from a recorded run. Nobody is told that such a message was taken, and nothing
of it stays; one that lies in the drop directory stays there.
"""

import os
import subprocess
import unittest

import straced
from frame import ID, ask, write
from programs import stop, wait
from stub import StubSite

MAIL = b'Subject: x\n\n' + b'body\n' * 300
DROPPED = 'drop' + ID[4:]
FAULTS = {'openat': ('ENOSPC', 'EDQUOT', 'EROFS'), 'write': ('ENOSPC', 'EDQUOT', 'EIO'),
          'fsync': ('EIO', 'ENOSPC', 'EDQUOT'), 'renameat2': ('ENOSPC', 'EDQUOT', 'EIO')}


class Faults(unittest.TestCase):
    def site(self, **settings):
        site = StubSite(**settings)
        self.addCleanup(site.__exit__, None, None, None)
        return site

    def names(self, site, folder):
        try:
            return [name for name in os.listdir(os.path.join(site.spool, folder))
                    if len(name) == 26]
        except FileNotFoundError:
            return []

    def faults(self, site, calls):
        """Those of @calls on a message's way to the disk, each with each of its errors."""
        for name, nth, line in calls:
            is_of_message = '/store' not in line and (site.spool in line or name == 'renameat2')
            if is_of_message:
                for error in FAULTS.get(name, ()):
                    yield line.replace(site.path, ''), (name, nth, error)

    def record(self, site):
        return os.path.join(site.path, 'trace')

    def calls(self, site):
        wait(lambda: straced.wait_for_record(self.record(site)), 'the record of the run')
        return straced.durable(self.record(site))


class Submission(Faults):
    def sendmail(self, site, fault=None):
        args = straced.command([os.path.join(site.programs, 'sendmail'), 'a@example.com'],
                               self.record(site), fault=fault)
        return subprocess.run(args, input=MAIL, env=site.env(), capture_output=True, timeout=60)

    def check(self, prepare, folder):
        site = self.site()
        prepare(site)
        self.assertEqual(self.sendmail(site).returncode, 0)
        faults = list(self.faults(site, self.calls(site)))
        self.assertEqual({fault[0] for _, fault in faults}, set(FAULTS))
        for line, fault in faults:
            site = self.site()
            prepare(site)
            with self.subTest(line, error=fault[2]):
                done = self.sendmail(site, fault)
                self.assertIn('INJECTED', ''.join(call for _, _, call in self.calls(site)))
                self.assertNotEqual(done.returncode, 0)
                self.assertNotEqual(done.stderr, b'')
                self.assertEqual(self.names(site, folder), [])

    def test_drop(self):
        def prepare(site):
            site.start()
            site.stop()
        self.check(prepare, 'drop')

    def test_own_spool(self):
        def prepare(site):
            site.set(delivery='direct')
            site.write_config()
            # It takes what the spool has; what is not kept there it cannot send, either.
            site.write('programs/courier', '#!/bin/sh\n[ "$1" = --direct ] && exit 0\n'
                       'echo not sent >&2\nexit 75\n', 0o755)
        self.check(prepare, 'queue')


class Acceptance(Faults):
    def start(self, site, fault=None):
        with open(site.log, 'ab') as log:
            site.daemon = subprocess.Popen(
                straced.command([os.path.join(site.programs, 'brevdued')], self.record(site),
                                fault=fault),
                env=site.env(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait(lambda: site.daemon.poll() is not None or os.path.exists(site.socket), 'a socket')

    def end(self, site):
        daemon, site.daemon = site.daemon, None
        stop(daemon)

    def prepared(self, in_drop=False):
        site = self.site()
        site.start()
        site.stop()
        if in_drop:
            site.put_in_drop(DROPPED, write(DROPPED, message=MAIL))
        return site

    def has_failed(self, site):
        with open(self.record(site), encoding='utf-8', errors='replace') as file:
            return 'INJECTED' in file.read()

    def test_socket(self):
        site = self.prepared()
        self.start(site)
        self.assertEqual(ask(site.socket, write(message=MAIL)), f'queued {ID}\n')
        self.end(site)
        faults = list(self.faults(site, self.calls(site)))
        self.assertEqual({fault[0] for _, fault in faults}, set(FAULTS))
        for line, fault in faults:
            site = self.prepared()
            with self.subTest(line, error=fault[2]):
                self.start(site, fault)
                reply = ask(site.socket, write(message=MAIL))
                self.end(site)
                self.assertTrue(self.has_failed(site))
                self.assertRegex(reply, '^busy ')
                self.assertEqual(self.names(site, 'queue'), [])

    def test_drop(self):
        site = self.prepared(in_drop=True)
        self.start(site)
        wait(lambda: not site.drop_files(), 'an empty drop directory')
        self.end(site)
        faults = list(self.faults(site, self.calls(site)))
        self.assertEqual({fault[0] for _, fault in faults}, set(FAULTS))
        for line, fault in faults:
            site = self.prepared(in_drop=True)
            with self.subTest(line, error=fault[2]):
                self.start(site, fault)
                wait(lambda: self.has_failed(site), 'the fault')
                self.end(site)
                self.assertEqual(self.names(site, 'drop'), [DROPPED])
                self.assertEqual(self.names(site, 'queue'), [])

    def test_drop_that_cannot_be_opened(self):
        site = self.prepared(in_drop=True)
        self.start(site)
        wait(lambda: not site.drop_files(), 'an empty drop directory')
        self.end(site)
        wait(lambda: straced.wait_for_record(self.record(site)), 'the record of the run')
        (name, nth, _), = [call for call in straced.lines(self.record(site))
                           if call[0] == 'openat' and f'"{DROPPED}"' in call[2]]
        site = self.prepared(in_drop=True)
        self.start(site, (name, nth, 'EMFILE'))
        told = f"/drop/{DROPPED}' stays there: Too many open files"
        wait(lambda: told in site.log_text(), told)
        self.end(site)
        self.assertEqual(self.names(site, 'drop'), [DROPPED])
        self.start(site)
        wait(lambda: not site.drop_files(), 'an empty drop directory')
        self.end(site)
        self.assertEqual(self.names(site, 'queue'), [DROPPED])


if __name__ == '__main__':
    straced.need_strace()
    unittest.main()
