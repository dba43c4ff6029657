#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The control of loss.py: with any one sync taken out of the code, it sees a message lost.

Taking a call out of the code is done in the recording: what the call made durable is no
longer. A sync whose absence nothing shows is listed with the reason. A new sync in the code
fails this test until it has a row here.
"""

import os
import pathlib
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import recordings  # noqa: E402
from recordings import Recording, need_strace  # noqa: E402
from recovery import Recoveries, use_memory  # noqa: E402
from states import bare_states, some_states  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SYNC = re.compile(r'\b(?:fsync|fdatasync|sync_file_range|syncfs|sync) \(')
SEED = os.environ.get('POWER_SEED', '1')
STATES = int(os.environ.get('POWER_CONTROL_STATES', '120'))  # before one counts as unseen
DATABASE = 'SQLite'


class Row:
    """One sync: its line in the code, and how to know its calls in a recording."""

    def __init__(self, file, line, make, program, path, call='fsync', nth=None, why=None):
        self.file, self.line, self.make, self.program = file, line, make, program
        self.path, self.call, self.nth = re.compile(path + '$'), call, nth
        self.why = why  # its absence cannot be seen

    def calls(self, recording):
        found = [sync.number for sync in recording.recorder.syncs
                 if sync.name == self.call and sync.program == self.program and
                 self.path.match(sync.path)]
        return found if self.nth is None else found[self.nth:self.nth + 1]


ID = r'/\w{26}'
IN_TMP, IN_QUEUE, OF_DAEMON = 'spool/tmp' + ID, 'spool/queue', r'spool/tmp/in\.\d+'
DROPPING, DROPPED = r'spool/drop/\.\w{26}', 'spool/drop' + ID
SPOOL, STORE, OUTBOX = 'spool', 'spool/store', 'spool/outbox'
FILE, FOLDER = 'if (fsync (fd) < 0)', 'if (fsync (name_dirfd) < 0)'
MADE = 'return fd >= 0 && fsync (fd) == 0;'
EARLY = '(void) sync_file_range (arrival->fd, 0, 0, SYNC_FILE_RANGE_WRITE);'
AHEAD = '(void) sync_file_range (fd, from / AHEAD * AHEAD, end - from / AHEAD * AHEAD,'
ARRIVED = 'if (fsync (arrival->fd) < 0)'
GROUP = 'if (arrivals->len > 0 && fsync (spool->queue) < 0)'
LOCK = 'if (!brev_write_all (lock->fd, text, sizeof text - 1) || fsync (lock->fd) < 0)'

ROWS = (
    Row('src/base/fs.c', FILE, recordings.own, 'sendmail', IN_TMP),
    Row('src/base/fs.c', FILE, recordings.courier, 'courier', IN_TMP),
    Row('src/base/fs.c', FOLDER, recordings.own, 'sendmail', IN_QUEUE),
    Row('src/base/fs.c', FOLDER, recordings.courier, 'courier', IN_QUEUE),
    Row('src/base/fs.c', MADE, recordings.own, 'sendmail', '[.]'),
    Row('src/base/fs.c', AHEAD, recordings.large, 'brevdued', OF_DAEMON,
        call='sync_file_range', why='it starts the writing early and promises nothing'),
    Row('src/base/fs.c', MADE, recordings.sock, 'brevdued', '[.]'),
    Row('src/base/fs.c', MADE, recordings.outbox, 'courier', SPOOL),
    Row('src/spool/layout.c', 'if (is_new && fsync (spool->dir) < 0)', recordings.own,
        'sendmail', SPOOL),
    Row('src/spool/submit.c', FILE, recordings.drop, 'sendmail', DROPPING,
        why='the sync after the rename covers the bytes, too; without this one, what nobody '
        'was told of may keep its name and not its bytes'),
    Row('src/spool/submit.c', FILE + ' {', recordings.drop, 'sendmail', DROPPED),
    Row('src/accept/arrival.c', EARLY, recordings.sock, 'brevdued', OF_DAEMON,
        call='sync_file_range', why='it starts the writing early and promises nothing'),
    Row('src/accept/arrival.c', ARRIVED, recordings.sock, 'brevdued', OF_DAEMON),
    Row('src/accept/arrival.c', ARRIVED, recordings.takeover, 'brevdued', OF_DAEMON),
    Row('src/accept/arrival.c', GROUP, recordings.sock, 'brevdued', IN_QUEUE),
    Row('src/accept/arrival.c', GROUP, recordings.takeover, 'brevdued', IN_QUEUE),
    Row('src/store/lock.c', LOCK, recordings.first_gone, 'courier', STORE + '/lock'),
    Row('src/store/sqlite.c', 'if (fd < 0 || fsync (store->dir) < 0)', recordings.courier,
        'courier', STORE, why='SQLite syncs the folder with its first journal'),
    Row('src/store/damage.c', '(void) fsync (store->dir);', recordings.junk_page, 'courier',
        STORE, nth=0, why='whoever reads the damaged page again leaves the mark again'),
    Row('src/store/damage.c', 'if (fsync (store->dir) < 0)', recordings.damaged, 'courier',
        STORE, nth=1, why='the sync of the new database follows, in the same folder'),
    Row('src/courier/import.c', 'fsync (queue) < 0) {', recordings.chosen, 'courier',
        IN_QUEUE),
    Row('src/courier/outbox.c', 'if (was_written && fsync (fd) == 0)', recordings.outbox,
        'courier', OUTBOX + '/.*'),
    Row('src/courier/outbox.c', '(fsync (dir) == 0 ||', recordings.outbox, 'courier', OUTBOX),
    Row(DATABASE, 'the log, at each commit', recordings.courier, 'courier',
        STORE + '/store.db-wal', call='fdatasync'),
    Row(DATABASE, 'the database, before the log starts anew', recordings.direct, 'courier',
        STORE + '/store.db', call='fdatasync'),
)


def check_rows():
    """Returns the syncs of the code without a row, and the rows without a sync."""
    code = set()
    for folder in ('src', 'compat'):
        for path in (ROOT / folder).rglob('*.c'):
            code |= {(str(path.relative_to(ROOT)), line.strip())
                     for line in path.read_text(encoding='utf-8').splitlines()
                     if SYNC.search(line)}
    rows = {(row.file, row.line) for row in ROWS if row.file != DATABASE}
    return sorted(f'{file}: {line}' for file, line in code ^ rows)


def candidates(recording, row):
    """States of a disk that was not synced there: the worst first."""
    disk = recording.disk(row.calls(recording))
    yield from bare_states(recording, disk)
    yield from some_states(recording, disk, SEED, 5, STATES)


def first_fault(recoveries, row):
    """(how many states it took, what was wrong in the last one, or None)"""
    tried = 0
    for state, verdict, _ in recoveries.judge_lazily(candidates(recoveries.recording, row)):
        tried += 1
        if verdict.faults:
            return tried, verdict.faults[0]
    return tried, None


def check(recoveries, row):
    """Returns: whether it is as its row says."""
    begin = time.monotonic()
    calls = row.calls(recoveries.recording)
    tried, fault = first_fault(recoveries, row)
    is_right = bool(calls) and (fault is None) == (row.why is not None)
    seen = f'unseen in {tried} states: {row.why}' if fault is None else \
        f'seen in state {tried}: {fault}'
    print(f'{"ok" if is_right else "NOT OK"}: {row.file}: {row.line}\n'
          f'    {recoveries.recording.name}, {row.program}, {len(calls)} calls; {seen}; '
          f'{time.monotonic() - begin:.0f} s', flush=True)
    return is_right


def check_names(recoveries):
    """The drop directory relies on a file system that keeps a name with its file."""
    recoveries.recording.names_with_file = False
    disk = recoveries.recording.disk()
    judged = recoveries.judge_lazily(bare_states(recoveries.recording, disk))
    found = [verdict for _, verdict, _ in judged if verdict.faults]
    print(f'{"ok" if found else "NOT OK"}: drop, on a disk that keeps no name with its file: '
          f'{len(found)} states lost a message')
    return bool(found)


def check_recording(make):
    with Recoveries(Recording(make)) as recoveries:
        right = [check(recoveries, row) for row in ROWS if row.make is make]
        if make is recordings.drop:
            right.append(check_names(recoveries))
    return all(right)


def main():
    need_strace()
    use_memory()
    print(f'seed {SEED}')
    unlisted = check_rows()
    print(*(f'NOT OK: not both in the code and here: {text}' for text in unlisted), sep='\n')
    wanted = sys.argv[1:]
    right = [check_recording(make) for make in dict.fromkeys(row.make for row in ROWS)
             if not wanted or make.__name__ in wanted]
    return 0 if all(right) and not unlisted else 1


if __name__ == '__main__':
    sys.exit(main())
