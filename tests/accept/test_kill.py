# SPDX-License-Identifier: MIT
"""kill -9 at each durable system call of submission and of acceptance.

The calls come from a recorded run. After each kill: who heard "queued" has a message that
is whole and there once; who heard nothing has a whole one or none; no torn file is ever
taken for a message.
"""

import os
import re
import signal
import subprocess
import unittest

import straced
from frame import ID, ask, read, read_queue_file, write
from programs import wait
from stub import StubSite

MAIL = b'Subject: x\n\n' + b'body\n' * 300
DROPPED = 'drop' + ID[4:]


class Kill(unittest.TestCase):
    def site(self, **settings):
        site = StubSite(**settings)
        self.addCleanup(site.__exit__, None, None, None)
        return site

    def assert_whole(self, site, folder, reader):
        """Every file of a message's name is a whole message; returns the names."""
        names = [name for name in os.listdir(os.path.join(site.spool, folder))
                 if len(name) == 26]
        for name in names:
            with open(os.path.join(site.spool, folder, name), 'rb') as file:
                self.assertEqual(reader(file.read())[-1][-5:], b'body\n')
        return names

    def settle(self, site):
        """What a start makes of what a kill left: the names in the queue."""
        site.start()
        wait(lambda: site.tmp_files() == [] and
             not [name for name in site.drop_files() if len(name) == 26],
             f'an empty tmp and drop; {site.tmp_files()} {site.drop_files()}')
        site.stop()
        return sorted(self.assert_whole(site, 'queue', read_queue_file))


class Submission(Kill):
    def sendmail(self, site, **options):
        """Returns its status, and the calls it made."""
        record = os.path.join(site.path, 'trace')
        args = straced.command([os.path.join(site.programs, 'sendmail'), 'a@example.com'], record,
                             **options)
        done = subprocess.run(args, input=MAIL, env=site.env(), capture_output=True, timeout=60)
        wait(lambda: straced.wait_for_record(record), 'the record of the run')
        return done.returncode, straced.durable(record)

    def each_kill(self, prepare):
        """Runs once to record, then once for each call; yields (call, site, status)."""
        site = self.site()
        prepare(site)
        status, calls = self.sendmail(site)
        self.assertEqual(status, 0)
        self.assertGreater(len(calls), 0)
        for name, nth, line in calls:
            site = self.site()
            prepare(site)
            with self.subTest(call=line):
                status, _ = self.sendmail(site, kill=(name, nth))
                self.assertEqual(status, -signal.SIGKILL)
                yield line, site
            site.stop()

    def test_drop(self):
        def prepare(site):
            site.start()
            site.stop()
        names = []
        for line, site in self.each_kill(prepare):
            dropped = self.assert_whole(site, 'drop', read)
            names.append(line.split('(')[0])
            self.assertEqual(self.settle(site), dropped)
        self.assertTrue({'openat', 'write', 'fsync', 'renameat2'} <= set(names), names)

    def test_socket(self):
        for _, site in self.each_kill(lambda site: site.start()):
            site.stop()
            self.assertLessEqual(len(self.settle(site)), 1)

    def test_own_spool(self):
        def prepare(site):
            site.set(delivery='direct')
            site.write_config()
            site.write('programs/courier', '#!/bin/sh\nexit 0\n', 0o755)
        names = []
        for line, site in self.each_kill(prepare):
            names.append(line.split('(')[0])
            if os.path.exists(os.path.join(site.spool, 'queue')):
                self.assertLessEqual(len(self.assert_whole(site, 'queue', read_queue_file)), 1)
        self.assertTrue({'openat', 'write', 'fsync', 'renameat2'} <= set(names), names)


