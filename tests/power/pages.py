#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each page of the database in turn is junk: the courier puts the database aside without
standing still, and every message is sent or parked."""

import contextlib
import os
import shutil
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from disk import PAGE  # noqa: E402
from postmark import Postmark  # noqa: E402
from programs import Site, wait  # noqa: E402
from recordings import LATER, RULES, SENDER, Stage, mails  # noqa: E402
from recovery import use_memory  # noqa: E402

PATIENCE = 10  # seconds that a courier may take
DUE = 2       # seconds until what waits would be sent
COURIERS = 3   # so many at most find that they cannot go on


class Pages(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Postmark(rules=RULES))
        self.site = self.enterContext(Site(**{'from': f'Robot <{SENDER}>', 'retry-max': '1s'}))
        self.site.postmark(self.server)
        self.stage = Stage(self.site, self.server)
        self.stage.mails = mails(2)
        self.stage.queue_up()
        self.stage.drain(LATER)
        self.saved = os.path.join(self.site.path, 'saved')
        shutil.copytree(self.site.spool, self.saved)

    def restore(self):
        shutil.rmtree(self.site.spool)
        shutil.copytree(self.saved, self.site.spool)
        with self.server.changed:
            self.server.accepted = []

    def damage(self, page, junk):
        self.restore()
        with open(self.stage.store('store.db'), 'r+b') as file:
            file.seek(page * PAGE)
            file.write(junk)

    def parked(self):
        return [row['id'] for row in self.site.queue()
                if all(one['state'] == 'parked' for one in row['recipients'] or [row])]

    def settled(self):
        """The ids of what was sent, and of what is parked."""
        sent = [message['Metadata']['brevdue-id'] for message in self.server.messages]
        return sorted(sent + self.parked())

    def recover(self):
        """Runs couriers until all is well, and nothing waits for its time."""
        ids, statuses = sorted(os.listdir(os.path.join(self.saved, 'queue'))), []

        def is_done():
            done = self.site.run('courier', '--drain', timeout=PATIENCE)
            statuses.append(done.returncode)
            return statuses[-1] == 0 and self.settled() == ids
        wait(is_done, 'the queue to come to rest')
        self.assertLess(sum(status != 0 for status in statuses), COURIERS)

    def damage_each(self, check):
        pages = os.path.getsize(self.stage.store('store.db')) // PAGE
        for page in range(pages):
            for junk in (bytes(PAGE), b'\xa5' * PAGE):
                with self.subTest(page=page, junk=junk[:1]):
                    self.damage(page, junk)
                    check()
        self.assertGreater(pages, 10)

    def test_each(self):
        self.damage_each(self.recover)

    def lose_log(self):
        """In a crash: the rows are those of an earlier time, and may have been sent since."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.stage.store('store.db-wal'))
        self.site.write('spool/store/in-use', '')

    def assert_parked_without_log(self):
        self.lose_log()
        self.recover()
        self.assertEqual(self.server.messages, [])

    def test_each_without_log(self):
        time.sleep(DUE)
        self.damage_each(self.assert_parked_without_log)

    def test_contradictions(self):
        """Without its log, a database may be half of an earlier time and half of a later."""
        time.sleep(DUE)
        for change in ('DELETE FROM messages', 'DELETE FROM recipients',
                       'DELETE FROM messages WHERE n = 1',
                       'DELETE FROM recipients WHERE message = 2',
                       'UPDATE messages SET finished = 1'):
            with self.subTest(change=change):
                self.restore()
                path = self.stage.store('store.db')
                with contextlib.closing(sqlite3.connect(path)) as database:
                    database.execute(change)
                    database.commit()
                    database.execute('PRAGMA wal_checkpoint (TRUNCATE)')
                self.assert_parked_without_log()


if __name__ == '__main__':
    use_memory()
    unittest.main()
