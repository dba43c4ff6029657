#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What lies in queue/ and is no ordinary new message: late copies, a taken id, torn and
foreign files, and a message that kills its reader."""

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import frame  # noqa: E402
from case import Case, hold_courier, mail  # noqa: E402
from programs import wait  # noqa: E402


class Queue(Case):
    def queued_copy(self):
        """Delivers a message; returns its id and the bytes of its queue file."""
        hold_courier(self.site)
        self.site.start()
        self.submit('-t', '-i', input=mail(subject='first'))
        name, = self.files()
        with open(self.path(name), 'rb') as file:
            data = file.read()
        hold_courier(self.site, False)
        self.wait_for(1)
        self.site.stop()
        return name, data

    def path(self, name):
        return os.path.join(self.site.spool, 'queue', name)

    def put(self, name, data):
        with open(self.path(name), 'wb') as file:
            file.write(data)
        self.site.start()

    def test_late_copy(self):
        name, data = self.queued_copy()
        self.put(name, data)
        self.wait_for_log('late copy')
        self.wait_for(1)

    def test_id_is_taken(self):
        """Another user chose the id of a message that is known."""
        name, data = self.queued_copy()
        record = data[:8] + struct.pack('>I', 12345) + data[12:44]
        self.put(name, record + struct.pack('>I', frame.crc32c(record)) + data[48:])
        self.wait_for(2)
        self.assertIn('uid 12345 chose an id that is taken', self.site.log_text())

    def test_told_of_several_times(self):
        """The folder shows a file that brevdued tells of twice."""
        hold_courier(self.site)
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.site.stop()
        hold_courier(self.site, False)
        name, = self.files()
        ours, its = socket.socketpair()
        with ours, its, open(self.site.log, 'ab') as log:
            ours.sendall(f'new {name}\nnew {name}\n'.encode())
            courier = subprocess.Popen(
                [os.path.join(self.site.programs, 'courier'), '--control', str(its.fileno()),
                 '--idle', '0'], env=self.site.env(), pass_fds=[its.fileno()], stderr=log)
            self.assertEqual(courier.wait(20), 0, self.site.log_text())
            self.assertEqual(ours.recv(100), b'idle - 2\n')
        self.wait_for(1)

    def test_torn_and_foreign_files_stay(self):
        name, data = self.queued_copy()
        torn = 'z' * len(name)
        with open(self.path('README'), 'wb') as file:
            file.write(b'not ours')
        self.put(torn, data[:-5])
        self.wait_for_log(torn)
        self.submit('-t', '-i', input=mail(subject='second'))
        self.server.wait(lambda: len(self.server.messages) == 2, 'the next message')
        wait(lambda: sorted(self.files()) == ['README', torn], 'only these two')
        self.assertIn("'README' in queue/ is no message", self.site.log_text())

    def test_file_is_gone(self):
        """A row without its file ends, and is said to."""
        self.server.script.set([{'action': 'error', 'status': 503, 'code': 100,
                                 'message': 'maintenance', 'times': 1}])
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.wait_for_log('status=deferred')
        name, = self.files()
        os.unlink(self.path(name))
        self.wait_for_log('is gone from queue/')
        self.assertEqual(self.server.messages, [])

    def test_poison(self):
        """A message over which the reader dies is put aside; the others go."""
        path = os.path.join(self.site.programs, 'courier')
        real = path + '.real'
        os.rename(path, real)
        with open(path, 'w', encoding='utf-8') as file:
            file.write('#!/bin/sh\nexport ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0\n'
                       f'LD_PRELOAD={os.environ["BREVDUE_POISON"]} exec {real} "$@"\n')
        os.chmod(path, 0o755)
        hold_courier(self.site)
        self.site.start()
        for subject in ('a', 'b', 'poison', 'c', 'd'):
            self.submit('-t', '-i', input=mail(subject=subject, Content_ID=f'<{subject}>'))
        hold_courier(self.site, False)
        self.server.wait(lambda: len(self.server.messages) >= 4, 'the innocent', 30)
        self.assertEqual(sorted(m['Subject'] for m in self.server.messages), list('abcd'))
        wait(lambda: len(self.files()) == 1, 'the culprit alone')
        name, = self.files()
        self.wait_for_log('status=parked')
        line, = [line for line in self.site.log_text().splitlines() if 'status=parked' in line]
        self.assertIn(f'possible duplicate; \'brevdue queue release {name}\'', line)
        self.site.stop()
        deaths = self.site.log_text().count('the courier died')
        self.site.start()
        self.submit('-t', '-i', input=mail(subject='e'))
        self.server.wait(lambda: len(self.server.messages) >= 5, 'the next message', 30)
        self.assertLessEqual(deaths, 3)
        wait(lambda: len(self.files()) == 1, 'the culprit alone, still')


class Outbox(Case):
    def make_outbox(self, **settings):
        self.site.sections.clear()
        self.site.settings['account'] = 'box'
        self.site.account('box', provider='outbox', **{'as': 'postmark', **settings})

    def test_keeps_message_and_request(self):
        folder = os.path.join(self.site.path, 'box')
        self.make_outbox(directory=folder)
        self.site.start()
        self.submit('-t', '-i', input=mail(Bcc='eve@example.net'))
        self.wait_for_log('status=discarded-by-test')
        names = sorted(os.listdir(folder))
        name = names[0].split('.')[0]
        self.assertEqual(names, [name + end for end in ('.eml', '.request', '.request.json')])
        self.assertEqual(os.stat(folder).st_mode & 0o777, 0o700)
        with open(os.path.join(folder, names[0]), encoding='utf-8') as file:
            self.assertIn('Bcc: eve@example.net', file.read())
        with open(os.path.join(folder, names[1]), encoding='utf-8') as file:
            head = file.read()
        self.assertTrue(head.startswith('POST https://api.postmarkapp.com/email\n'), head)
        self.assertIn('X-Postmark-Server-Token: ***\n', head)
        with open(os.path.join(folder, names[2]), encoding='utf-8') as file:
            self.assertIn('"eve@example.net"', file.read())
        wait(lambda: not self.files(), 'an empty queue')
        self.assertEqual(self.server.requests, [])

    def test_key_in_the_body(self):
        """One that is sent there is shown nowhere: neither in the outbox nor in a plan."""
        folder = os.path.join(self.site.path, 'box')
        self.make_outbox(directory=folder, token='md-secret', **{'as': 'mandrill'})
        self.site.account('real', token='md-secret', provider='mandrill')
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.wait_for_log('status=discarded-by-test')
        shown = ''
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), encoding='utf-8') as file:
                shown += file.read()
        self.assertIn('"key":"***"', shown)
        message = self.site.write('message', mail())
        planned = json.dumps(self.site.admin('plan', message, '--account', 'real'))
        self.assertIn('***', planned)
        self.assertNotIn('md-secret', shown + planned + self.site.log_text())

    def test_default_directory(self):
        self.make_outbox()
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.wait_for_log('status=discarded-by-test')
        self.assertEqual(len(os.listdir(os.path.join(self.site.spool, 'outbox'))), 3)

    def test_directory_cannot_be_written(self):
        self.make_outbox(directory='/proc/nowhere')
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.wait_for_log('status=deferred')
        self.assertEqual(len(self.files()), 1)


class Secrets(Case):
    def test_token_is_nowhere(self):
        """Neither in a command line nor in the log, whatever goes wrong."""
        self.server.script.set([{'action': 'error', 'status': 401, 'code': 10, 'times': 1,
                                 'message': f'Bad token {self.server.token}'},
                                {'action': 'late', 'seconds': 1, 'times': 1}])
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.wait_for(1)
        self.assertNotIn(self.server.token, self.site.log_text())

    def test_environment_is_not_obeyed(self):
        """Only the configuration may choose a proxy or have anything written."""
        keys = os.path.join(self.site.path, 'keys')
        proxies = {name: 'http://127.0.0.1:9' for name in
                   ('http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy')}
        self.site.start(env=self.site.env(G_MESSAGES_DEBUG='all', SSLKEYLOGFILE=keys, **proxies))
        self.submit('-t', '-i', input=mail())
        self.wait_for(1)
        self.assertFalse(os.path.exists(keys))
        self.assertNotIn('DEBUG', self.site.log_text())
        self.assertNotIn(self.server.token, self.site.log_text())

    def test_core_and_debugger(self):
        self.server.script.set([{'action': 'late', 'seconds': 2}])
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.server.wait(lambda: self.server.messages, 'the request')
        pids = [pid for pid in os.listdir('/proc') if pid.isdigit() and self.is_courier(pid)]
        self.assertEqual(len(pids), 1)
        with open(f'/proc/{pids[0]}/limits', encoding='utf-8') as file:
            core, = [line for line in file if line.startswith('Max core file size')]
        self.assertEqual(core.split()[4:6], ['0', '0'])
        with open(f'/proc/{pids[0]}/cmdline', 'rb') as file:
            self.assertNotIn(self.server.token.encode(), file.read())

    def is_courier(self, pid):
        try:
            with open(f'/proc/{pid}/status', encoding='utf-8') as file:
                status = file.read()
            with open(f'/proc/{pid}/cmdline', encoding='utf-8') as file:
                command = file.read()
        except OSError:
            return False
        return f'PPid:\t{self.site.daemon.pid}\n' in status and 'courier' in command


if __name__ == '__main__':
    unittest.main()
