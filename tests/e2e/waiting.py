#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mail that waits for its administrator: it is accepted, kept, and goes as soon as the
configuration is mended."""

import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import Case, mail, wrap_courier  # noqa: E402
from programs import wait  # noqa: E402


class Waiting(Case):
    def keep_one(self, *args, text=None):
        self.site.start()
        self.submit('-t', '-i', *args, input=text or mail())
        wait(lambda: len(self.files()) == 1, 'the file')

    def mend(self):
        """Nobody needs to tell the service."""
        self.site.write_config()
        self.wait_for(1, 10)
        self.assertNotIn('bounced', self.site.log_text())

    def test_token_is_missing(self):
        os.unlink(os.path.join(self.site.path, 'postmark.token'))
        self.keep_one()
        self.wait_for_log('postmark.token')
        self.site.postmark(self.server)
        self.mend()

    def test_no_spool_is_made_of_a_wrong_configuration(self):
        self.site.set(nonsense='1')
        self.site.write_config()
        self.assertEqual(self.site.run('courier', '--drain').returncode, 78)
        self.assertFalse(os.path.exists(self.site.spool))

    def test_token_is_readable_by_all(self):
        os.chmod(os.path.join(self.site.path, 'postmark.token'), 0o644)
        self.keep_one()
        self.wait_for_log('postmark.token')
        os.chmod(os.path.join(self.site.path, 'postmark.token'), 0o600)
        self.mend()

    def test_from_is_missing(self):
        self.site.sections['account postmark']['senders'] = 'example.org'
        self.site.write_config()
        self.keep_one()
        self.wait_for_log('status=deferred')
        self.assertIn('from', self.site.log_text())
        self.site.set(**{'from': 'Web <noreply@example.org>'})
        self.mend()
        message, = self.server.messages
        self.assertIn('noreply@example.org', message['From'])

    def test_no_account(self):
        del self.site.settings['account']
        self.site.sections.clear()
        self.site.write_config()
        self.keep_one()
        self.wait_for_log('POSTMARK_SERVER_TOKEN')
        self.site.postmark(self.server)
        self.mend()
        self.assertIn('relay=postmark', self.site.log_text())

    def test_account_is_renamed(self):
        """Mail follows to the account that takes it now."""
        os.unlink(os.path.join(self.site.path, 'postmark.token'))
        self.keep_one()
        self.wait_for_log('postmark.token')
        self.site.settings['account'] = 'other'
        self.site.sections.clear()
        self.site.account('other', self.server.url, self.server.token)
        self.mend()
        self.assertIn('relay=other', self.site.log_text())

    def test_configuration_is_broken(self):
        with open(self.site.config, 'a', encoding='utf-8') as file:
            file.write('concurrency = many\n')
        self.keep_one()
        self.wait_for_log('mail waits until the configuration is mended')
        self.wait_for_log('mail is kept but not sent: the courier cannot use the configuration')
        self.mend()

    def test_configuration_is_unreadable(self):
        """Not even root can read it, as others often cannot."""
        os.unlink(self.site.config)
        os.mkdir(self.site.config)
        env = self.site.env(BREVDUE_SPOOL=self.site.spool, BREVDUE_SOCKET=self.site.socket,
                            BREVDUE_LOG='stderr')
        self.site.start(env=env)
        self.submit('-t', '-i', input=mail(), env=env)
        self.wait_for_log('mail waits until the configuration is mended')
        self.wait_for_log('mail is kept but not sent: the courier cannot use the configuration')
        self.assertEqual(len(self.files()), 1)
        os.rmdir(self.site.config)
        self.mend()

    def test_mends_itself_without_a_signal(self):
        os.unlink(os.path.join(self.site.path, 'postmark.token'))
        self.keep_one()
        self.wait_for_log('postmark.token')
        self.site.write('postmark.token', self.server.token + '\n', 0o600)
        self.wait_for(1, 10)

    def test_reload_by_hand(self):
        os.unlink(os.path.join(self.site.path, 'postmark.token'))
        self.keep_one()
        self.wait_for_log('postmark.token')
        self.site.write('postmark.token', self.server.token + '\n', 0o600)
        self.site.daemon.send_signal(signal.SIGHUP)
        self.wait_for(1, 10)

    def test_change_while_a_request_is_out(self):
        """It is waited for; what comes then goes by the new configuration."""
        self.server.script.set([{'action': 'late', 'seconds': 1, 'times': 1}])
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.server.wait(lambda: self.server.messages, 'the request')
        self.site.sections['account postmark']['stream'] = 'other'
        self.site.write_config()
        self.submit('-t', '-i', input=mail())
        self.wait_for(2)
        self.assertEqual(self.server.messages[1]['MessageStream'], 'other')
        self.assertNotIn('duplicate', self.site.log_text())

    def test_idle_courier_comes_back(self):
        """A courier without work ends; new mail and due mail start another."""
        wrap_courier(self.site, '--idle', '0')
        self.server.script.set([{'action': 'error', 'status': 503, 'code': 100,
                                 'message': 'maintenance', 'times': 1}])
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.wait_for(1)
        self.submit('-t', '-i', input=mail())
        self.wait_for(2)

    def test_queue_only(self):
        """-odq waits for the next run of the queue, also under a courier that is awake."""
        self.site.start()
        self.submit('-t', '-i', input=mail(subject='first'))
        self.wait_for(1)
        self.submit('-odq', '-t', '-i', input=mail(subject='second'))
        self.assertEqual(len(self.files()), 1)
        self.submit('-q')
        self.wait_for(2)

    def test_term_gives_back_what_is_in_hand(self):
        """The daemon ends while a request waits for its reply."""
        self.server.script.set([{'action': 'late', 'seconds': 1, 'times': 1}])
        self.site.start()
        self.submit('-t', '-i', input=mail())
        self.server.wait(lambda: self.server.messages, 'the request')
        self.assertEqual(self.site.stop(), 0)
        self.assertEqual(self.files(), [])
        self.assertIn('status=sent', self.site.log_text())


if __name__ == '__main__':
    unittest.main()
