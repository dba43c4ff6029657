#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mail() in a container: php-fpm with its cleared environment, an account without a name,
nothing writable, no capability, no new privileges; a mounted secret and configuration.

Without the service, mail() says true only after the provider has accepted. With the
service's socket mounted it says true once the service has the message on disk.
"""

import concurrent.futures
import json
import os
import signal
import socket
import subprocess
import time
import unittest

import fastcgi
import fields
import machine
import namespace
import programs

NOBODY = 61234  # without an entry in the password file
FPM = '/usr/sbin/php-fpm8.2'
POOL = '''\
[global]
error_log = /dev/stderr
daemonize = no
[www]
listen = 127.0.0.1:{port}
pm = static
pm.max_children = 32
'''
SCRIPT = '<?php echo json_encode(mail(...json_decode(file_get_contents("php://input"), true)));'
LARGE_SCRIPT = r'''<?php
$content = chunk_split(base64_encode(str_repeat("0123456789abcdef", 65536)));
echo json_encode(mail("a@example.org", "Large", "--m\r\n" .
    "Content-Type: application/octet-stream; name=a.dat\r\n" .
    "Content-Disposition: attachment\r\n" .
    "Content-Transfer-Encoding: base64\r\n\r\n" . $content . "--m--\r\n",
    ["From" => "shop@example.com", "MIME-Version" => "1.0",
     "Content-Type" => "multipart/mixed; boundary=m"]));
'''
LARGE = b'0123456789abcdef' * 65536
CALL = ['a@example.org', 'Hello', 'Text', 'From: shop@example.com']


def free_port():
    with socket.socket() as unused:
        unused.bind(('127.0.0.1', 0))
        return unused.getsockname()[1]


class Container:
    """php-fpm, locked up."""

    def __init__(self, host):
        self.address = ('127.0.0.1', free_port())
        self.script = os.path.join(host.stage.path, 'mail.php')
        self.large = os.path.join(host.stage.path, 'large.php')
        pool = os.path.join(host.stage.path, 'pool.conf')
        files = {self.script: SCRIPT, self.large: LARGE_SCRIPT,
                 pool: POOL.format(port=self.address[1])}
        for path, text in files.items():
            with open(path, 'w', encoding='ascii') as file:
                file.write(text)
        # the opcode cache wants a lock file in /tmp: nothing to do with mail()
        command = machine.as_user(NOBODY, FPM, '-d', 'opcache.enable=0', '--nodaemonize',
                                  '--fpm-config', pool, bare=True)
        self.log, log = os.pipe()
        os.fchown(log, NOBODY, NOBODY)  # php-fpm opens its standard error once more
        os.set_blocking(self.log, False)
        self.fpm = subprocess.Popen(
            namespace.read_only(*command), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin',
                 'POSTMARK_SERVER_TOKEN': 'cleared by php-fpm'})
        os.close(log)

    def __enter__(self):
        programs.wait(self.answers, 'php-fpm')
        return self

    def __exit__(self, *ignored):
        programs.stop(self.fpm, signal.SIGTERM)
        os.close(self.log)

    def log_text(self):
        try:
            return os.read(self.log, 1 << 16).decode(errors='replace')
        except BlockingIOError:
            return ''

    def answers(self):
        if self.fpm.poll() is not None:
            raise AssertionError(f'php-fpm ended: {self.log_text()}')
        try:
            socket.create_connection(self.address).close()
        except ConnectionRefusedError:
            return False
        return True

    def mail(self, *arguments):
        """Whether mail() said true, and after how many seconds."""
        start = time.monotonic()
        output, errors = fastcgi.ask(self.address, self.script,
                                     json.dumps(arguments).encode())
        if output not in (b'true', b'false'):
            raise AssertionError(f'{output} {errors}')
        return output == b'true', time.monotonic() - start


class ContainerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = cls.enterClassContext(machine.Machine())

    def start(self, *rules):
        server = self.enterContext(machine.serve(*rules))
        self.host.configure(server, owner=NOBODY)
        return server, self.enterContext(Container(self.host))

    def test_true_means_accepted(self):
        server, container = self.start({'action': 'late', 'seconds': 0.5})
        was_true, seconds = container.mail(*CALL)
        self.assertTrue(was_true, container.log_text())
        self.assertGreater(seconds, 0.5)
        message, = server.messages
        self.assertEqual(server.problems, [])
        self.assertEqual(fields.take_apart(message), {
            'From': [('', 'shop@example.com')], 'To': [('', 'a@example.org')],
            'Subject': 'Hello', 'TextBody': 'Text\n'})

    def test_without_from(self):
        """An account without a name is no sender that a provider would take."""
        server, container = self.start()
        self.assertTrue(container.mail(*CALL[:3])[0], container.log_text())
        message, = server.messages
        self.assertEqual(fields.mailboxes(message, 'From')[0][1].rpartition('@')[2],
                         'example.com')

    def test_large_message(self):
        """More than sendmail keeps in memory, and no file system to put it on."""
        server, container = self.start()
        output, errors = fastcgi.ask(container.address, container.large)
        self.assertEqual((output, errors), (b'true', ''), container.log_text())
        message, = server.messages
        self.assertEqual(server.problems, [])
        self.assertEqual(fields.attachments(message), [
            ('a.dat', 'application/octet-stream', None, LARGE)])

    def test_32_at_once(self):
        server, container = self.start({'action': 'late', 'seconds': 0.3})
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            results = list(pool.map(
                lambda i: container.mail(f'a{i}@example.org', 'Hello', 'Text'), range(32)))
        self.assertEqual([was_true for was_true, _ in results], [True] * 32,
                         container.log_text())
        self.assertEqual(sorted(message['To'] for message in server.messages),
                         sorted(f'a{i}@example.org' for i in range(32)))

    def test_temporary_failure(self):
        server, container = self.start({'action': 'reply', 'status': 503, 'times': 1})
        was_true, seconds = container.mail(*CALL)
        self.assertTrue(was_true, container.log_text())
        self.assertEqual((len(server.messages), len(server.requests)), (1, 2))
        self.assertLess(seconds, 20)

    def test_false(self):
        """Refused, the wrong token, and a reply that nobody understands."""
        for rule in ({'action': 'refuse', 'code': 406}, {'action': 'error', 'code': 10},
                     {'action': 'html'}, {'action': 'stall'}):
            with self.subTest(rule['action']):
                server, container = self.start(rule)
                was_true, seconds = container.mail(*CALL)
                self.assertFalse(was_true)
                self.assertLess(seconds, 20)
                self.assertEqual(server.messages, [])

    def test_with_the_service(self):
        """The socket is all that the service needs to share with the container."""
        host = self.host
        with machine.serve({'action': 'late', 'seconds': 1, 'times': 1}) as server:
            self.addCleanup(host.remove_service)
            host.configure(server)
            host.start()
            with Container(host) as container:
                was_true, seconds = container.mail(*CALL)
                self.assertTrue(was_true, container.log_text())
                self.assertLess(seconds, 1)
                host.wait_for(server, 1)
                host.stop()
                self.assertFalse(container.mail(*CALL)[0], 'nobody took it, yet it said true')


if __name__ == '__main__':
    namespace.need(FPM)
    namespace.enter()
    unittest.main()
