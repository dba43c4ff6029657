#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sends a full queue to a stand-in that is not the bottleneck."""
import os
import statistics
import tempfile

import bench
import namespace
import postmark

LARGE = 4 * bench.MESSAGES
ROUNDS = 5
DELAY = 100  # ms
MB = 1000 * 1000


class Drain:
    def __init__(self, number, batch, concurrency=8, message=None, provider='postmark', **sink):
        with bench.Sink(**sink) as sink, bench.Site(delivery='queue') as site:
            site.account(token='x', url=sink.url, batch=batch, concurrency=concurrency,
                         provider=provider)
            path = bench.fill(site, number, message)
            (run,), = bench.spawn(1, path, [[bench.program('courier'), '--drain']], site.env())
            self.count = sink.count()
            assert self.count['messages'] == number, self.count
            assert site.queue_files() == []
            self.rate = number / run.wall * 1e6
            self.cpu = run.cpu / number  # ms for 1,000
            self.sink_cpu = sink.cpu() / number
            self.peak = run.peak / 1024


def fast(certificate):
    print(f'drain of {bench.MESSAGES} messages of 1.5 kB')
    rows = []
    for scheme, trust in ('http', None), ('https', certificate):
        for batch in (1, 500):
            if scheme == 'https' and not trust:
                continue
            one = Drain(bench.MESSAGES, batch, certificate=trust)
            rows.append([f'{scheme}, batch = {batch}', f'{one.rate:.0f}', f'{one.cpu:.0f}',
                         f'{one.sink_cpu:.0f}', one.count['requests'],
                         one.count['connections'] - 1, f'{one.peak:.1f}'])
    bench.table(['account', 'messages/s', 'CPU ms per 1000', "sink's CPU ms per 1000",
                 'requests', 'connections', 'peak MB'], rows)


def median(drains, name):
    return statistics.median(getattr(one, name) for one in drains)


def large():
    """In turn, as a host's CPU is not equally fast all the time."""
    print(f'{LARGE} queued, beside {bench.MESSAGES}: medians of {ROUNDS}')
    rows = []
    for batch in (1, 500):
        pairs = [(Drain(bench.MESSAGES, batch), Drain(LARGE, batch)) for _ in range(ROUNDS)]
        few, many = zip(*pairs)
        rate, cpu, peak = ((median(few, name), median(many, name))
                           for name in ('rate', 'cpu', 'peak'))
        rows.append([f'batch = {batch}', f'{rate[1]:.0f}', f'{rate[1] / rate[0]:.2f}',
                     f'{cpu[1]:.0f}', f'{cpu[1] / cpu[0]:.2f}', f'{peak[1] - peak[0]:+.1f}'])
    bench.table(['account', 'messages/s', 'ratio', 'CPU ms per 1000', 'ratio', 'peak MB'], rows)


def slow():
    print(f'a provider that answers after {DELAY} ms, one message in a request')
    rows = []
    for concurrency in (8, 32):
        one = Drain(concurrency * 50, 1, concurrency, delay=DELAY)
        limit = concurrency * 1000 / DELAY
        rows.append([concurrency, f'{one.rate:.0f}', f'{one.rate / limit:.2f}',
                     one.count['most']])
    bench.table(['concurrency', 'messages/s', 'of what is possible', 'at once, at most'], rows)


def attachments():
    """Postmark takes no more than 10 MB."""
    rows = []
    for provider, size in ('postmark', 7 * MB), ('resend', 25 * MB):
        few = Drain(20, 1, provider=provider)
        message = bench.big_mail(size)
        one = Drain(20, 1, message=message, provider=provider)
        rows.append([provider, f'{len(message) / MB:.1f}', f'{one.rate * len(message) / MB:.0f}',
                     f'{one.peak:.1f}', f'{one.peak - few.peak:+.1f}'])
    print('20 messages with an attachment')
    bench.table(['provider', 'MB', 'MB/s', 'peak MB', 'above small mail'], rows)


def main():
    with tempfile.TemporaryDirectory() as directory:
        certificate = None
        if os.geteuid() == 0:
            certificate = postmark.Certificate(directory)
            namespace.bind(certificate.cert, '/etc/ssl/certs/ca-certificates.crt')
        else:
            print('https is left out: only root can let this machine trust a test certificate')
        fast(certificate)
    large()
    slow()
    attachments()


if os.geteuid() == 0:
    namespace.enter()
main()
