# SPDX-License-Identifier: MIT
"""brevdued as its clients, its courier and its service manager see it."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
import unittest

from frame import ID, ask, read, read_queue_file, write
from programs import stop, wait
from stub import StubSite

QUEUED = f'queued {ID}\n'
OTHER = ID[::-1]
MAIL = b'Subject: x\n\nbody\n'


class Taking(unittest.TestCase):
    def setUp(self):
        self.site = StubSite()
        self.addCleanup(self.site.__exit__, None, None, None)

    def test_a_message_is_kept_with_its_origin(self):
        self.site.start()
        before = time.time() * 1000 - 1
        self.assertEqual(ask(self.site.socket, write()), QUEUED)
        self.assertEqual(self.site.queue_files(), [ID])
        origin, id, envelope, message = read_queue_file(self.site.queue_file(ID))
        self.assertEqual(origin[:3], (os.getuid(), os.getgid(), os.getpid()))
        self.assertTrue(before <= origin[3] <= time.time() * 1000 + 1)
        self.assertEqual((origin[4], id, message), ('s', ID, MAIL))
        self.assertEqual(envelope, {'sender': 'root', 'recipients': ['a@example.com']})
        self.assertEqual(self.site.tmp_files(), [])

    def test_a_torn_file_that_is_still_open_is_in_nobodys_way(self):
        """A killed service's; a child of its has it open for a moment, and so its lock."""
        self.site.start()
        self.site.stop()
        path = os.path.join(self.site.spool, 'tmp', 'in.0')
        with open(path, 'wb') as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.site.start()
            self.assertEqual(ask(self.site.socket, write()), QUEUED)
            self.assertEqual(self.site.tmp_files(), ['in.0'])
        self.site.stop()
        self.site.start()
        self.assertEqual(self.site.tmp_files(), [])

    def test_sendmail_hands_over_and_the_courier_is_told(self):
        self.site.start()
        self.assertEqual(self.site.sendmail('a@example.com', input=MAIL).returncode, 0)
        (id,) = self.site.queue_files()
        self.site.wait_for(f'new {id}')
        self.assertEqual(self.site.courier()[0], 'start --control 3 0 1 2 3')

    def test_what_is_no_message_is_refused(self):
        whole = write()
        self.site.start()
        for name, data, reply in (
                ('cut', whole[:-1], 'refused 65 '),
                ('flipped', whole[:60] + b'X' + whole[61:], 'refused 65 '),
                ('stranger', b'GET / HTTP/1.1\r\n\r\n', 'refused 65 '),
                ('unknown-field', write(fields=(('f', ''), ('r', 'a@b'), ('X', ''))),
                 'refused 65 the envelope has a field 0x58'),
                ('request', b'brevdue1 stop\n', 'refused 64 '),
                ('nothing', b'', '')):
            with self.subTest(name):
                answer = ask(self.site.socket, data)
                self.assertTrue(answer.startswith(reply), answer)
        self.assertEqual((self.site.queue_files(), self.site.tmp_files()), ([], []))

    def test_too_large_is_read_to_its_end_and_refused(self):
        self.site.set(max_message_size='1M')
        self.site.write_config()
        self.site.start()
        answer = ask(self.site.socket, write()[:-12] + bytes(3 * 1024 * 1024))
        self.assertEqual(answer, 'refused 65 the message is larger than 1048576 bytes '
                                 '(max-message-size)\n')
        self.assertEqual(self.site.tmp_files(), [])

    def test_a_repetition_is_one_message(self):
        self.site.start()
        for _ in range(3):
            self.assertEqual(ask(self.site.socket, write()), QUEUED)
        self.assertEqual(self.site.queue_files(), [ID])
        self.site.wait_for(f'new {ID}')
        self.assertEqual(self.site.courier().count(f'new {ID}'), 1)

    def test_an_id_is_not_taken_twice(self):
        self.site.start()
        self.assertEqual(ask(self.site.socket, write()), QUEUED)
        answer = ask(self.site.socket, write(message=b'Subject: y\n\nbody\n'))
        self.assertEqual(answer, 'refused 77 this ID belongs to another message\n')
        self.assertEqual(read_queue_file(self.site.queue_file(ID))[3], MAIL)

    def test_queue_only_waits(self):
        self.site.start()
        fields = (('f', 'root'), ('r', 'a@example.com'), ('q', 1))
        self.assertEqual(ask(self.site.socket, write(OTHER, fields)), f'queued {OTHER}\n')
        self.assertEqual(ask(self.site.socket, write()), QUEUED)
        self.site.wait_for(f'new {ID}')
        self.assertNotIn(f'new {OTHER}', self.site.courier())

    def test_too_many_connections_of_a_user(self):
        self.site.start()
        clients = []
        for _ in range(100):
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.addCleanup(client.close)
            client.connect(self.site.socket)
            clients.append(client)
        answer = ask(self.site.socket, b'')
        self.assertEqual(answer, 'busy too many connections of this user\n')
        sent = self.site.sendmail('a@example.com', input=MAIL)
        self.assertEqual(sent.returncode, 0, sent.stderr)
        wait(lambda: len(self.site.queue_files()) == 1, 'the dropped message')
        clients.pop().close()
        wait(lambda: ask(self.site.socket, write()) == QUEUED, 'a free place')

    def test_listing_is_what_brevdue_prints(self):
        os.unlink(os.path.join(self.site.programs, 'brevdue'))
        self.site.write('programs/brevdue', '#!/bin/sh\necho "$@"; echo err >&2\n', 0o755)
        self.site.start()
        self.assertEqual(ask(self.site.socket, b'brevdue1 list\n'),
                         f'queue list --mailq --peer={os.getuid()}\n')

    def test_broken_configuration_still_takes_mail(self):
        self.site.write('brevdue.conf', f'[brevdue]\nspool = {self.site.spool}\n'
                        f'socket = {self.site.socket}\nlog = stderr\nnonsense\n')
        self.site.start()
        self.assertEqual(ask(self.site.socket, write()), QUEUED)
        self.assertIn('mail is accepted all the same', self.site.log_text())
        self.assertIn('brevdue.conf:5', self.site.log_text())


