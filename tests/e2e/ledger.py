#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who sent what with which options: told for each message by "brevdue trace", counted for
each program by "brevdue compat"."""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import frame  # noqa: E402
from case import Case, mail  # noqa: E402

OPTIONS = (('o', '-t -oi -U'), ('x', '-U'), ('b', 120))


def new_id(n):
    return f'{n:026d}'


class Ledger(Case):
    def hand_over(self, n, *fields, program='php-fpm8.2', message=None):
        """A frame as sendmail writes it, at the service's socket."""
        fields = (('f', 'www@example.com'), ('r', 'ann@example.net'), ('u', 'www-data'),
                  ('p', program), *fields)
        message = message or mail(X_PHP_Originating_Script='33:mailer.php')
        reply = frame.ask(self.site.socket, frame.write(new_id(n), fields, message.encode()))
        self.assertIn(new_id(n), reply)

    def text(self, *args):
        done = self.site.run('brevdue', *args)
        self.assertEqual((done.returncode, done.stderr), (0, b''))
        return done.stdout.decode()

    def test_trace_tells_who_sent_it(self):
        self.site.start()
        self.hand_over(1, *OPTIONS)
        self.wait_for(1)
        message = self.site.admin('trace', new_id(1))
        want = {'uid': os.getuid(), 'login': 'www-data', 'program': 'php-fpm8.2',
                'script': '33:mailer.php', 'way': 'socket', 'options': '-t -oi -U',
                'ignored': '-U', 'dot_bytes': 120, 'rewritten': None, 'state': 'sent'}
        self.assertEqual({key: message[key] for key in want}, want)
        text = self.text('trace', new_id(1))
        self.assertRegex(text, rf'Submitted by +uid {os.getuid()}, says it is www-data\n')
        self.assertRegex(text, r'Program +php-fpm8\.2\n')
        self.assertRegex(text, r'Script +33:mailer\.php\n')
        self.assertRegex(text, r'Way in +through the service')
        self.assertRegex(text, r'Options +-t -oi -U\n')
        self.assertRegex(text, r'No effect +-U\n')
        self.assertRegex(text, r'Lone dot +120 bytes behind it were left out')
        self.assertIn('ann@example.net', text)
        self.assertNotIn('From ', text)

    def test_trace_of_what_the_real_sendmail_was_given(self):
        self.site.start()
        done = self.site.sendmail('-t', '-U', '-n', input=mail() + '.\r\nbehind\r\n')
        self.assertEqual(done.returncode, 0)
        self.wait_for(1)
        caller, = self.site.admin('compat')
        queue_id = re.search(r'pickup\[\d+\]: (\w+): uid=', self.site.log_text())
        message = self.site.admin('trace', queue_id.group(1))
        self.assertEqual((message['options'], message['ignored'], message['dot_bytes']),
                         ('-t -U -n', '-U -n', len('behind\r\n')))
        self.assertEqual((caller['dot_messages'], caller['dot_bytes']), (1, 8))

    def test_named_options_are_told_by_name(self):
        self.site.start()
        self.submit('-t', '-O', 'IgnoreDots=true', '-ORequireTLS=yes', '-O', 'LogLevel=3',
                    input=mail())
        self.wait_for(1)
        caller, = self.site.admin('compat')
        self.assertEqual({o['option']: o['ignored'] for o in caller['options']},
                         {'-t': 0, '-OIgnoreDots': 0, '-Orequiretls': 1, '-OLogLevel': 1})

    def test_trace_of_what_is_not_read_yet(self):
        self.site.set(delivery='queue')
        self.site.write_config()
        self.site.start()
        self.site.stop()
        self.submit('-t', '-i', input=mail())
        message, = self.site.queue()
        self.assertEqual((message['state'], message['way'], message['dot_bytes']),
                         ('incoming', 'drop', 0))

    def test_a_sender_that_was_replaced(self):
        self.site.set(**{'from': 'Web <noreply@example.com>'})
        self.site.postmark(self.server, senders='example.com')
        self.site.start()
        self.hand_over(1, message=mail(sender='root@web1.internal'))
        self.hand_over(2)
        self.wait_for(2)
        self.assertEqual(self.site.admin('trace', new_id(1))['rewritten'], 'root@web1.internal')
        self.assertIsNone(self.site.admin('trace', new_id(2))['rewritten'])
        self.assertRegex(self.text('trace', new_id(1)),
                         r'From +the configured "from" stands in for root@web1\.internal\n')
        self.assertEqual(sum(caller['rewritten'] for caller in self.site.admin('compat')), 1)
        self.assertIn('1 message went out with the configured "from"', self.text('compat'))

    def test_compat_counts_for_each_program(self):
        self.assertEqual(self.site.admin('compat'), [])
        self.assertEqual(self.text('compat'), 'No program has sent mail yet.\n')
        self.site.start()
        self.hand_over(1, *OPTIONS)
        self.hand_over(2, ('o', '-t -oi'))
        self.hand_over(3, ('o', '-t'), message=mail())
        self.hand_over(4, program='cron')
        self.wait_for(4)
        callers = self.site.admin('compat')
        self.assertEqual([(c['program'], c['script'], c['messages'], c['dot_messages'],
                           c['dot_bytes']) for c in callers],
                         [('php-fpm8.2', '33:mailer.php', 2, 1, 120),
                          ('php-fpm8.2', '', 1, 0, 0), ('cron', '33:mailer.php', 1, 0, 0)])
        self.assertEqual([(o['option'], o['used'], o['ignored']) for o in callers[0]['options']],
                         [('-oi', 2, 0), ('-t', 2, 0), ('-U', 1, 1)])
        self.assertEqual({(c['uid'], c['login'], c['rest']) for c in callers},
                         {(os.getuid(), 'www-data', False)})
        text = self.text('compat')
        self.assertIn(f'php-fpm8.2, 33:mailer.php, uid {os.getuid()} (www-data)\n', text)
        self.assertIn(' -oi 2, -t 2, -U 1\n', text)
        self.assertIn(' -U had no effect on 1 message\n', text)
        self.assertIn(' 1 message went on behind a lone dot: 120 bytes were left out', text)

    def test_two_copies_count_once(self):
        self.site.start()
        for _ in range(3):
            self.hand_over(1, *OPTIONS)
        self.wait_for(1)
        self.hand_over(1, *OPTIONS)
        self.wait_for_log('late copy')
        caller, = self.site.admin('compat')
        self.assertEqual(caller['messages'], 1)

    def test_what_a_real_caller_is_called(self):
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.wait_for(1)
        caller, = self.site.admin('compat')
        self.assertIn('python', caller['program'])
        self.assertNotIn(' ', caller['program'])

    def test_names_cannot_obey_a_terminal(self):
        self.site.start()
        self.hand_over(1, message=mail(X_PHP_Originating_Script='1:\x1b[2J\x9b.php'))
        self.wait_for(1)
        self.assertNotIn('\x1b', self.text('compat') + self.text('trace', new_id(1)))


if __name__ == '__main__':
    unittest.main()
