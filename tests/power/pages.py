#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each page of the database in turn is junk: the courier puts the database aside without
standing still, and every message is sent or parked."""

import os
import shutil
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from disk import PAGE  # noqa: E402
from postmark import Postmark  # noqa: E402
from programs import Site, wait  # noqa: E402
from recordings import LATER, RULES, SENDER, Stage, mails  # noqa: E402
from recovery import use_memory  # noqa: E402

PATIENCE = 10  # seconds that a courier may take
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

    def damage(self, page, junk):
        shutil.rmtree(self.site.spool)
        shutil.copytree(self.saved, self.site.spool)
        with self.server.changed:
            self.server.accepted = []
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

    def test_each(self):
        pages = os.path.getsize(self.stage.store('store.db')) // PAGE
        for page in range(pages):
            for junk in (bytes(PAGE), b'\xa5' * PAGE):
                with self.subTest(page=page, junk=junk[:1]):
                    self.damage(page, junk)
                    self.recover()
        self.assertGreater(pages, 10)


if __name__ == '__main__':
    use_memory()
    unittest.main()