class Away(unittest.TestCase):
    """What a caller sees of a service that is away, slow or killed."""

    def setUp(self):
        self.site = StubSite()
        self.addCleanup(self.site.__exit__, None, None, None)
        self.site.start()

    def assert_dropped(self, count=1):
        names = self.site.drop_files()
        self.assertEqual(len(names), count)
        for name in names:
            path = os.path.join(self.site.spool, 'drop', name)
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o640)
            with open(path, 'rb') as file:
                self.assertEqual(read(file.read())[0], name)

    def test_no_service_and_umask_077(self):
        self.site.stop()
        sent = self.site.sendmail('a@example.com', input=MAIL, umask=0o077)
        self.assertEqual((sent.returncode, sent.stderr), (0, b''))
        self.assert_dropped()
        (id,) = self.site.drop_files()
        self.site.start()
        wait(lambda: self.site.drop_files() == [], 'an empty drop directory')
        origin = read_queue_file(self.site.queue_file(id))[0]
        self.assertEqual((origin[0], origin[2], origin[4]), (os.getuid(), 0, 'd'))

    def test_full_backlog(self):
        self.site.stop()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(self.site.socket)
            listener.listen(0)
            for _ in range(3):
                client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                self.addCleanup(client.close)
                client.setblocking(False)
                client.connect_ex(self.site.socket)
            begin = time.monotonic()
            sent = self.site.sendmail('a@example.com', input=MAIL)
            self.assertEqual(sent.returncode, 0, sent.stderr)
            self.assertLess(time.monotonic() - begin, 5)
            self.assert_dropped()

    def test_silent_service_costs_ten_seconds_once(self):
        self.site.daemon.send_signal(signal.SIGSTOP)
        self.addCleanup(self.site.daemon.send_signal, signal.SIGCONT)
        smtp = (b'HELO x\r\n' + b'MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n'
                b'DATA\r\nSubject: x\r\n\r\nbody\r\n.\r\n' * 3 + b'QUIT\r\n')
        begin = time.monotonic()
        sent = self.site.sendmail('-bs', input=smtp)
        took = time.monotonic() - begin
        self.assertEqual(sent.returncode, 0, sent.stderr)
        self.assertTrue(9 < took < 19, took)
        self.assert_dropped(3)
        self.site.daemon.send_signal(signal.SIGCONT)
        wait(lambda: self.site.drop_files() == [], 'an empty drop directory')
        # what it had read by then came in, too: as the same messages, not as more
        self.assertEqual(len(self.site.queue_files()), 3)

    def test_restarted_in_mid_stream(self):
        self.site.daemon.send_signal(signal.SIGSTOP)
        sender = subprocess.Popen([os.path.join(self.site.programs, 'sendmail'), 'a@example.com'],
                                  stdin=subprocess.PIPE, env=self.site.env())
        self.addCleanup(sender.wait)
        sender.stdin.write(b'Subject: x\n\n' + b'x' * 70 * 50000)
        sender.stdin.close()
        # all of its input is there: it can only sleep because nobody reads the socket
        wait(lambda: is_asleep(sender.pid), 'a sender in mid-stream')
        self.site.stop(signal.SIGKILL)
        self.assertEqual(sender.wait(20), 0)
        self.assert_dropped()
        self.site.start()
        wait(lambda: len(self.site.queue_files()) == 1, 'the message')
        wait(lambda: not self.site.drop_files(), 'an empty drop directory')
        self.assertEqual(self.site.tmp_files(), [])

    def test_half_a_frame_is_nothing(self):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(client.close)
        client.connect(self.site.socket)
        client.sendall(write()[:-5])
        wait(self.site.tmp_files, 'a file in tmp')
        self.site.stop(signal.SIGKILL)
        self.assertEqual(len(self.site.tmp_files()), 1)
        self.site.start()
        wait(lambda: self.site.tmp_files() == [], 'an empty tmp')
        self.assertEqual(self.site.queue_files(), [])


