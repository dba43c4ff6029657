#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sends a full queue to a stand-in that is not the bottleneck."""
import os
import subprocess

import bench


def drain(batch):
    with bench.Sink() as sink, bench.Site(delivery='queue') as site:
        site.account(token='x', url=sink.url, batch=batch)
        path = os.path.join(site.path, 'mail')
        with open(path, 'wb') as file:
            file.write(bench.mail())
        site.start()  # makes the spool
        site.stop()
        with open(path, 'rb') as file:
            subprocess.run([bench.tool('fill'), os.path.join(site.spool, 'queue'),
                            str(bench.MESSAGES)], stdin=file, check=True)
        os.sync()
        (run,), = bench.spawn(1, path, [[bench.program('courier'), '--drain']], site.env())
        count = sink.count()
        assert count['messages'] == bench.MESSAGES, count
        assert site.queue_files() == []
        return [f'batch = {batch}', f'{bench.MESSAGES / run.wall * 1e6:.0f}',
                f'{run.cpu / 1000 / bench.MESSAGES * 1000:.0f}',
                f'{sink.cpu() / 1000 / bench.MESSAGES * 1000:.0f}', count['requests'],
                count['connections'] - 1, f'{run.peak / 1024:.1f}']


print(f'drain of {bench.MESSAGES} messages of 1.5 kB')
bench.table(['account', 'messages/s', 'CPU ms per 1000', "sink's CPU ms per 1000", 'requests',
             'connections', 'peak MB'], [drain(1), drain(500)])
