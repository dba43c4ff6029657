#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kill -9 of the courier at each call that writes to disk or network, taken from a trace of
a run that goes well. Afterwards every message arrives, one that arrives twice is called a
possible duplicate, and its sender hears once of a refusal, a success it asked for and a
delay."""

import collections
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import hold_courier, mail  # noqa: E402
from namespace import need  # noqa: E402
from postmark import Postmark  # noqa: E402
from programs import Site, wait  # noqa: E402

CALLS = ['fsync', 'fdatasync', 'pwrite64', 'ftruncate', 'unlink', 'unlinkat', 'rename',
         'renameat2', 'linkat', 'sendto', 'recvfrom', 'close']
MANY = 40  # of one kind of call: more are sampled
RULES = [{'action': 'inactive', 'match': {'to': 'gone@example.net'},
          'addresses': ['gone@example.net']},
         {'action': 'error', 'code': 100, 'status': 503, 'times': 1,
          'match': {'to': 'c@example.net'}}]
TOLD = {'Undelivered mail to gone@example.net', 'Relayed mail to b@example.net'}


def make_site(server):
    site = Site(**{'from': 'Robot <robot@example.com>', 'retry_max': '1s', 'socket': '',
                   'delay_warning': '1ms'})
    site.postmark(server, batch='2')
    return site


def fill(queue):
    """Four messages, one of them to be refused, as brevdued leaves them."""
    with Postmark() as server, Site() as site:
        site.postmark(server)
        hold_courier(site)
        site.start()
        for to in ('a@example.net', 'b@example.net', 'gone@example.net', 'c@example.net'):
            wish = 'success,failure' if to[0] == 'b' else 'failure,delay'
            done = site.sendmail('-i', '-fwww@example.com', '-N', wish, to,
                                 input=mail(to, subject=to))
            assert done.returncode == 0, done.stderr
        site.stop()
        shutil.copytree(os.path.join(site.spool, 'queue'), queue)


def drain(site, *prefix):
    return subprocess.run([*prefix, os.path.join(site.programs, 'courier'), '--drain'],
                          env=site.env(), capture_output=True, timeout=60)


def trace(queue):
    """How often each call is made when all goes well."""
    with Postmark(rules=RULES) as server, make_site(server) as site:
        shutil.copytree(queue, os.path.join(site.spool, 'queue'))
        path = os.path.join(site.path, 'trace')
        done = drain(site, 'strace', '-f', '-qq', '-o', path, '-e', 'trace=' + ','.join(CALLS))
        assert b'sender delay notification' in done.stderr, done.stderr
        with open(path, encoding='utf-8', errors='replace') as file:
            return collections.Counter(re.findall(r'^\d+ +(\w+)\(', file.read(), re.M))


def crash(queue, call, number):
    """Returns: what was wrong, or None."""
    with Postmark(rules=RULES) as server, make_site(server) as site:
        folder = os.path.join(site.spool, 'queue')
        shutil.copytree(queue, folder)
        inject = f'inject={call}:signal=SIGKILL:when={number}'
        logs = [drain(site, 'strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=' + call,
                      '-e', inject)]
        if logs[0].returncode == 0:
            return None  # a run that took another way

        def is_done():
            logs.append(drain(site))
            return logs[-1].returncode == 0 and not os.listdir(folder)

        try:
            wait(is_done, 'the queue to be empty', 30)
            wrong = None
        except AssertionError as error:
            wrong = f'{error}, of {os.listdir(folder)}'
        log = '\n'.join(done.stderr.decode() for done in logs)
        wrong = wrong or fault(server, log)
        return wrong and f'{call} {number}: {wrong}\n{log}'


def fault(server, log):
    got = collections.Counter((message['Metadata']['brevdue-id'], message['To'])
                              for message in server.messages)
    missing = {'a@example.net', 'b@example.net', 'c@example.net'} - {to for _, to in got}
    if missing:
        return f'{missing} got nothing'
    for (name, to), n in got.items():
        if n > 1 and not re.search(f'{name}: to=.*possible duplicate', log):
            return f'{to} got {n} and nothing was said'
    told = collections.Counter(subject for _, subject in {
        (message['Metadata']['brevdue-id'], message['Subject']) for message in server.messages
        if message['To'] == 'www@example.com'})
    if not TOLD <= set(told) or max(told.values()) > 1:
        return f'reports: {told}'
    # a request whose writer was killed is short
    problems = [problem for problem in server.problems if 'the body ended early' not in problem]
    return f'problems: {problems}' if problems else None


class Crash(unittest.TestCase):
    def test_each_call(self):
        with Site() as site:
            queue = os.path.join(site.path, 'queued')
            fill(queue)
            counts = trace(queue)
            self.assertGreater(counts['fdatasync'], 3)
            self.assertGreater(counts['unlinkat'], 3)
            points = [(call, n) for call in CALLS for n in range(1, counts[call] + 1)
                      if counts[call] <= MANY or n % (counts[call] // MANY + 1) == 0]
            with concurrent.futures.ThreadPoolExecutor(3) as pool:
                faults = list(pool.map(lambda point: crash(queue, *point), points))
        print(f'{len(points)} points: {dict(counts)}')
        for wrong in filter(None, faults):
            print(wrong[:4000])
        self.assertEqual([wrong.split(':')[0] for wrong in faults if wrong], [])


if __name__ == '__main__':
    need('strace')
    unittest.main()
