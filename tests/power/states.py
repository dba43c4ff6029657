# SPDX-License-Identifier: MIT
"""Which of the states that a power cut may leave are looked at."""

import random

from disk import PAGE

ALONE = 5   # pending changes that are tried one by one, where not every subset is
RANDOM = 6  # subsets drawn there


def cut(at, data):
    """The first half, ending within a sector."""
    return [(at, data[:len(data) // 2])]


def cut_in_page(at, data):
    """Whole pages of the file only."""
    end = (at + len(data) - 1) // PAGE * PAGE
    return [(at, data[:max(end - at, 0)])]


def zeros(at, data):
    """The size reached the disk, the bytes did not."""
    return [(at, bytes(len(data)))]


def without_first_page(at, data):
    kept = min(PAGE - at % PAGE, len(data))
    return [(at, bytes(kept)), (at + kept, data[kept:])]


def last_page_only(at, data):
    start = max((at + len(data) - 1) // PAGE * PAGE, at)
    return [(at, bytes(start - at)), (start, data[start - at:])]


TEARS = (cut, cut_in_page, zeros, without_first_page, last_page_only)


def subsets(pending, dice, depth):
    """Which pending changes are there: every choice, or the telling ones and random ones."""
    count = len(pending)
    if count <= depth:
        yield from ([op for i, op in enumerate(pending) if bits >> i & 1]
                    for bits in range(1 << count))
        return
    yield []
    yield pending
    for i in range(count) if count <= 2 * depth else dice.sample(range(count), ALONE):
        yield pending[:i] + pending[i + 1:]  # one is missing
        yield [pending[i]]                   # one alone is there
        yield pending[:i]                    # the disk did them in order
    for _ in range(RANDOM * depth // ALONE):
        chance = dice.random()
        yield [op for op in pending if dice.random() < chance]


def torn(pending, dice, depth):
    """(those there, the torn ones and how): with all others there, and with none."""
    written = [op for op in pending if op.kind == 'data']
    names = [op for op in pending if not op.is_of_file()]
    for op in written if len(written) <= depth else dice.sample(written, 3):
        for tear in TEARS:
            yield pending, {op: tear}
            yield [*names, op], {op: tear}
    if written:  # all of them at once: files of the right length, full of zeros
        yield pending, {op: zeros for op in written}


class State:
    """What one power cut may leave, and how that came about."""

    def __init__(self, disk, point, changes, present, tears):
        self.disk, self.point, self.present, self.tears = disk, point, present, tears
        self.durable, self.pending = changes
        self.made = None

    @property
    def tree(self):
        """Made once it is asked for."""
        if self.made is None:
            self.made = self.disk.tree(self.durable, self.present, self.tears)
        return self.made

    def forget(self):
        self.made = None

    def describe(self):
        there = set(self.present)
        lines = [f'power cut after call {self.point}']
        lines += [f'  missing: {op}' for op in self.pending if op not in there]
        lines += [f'  torn ({tear.__name__}): {op}' for op, tear in self.tears.items()]
        return '\n'.join(lines)


def points(recording):
    """The calls after which something is different: on disk, or in what somebody knows."""
    recorder = recording.recorder
    numbers = {op.call for op in recorder.ops} | {sync.number for sync in recorder.syncs}
    return sorted(numbers | set(recording.events()) | {-1})


def states_at(recording, disk, point, seed, depth):
    dice = random.Random(f'{seed} {recording.name} {point}')
    changes = disk.split(point)
    for present in subsets(changes[1], dice, depth):
        yield State(disk, point, changes, present, {})
    for present, tears in torn(changes[1], dice, depth):
        yield State(disk, point, changes, present, tears)


def bare_states(recording, disk):
    """At each point: all that need not be there is missing; all bytes are zeros."""
    for point in points(recording):
        changes = disk.split(point)
        yield State(disk, point, changes, [], {})
        written = {op: zeros for op in changes[1] if op.kind == 'data'}
        if written:
            yield State(disk, point, changes, changes[1], written)


def every_state(recording, disk, seed, depth):
    """All that are looked at in a run without limit."""
    for point in points(recording):
        yield from states_at(recording, disk, point, seed, depth)


def some_states(recording, disk, seed, depth, limit):
    """@limit of them: the telling points first, without all that need not be there."""
    telling = {*recording.events(), points(recording)[-1]}
    bare = [next(states_at(recording, disk, point, seed, 0)) for point in sorted(telling)]
    others = list(every_state(recording, disk, seed, depth))
    dice = random.Random(f'{seed} {recording.name}')
    return bare + dice.sample(others, min(max(limit - len(bare), 0), len(others)))
