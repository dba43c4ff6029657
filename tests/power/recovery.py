# SPDX-License-Identifier: MIT
"""Starts the real programs on what a power cut left, and judges what becomes of it."""

import concurrent.futures
import itertools
import json
import os
import re
import shutil
import struct
import subprocess
import tempfile
import threading

from frame import read, read_queue_file
from postmark import Postmark
from programs import Site, wait
from recordings import REFUSED, REPORT, RULES, SENDER

WORKERS = 2
KEEP = os.environ.get('POWER_KEEP')  # a folder for the trees that had a fault
SECONDS = 30  # for one state to come to rest
WAY_REPORT = 'r'
DAMAGE = r'the database .*(damaged|gone)|the log of the database'


class Result:
    """What was left after the programs had done all they can, of one tree."""

    def __init__(self):
        self.delivered = []   # messages, as the provider keeps them
        self.files = {}       # of queue/
        self.outbox = {}
        self.unreadable = []  # what is in the drop directory for its owner alone
        self.log = ''
        self.problems = []


class Bench:
    """A site and a stand-in that are used for one state after the other."""

    def __init__(self, recording):
        self.server = Postmark(rules=RULES)
        self.site = Site(**{'from': f'Robot <{SENDER}>', 'retry-max': '1s'})
        self.site.postmark(self.server, batch='2')
        if recording.keeps:
            self.site.account('kept', provider='outbox', **{'as': 'postmark'})
            self.site.set(account='kept')
            self.site.write_config()
        self.server.__enter__()

    def close(self):
        self.site.__exit__()
        self.server.__exit__()

    def recover(self, tree):
        result = Result()
        shutil.rmtree(self.site.spool, ignore_errors=True)
        with self.server.changed:
            self.server.accepted, self.server.requests = [], []
        if os.path.exists(self.site.log):
            os.unlink(self.site.log)
        os.mkdir(self.site.spool + '.new')
        tree.write(self.site.spool + '.new')
        if os.path.isdir(self.site.spool + '.new/spool'):
            os.rename(self.site.spool + '.new/spool', self.site.spool)
        shutil.rmtree(self.site.spool + '.new')
        try:
            self.take_up(tree, result)
            self.drain(result)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            result.problems.append(str(error))
        self.look(result)
        return result

    def take_up(self, tree, result):
        """brevdued, when it has something to do."""
        dropped, leftovers = tree.files('/spool/drop'), tree.files('/spool/tmp')
        if not dropped and not leftovers:
            return
        drop = os.path.join(self.site.spool, 'drop')
        whole = {name for name in dropped if is_whole_drop(os.path.join(drop, name))}
        result.unreadable = [data for path, mode, data in tree.entries
                             if path.startswith('/spool/drop/') and not mode & 0o040]
        self.hold(True)
        try:
            self.site.start()
            wait(lambda: not whole & set(os.listdir(drop)), 'the drops to be taken up', 5)
        finally:
            self.site.stop()
            self.hold(False)
        assert not os.listdir(os.path.join(self.site.spool, 'tmp')), 'tmp/ was not emptied'

    def hold(self, held):
        path = os.path.join(self.site.programs, 'courier')
        os.rename(path, path + '.held') if held else os.rename(path + '.held', path)

    def drain(self, result):
        def is_done():
            done = self.site.run('courier', '--drain', timeout=SECONDS)
            result.log += done.stderr.decode(errors='replace')
            return not self.site.queue_files() or self.is_at_rest()
        wait(is_done, 'an end of the work', SECONDS)

    def is_at_rest(self):
        """All that is left is parked. Who finds damage leaves it to the next courier."""
        try:
            rows = self.site.queue()
        except AssertionError:
            return False
        return all(recipient['state'] == 'parked'
                   for row in rows for recipient in row['recipients'] or [row])

    def look(self, result):
        result.delivered = self.server.messages
        result.problems += self.server.problems
        result.log += self.site.log_text()
        for name in self.site.queue_files():
            with open(os.path.join(self.site.spool, 'queue', name), 'rb') as file:
                result.files[name] = file.read()
        outbox = os.path.join(self.site.spool, 'outbox')
        if os.path.isdir(outbox):
            for name in os.listdir(outbox):
                with open(os.path.join(outbox, name), 'rb') as file:
                    result.outbox[name] = file.read()


def is_whole_drop(path):
    """Whether brevdued has to take it."""
    with open(path, 'rb') as file:
        try:
            queue_id, _, _ = read(file.read())
        except (ValueError, LookupError, struct.error):
            return False
    return queue_id == os.path.basename(path)


def plain(text):
    return text.replace('\r\n', '\n').rstrip('\n')


class Outcome:
    """What became of one message."""

    def __init__(self):
        self.sent, self.torn, self.parked, self.ids = 0, 0, 0, []
        self.unreadable = False  # by the service, which runs as another user than this test


def outcomes(recording, result):
    """(key -> Outcome, what fits nothing)"""
    found = {mail.key: Outcome() for mail in recording.mails}
    texts = {mail.key: mail for mail in recording.mails}
    strange = []
    for message in result.delivered:
        key = REPORT if message['To'] == SENDER else message['Subject']
        if key not in found:
            strange.append(f'delivered: {message["Subject"]}')
            continue
        text = message.get('TextBody', '')
        is_whole = REFUSED in text if key == REPORT else plain(text) == plain(texts[key].text)
        found[key].sent += is_whole
        found[key].torn += not is_whole
        found[key].ids.append(message['Metadata']['brevdue-id'])
    for key, mail in texts.items():
        found[key].unreadable = any(mail.data in data for data in result.unreadable)
    for name, data in result.outbox.items():
        note_kept(name, data, result, texts, found)
    for name, data in result.files.items():
        note_parked(name, data, texts, found, strange)
    return found, strange


