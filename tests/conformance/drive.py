# SPDX-License-Identifier: MIT
"""Runs one command line with its input, or through an SMTP dialogue."""

import os
import re
import select
import subprocess
import threading
import time


class Running:
    """A process whose input is written, and whose output is read, side by side."""

    def __init__(self, command, **options):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        start_new_session=True, **options)
        self.broken_pipe = False
        self.stderr = b''
        self.reader = threading.Thread(target=self._read_stderr, daemon=True)
        self.reader.start()

    def _read_stderr(self):
        self.stderr = self.process.stderr.read()

    def write(self, data):
        view = memoryview(data)
        try:
            while view:
                view = view[self.process.stdin.write(view):]
        except BrokenPipeError:
            self.broken_pipe = True

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            self.broken_pipe = True

    def end(self, timeout):
        """Its status, or None when it had to be killed."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = None
        self.reader.join(2)  # a child that it left behind may hold the pipe
        return status


class Dialogue:
    """The client's side of sendmail -bs."""

    def __init__(self, running, timeout):
        self.running = running
        self.end = time.monotonic() + timeout
        self.pending = b''
        self.said = b''
        self.faults = []

    def line(self):
        """The next line of the server, or b'' at its end or when it stays silent."""
        fd = self.running.process.stdout.fileno()
        while b'\n' not in self.pending:
            left = self.end - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                self.faults.append('no reply in time')
                return b''
            data = os.read(fd, 65536)
            self.said += data
            if not data:
                return b''
            self.pending += data
        line, _, self.pending = self.pending.partition(b'\n')
        return line + b'\n'

    def reply(self):
        lines = []
        while True:
            lines.append(self.line())
            if not re.match(rb'\d\d\d-', lines[-1]):
                return b''.join(lines)

    def expect(self, code, words):
        got = self.reply()
        if code == 'eof':
            right = got == b''
        else:
            right = re.match(rb'(?:%s)[ -].*\r\n' % code.encode(), got) is not None
        missing = [word for word in words if word.encode() not in got]
        if not right or missing:
            self.faults.append(f'expected {" ".join([code, *words])}, got {got!r}')
        return right

    def follow(self, steps):
        """Plays the script until a reply has another code than it should."""
        for ours, what in steps:
            if ours:
                self.running.write(what)
            elif not self.expect(what[0], what[1:]):
                break


def run(command, case, timeout, **options):
    """(status, stdout, stderr, faults of the dialogue, whether a pipe broke)."""
    running = Running(command, **options)
    if case.script is not None:
        dialogue = Dialogue(running, timeout)
        dialogue.follow(case.script)
        running.close()
        status = running.end(timeout)
        running.process.stdout.close()
        return status, dialogue.said, running.stderr, dialogue.faults, False
    outputs = []
    reader = threading.Thread(target=lambda: outputs.append(running.process.stdout.read()),
                              daemon=True)
    reader.start()
    writer = threading.Thread(target=lambda: (running.write(case.stdin), running.close()),
                              daemon=True)
    writer.start()
    status = running.end(timeout)
    reader.join(2)
    writer.join(2)
    return status, b''.join(outputs), running.stderr, [], running.broken_pipe
