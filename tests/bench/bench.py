# SPDX-License-Identifier: MIT
"""What the benchmarks share: a sink, runs that are measured, and a table."""
import json
import os
import pathlib
import ssl
import statistics
import subprocess
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'lib'))

from programs import Site, program, wait  # noqa: E402,F401

BUILD = os.environ['BREVDUE_BUILD']
ROUNDS = int(os.environ.get('BENCH_ROUNDS', '200'))
MESSAGES = int(os.environ.get('BENCH_MESSAGES', '5000'))


def tool(name):
    return os.path.join(BUILD, 'tests', 'bench', name)


def mail(size=1500):
    """As cron writes it: a few fields and lines of plain text."""
    head = ('From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@host> backup --all\n'
            'MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n'
            'Auto-Submitted: auto-generated\nX-Cron-Env: <SHELL=/bin/sh>\n'
            'X-Cron-Env: <HOME=/root>\n\n')
    line = 'copied /var/lib/data/file.0001 to the archive, 4711 bytes, no errors\n'
    return (head + line * ((size - len(head)) // len(line) + 1)).encode()[:size - 1] + b'\n'


def big_mail(size):
    """One attachment, base64; @size of the attachment in bytes."""
    line = 'A' * 76 + '\n'
    return ('From: web@example.com\nTo: user@example.net\nSubject: a file\n'
            'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n'
            '--b\nContent-Type: text/plain\n\nhere it is\n'
            '--b\nContent-Type: application/octet-stream; name=file.bin\n'
            'Content-Transfer-Encoding: base64\n'
            'Content-Disposition: attachment; filename=file.bin\n\n'
            + line * (size // 57) + '\n--b--\n').encode()


class Sink:
    """The C stand-in; not the bottleneck. @certificate: it speaks TLS; @delay: ms."""

    def __init__(self, certificate=None, delay=0):
        self.certificate = certificate
        self.command = [tool('httpsink'), '-d', str(delay)]
        if certificate:
            self.command += [certificate.cert, certificate.key]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        scheme = 'https' if self.certificate else 'http'
        self.url = f'{scheme}://127.0.0.1:{int(self.process.stdout.readline())}'
        return self

    def __exit__(self, *ignored):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def count(self):
        trust = self.certificate and ssl.create_default_context(cafile=self.certificate.cert)
        with urllib.request.urlopen(self.url + '/count', context=trust) as reply:
            return json.load(reply)

    def cpu(self):
        return cpu(self.process.pid)


def cpu(pid):
    """Microseconds of CPU that the threads of a process have used."""
    total = 0
    for thread in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{thread}/schedstat') as file:
            total += int(file.read().split()[0]) // 1000
    return total


def memory(pid, what='VmHWM'):
    """kB"""
    with open(f'/proc/{pid}/status') as file:
        return next(int(line.split()[1]) for line in file if line.startswith(what + ':'))


def children(pid):
    with open(f'/proc/{pid}/task/{pid}/children') as file:
        return [int(word) for word in file.read().split()]


class Run:
    def __init__(self, words):
        self.command, self.status, self.wall, self.cpu, self.peak = map(int, words)


def spawn(rounds, input_path, commands, env):
    """Runs @commands in turn; a list of Run for each. A failing command ends the benchmark."""
    line = [tool('spawn'), str(rounds), input_path]
    for number, command in enumerate(commands):
        line += (['--'] if number else []) + command
    out = subprocess.run(line, env=env, check=True, capture_output=True, text=True)
    runs = [Run(words.split()) for words in out.stdout.splitlines()]
    bad = [run for run in runs if run.status != 0]
    if bad:
        raise AssertionError(f'{commands[bad[0].command]} ended with {bad[0].status}: '
                             + out.stderr[-500:])
    return [[run for run in runs if run.command == n] for n in range(len(commands))]


def fill(site, number, message=None):
    """Puts so many messages into the queue of a site that does not run."""
    path = os.path.join(site.path, 'mail')
    with open(path, 'wb') as file:
        file.write(message or mail())
    site.start()  # makes the spool
    site.stop()
    with open(path, 'rb') as file:
        subprocess.run([tool('fill'), os.path.join(site.spool, 'queue'), str(number)],
                       stdin=file, check=True)
    os.sync()
    return path


def median(numbers):
    return statistics.median(numbers)


def table(titles, rows):
    """Aligned, and as Markdown, so that it can stand in README.md."""
    cells = [titles] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(titles))]
    for number, row in enumerate(cells):
        print('| ' + ' | '.join(cell.ljust(width) for cell, width in zip(row, widths)) + ' |')
        if number == 0:
            print('|' + '|'.join('-' * (width + 2) for width in widths) + '|')
    sys.stdout.flush()
