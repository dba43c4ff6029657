#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the tables of PEERS.md from results that `run --json` has kept."""

import json
import sys

import check


def rows_of(outcome):
    """{case: faults}, without the cases that were skipped."""
    return {name: faults for name, faults in outcome['results'].items() if faults is not None}


def passed(rows, kind=None):
    """How many have no fault, or none of one kind."""
    return sum(not any(kind in (None, fault[0]) for fault in faults) for faults in rows)


def line(*cells):
    return '| ' + ' | '.join(map(str, cells)) + ' |'


def head(*cells, rule='---:'):
    return [line(*cells), line('---', *[rule] * (len(cells) - 1))]


def summary(outcomes):
    """How many cases are right in delivery, exit status, talk, and in all of them."""
    table = head('sendmail', 'cases', *check.KINDS, 'all')
    for outcome in outcomes:
        rows = rows_of(outcome).values()
        table.append(line(outcome['name'], len(rows),
                          *(passed(rows, kind) for kind in check.KINDS), passed(rows)))
    return table


def by_section(outcomes):
    """Right deliveries and right in everything, for each section."""
    names = sorted({case.split('/')[0] for outcome in outcomes for case in rows_of(outcome)})
    table = head('sendmail', *names)
    for outcome in outcomes:
        cells = []
        for name in names:
            rows = [faults for case, faults in rows_of(outcome).items()
                    if case.startswith(name + '/')]
            cells.append(f'{passed(rows, check.DELIVERY)}, {passed(rows)} of {len(rows)}')
        table.append(line(outcome['name'], *cells))
    return table


def words(faults):
    """One word for each kind of thing that is wrong, the worst first."""
    if faults is None:
        return '-'
    found = {}
    for kind, word, _ in faults:
        found.setdefault(kind, word)
    return ', '.join(found[kind] for kind in check.KINDS if kind in found)


def failures(outcomes):
    """The cases that somebody fails."""
    table = head('case', *(outcome['name'].split()[0] for outcome in outcomes),
                 rule='---')
    for case in outcomes[0]['results']:
        cells = [words(outcome['results'].get(case)) for outcome in outcomes]
        if any(cell not in ('', '-') for cell in cells):
            table.append(line(case, *cells))
    return table


def render(outcomes):
    return '\n\n'.join('\n'.join(table) for table in
                       (summary(outcomes), by_section(outcomes), failures(outcomes)))


def main(paths):
    outcomes = []
    for path in paths:
        with open(path, encoding='utf-8') as file:
            outcomes.append(json.load(file))
    print(render(outcomes))


if __name__ == '__main__':
    main(sys.argv[1:])
