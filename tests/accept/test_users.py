# SPDX-License-Identifier: MIT
"""Two users of one service: what the kernel says about them is what counts. Needs root."""

import os
import subprocess
import sys
import unittest

from frame import ID, ask, read_queue_file, write
from programs import SKIPPED, wait
from stub import StubSite

OTHER_UID = 65533
OTHER_ID = ID[::-1]


def as_other(function, *args):
    """What @function returns in a process of another user."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        os.setgroups([])
        os.setgid(OTHER_UID)
        os.setuid(OTHER_UID)
        os.write(writer, str(function(*args)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding='utf-8') as file:
        said = file.read()
    os.waitpid(pid, 0)
    return said


class Users(unittest.TestCase):
    def setUp(self):
        self.site = StubSite()
        self.addCleanup(self.site.__exit__, None, None, None)
        self.site.start()

    def test_same_id_of_another_user(self):
        self.assertEqual(ask(self.site.socket, write()), f'queued {ID}\n')
        self.assertEqual(as_other(ask, self.site.socket, write()),
                         'refused 77 this ID belongs to another message\n')
        self.assertEqual(as_other(ask, self.site.socket, write(OTHER_ID)),
                         f'queued {OTHER_ID}\n')
        origin = read_queue_file(self.site.queue_file(OTHER_ID))[0]
        self.assertEqual(origin[:2], (OTHER_UID, OTHER_UID))

    def test_same_id_dropped_by_another_user(self):
        self.assertEqual(ask(self.site.socket, write()), f'queued {ID}\n')
        as_other(drop, self.site.spool, ID, write())
        wait(lambda: 'belongs to another message' in self.site.log_text(), 'a log line')
        self.assertEqual(self.site.drop_files(), [ID])
        self.assertEqual(read_queue_file(self.site.queue_file(ID))[0][0], 0)

    def test_dropped_mail_is_its_owners(self):
        as_other(drop, self.site.spool, OTHER_ID, write(OTHER_ID))
        wait(lambda: self.site.queue_files() == [OTHER_ID], 'the message')
        origin = read_queue_file(self.site.queue_file(OTHER_ID))[0]
        self.assertEqual((origin[0], origin[4]), (OTHER_UID, 'd'))

    def test_sendmail_without_service_under_umask_077(self):
        self.site.stop()
        done = subprocess.run([os.path.join(self.site.programs, 'sendmail'), 'a@example.com'],
                              input=b'Subject: x\n\nbody\n', env=self.site.env(), umask=0o077,
                              user=OTHER_UID, group=OTHER_UID, extra_groups=[],
                              capture_output=True)
        self.assertEqual((done.returncode, done.stderr), (0, b''))
        (name,) = self.site.drop_files()
        info = os.stat(os.path.join(self.site.spool, 'drop', name))
        # the directory's group, who may read it
        self.assertEqual((info.st_uid, info.st_gid, info.st_mode & 0o777),
                         (OTHER_UID, 0, 0o640))

    def test_drop_directory_shows_nothing(self):
        self.assertEqual(as_other(can_list, self.site.spool), 'False')


def drop(spool, name, data):
    path = os.path.join(spool, 'drop', name)
    with open(os.path.join(spool, 'drop', '.' + name), 'wb') as file:
        file.write(data)
        os.fchmod(file.fileno(), 0o640)
    os.rename(os.path.join(spool, 'drop', '.' + name), path)


def can_list(spool):
    try:
        return bool(os.listdir(os.path.join(spool, 'drop')) or True)
    except PermissionError:
        return False


if __name__ == '__main__':
    if os.geteuid() != 0:
        print('needs root, to become somebody else')
        sys.exit(SKIPPED)
    unittest.main()
