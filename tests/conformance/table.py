#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the tables of README.md from results that `run --json` has kept."""

import json
import sys

import check


def sections(outcome):
    """The results by section: {section: [faults]}, without cases that were skipped."""
    found = {}
    for name, faults in outcome['results'].items():
        if faults is not None:
            found.setdefault(name.split('/')[0], []).append(faults)
    return found


def passed(rows, kind=None):
    return sum(not any(kind in (None, fault[0]) for fault in faults) for faults in rows)


def line(cells):
    return '| ' + ' | '.join(cells) + ' |'


def summary(outcomes):
    """How many cases are right in delivery, exit status, talk, and in all of them."""
    yield line(['sendmail', 'cases', *check.KINDS, 'all'])
    yield line(['---'] + ['---:'] * (len(check.KINDS) + 2))
    for outcome in outcomes:
        rows = [faults for faults in outcome['results'].values() if faults is not None]
        yield line([outcome['name'], str(len(rows)),
                    *(str(passed(rows, kind)) for kind in check.KINDS), str(passed(rows))])


def by_section(outcomes):
    """Right deliveries / right in everything, for each section."""
    names = sorted({name for outcome in outcomes for name in sections(outcome)})
    yield line(['sendmail', *names])
    yield line(['---'] + ['---:'] * len(names))
    for outcome in outcomes:
        rows = sections(outcome)
        yield line([outcome['name'], *(
            f'{passed(rows[name], check.DELIVERY)}/{passed(rows[name])} of {len(rows[name])}'
            if name in rows else '' for name in names)])


def failures(outcome):
    """The cases that fail, with a word for each thing that is wrong."""
    yield f'**{outcome["name"]}:**'
    found = [f'{name} ({", ".join(dict.fromkeys(fault[1] for fault in faults))})'
             for name, faults in outcome['results'].items() if faults]
    yield ', '.join(found) or 'none'


def render(outcomes):
    parts = ['\n'.join(summary(outcomes)), '\n'.join(by_section(outcomes))]
    parts += ['\n'.join(failures(outcome)) for outcome in outcomes]
    return '\n\n'.join(parts)


if __name__ == '__main__':
    loaded = []
    for path in sys.argv[1:]:
        with open(path, encoding='utf-8') as file:
            loaded.append(json.load(file))
    print(render(loaded))
