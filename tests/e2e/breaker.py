#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An account that cannot send rests: its mail is kept, time stands still for it, it is told
of once, and one message goes ahead to see whether it works again."""

import os
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import Case, mail  # noqa: E402
from programs import Site, wait  # noqa: E402

TOLD = 'nothing can be sent until this is mended'
NO_CREDIT = {'action': 'error', 'code': 405, 'message': 'Not allowed to send: no credits'}
DOWN = {'action': 'error', 'status': 503, 'code': 100, 'message': 'maintenance'}


class Base(Case):
    def send(self, *names, **fields):
        for name in names:
            self.submit('-t', '-i', input=mail(subject=name, **fields))

    def subjects(self):
        return sorted(message['Subject'] for message in self.server.messages)

    def check(self):
        """The exit status and the line of a monitor."""
        done = self.site.run('brevdue', 'status', '--check')
        return done.returncode, done.stdout.decode()


class Whole(Base):
    """The whole account."""

    def make_site(self):
        return Site(retry_max='1s')

    def setUp(self):
        super().setUp()
        self.site.postmark(self.server, batch=1)

    def pause(self, *names):
        self.server.script.set([NO_CREDIT])
        self.site.start()
        self.send(*names)
        self.wait_for_log(TOLD)

    def test_told_once_and_probed(self):
        names = [f'mail {n}' for n in range(20)]
        self.pause(*names)
        known = time.time() + 0.5  # all that was out has its answer
        self.server.wait(lambda: [r for r in self.server.requests if r['time'] > known + 3],
                         'more tries')
        with self.server.changed:
            times = [r['time'] for r in self.server.requests if r['time'] > known]
        for earlier, later in zip(times, times[1:]):  # one goes ahead, once in a second
            self.assertGreater(later - earlier, 0.9)
        status, line = self.check()
        self.assertEqual(status, 2)
        self.assertRegex(line, 'postmark paused for .*no credits')
        problem, = self.site.admin('status')['accounts'][0]['problems']
        self.assertIn('no credits', str(problem))
        self.assertEqual(len(self.files()), 20)
        self.server.script.set([])
        self.wait_for(20)
        log = self.site.log_text()
        self.assertEqual((log.count(TOLD), log.count('works again')), (1, 1), log)
        self.assertNotIn('bounced', log)
        self.assertEqual(self.check()[0], 0)

    def test_clock_stands_still(self):
        """Also for mail that was not tried meanwhile: three failures later it is not too
        old yet."""
        self.site.set(lifetime='7s')
        self.site.write_config()
        self.pause('first', 'second', 'third', 'fourth')
        time.sleep(8)
        self.assertEqual(len(self.files()), 4)
        self.server.script.set([{**DOWN, 'times': 3, 'match': {'subject': 'fourth'}}])
        self.wait_for(4)
        log = self.site.log_text()
        self.assertEqual(log.count('maintenance'), 3)
        self.assertNotIn('status=expired', log)
        self.assertNotIn('bounced', log)

    def test_configuration_changes(self):
        """Nobody waits for the end of the pause then."""
        self.site.set(retry_min='1h', retry_max='1h')
        self.site.write_config()
        self.pause('first', 'second')
        self.server.script.set([])
        self.site.write_config()
        self.wait_for(2)

    def test_hangup(self):
        """Nor does an administrator who asks for it."""
        self.site.set(retry_min='1h', retry_max='1h')
        self.site.write_config()
        self.pause('first', 'second')
        self.server.script.set([])
        os.utime(self.site.config)
        self.site.daemon.send_signal(signal.SIGHUP)
        self.wait_for(2)

    def test_flush(self):
        """Nor one who asks for what waits alone: one message goes ahead."""
        self.site.set(retry_min='1h', retry_max='1h')
        self.site.write_config()
        self.pause('first', 'second', 'third')
        time.sleep(1)  # all that was out has its answer
        asked = len(self.server.requests)
        self.site.admin('flush')
        self.server.wait(lambda: len(self.server.requests) > asked, 'a probe')
        time.sleep(1)
        self.assertEqual(len(self.server.requests), asked + 1)
        self.server.script.set([])
        self.site.admin('flush')
        self.wait_for(3)

    def test_works_again_before_it_was_known(self):
        """Of two requests that were out together one fails: what is held goes with the other."""
        self.site.set(retry_min='1h', retry_max='1h')
        self.site.write_config()
        self.server.script.set([{**NO_CREDIT, 'match': {'subject': 'first'}, 'times': 1},
                                {'action': 'late', 'seconds': 2, 'match': {'subject': 'second'}}])
        self.site.start()
        self.send('second')
        self.server.wait(lambda: self.server.messages, 'the second')
        self.send('first')
        self.wait_for(2)

    def test_reload_waits_for_answers(self):
        """Requests without an answer yet are neither lost nor repeated."""
        self.server.script.set([{'action': 'late', 'seconds': 4, 'times': 3,
                                 'match': {'subject': 'slow*'}}])
        self.site.start()
        self.send('slow 1', 'slow 2', 'slow 3')
        self.server.wait(lambda: len(self.server.messages) == 3, 'three requests')
        self.site.daemon.send_signal(signal.SIGHUP)
        self.send('later')
        self.site.write_config()
        self.site.daemon.send_signal(signal.SIGHUP)
        self.wait_for(4)
        self.assertEqual(self.subjects(), ['later', 'slow 1', 'slow 2', 'slow 3'])
        self.assertEqual(len(self.server.requests), 4)
        self.assertNotIn('duplicate', self.site.log_text())

    def test_no_herd(self):
        """After an outage one request goes ahead, then no more than there are slots."""
        self.site.postmark(self.server, batch=1, concurrency=4)
        self.server.script.set([DOWN])
        self.site.start()
        self.send(*[f'mail {n}' for n in range(40)])
        self.server.wait(lambda: len(self.server.requests) >= 3, 'some tries')
        time.sleep(1)  # all is due
        self.assertLess(len(self.server.requests), 12)  # nobody hammers: 1 s, 2 s, 4 s of rest
        self.server.script.set([{'action': 'late', 'seconds': 0.3}])
        self.wait_for(40)
        with self.server.changed:
            requests = [r for r in self.server.requests if r['action'] == 'late']
        self.assertEqual(len(requests), 40)
        self.assertTrue(all(r['time'] >= requests[0]['ended'] for r in requests[1:]),
                        'the first one goes alone')
        busy = [sum(r['time'] <= one['time'] < r['ended'] for r in requests)
                for one in requests]
        self.assertLessEqual(max(busy), 4)
        self.assertGreater(max(busy), 1)


class Scopes(Base):
    """What is said of a sender, a stream or a recipient holds that alone."""

    def make_site(self):
        return Site(retry_max='1s')

    WRONG = (('sender', {'code': 400, 'match': {'from': 'ceo@example.com'},
                         'message': 'Sender signature not found'},
              {'sender': 'ceo@example.com'}),
             ('stream', {'code': 1235, 'match': {'stream': 'nowhere'},
                         'message': 'The stream does not exist'},
              {'X_PM_Message_Stream': 'nowhere'}),
             ('recipient', {'code': 412, 'match': {'to': '*@elsewhere.example'},
                            'message': 'The account is pending approval'},
              {'to': 'ann@elsewhere.example'}))

    def test_each(self):
        self.server.script.set([{'action': 'refuse', **rule} for _, rule, _ in self.WRONG])
        self.site.start()
        for name, _, fields in self.WRONG:
            self.send(*[f'{name} {n}' for n in range(5)], **fields)
            self.wait_for_log(f', {name} ')
            self.send(f'beside {name}')
            self.server.wait(lambda: f'beside {name}' in self.subjects(),
                             f'mail beside a wrong {name}')
        time.sleep(2.5)  # what is held is tried again
        wait(lambda: len(self.files()) == 15, 'all wrong mail in the queue')
        self.assertEqual(self.subjects(), ['beside recipient', 'beside sender', 'beside stream'])
        log = self.site.log_text()
        for name, _, _ in self.WRONG:
            self.assertEqual(log.count(f"account 'postmark', {name} "), 1, log)
        self.assertNotIn("account 'postmark', account", log)
        self.assertNotIn('bounced', log)
        problems = str(self.site.admin('status')['accounts'][0]['problems'])
        for name in ('sender ceo@example.com', 'stream nowhere', 'recipient '):
            self.assertIn(name, problems)
        self.assertEqual(self.check()[0], 2, self.check())
        self.server.script.set([])
        self.wait_for(18)
        self.assertEqual(self.site.log_text().count('works again'), 3)
        wait(lambda: self.check()[0] == 0, f'the end of the alarm: {self.check()}')


if __name__ == '__main__':
    unittest.main()