def is_asleep(pid):
    with open(f'/proc/{pid}/stat', encoding='ascii') as file:
        return file.read().rpartition(') ')[2][0] == 'S'


class Dropped(unittest.TestCase):
    def setUp(self):
        self.site = StubSite()
        self.addCleanup(self.site.__exit__, None, None, None)
        self.site.start()

    def test_late_copy_while_the_first_is_queued(self):
        self.assertEqual(ask(self.site.socket, write()), QUEUED)
        self.site.put_in_drop(ID, write())
        wait(lambda: self.site.drop_files() == [], 'an empty drop directory')
        self.assertEqual(self.site.queue_files(), [ID])
        self.assertEqual(read_queue_file(self.site.queue_file(ID))[0][4], 's')

    def test_another_message_of_the_same_id_stays(self):
        self.assertEqual(ask(self.site.socket, write()), QUEUED)
        self.site.put_in_drop(ID, write(message=b'Subject: y\n\nbody\n'))
        wait(lambda: 'belongs to another message' in self.site.log_text(), 'a log line')
        self.assertEqual(self.site.drop_files(), [ID])

    def test_what_is_no_message_stays_and_is_logged_once(self):
        secret = self.site.write('secret', 'x', 0o600)
        drop = os.path.join(self.site.spool, 'drop')
        ids = [digit + ID[1:] for digit in '123456789abcd']
        self.site.stop()
        self.site.put_in_drop(ids[0], write(ids[0])[:-1], age=120)  # torn
        self.site.put_in_drop(ids[1], write(), age=120)             # another's ID in it
        self.site.put_in_drop(ids[2], b'', age=120)
        self.site.put_in_drop('core', b'x', age=120)
        self.site.put_in_drop('.' + ids[3], write(ids[3])[:50], age=120)  # killed writer
        os.symlink(secret, os.path.join(drop, ids[4]))
        os.link(self.site.write('linked', 'x'), os.path.join(drop, ids[5]))
        os.mkfifo(os.path.join(drop, ids[6]))
        os.mkdir(os.path.join(drop, ids[7]))
        self.site.put_in_drop(ids[8], write(ids[8])[:-1])           # perhaps still written
        self.site.put_in_drop(ids[9], write(ids[9]))                # sound
        self.site.start()
        self.site.wait_for(f'new {ids[9]}')
        self.site.put_in_drop(ids[10], write(ids[10]))              # the second look
        self.site.wait_for(f'new {ids[10]}')
        log = self.site.log_text()
        left = sorted(ids[:3] + ['core', '.' + ids[3]] + ids[4:9])
        self.assertEqual(self.site.drop_files(), left)
        self.assertEqual(self.site.queue_files(), sorted([ids[9], ids[10]]))
        for name in left:
            want = 0 if name == ids[8] else 1
            self.assertEqual(log.count(f"/drop/{name}' stays there"), want, f'{name}: {log}')

    def test_messages_that_wait_are_found_at_the_start(self):
        ids = [digit + ID[1:] for digit in '123456789']
        self.site.stop()
        for id in ids:
            self.site.put_in_drop(id, write(id))
        self.site.start()
        wait(lambda: self.site.drop_files() == [], 'an empty drop directory')
        self.assertEqual(self.site.queue_files(), ids)


