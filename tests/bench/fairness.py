#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long an alert takes while somebody else has very much mail in the queue."""
import os
import subprocess
import sys
import time

import bench

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
from postmark import Postmark  # noqa: E402

BACKLOG = int(os.environ.get('BENCH_BACKLOG', '100000'))
ALERTS = 20
OTHER_UID = 65533


def alert(site, server, name):
    """Seconds from the start of sendmail until the provider has it."""
    text = f'From: a@example.com\nTo: b@example.net\nSubject: {name}\n\ntext\n'
    start = time.time()
    done = site.sendmail('-t', '-i', input=text)
    assert done.returncode == 0, done
    server.wait(lambda: any(m['Subject'] == name for m in server.messages), name, 120)
    with server.changed:
        sent, = [e['time'] for e in server.accepted if e['message']['Subject'] == name]
    return sent - start


def row(name, times, left):
    return [name, f'{sorted(times)[len(times) // 2]:.2f}', f'{max(times):.2f}', left]


def measure(batch, seconds):
    rules = [{'action': 'late', 'seconds': seconds}]
    with Postmark(rules=rules) as server, bench.Site(delivery='queue') as site:
        site.account(url=server.url, token=server.token, batch=batch)
        site.start()
        site.stop()
        subprocess.run([bench.tool('fill'), os.path.join(site.spool, 'queue'), str(BACKLOG),
                        str(OTHER_UID)], input=bench.mail(), check=True)
        os.sync()
        site.start()
        rows = []
        for when in ('at the start', 'when all is imported'):
            times = [alert(site, server, f'{when} {n}') for n in range(ALERTS)]
            rows.append(row(f'batch = {batch}, {when}', times, len(site.queue_files())))
            if len(rows) == 1:
                bench.wait(lambda: site.log_text().count('queue active') >= BACKLOG + ALERTS,
                           'the import', 300)
        return rows


print(f'{BACKLOG} messages of one user in the queue; {ALERTS} alerts of another')
bench.table(['account', 'median s', 'longest s', 'left in the queue'],
            measure(1, 0.2) + measure(50, 0.5))
