#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kill -9 under load: submitters, brevdued and its courier die at random while others work.

Afterwards every message is accounted for: accepted is delivered, or parked; what came twice
is on record as a possible duplicate; what came without having been accepted was sent by a
sendmail that was killed. See README.md for the long run.
"""

import collections
import hashlib
import os
import queue
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

from postmark import Postmark  # noqa: E402
from programs import Site  # noqa: E402

ROUNDS = int(os.environ.get('KILL_ROUNDS', '60'))
SEED = os.environ.get('KILL_SEED') or str(random.SystemRandom().randrange(10 ** 6))
SUBMITTERS = 3
SIZES = (3, 3, 40, 40, 200, 200, 5000)  # lines; the last are more than sendmail has in memory
PAUSE = 0.15   # seconds between kills, on average
REST = 60      # seconds without any delivery in which the end is awaited
BACKLOG = 200  # messages in the queue, beyond which nobody submits
SLOW = [{'action': 'late', 'seconds': 0.05, 'match': {'path': '/email'}}]


class Submission:
    """One message, and what its sender was told. status: None while sendmail runs."""

    def __init__(self, number, dice):
        self.marker, self.lines = f'kill-{number}', dice.choice(SIZES)
        self.status, self.was_killed = None, False

    def text(self):
        return ''.join(f'{self.marker} line {n} of {self.lines} in the text of this message\n'
                       for n in range(self.lines))

    def data(self):
        return (f'From: Web <www@example.com>\nTo: ann@example.net\nSubject: {self.marker}\n\n'
                f'{self.text()}').encode()


class Load:
    """The programs at work, and who kills them."""

    def __init__(self, site, dice):
        self.site, self.dice = site, dice
        self.submissions, self.lock = [], threading.Lock()
        self.doomed = queue.SimpleQueue()  # seconds after which a sendmail is to die
        self.ending = threading.Event()
        self.kills = collections.Counter()

    # Submitters.

    def submit_all(self, seed):
        dice = random.Random(seed)
        while not self.ending.is_set():
            with self.lock:
                submission = Submission(len(self.submissions), dice)
                self.submissions.append(submission)
            self.submit(submission)
            time.sleep(dice.random() * 0.05)
            while len(self.site.queue_files()) > BACKLOG and not self.ending.is_set():
                time.sleep(0.05)

    def submit(self, submission):
        path = os.path.join(self.site.path, submission.marker)
        with open(path, 'w+b') as file:
            file.write(submission.data())
            file.seek(0)
            process = subprocess.Popen(
                [os.path.join(self.site.programs, 'sendmail'), '-i', 'ann@example.net'],
                stdin=file, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                env=self.site.env())
        os.unlink(path)
        try:
            time.sleep(self.doomed.get_nowait())
            submission.was_killed = True
            process.kill()
        except queue.Empty:
            pass
        submission.error = process.communicate(timeout=60)[1].decode()
        submission.status = process.returncode

    # Killers.

    def kill_sendmail(self):
        self.doomed.put(self.dice.random() * 0.008)
        return True

    def kill_brevdued(self):
        self.site.daemon.kill()
        self.site.daemon.wait()
        time.sleep(self.dice.random() * 0.2)
        self.restart()
        return True

    def restart(self):
        """A dying brevdued's courier may still have the log open: it ends by itself."""
        if os.path.exists(self.site.socket):
            os.unlink(self.site.socket)  # or it would look as if the new one listened
        self.site.start()

    def kill_courier(self):
        """Returns: whether there was one."""
        pid = self.site.daemon.pid
        with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as file:
            children = file.read().split()
        for child in children:
            if kill_if_named(int(child), 'courier'):
                return True
        return False

    def kill_for(self, rounds):
        ways = (self.kill_sendmail, self.kill_courier, self.kill_courier, self.kill_brevdued)
        while sum(self.kills.values()) < rounds:
            time.sleep(self.dice.random() * 2 * PAUSE)
            way = self.dice.choice(ways)
            if way():
                self.kills[way.__name__.removeprefix('kill_')] += 1

    def run(self, rounds):
        self.site.start()
        threads = [threading.Thread(target=self.submit_all, args=(f'{SEED} {n}',))
                   for n in range(SUBMITTERS)]
        for thread in threads:
            thread.start()
        try:
            self.kill_for(rounds)
        finally:
            self.ending.set()
            for thread in threads:
                thread.join()


def kill_if_named(pid, name):
    """By a descriptor: the number may belong to another process in the next moment."""
    try:
        fd = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        with open(f'/proc/{pid}/comm', encoding='ascii') as file:
            if file.read().strip() != name:
                return False
        signal.pidfd_send_signal(fd, signal.SIGKILL)
        return True
    except OSError:
        return False
    finally:
        os.close(fd)


