#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A long queue: taken in after a restart while its account cannot send, and listed."""
import os

import bench

SIZES = [int(size) for size in os.environ.get('BENCH_QUEUE', '20000,100000').split(',')]


def listed(number):
    """Rows of both tables."""
    with bench.Site(delivery='queue') as site:
        site.account(token=None, url='http://127.0.0.1:9')
        path = bench.fill(site, number)
        env = site.env()
        (taken,), = bench.spawn(1, path, [[bench.program('courier'), '--drain']], env)
        assert len(site.queue_files()) == number
        lists = [[os.path.join(site.programs, 'mailq')],
                 [bench.program('brevdue'), 'queue', 'list'],
                 [bench.program('brevdue'), 'status']]
        runs = bench.spawn(1, path, lists, env)
    return ([number, f'{taken.wall / 1e6:.1f}', f'{number / taken.wall * 1e6:.0f}',
             f'{taken.cpu / number:.0f}', f'{taken.peak / 1024:.1f}'],
            [number, *(f'{run.wall / 1e6:.2f} s, {run.peak / 1024:.0f} MB' for run, in runs)])


imports, lists = zip(*map(listed, SIZES))
print('a backlog taken in, its account paused')
bench.table(['messages', 'seconds', 'messages/s', 'CPU ms per 1000', 'peak MB'], imports)
print('listings of it')
bench.table(['messages', 'mailq', 'brevdue queue list', 'brevdue status'], lists)