def note_kept(name, data, result, texts, found):
    """A message in the outbox counts with its request alone."""
    if not name.endswith('.eml'):
        return
    for key, mail in texts.items():
        if f'Subject: {mail.marker}\n'.encode() in data:
            others = [body for other, body in result.outbox.items()
                      if other.startswith(name[:26]) and other != name]
            is_whole = mail.text.encode() in data and len(others) == 2 and all(others) and \
                any(is_request(body, mail) for body in others)
            found[key].sent += is_whole
            found[key].torn += not is_whole


def is_request(body, mail):
    try:
        return plain(json.loads(body).get('TextBody', '')) == plain(mail.text)
    except ValueError:
        return False


def note_parked(name, data, texts, found, strange):
    try:
        origin, _, _, message = read_queue_file(data)
    except (ValueError, LookupError, struct.error) as error:
        strange.append(f'queue/{name} is no message: {error}')
        return
    if origin[4] == WAY_REPORT and REPORT in found:
        found[REPORT].parked += REFUSED.encode() in message
    for key, mail in texts.items():
        found[key].parked += message.endswith(mail.text.encode())


class Verdict:
    """What is wrong with one state, and what is worth counting."""

    def __init__(self):
        self.faults, self.duplicates, self.parked = [], 0, 0


class Findings:
    """What is kept of a result: there may be thousands."""

    def __init__(self, recording, result):
        self.found, strange = outcomes(recording, result)
        self.faults = strange + result.problems
        if not recording.may_park and re.search(DAMAGE, result.log):
            self.faults.append('the database did not survive')
        self.logged = set(re.findall(r'(\w{26}): to=.*possible duplicate', result.log))
        self.log = result.log[-2000:]


def judge(recording, state, findings):
    """Holds what became of each message against what was known at the power cut."""
    verdict = Verdict()
    verdict.faults += findings.faults
    for key, outcome in findings.found.items():
        judge_message(recording, state, findings.logged, key, outcome, verdict)
    return verdict


def known(numbers, key, state):
    return key in numbers and numbers[key] <= state.point


def judge_message(recording, state, logged, key, outcome, verdict):
    promised = known(recording.acked, key, state)
    has_left = known(recording.left, key, state)
    was_sent = known(recording.replied, key, state)
    if outcome.torn:
        verdict.faults.append(f'{key}: delivered in part')
    if promised and not (was_sent or outcome.sent or outcome.parked):
        verdict.faults.append(f'{key}: LOST')
    if promised and outcome.unreadable:
        verdict.faults.append(f'{key}: LOST, the service may not read it')
    if outcome.sent > 1 or outcome.sent and outcome.parked:
        verdict.faults.append(f'{key}: sent {outcome.sent} times after one power cut')
    if outcome.parked and not recording.may_park:
        verdict.faults.append(f'{key}: parked')
    verdict.parked += outcome.parked
    if has_left and outcome.sent:
        verdict.duplicates += 1
        if not logged.issuperset(outcome.ids):
            verdict.faults.append(f'{key}: a duplicate, and nothing was said')


class Recoveries:
    """Recovers states in parallel; a tree that was met before is not tried again."""

    def __init__(self, recording):
        self.recording, self.findings = recording, {}
        self.local, self.benches = threading.local(), []

    def __enter__(self):
        self.pool = concurrent.futures.ThreadPoolExecutor(WORKERS)
        return self

    def __exit__(self, *ignored):
        self.pool.shutdown(cancel_futures=True)
        for bench in self.benches:
            bench.close()

    def recover(self, tree):
        if not hasattr(self.local, 'bench'):
            self.local.bench = Bench(self.recording)
            self.benches.append(self.local.bench)
        return Findings(self.recording, self.local.bench.recover(tree))

    def judge(self, state):
        """(state, verdict, what was found)"""
        tree = state.tree
        state.forget()
        if tree.digest not in self.findings:
            self.findings[tree.digest] = self.recover(tree)
        findings = self.findings[tree.digest]
        verdict = judge(self.recording, state, findings)
        if verdict.faults and KEEP:
            keep(tree, os.path.join(KEEP, f'{self.recording.name}-{tree.digest[:12]}'))
        return state, verdict, findings

    def judge_all(self, states):
        return self.pool.map(self.judge, states)

    def judge_lazily(self, states):
        """A few at a time: the caller may have seen enough."""
        states = iter(states)
        while group := list(itertools.islice(states, 2 * WORKERS)):
            yield from self.pool.map(self.judge, group)


def keep(tree, folder):
    """For a closer look at what went wrong."""
    if not os.path.exists(folder):
        os.makedirs(folder)
        tree.write(folder)


def use_memory():
    """Thousands of trees are written: not to a disk, if that can be helped."""
    if 'TMPDIR' not in os.environ and os.access('/dev/shm', os.W_OK):
        tempfile.tempdir = '/dev/shm'
