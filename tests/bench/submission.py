#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Exec to exit of one 1.5 kB mail: through the socket, the drop directory, and directly,
against the least a durable submission can do. Nothing is asserted about time."""
import contextlib
import os

import bench


def service(stack, daemon):
    """A site whose courier sends nothing, so that no delivery competes."""
    site = stack.enter_context(bench.Site(delivery='queue'))
    site.account(token='x', url='http://127.0.0.1:9')
    os.unlink(os.path.join(site.programs, 'courier'))
    os.symlink(bench.tool('idle-courier'), os.path.join(site.programs, 'courier'))
    site.start()
    if not daemon:
        site.stop()
    return site


def main():
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(bench.Sink())
        socket = service(stack, True)
        drop = service(stack, False)
        direct = stack.enter_context(bench.Site(delivery='direct'))
        direct.account(token='x', url=sink.url)
        floor = os.path.join(direct.path, 'floor')
        os.mkdir(floor)
        path = os.path.join(direct.path, 'mail')
        with open(path, 'wb') as file:
            file.write(bench.mail())

        def sendmail(site):
            return [f'BREVDUE_CONFIG={site.config}', f'BREVDUE_PROGRAMS={site.programs}',
                    bench.program('sendmail'), '-i', '-f', 'root', 'user@example.net']

        commands = [[bench.tool('floor'), floor], sendmail(socket), sendmail(drop),
                    sendmail(direct)]
        bench.spawn(10, path, commands, direct.env())
        before = bench.cpu(socket.daemon.pid)
        runs = bench.spawn(bench.ROUNDS, path, commands, direct.env())
        daemon = (bench.cpu(socket.daemon.pid) - before) / bench.ROUNDS
        assert len(socket.queue_files()) == bench.ROUNDS + 10
        assert len(os.listdir(os.path.join(drop.spool, 'drop'))) == bench.ROUNDS + 10
        assert sink.count()['messages'] == bench.ROUNDS + 10
    base = bench.median([run.wall for run in runs[0]])
    rows = []
    for name, added, one in zip(['write, sync, rename, sync', 'socket', 'drop directory',
                                 'direct (provider accepted)'], [0, daemon, 0, 0], runs):
        wall = bench.median([run.wall for run in one])
        cpu = bench.median([run.cpu for run in one])
        rows.append([name, f'{wall / 1000:.2f}', f'{wall / base:.2f}', f'{cpu / 1000:.2f}',
                     f'{added / 1000:.2f}'])
    print(f'submission of 1.5 kB, exec to exit, medians of {bench.ROUNDS} interleaved runs')
    bench.table(['way', 'wall ms', 'ratio', 'own CPU ms', "daemon's CPU ms"], rows)


main()
