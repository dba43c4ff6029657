#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A name server that is silent stops nobody but the request that asked it.

Runs in a mount namespace of its own, in which that name server is the machine's.
"""

import os
import socket
import tempfile
import time
import unittest

import namespace
import postmark
import test_http

SILENT = '127.9.9.9'


class ResolverTest(unittest.TestCase):
    def setUp(self):
        directory = self.enterContext(tempfile.TemporaryDirectory())
        for name, text in (('resolv.conf', f'nameserver {SILENT}\noptions timeout:4\n'),
                           ('nsswitch.conf', 'hosts: files dns\n')):
            path = os.path.join(directory, name)
            with open(path, 'w', encoding='ascii') as file:
                file.write(text)
            namespace.bind(path, os.path.realpath(f'/etc/{name}'))
            self.addCleanup(namespace.unbind, os.path.realpath(f'/etc/{name}'))
        self.silent = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.silent.bind((SILENT, 53))

    def test_silent_name_server(self):
        server = self.enterContext(postmark.Postmark())
        with test_http.Client('--connect', '700') as client:
            start = time.monotonic()
            client.start('https://api.postmark.example/email', server.url + '/email')
            replies = [client.reply(), client.reply()]
            seconds = time.monotonic() - start
        self.silent.setblocking(False)
        self.assertIn(b'postmark', self.silent.recv(4096), 'it was never asked')
        self.assertEqual([reply['status'] for reply in replies], ['200', '0'])
        self.assertEqual((replies[1]['left'], replies[1]['complete']), ('0', '0'))
        self.assertLess(seconds, 3, 'the main loop waited for the resolver')


if __name__ == '__main__':
    namespace.enter()
    test_http.main()