class Acceptance(Kill):
    """One message comes by the socket, another lies in the drop directory."""

    def play(self, site, kill=None):
        """Returns what the client of the socket heard, and the calls of the service."""
        record = os.path.join(site.path, 'trace')
        site.start()
        site.stop()
        site.put_in_drop(DROPPED, write(DROPPED, message=MAIL))
        with open(site.log, 'ab') as log:
            site.daemon = subprocess.Popen(
                straced.command([os.path.join(site.programs, 'brevdued')], record, kill),
                env=site.env(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        reply = self.say(site)
        if kill is None:
            wait(lambda: site.drop_files() == [], 'an empty drop directory')
            site.stop()
        else:
            site.daemon.send_signal(signal.SIGTERM)  # for a call that comes only at the end
            site.daemon.wait(30)
            site.daemon = None
        wait(lambda: straced.wait_for_record(record), 'the record of the run')
        return reply, straced.durable(record)

    def say(self, site):
        """What a client hears: nothing from a service that was killed first."""
        wait(lambda: site.daemon.poll() is not None or os.path.exists(site.socket), 'a socket')
        try:
            return ask(site.socket, write(message=MAIL))
        except OSError:
            return ''

    def test_each_call(self):
        reply, calls = self.play(self.site())
        self.assertEqual(reply, f'queued {ID}\n')
        self.assertTrue({'openat', 'write', 'sync_file_range', 'fsync', 'renameat2', 'sendto',
                         'unlinkat'} <= {name for name, _, _ in calls}, calls)
        for name, nth, line in calls:
            site = self.site()
            with self.subTest(call=line):
                reply, _ = self.play(site, (name, nth))
                self.assert_whole(site, 'queue', read_queue_file)
                self.assert_whole(site, 'drop', read)
                queued = self.settle(site)
                self.assertIn(DROPPED, queued)
                if reply:
                    self.assertEqual(reply, f'queued {ID}\n')
                    self.assertIn(ID, queued)
                self.assertLessEqual(set(queued), {ID, DROPPED})
            site.stop()


class Group(Kill):
    """One sync of the directory serves all who waited."""

    def test_group_commit(self):
        site = self.site()
        record = os.path.join(site.path, 'trace')
        ids = [f'{n:02}' + ID[2:] for n in range(8)]
        with open(site.log, 'ab') as log:
            site.daemon = subprocess.Popen(
                straced.command([os.path.join(site.programs, 'brevdued')], record),
                env=site.env(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait(lambda: os.path.exists(site.socket), 'a socket')
        site.wait_for_starts(1)
        site.daemon.send_signal(signal.SIGSTOP)
        clients = [subprocess.Popen([os.path.join(site.programs, 'sendmail'), 'a@example.com'],
                                    stdin=subprocess.PIPE, env=site.env()) for _ in ids]
        for client in clients:
            client.stdin.write(MAIL)
            client.stdin.close()
        wait(lambda: all(is_waiting(client.pid) for client in clients), 'clients that wait')
        site.daemon.send_signal(signal.SIGCONT)
        self.assertEqual([client.wait(20) for client in clients], [0] * len(ids))
        site.stop()
        self.assert_is_one_group(straced.lines(record), len(ids))

    def assert_is_one_group(self, calls, many):
        """By descriptors and lengths: who is not root sees no strings of this process."""
        renames = [re.match(r'renameat2\(\d+[^,]*, [^,]*, (\d+)', line)
                   for name, _, line in calls if name == 'renameat2']
        (queue,) = {match[1] for match in renames}
        kinds = ['fsync-folder' if re.match(rf'fsync\({queue}\b', line) else name
                 for name, _, line in calls]
        steps = [kind for kind in kinds[kinds.index('sync_file_range'):]  # not the start's
                 if kind in ('sync_file_range', 'fsync', 'renameat2', 'fsync-folder')]
        self.assertEqual(steps, ['sync_file_range'] * many + ['fsync'] * many +
                         ['renameat2'] * many + ['fsync-folder'])
        length = len(f'queued {ID}\n')
        replies = [at for at, (name, _, line) in enumerate(calls)
                   if name == 'sendto' and line.endswith(f'= {length}')]
        self.assertEqual(len(replies), many)
        self.assertGreater(replies[0], kinds.index('fsync-folder'))


def is_waiting(pid):
    """sendmail has said all and waits for the answer."""
    with open(f'/proc/{pid}/stat', encoding='ascii') as file:
        return file.read().rpartition(') ')[2][0] == 'S'


if __name__ == '__main__':
    straced.need_strace()
    unittest.main()
