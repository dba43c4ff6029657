#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A power cut after each recorded call: whatever the disk kept, no message is lost.

loss.py [RECORDING...]; see README.md.
"""

import collections
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from recordings import ALL, Recording, need_strace  # noqa: E402
from recovery import Recoveries, use_memory  # noqa: E402
from states import every_state, some_states  # noqa: E402

SEED = os.environ.get('POWER_SEED', '1')
STATES = int(os.environ.get('POWER_STATES', '40'))  # of each recording; 0: all
DEPTH = int(os.environ.get('POWER_DEPTH', '5'))     # 2**DEPTH subsets at each point
SHOWN = 3


def choose(recording):
    disk = recording.disk()
    if STATES == 0:
        return list(every_state(recording, disk, SEED, DEPTH))
    return some_states(recording, disk, SEED, DEPTH, STATES)


def check(make):
    """Returns: how many states had a fault."""
    begin = time.monotonic()
    recording = Recording(make)
    states = choose(recording)
    counts = collections.Counter()
    with Recoveries(recording) as recoveries:
        for state, verdict, findings in recoveries.judge_all(states):
            counts['duplicates'] += verdict.duplicates
            counts['parked'] += verdict.parked
            counts['faults'] += bool(verdict.faults)
            if verdict.faults and counts['faults'] <= SHOWN:
                print(state.describe(), *verdict.faults, findings.log, sep='\n')
    print(f'{recording.name:10} {len(recording.recorder.ops):4} changes '
          f'{len(recording.recorder.syncs):3} syncs {len(states):6} states '
          f'{len(recoveries.findings):6} trees {counts["duplicates"]:5} duplicates, logged '
          f'{counts["parked"]:5} parked {counts["faults"]:3} faults '
          f'{time.monotonic() - begin:4.0f} s', flush=True)
    return counts['faults']


def main():
    need_strace()
    use_memory()
    print(f'seed {SEED}, depth {DEPTH}, {STATES or "all"} states of each recording')
    wanted = sys.argv[1:] or [make.__name__ for make in ALL]
    faults = [check(make) for make in ALL if make.__name__ in wanted]
    return 1 if any(faults) else 0


if __name__ == '__main__':
    sys.exit(main())
