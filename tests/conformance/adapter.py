# SPDX-License-Identifier: MIT
"""What every adapter shares. An adapter sets a sendmail up and sees what it would deliver."""

import os
import pwd
import shutil
import tempfile

import check
import drive

DOMAIN = 'example.com'  # the mail domain that every adapter configures


def login():
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f'uid-{os.getuid()}'


class Adapter:
    """Use it in a with statement. Methods that raise are an adapter's own to write."""

    features = frozenset()  # of what a case may need: see README.md
    timeout = 20

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        pass

    def program(self, name):
        """The command that runs sendmail under the name @name."""
        raise NotImplementedError

    def environment(self):
        return {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LANG': 'C.UTF-8'}

    def begin(self):
        """Called before each case: what arrives from now on belongs to it."""

    def collect(self):
        """(deliveries, log text) since begin(); waits until nothing more will come."""
        raise NotImplementedError

    def scratch(self):
        """(a new empty directory, its path as the program sees it)."""
        path = tempfile.mkdtemp(prefix='conformance.')
        os.chmod(path, 0o777)
        return path, path

    def fill(self, text, scratch):
        return (text.replace('{scratch}', scratch).replace('{login}', login())
                .replace('{domain}', DOMAIN))

    def fill_case(self, case, scratch):
        """Puts in what is known only here."""
        for message in case.messages:
            message.recipients = [self.fill(one, scratch) for one in message.recipients]
            if message.sender is not None:
                message.sender = self.fill(message.sender, scratch)
            message.addresses = {name: [self.fill(one, scratch) for one in some]
                                 for name, some in message.addresses.items()}
        return [self.fill(arg, scratch) for arg in case.args]

    def run(self, case):
        """What came of @case."""
        outside, inside = self.scratch()
        args = self.fill_case(case, inside)
        try:
            self.begin()
            status, stdout, stderr, dialogue, broken = drive.run(
                [*self.program(case.program), *args], case, self.timeout,
                env={**self.environment(), **case.env})
            deliveries, log = self.collect()
            return check.Observed(status, stdout, stderr, deliveries, dialogue, broken,
                                  sorted(os.listdir(outside)), log)
        finally:
            shutil.rmtree(outside, ignore_errors=True)
