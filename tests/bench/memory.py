#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Peak memory with large mail, above what each program takes for a small one."""
import os
import time

import bench

MB = 1000 * 1000


def measure(size, max_size='100M'):
    """kB: of sendmail, brevdued, courier, at their highest."""
    with bench.Sink() as sink, bench.Site(delivery='queue', max_message_size=max_size) as site:
        site.account(token='x', url=sink.url)
        path = os.path.join(site.path, 'mail')
        site.start()
        with open(path, 'wb') as file:
            file.write(bench.big_mail(size) if size else bench.mail())
        command = [bench.program('sendmail'), '-i', '-f', 'web@example.com', 'user@example.net']
        (run,), = bench.spawn(1, path, [command], site.env())
        bench.wait(lambda: not site.queue_files(), 'an empty queue; log: ' + site.log_text(), 60)
        courier, = bench.children(site.daemon.pid)
        sent = 'to=<user@example.net>' in site.log_text() and 'status=sent' in next(
            line for line in site.log_text().splitlines() if 'to=<user@example.net>' in line)
        return (run.peak, bench.memory(site.daemon.pid), bench.memory(courier)), sent


def idle_share():
    """kB: brevdued's share of memory (PSS), three seconds after its start."""
    with bench.Site(delivery='queue') as site:
        site.account(token='x', url='http://127.0.0.1:9')
        site.start()
        time.sleep(3)
        with open(f'/proc/{site.daemon.pid}/smaps_rollup') as file:
            return next(int(line.split()[1]) for line in file if line.startswith('Pss:'))


print(f'brevdued with nothing to do: {idle_share() / 1024:.1f} MB (PSS)')
idle, _ = measure(0)
print('peak memory in MB; in brackets: above that with a mail of 1.5 kB')
rows = [['none', *(f'{peak / 1024:.1f}' for peak in idle), 'yes']]
for size in [7 * MB, 25 * MB]:
    peaks, sent = measure(size)
    rows.append([f'{size // MB} MB'] + [f'{peak / 1024:.1f} ({(peak - base) / 1024:+.1f})'
                                        for peak, base in zip(peaks, idle)]
                + ['yes' if sent else 'no, too large for the provider'])
bench.table(['attachment', 'sendmail', 'brevdued', 'courier', 'sent'], rows)
