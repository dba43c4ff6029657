# SPDX-License-Identifier: MIT
"""A sendmail that relays by SMTP: what it would deliver is what a sink gets."""

import os
import pathlib
import shlex
import subprocess
import tempfile

import adapter
import check
import sink


def lines(data):
    return data.replace(b'\r\n', b'\n')


def seen(transaction, fields):
    """What a recipient sees of others: the one recipient of a transaction may be named in
    its own Received field."""
    if len(transaction.recipients) != 1:
        return transaction.data
    return b'\n'.join([b'%s: %s' % (name.encode('latin-1'), value) for name, value in fields
                       if name.lower() != 'received'] +
                      [lines(transaction.data).partition(b'\n\n')[2]])


def delivery(transaction):
    fields, body = check.split(lines(transaction.data))
    return check.Delivery(transaction.sender, list(transaction.recipients), fields, body,
                          [seen(transaction, fields)])


class SinkAdapter(adapter.Adapter):
    """Whatever hands its mail to a sink."""

    features = frozenset({'smtputf8', 'all-fields'})
    timeout = 30
    quiet = 0.05

    def __init__(self, port):
        self.port = port
        self.sink = None

    def __enter__(self):
        self.sink = sink.Sink(self.port)
        self.sink.__enter__()
        return self

    def __exit__(self, *ignored):
        self.sink.__exit__()

    def begin(self):
        self.sink.take()

    def settle(self):
        self.sink.settle(self.quiet)

    def log(self):
        return ''

    def collect(self):
        self.settle()
        return [delivery(one) for one in self.sink.take()], self.log()


class Relay(SinkAdapter):
    """A sendmail of this machine that its administrator has pointed to the sink."""

    quiet = 1

    def __init__(self, sendmail, port, settle):
        super().__init__(port)
        self.sendmail = os.path.abspath(sendmail)
        self.command = shlex.split(settle or '')
        self.names = None

    def __enter__(self):
        self.names = tempfile.TemporaryDirectory(prefix='conformance.')
        return super().__enter__()

    def __exit__(self, *ignored):
        self.names.cleanup()
        super().__exit__()

    def program(self, name):
        path = pathlib.Path(self.names.name, name)
        if not path.exists():
            path.symlink_to(self.sendmail)
        return [str(path)]

    def settle(self):
        if self.command:
            subprocess.run(self.command, check=False, timeout=self.timeout)
        super().settle()