class Account:
    """What became of every message."""

    def __init__(self, site, server, submissions):
        self.site, self.server, self.submissions = site, server, submissions
        self.faults = []

    def parked(self):
        return [row['id'] for row in self.site.queue()
                if all(one['state'] == 'parked' for one in row['recipients'] or [row])]

    def waiting(self):
        """What is neither delivered nor parked, as far as it can be seen."""
        drop = os.listdir(os.path.join(self.site.spool, 'drop'))
        waiting = set(self.site.queue_files()) - set(self.parked())
        return sorted(waiting | {name for name in drop if len(name) == 26})

    def come_to_rest(self):
        """Until nothing waits. What was in the hands of one that died is sent one by one."""
        end = time.monotonic() + REST
        delivered = -1
        while waiting := self.waiting():
            if len(self.server.messages) > delivered:
                delivered, end = len(self.server.messages), time.monotonic() + REST
            if time.monotonic() > end:
                rows = [row for row in self.site.queue() if row['id'] in waiting]
                self.faults.append(f'{len(waiting)} messages wait, and nothing is sent: '
                                   f'{waiting[:5]}; {rows[:5]}')
                return
            time.sleep(0.2)

    def release(self):
        """What three deaths have parked is sent after all; returns how many there were."""
        parked = self.parked()
        for queue_id in parked:
            done = self.site.run('brevdue', 'queue', 'release', queue_id)
            if done.returncode != 0:
                self.faults.append(f'{queue_id}: cannot be released: {done.stderr}')
        return len(parked)

    def maybe_sent(self):
        """The ids that are on record as possible duplicates, in the log or the database: who
        was killed after he had noted it there did not log it any more."""
        found = set(re.findall(r'(\w{26}): to=.*possible duplicate', self.site.log_text()))
        path = os.path.join(self.site.spool, 'store', 'store.db')
        with sqlite3.connect(f'file:{path}?mode=ro', uri=True) as database:
            found |= {row[0] for row in database.execute(
                'SELECT id FROM messages JOIN recipients ON message = n WHERE maybe_sent')}
        return found

    def compare(self):
        """Returns the figures; what is wrong goes to faults."""
        copies = collections.defaultdict(list)
        digests = {one.marker: digest_of(one.text()) for one in self.submissions}
        for message in self.server.messages:
            copies[message['Subject']].append(message['id'])
            if message['digest'] != digests[message['Subject']]:
                self.faults.append(f'{message["Subject"]}: delivered in part')
        counts = collections.Counter(submissions=len(self.submissions))
        explained = self.maybe_sent()
        for one in self.submissions:
            self.compare_one(one, copies[one.marker], explained, counts)
        self.faults += self.server.problems_of_living()
        return counts

    def compare_one(self, one, ids, explained, counts):
        counts['accepted'] += one.status == 0
        counts['delivered'] += bool(ids)
        counts['duplicates'] += max(len(ids) - 1, 0)
        if one.status == 0 and not ids:
            counts['lost'] += 1
            self.faults.append(f'{one.marker}: LOST')
        if one.status != 0 and ids:
            counts['delivered after sendmail was killed'] += 1
        if one.status != 0 and not one.was_killed:
            self.faults.append(f'{one.marker}: {one.status}: {one.error}')
        if len(set(ids)) > 1:
            self.faults.append(f'{one.marker}: under several ids: {ids}')
        if len(ids) > 1 and not set(ids) <= explained:
            self.faults.append(f'{one.marker}: {len(ids)} copies, and nothing was said')


def digest_of(text):
    text = text.replace('\r\n', '\n').rstrip('\n')
    return hashlib.sha256(text.encode()).hexdigest()


class Provider(Postmark):
    """The stand-in. It keeps little of each message: there may be a hundred thousand."""

    def keep(self, request, verdict):
        verdict.kept = [(message_id, {'Subject': message['Subject'],
                                      'id': message['Metadata']['brevdue-id'],
                                      'digest': digest_of(message['TextBody'])}, inactive)
                        for message_id, message, inactive in verdict.kept]
        super().keep(request, verdict)

    def problems_of_living(self):
        """A request whose writer was killed is short."""
        return [text for text in self.problems if 'the body ended early' not in text]


def main():
    begin = time.monotonic()
    print(f'seed {SEED}, {ROUNDS} kills', flush=True)
    with Provider(rules=SLOW) as server, Site(**{'retry-max': '1s'}) as site:
        site.postmark(server, batch='5')
        load = Load(site, random.Random(SEED))
        load.run(ROUNDS)
        load.kill_brevdued()
        account = Account(site, server, load.submissions)
        account.come_to_rest()
        released = account.release()
        account.come_to_rest()
        counts = account.compare()
        site.stop()
        if account.faults:
            print(*[line for line in site.log_text().splitlines()
                    if 'stays there' not in line][-100:], sep='\n')
    print(*account.faults, sep='\n')
    print(f'{sum(load.kills.values())} kills: {dict(load.kills)}\n{dict(counts)}\n'
          f'lost {counts["lost"]}, parked and released {released}, '
          f'{time.monotonic() - begin:.0f} s')
    return 1 if account.faults else 0


if __name__ == '__main__':
    sys.exit(main())