class Courier(unittest.TestCase):
    def site(self, mode='stay'):
        site = StubSite(mode)
        self.addCleanup(site.__exit__, None, None, None)
        return site

    def test_it_is_started_at_once_and_told_to_end(self):
        site = self.site()
        site.start()
        site.wait_for_starts(1)
        site.wait_for('start --control 3 0 1 2 3')
        self.assertEqual(site.stop(), 0)
        self.assertEqual(site.courier()[-1], 'term')
        self.assertFalse(os.path.exists(site.socket))

    def test_idle_then_new_mail(self):
        site = self.site('idle - 0 0')
        site.start()
        site.wait_for('idle')
        site.mode('stay')
        self.assertEqual(ask(site.socket, write()), QUEUED)
        site.wait_for_starts(2)

    def test_line_it_did_not_hear(self):
        site = self.site('idle - 1 1')  # says that it read one less than it was told
        site.start()
        site.wait_for_starts(1)
        site.mode('stay')
        self.assertEqual(ask(site.socket, write()), QUEUED)
        site.wait_for('idle')
        self.assertLess(site.wait_for_starts(2), 5)

    def test_line_it_heard(self):
        site = self.site('idle - 0 1')
        site.start()
        self.assertEqual(ask(site.socket, write()), QUEUED)
        site.wait_for('idle')
        site.mode('stay')
        self.assertEqual(ask(site.socket, b'brevdue1 wake\n'), 'ok\n')
        site.wait_for_starts(2)
        self.assertEqual(site.courier().count(f'new {ID}'), 1)

    def test_due(self):
        site = self.site('idle +700 0 0')
        site.start()
        site.wait_for('idle')
        site.mode('stay')
        self.assertGreater(site.wait_for_starts(2), 0.2)

    def test_wake_reaches_the_one_that_runs(self):
        site = self.site()
        site.start()
        site.wait_for_starts(1)
        self.assertEqual(ask(site.socket, b'brevdue1 wake\n'), 'ok\n')
        site.wait_for('wake')

    def test_death_delays_the_next(self):
        site = self.site('exit 1')
        site.start()
        site.wait_for_starts(1)
        self.assertGreater(site.wait_for_starts(2), 0.5)
        self.assertGreater(site.wait_for_starts(3), 1.2)
        self.assertIn('the courier ended with status 1', site.log_text())

    def test_broken_configuration_is_tried_again_when_it_changes(self):
        site = self.site('exit 78')
        site.start()
        wait(lambda: 'the courier cannot use the configuration' in site.log_text(), 'a line')
        self.assertEqual(ask(site.socket, write()), QUEUED)
        self.assertEqual(site.starts(), 1)
        site.mode('stay')
        site.write_config()
        self.assertLess(site.wait_for_starts(2), 10)

    def test_changed_configuration_starts_another(self):
        """Nothing else that happens in the same folder does."""
        site = self.site()
        site.start()
        site.wait_for_starts(1)
        site.write('something', 'else\n')
        site.write('courier.mode', 'stay')
        self.assertEqual(ask(site.socket, b'brevdue1 wake\n'), 'ok\n')
        site.wait_for('wake')
        self.assertEqual(site.starts(), 1)
        site.set(lifetime='3d')
        site.write_config()
        site.wait_for_starts(2)
        self.assertIn('term', site.courier())

    def test_changed_alias_file_is_seen_on_wake(self):
        """Its folder, mostly /etc, is not watched."""
        site = self.site()
        os.mkdir(os.path.join(site.path, 'etc'))
        site.set(aliases=site.write('etc/aliases', 'a: b\n'))
        site.write_config()
        site.start()
        site.wait_for_starts(1)
        site.write('etc/aliases', 'a: c@example.com\n')
        self.assertEqual(ask(site.socket, b'brevdue1 wake\n'), 'ok\n')
        site.wait_for_starts(2)

    def test_reload_starts_another(self):
        site = self.site()
        site.start()
        site.wait_for_starts(1)
        site.set(max_message_size='1M')
        site.write_config()
        site.daemon.send_signal(signal.SIGHUP)
        site.wait_for_starts(2)
        self.assertIn('term', site.courier())
        self.assertTrue(ask(site.socket, write()[:-12] + bytes(2 * 1024 * 1024))
                        .startswith('refused 65 '))


