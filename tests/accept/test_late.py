# SPDX-License-Identifier: MIT
"""Copies of a message that come when the first was delivered and its file is gone.

With the real courier, into an outbox: the store remembers what brevdued cannot.
"""

import os
import unittest

from frame import ID, ask, write
from programs import Site, wait

FIELDS = (('f', 'x@example.com'), ('r', 'a@example.com'))


class Late(unittest.TestCase):
    def setUp(self):
        self.site = Site(**{'from': 'Web <noreply@example.com>'})
        self.addCleanup(self.site.__exit__, None, None, None)
        self.outbox = os.path.join(self.site.path, 'outbox')
        self.site.account('outbox', provider='outbox', directory=self.outbox,
                          **{'as': 'postmark'})
        self.site.start()
        self.assertEqual(ask(self.site.socket, write(fields=FIELDS)), f'queued {ID}\n')
        self.wait_for_lines('status=discarded-by-test', 1)
        wait(lambda: self.site.queue_files() == [], 'an empty queue')
        self.times = self.delivered()

    def delivered(self):
        """What lies in the outbox, and since when."""
        return {name: os.stat(os.path.join(self.outbox, name)).st_mtime_ns
                for name in os.listdir(self.outbox)}

    def wait_for_lines(self, text, count):
        wait(lambda: self.site.log_text().count(text) >= count,
             f'{count} times "{text}" in the log: {self.site.log_text()}')

    def assert_once(self):
        wait(lambda: self.site.queue_files() == [], 'an empty queue')
        self.assertEqual(self.delivered(), self.times)
        self.assertEqual(self.site.log_text().count('status=discarded-by-test'), 1)

    def drop(self, data):
        temporary = os.path.join(self.site.path, 'dropping')
        with open(temporary, 'wb') as file:
            file.write(data)
        os.rename(temporary, os.path.join(self.site.spool, 'drop', ID))

    def test_late_copy_by_the_socket(self):
        self.assertEqual(ask(self.site.socket, write(fields=FIELDS)), f'queued {ID}\n')
        self.wait_for_lines('late copy', 1)
        self.assert_once()

    def test_late_copy_in_the_drop_directory(self):
        self.drop(write(fields=FIELDS))
        self.wait_for_lines('late copy', 1)
        self.assertEqual(os.listdir(os.path.join(self.site.spool, 'drop')), [])
        self.assert_once()

    def test_late_copy_after_a_restart(self):
        self.site.stop()
        self.drop(write(fields=FIELDS))
        self.site.start()
        self.wait_for_lines('late copy', 1)
        self.assert_once()

    def test_another_message_of_that_id_is_not_lost(self):
        other = write(fields=FIELDS, message=b'Subject: y\n\nanother\n')
        self.assertEqual(ask(self.site.socket, other), f'queued {ID}\n')
        self.wait_for_lines('status=discarded-by-test', 2)
        self.assertEqual(len([name for name in self.delivered() if name.endswith('.eml')]), 2)


if __name__ == '__main__':
    unittest.main()
