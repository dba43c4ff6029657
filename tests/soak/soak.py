#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Steady load, a provider with moods, and an account of everything at the end. See README.md.
Usage: soak.py SECONDS [SEED]"""

import collections
import os
import random
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

from postmark import Postmark  # noqa: E402
from programs import SKIPPED, Site, wait  # noqa: E402

EACH_SECOND = 6
MOOD = 2.0  # seconds
WARM = 5.0  # seconds, in which the courier starts
NEVER = {'action': 'refuse', 'code': 300, 'match': {'to': 'never*'},
         'message': "Invalid 'To' address: 'never'."}
MOODS = [  # most of the time it works
    *[[]] * 7,
    [{'action': 'error', 'status': 429, 'code': 0, 'times': 1, 'message': 'slow down',
      'headers': {'Retry-After': '1'}}],
    [{'action': 'error', 'status': 503, 'code': 100, 'message': 'maintenance'}],
    [{'action': 'error', 'status': 500, 'code': 0, 'message': 'oops', 'times': 2}],
    [{'action': 'reset', 'times': 2}],
    [{'action': 'accept-then-reset', 'times': 2}],
    [{'action': 'truncated-json', 'times': 2}],
    [{'action': 'error', 'code': 405, 'message': 'no credits', 'times': 2}],
    [{'action': 'late', 'seconds': 0.5}],
    [{'action': 'close-after-reply'}],
]
FAULT = r'Sanitizer|runtime error|CRITICAL|Assertion|\bdied\b|cannot go on'

Sample = collections.namedtuple('Sample', 'second daemon courier')
Use = collections.namedtuple('Use', 'pid kb files')


def use_of(pid):
    with open(f'/proc/{pid}/status', encoding='ascii') as file:
        kb = int(re.search(r'^VmRSS:\s+(\d+)', file.read(), re.M)[1])
    return Use(pid, kb, len(os.listdir(f'/proc/{pid}/fd')))


def courier_of(daemon):
    """The one child that lasts."""
    with open(f'/proc/{daemon}/task/{daemon}/children', encoding='ascii') as file:
        children = file.read().split()
    for child in children:
        with open(f'/proc/{child}/comm', encoding='utf-8') as file:
            if file.read().strip() == 'courier':
                return int(child)
    return None


class Soak:
    def __init__(self, site, server, seconds, seed):
        self.site, self.server, self.seconds = site, server, seconds
        self.random = random.Random(seed)
        self.sent = collections.Counter()
        self.samples = []

    def submit(self):
        kind = self.random.choices(['arrives', 'bounces', 'parks'], [94, 4, 2])[0]
        n = sum(self.sent.values())
        to = f'u{n}@example.net' if kind == 'arrives' else f'never{n}@example.net'
        size = self.random.choice([100, 1000, 30000])
        text = (f'From: Web <web@example.com>\nTo: {to}\nSubject: {kind} {n}\n\n'
                + 'x' * 70 * (size // 70) + '\n')
        args = ['-f', '<>'] if kind == 'parks' else []
        done = self.site.sendmail(*args, '-t', '-i', input=text)
        assert done.returncode == 0, done
        self.sent[kind] += 1

    def sample(self, start):
        daemon = self.site.daemon.pid
        courier = courier_of(daemon)
        if courier is not None:
            self.samples.append(Sample(time.monotonic() - start, use_of(daemon),
                                       use_of(courier)))

    def load(self):
        start = time.monotonic()
        mood = looked = start
        while (now := time.monotonic()) < start + self.seconds:
            if now >= mood:
                mood = now + MOOD
                self.server.script.set([NEVER, *self.random.choice(MOODS)])
            if now >= looked:
                looked = now + 0.5
                self.sample(start)
            self.submit()
            due = start + sum(self.sent.values()) / EACH_SECOND
            time.sleep(max(0, due - time.monotonic()))

    def queued(self):
        return [m for m in self.site.queue() if m['state'] != 'parked']

    def settle(self):
        """The provider works, and what can go goes."""
        self.server.script.set([NEVER])
        wait(self.is_settled, f'an empty queue: {self.queued()[:3]}', 120)

    def is_settled(self):
        """A report has its file before it has a row."""
        queue = self.site.queue()
        return (all(m['state'] == 'parked' for m in queue) and
                len(queue) == len(self.site.queue_files()))

    def account(self):
        """accepted = delivered + bounced + queued + parked, and nothing twice"""
        with self.server.changed:
            subjects = [entry['message']['Subject'] for entry in self.server.accepted]
        delivered = collections.Counter(s for s in subjects if s.startswith('arrives '))
        reports = len(subjects) - sum(delivered.values())
        log = self.site.log_text()
        bounced = log.count('sender non-delivery notification')
        parked = [m for m in self.site.queue() if m['state'] == 'parked']
        queued = len(self.queued())
        print(f'{sum(self.sent.values())} accepted = {len(delivered)} delivered + '
              f'{bounced} bounced + {queued} queued + {len(parked)} parked; '
              f'{len(self.server.requests)} requests, {log.count("status=deferred")} times '
              f'deferred, {log.count("possible duplicate")} doubts')
        assert max(delivered.values()) == 1, delivered.most_common(3)
        assert len(delivered) == self.sent['arrives'], (len(delivered), self.sent)
        assert bounced == reports == self.sent['bounces'], (bounced, reports, self.sent)
        assert (queued, len(parked)) == (0, self.sent['parks']), (queued, len(parked))
        assert len(self.site.queue_files()) == len(parked), self.site.queue_files()
        assert self.server.problems == [], self.server.problems
        assert not re.search(FAULT, log), re.search(f'.*({FAULT}).*', log)[0]

    def check_use(self):
        """One courier did it all; neither it nor brevdued grows."""
        for name in ('daemon', 'courier'):
            uses = [(sample.second, getattr(sample, name)) for sample in self.samples]
            assert len({use.pid for _, use in uses}) == 1, uses
            first = [use for second, use in uses if WARM < second < self.seconds / 3]
            last = [use for second, use in uses if second >= self.seconds * 2 / 3]
            kb = [max(use.kb for use in part) for part in (first, last)]
            files = [min(use.files for use in part) for part in (first, last)]
            print(f'{name}: at most {kb[0]} kB in the first third and {kb[1]} kB in the last '
                  f'one; at least {files[0]} and {files[1]} open files')
            assert kb[1] < kb[0] * 1.25 + 2048, (name, kb)
            assert files[1] <= files[0] + 2, (name, files)


def main():
    seconds, seed = float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    if os.environ.get('BREVDUE_SANITIZE', 'none') != 'none':
        print('memory says nothing in a build with sanitizers')
        return SKIPPED
    if os.geteuid() != 0:
        print('needs root, to see how many files the courier has open')
        return SKIPPED
    with Postmark() as server, Site(retry_min='1s', retry_max='4s',
                                     report_limit='0') as site:  # each report is counted
        site.postmark(server, rate='200/s', concurrency=4)
        site.start()
        soak = Soak(site, server, seconds, seed)
        try:
            soak.load()
            soak.settle()
            soak.account()
            soak.check_use()
        except BaseException:
            print(site.log_text()[-20000:])
            raise
    return 0


if __name__ == '__main__':
    sys.exit(main())