class Manager(unittest.TestCase):
    """systemd, and a second service by mistake."""

    def setUp(self):
        self.site = StubSite()
        self.addCleanup(self.site.__exit__, None, None, None)

    def test_socket_activation(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(self.site.socket)
            listener.listen(16)
            command = (f'exec 3<&{listener.fileno()}; export LISTEN_PID=$$ LISTEN_FDS=1; '
                       f'exec {self.site.programs}/brevdued')
            with open(self.site.log, 'ab') as log:
                self.site.daemon = subprocess.Popen(
                    ['/bin/sh', '-c', command], pass_fds=[listener.fileno()],
                    env=self.site.env(), stderr=log)
            self.assertEqual(ask(self.site.socket, write()), QUEUED)
            self.site.wait_for(f'new {ID}')
            self.assertEqual(self.site.stop(), 0)
            self.assertTrue(os.path.exists(self.site.socket))
        self.assertEqual(self.site.courier()[0], 'start --control 3 0 1 2 3')

    def test_readiness(self):
        path = os.path.join(self.site.path, 'notify')
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(20)
            self.site.start(env=self.site.env(NOTIFY_SOCKET=path))
            self.assertEqual(manager.recv(100), b'READY=1')
            self.site.stop()
            self.assertEqual(manager.recv(100), b'STOPPING=1')

    def test_one_service_for_a_spool(self):
        self.site.start()
        second = self.site.run('brevdued')
        self.assertEqual(second.returncode, 77)
        self.assertIn(b'another service uses the spool', second.stderr)
        self.assertEqual(ask(self.site.socket, write()), QUEUED)

    def test_socket_of_a_killed_service_is_replaced(self):
        self.site.start()
        self.site.stop(signal.SIGKILL)
        self.assertTrue(os.path.exists(self.site.socket))
        # A child of its that has not executed yet still holds the old socket.
        wait(lambda: not ready(self.site.socket), 'the old socket to be dead')
        self.site.start()
        wait(lambda: ready(self.site.socket), 'the new socket')
        self.assertEqual(ask(self.site.socket, write()), QUEUED)

    def test_options(self):
        for args, status, text in ((['--version'], 0, b'brevdued '), (['--help'], 0, b'Usage:'),
                                   (['--nonsense'], 64, b'')):
            done = self.site.run('brevdued', *args)
            self.assertEqual(done.returncode, status)
            self.assertTrue(done.stdout.startswith(text))

    def test_a_message_in_mid_stream_is_finished(self):
        self.site.start()
        self.site.wait_for_starts(1)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect(self.site.socket)
            client.sendall(write()[:-5])
            wait(self.site.tmp_files, 'a file in tmp')
            self.site.daemon.send_signal(signal.SIGTERM)
            self.site.wait_for('term')
            client.sendall(write()[-5:])
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(client.recv(100).decode(), QUEUED)
        self.assertEqual(self.site.stop(), 0)


def ready(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        return client.connect_ex(path) == 0


if __name__ == '__main__':
    unittest.main()
