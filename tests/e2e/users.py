#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What one user sends wrong is no other user's business: their mail goes all the same.
Needs root, to be two users."""

import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import Case, mail  # noqa: E402
from programs import SKIPPED, program, wait  # noqa: E402

WRONG_UID, OTHER_UID = 65532, 65533
MANY = 30
SECONDS = 5  # in which the other user's mail is there


class Users(Case):
    def setUp(self):
        super().setUp()
        # The build may lie where only its owner can go.
        os.unlink(os.path.join(self.site.programs, 'sendmail'))
        shutil.copy(program('sendmail'), self.site.programs)
        self.site.account('postmark', self.server.url, self.server.token,
                          senders='example.com')
        self.server.script.set([{'action': 'refuse', 'code': 1235,
                                 'match': {'stream': 'nowhere'},
                                 'message': 'The stream does not exist'}])
        self.site.start()

    def submit_as(self, uid, text):
        self.submit('-t', '-i', input=text, user=uid, group=uid, extra_groups=[])

    def send_wrong(self, text):
        """A lot of mail that waits for the administrator."""
        for _ in range(MANY):
            self.submit_as(WRONG_UID, text)

    def check_others_mail(self, *subjects):
        """It arrives at once, now and while the wrong mail is tried again."""
        for subject in subjects:
            self.submit_as(OTHER_UID, mail(subject=subject))
            self.server.wait(lambda: any(m['Subject'] == subject for m in self.server.messages),
                             f'{subject}; {self.site.log_text()}', SECONDS)

    def test_forbidden_from(self):
        self.send_wrong(mail(sender='ceo@example.org', subject='wrong'))
        self.check_others_mail('one', 'two')
        self.assertEqual(len(self.server.messages), 2)
        wait(lambda: len(self.files()) == MANY, 'the wrong mail to stay')
        self.assertNotIn('bounced', self.site.log_text())
        self.assertIn(f'uid={WRONG_UID} ', self.site.log_text())

    def test_unknown_stream(self):
        self.send_wrong(mail(subject='wrong', X_PM_Message_Stream='nowhere'))
        self.check_others_mail('one', 'two')
        self.assertEqual({m['Subject'] for m in self.server.messages}, {'one', 'two'})
        wait(lambda: len(self.files()) == MANY, 'the wrong mail to stay')
        self.assertNotIn('bounced', self.site.log_text())

    def test_both(self):
        self.send_wrong(mail(sender='ceo@example.org', subject='wrong'))
        self.send_wrong(mail(subject='wrong', X_PM_Message_Stream='nowhere'))
        self.check_others_mail('one', 'two', 'three')

    def test_queue_runs(self):
        """A user's run makes that user's mail due, and nobody may wait for another's."""
        self.site.set(retry_min='1h')
        self.site.write_config()
        self.server.script.set([{'action': 'error', 'status': 503, 'code': 100}])
        for uid, subject in ((WRONG_UID, 'theirs'), (OTHER_UID, 'ours')):
            self.submit('-odi', '-t', '-i', input=mail(subject=subject), user=uid, group=uid,
                        extra_groups=[])
        self.server.script.set([])
        done = self.site.sendmail('-q', '-v', user=OTHER_UID, group=OTHER_UID, extra_groups=[])
        self.assertEqual((done.returncode, done.stderr), (0, b'1 message retried\n'))
        self.server.wait(lambda: self.server.messages, 'our mail')
        wait(lambda: len(self.files()) == 1, 'their mail alone')
        self.assertEqual([m['Subject'] for m in self.server.messages], ['ours'])
        theirs, = self.site.queue()
        for uid, says in ((WRONG_UID, 'status=deferred'), (OTHER_UID, '')):
            self.assertIn(says, self.ask_as(uid, f'wait {theirs["id"]}'))
            self.assertEqual(bool(self.ask_as(uid, f'wait {theirs["id"]}')), bool(says))

    def list_as(self, uid, *args):
        done = self.site.sendmail(*args, user=uid, group=uid, extra_groups=[])
        self.assertEqual((done.returncode, done.stderr), (0, b''))
        return done.stdout.decode()

    def test_queue_lists(self):
        """Everybody sees their own mail, root all of it, the number is that of the list."""
        self.server.script.set([{'action': 'error', 'status': 503, 'code': 100}])
        for uid, n in ((WRONG_UID, 2), (OTHER_UID, 1)):
            for i in range(n):
                self.submit_as(uid, mail(f'{uid}-{i}@example.net'))
        wait(lambda: len(self.site.queue()) == 3, 'three messages in the list')
        for uid, seen, hidden in ((WRONG_UID, [f'{WRONG_UID}-0', f'{WRONG_UID}-1'], [OTHER_UID]),
                                  (OTHER_UID, [f'{OTHER_UID}-0'], [WRONG_UID]),
                                  (0, [f'{WRONG_UID}-0', f'{OTHER_UID}-0'], []),
                                  (65531, ['Mail queue is empty'], [WRONG_UID, OTHER_UID])):
            text = self.list_as(uid, '-bp')
            for name in seen:
                self.assertIn(name, text)
            for name in hidden:
                self.assertNotIn(str(name), text)
            count = {WRONG_UID: 2, OTHER_UID: 1, 0: 3, 65531: 0}[uid]
            self.assertEqual(self.list_as(uid, '-bpc'), f'{count}\n')
        self.site.stop()
        done = self.site.sendmail('-bp', user=OTHER_UID, group=OTHER_UID, extra_groups=[])
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, b'')

    def ask_as(self, uid, request):
        done = subprocess.run(
            ['/usr/bin/python3', '-c', 'import sys, socket\n'
             's = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n'
             's.sendall(f"brevdue1 {sys.argv[2]}\\n".encode())\ns.shutdown(socket.SHUT_WR)\n'
             'print(s.recv(4096).decode(), end="")', self.site.socket, request],
            capture_output=True, text=True, check=True, user=uid, group=uid, extra_groups=[])
        return done.stdout

    def test_the_same_user(self):
        """Nor is it all of that user's mail that waits."""
        self.send_wrong(mail(sender='ceo@example.org', subject='wrong'))
        self.submit_as(WRONG_UID, mail(subject='right'))
        self.server.wait(lambda: self.server.messages, 'the right one', SECONDS)


if __name__ == '__main__':
    if os.geteuid() != 0:
        print('needs root, to become two users')
        sys.exit(SKIPPED)
    unittest.main()
