#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Messages that were made to kill their reader, handed over like any other, with ordinary
mail before and behind them. GMime by itself dies over the nested groups, and takes 1.3 GB
for the million parts. See leftovers.py for a reader that does die."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import FAULT, Case, couriers, hold_courier, mail  # noqa: E402
from programs import SKIPPED, wait  # noqa: E402

MILLION = 1000 * 1000
MB = 1000 * 1000
SENDER = 'bounce@example.com'
ADDRESS = 'ann@example.net'
SECONDS = 60  # to wait, not to take
# Above what a program needs for ordinary mail. The largest message here has 40 MB.
MEMORY = 24 * MB


def multipart(body, head=''):
    return mail(ADDRESS, 'poison', body, MIME_Version='1.0',
                Content_Type='multipart/mixed; boundary=b').replace('\n\n', '\n' + head + '\n', 1)


def nested(depth):
    """Multiparts in each other, none of which ends."""
    return multipart(''.join(f'--b{"" if n == 0 else n}\n'
                             f'Content-Type: multipart/mixed; boundary=b{n + 1}\n\n'
                             for n in range(depth)))


REFUSED = {  # the message, and what its sender is told of it
    'nested groups': (mail('g:' * 50000 + ADDRESS + ';' * 50000, 'poison'),
                      'groups nest deeper than 8 in an address field'),
    'parts': (multipart('--b\n\n' * MILLION), 'the message has more than 1000 parts'),
    'fields': (mail(ADDRESS, 'poison').replace('\n\n', '\n' + 'X: y\n' * MILLION + '\n', 1),
               'the header is larger than 1 MB'),
    'short fields': (mail(ADDRESS, 'poison').replace('\n\n', '\n' + 'X:\n' * 100000 + '\n', 1),
                     'the message has more than 10000 header fields'),
    'fields of a part': (multipart('--b\n' + 'X: y\n' * MILLION + '\ntext\n--b--\n'),
                         'the message has more than 10000 header fields'),
    'addresses': (mail('a@b.c,' * MILLION + ADDRESS, 'poison'),
                  'the header is larger than 1 MB'),
    'short addresses': (mail('a@b.c,' * 80000 + ADDRESS, 'poison'),
                        'more than 10000 addresses in a field'),
    'nested multiparts': (nested(10000), 'the message has more than 1000 parts'),
    'deep multiparts': (nested(900), 'the parts of the message nest deeper than 64'),
    'long line': (mail(ADDRESS, 'poison', X_Long='x' * 40 * MB),
                  'the header is larger than 1 MB'),
}
SENT = {  # damaged, but not beyond what a reader can make of it
    'cut off in base64': multipart('--b\nContent-Type: application/pdf; name=a.pdf\n'
                                   'Content-Transfer-Encoding: base64\n\nQUJDR'),
    'cut off in the header of a part': multipart('--b\nContent-Type: text/pl'),
    'no end': multipart('--b\n\ntext\n'),
    'NUL in the header': mail(ADDRESS, 'poi\0son', X_Nul='a\0b'),
    'NUL in the body': mail(ADDRESS, 'poison', 'a\0b\0' * 1000),
    'NUL alone': mail(ADDRESS, 'poison', '\0' * MILLION),
}


class Killers(Case):
    def setUp(self):
        super().setUp()
        self.site.set(**{'from': 'Robot <robot@example.com>'})
        self.site.write_config()

    def hand_over(self, text):
        self.submit('-t', '-i', '-f', SENDER, input=text)

    def between_two(self, name, text):
        """All three lie in the queue before the courier sees any of them."""
        known = self.server.messages
        hold_courier(self.site)
        self.site.start()
        self.hand_over(mail(subject='before'))
        self.hand_over(text)
        self.hand_over(mail(subject='behind'))
        hold_courier(self.site, False)
        self.wait_for(len(known) + 3, SECONDS)
        self.site.stop()
        log = self.site.log_text()
        self.assertNotIn('the courier died', log, name)
        self.assertNotRegex(log, FAULT, name)
        os.unlink(self.site.log)
        arrived = {message['Subject']: message for message in self.server.messages[len(known):]}
        self.assertEqual(len(arrived), 3, name)
        self.assertIn('before', arrived, name)
        self.assertIn('behind', arrived, name)
        other, = [message for subject, message in arrived.items()
                  if subject not in ('before', 'behind')]
        return other, log

    def test_refused(self):
        for name, (text, reason) in REFUSED.items():
            with self.subTest(name):
                report, log = self.between_two(name, text)
                self.assertEqual(self.recipients(report), {SENDER})
                self.assertIn(reason, ' '.join(report['TextBody'].split()))
                self.assertIn('status=bounced', log)

    def test_sent(self):
        for name, text in SENT.items():
            with self.subTest(name):
                message, log = self.between_two(name, text)
                self.assertEqual(self.recipients(message), {ADDRESS})
                self.assertNotIn('status=bounced', log)

    def test_too_large(self):
        """Its own sendmail says so, with the status of a message that nobody can send."""
        self.site.set(max_message_size='1M')
        self.site.write_config()
        self.site.start()
        done = self.site.sendmail('-t', '-i', input=REFUSED['long line'][0])
        self.assertEqual(done.returncode, 65)
        self.assertIn(b'max-message-size', done.stderr)
        self.hand_over(mail())
        self.wait_for(1)


class Memory(Case):
    """All of them pass one courier, and its memory never grows much."""

    def courier(self):
        pid, = couriers(self.site)
        return pid

    def peak(self, pid):
        """Bytes of resident memory, at the highest."""
        with open(f'/proc/{pid}/status', encoding='utf-8') as file:
            line, = [line for line in file if line.startswith('VmHWM:')]
        return int(line.split()[1]) * 1024

    def deliver(self, text):
        n = len(self.server.messages)
        self.submit('-t', '-i', '-f', SENDER, input=text)
        self.server.wait(lambda: len(self.server.messages) > n, 'it or its report', SECONDS)
        wait(lambda: not self.files(), 'an empty queue')

    def test_peak(self):
        self.site.set(**{'from': 'Robot <robot@example.com>'})
        self.site.write_config()
        self.site.start()
        self.deliver(mail())
        self.deliver(mail('a..b@@example.com'))  # what comes back is a report
        pids = (self.courier(), self.site.daemon.pid)
        ordinary = [self.peak(pid) for pid in pids]
        for name, text in {**{name: text for name, (text, _) in REFUSED.items()}, **SENT}.items():
            self.deliver(text)
            for pid, before in zip(pids, ordinary):
                grown = self.peak(pid) - before
                with self.subTest(name, courier=pid == pids[0]):
                    self.assertLess(grown, MEMORY)
        self.assertEqual(self.courier(), pids[0], 'the same courier to the end')
        print('MB above ordinary mail, courier and brevdued: ' + ', '.join(
            f'{(self.peak(pid) - before) / MB:.1f}' for pid, before in zip(pids, ordinary)))


if __name__ == '__main__':
    if 'Memory' in sys.argv and os.environ.get('BREVDUE_SANITIZE', 'none') != 'none':
        print('memory says nothing here: sanitizers keep what was freed')
        sys.exit(SKIPPED)
    unittest.main()
