#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sendmail, brevdued and the courier against a server of SMTP: what should arrive does,
once, and the rest waits or is reported."""

import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import case  # noqa: E402
from case import mail  # noqa: E402
from programs import wait  # noqa: E402
from smtpd import Smtpd  # noqa: E402

PASSWORD = 'geheim 42'
USERS = {'web': PASSWORD}
SIGNED = ('MIME-Version: 1.0\n'
          'Content-Type: multipart/signed; protocol="application/pgp-signature"; '
          'micalg=pgp-sha256; boundary=b\n\n--b\n\nsigned\n--b\n'
          'Content-Type: application/pgp-signature\n\nabc\n--b--\n')


class Smarthost(case.Secured):
    secrets = 'geheim'

    def serve(self, script=None, **options):
        server = self.enterContext(Smtpd(script, **options))
        self.addCleanup(lambda: self.assertEqual(server.problems, []))
        return server

    def plaintext(self, script=None, **options):
        """A server, and the site's account at it: no TLS and nobody logs in."""
        server = self.serve(script, **options)
        self.site.account('smarthost', server.url, provider='smtp', tls='none')
        return server

    def secure(self, script=None, password=PASSWORD, **options):
        server = self.serve(script, certificate=self.certificate, users=USERS, **options)
        self.site.account('smarthost', server.url, password, provider='smtp', user='web',
                          ca_file=self.certificate.cert)
        return server

    def submit(self, *args, text=None, **fields):
        done = self.site.sendmail('-i', *args, input=text or mail(**fields))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b'', b''))

    def wait_for(self, server, n):
        """Exactly @n mails, and nothing is left in the queue."""
        wait(lambda: len(server.mails) >= n, f'{n} mails; log: {self.site.log_text()}')
        wait(lambda: not self.site.queue_files(), 'an empty queue directory')
        self.assertEqual(len(server.mails), n)
        return server.mails

    def wait_for_log(self, text):
        wait(lambda: re.search(text, self.site.log_text()),
             f'{text!r} in the log: {self.site.log_text()}')

    # -- what goes well

    def test_as_it_is(self):
        """The message's bytes, the envelope's recipients, and the user's password."""
        server = self.secure()
        self.site.start()
        self.submit('-t', '-f', 'www@example.com',
                    text=mail('ann@example.net', Bcc='eve@example.net',
                              Message_ID='<1@example.com>', X_Odd='a  b',
                              Date='Mon, 23 Nov 2026 03:00:00 +0000', body='.\n..x\n.'))
        [got] = self.wait_for(server, 1)
        self.assertEqual((got.sender, sorted(got.addresses()), got.user, got.is_secure,
                          got.helo),
                         ('www@example.com', ['ann@example.net', 'eve@example.net'], 'web',
                          True, 'example.com'))
        self.assertEqual(got.data.replace(b'\r\n', b'\n').decode(),
                         mail('ann@example.net', Message_ID='<1@example.com>', X_Odd='a  b',
                              Date='Mon, 23 Nov 2026 03:00:00 +0000', body='.\n..x\n.'))
        self.wait_for_log('M1')

    def test_implicit_tls(self):
        server = self.secure(implicit=True)
        self.site.start()
        self.submit('ann@example.net')
        self.wait_for(server, 1)

    def test_many_by_few_connections(self):
        server = self.plaintext()
        self.site.start()
        for i in range(30):
            self.submit('ann@example.net', subject=f'{i}')
        self.wait_for(server, 30)
        self.assertLessEqual(server.connections, 8)

    def test_sender_of_another(self):
        """The envelope's sender is one that the account may use, as From is."""
        server = self.plaintext()
        self.site.sections['account smarthost']['senders'] = 'example.com'
        self.site.set(**{'from': 'Web <noreply@example.com>'})
        self.site.write_config()
        self.site.start()
        self.submit('-f', 'root@web1.internal', 'ann@example.net', sender='root@web1.internal')
        [got] = self.wait_for(server, 1)
        self.assertEqual(got.sender, 'noreply@example.com')

    def test_direct(self):
        server = self.secure()
        self.site.set(delivery='direct')
        self.site.write_config()
        done = self.site.sendmail('-i', 'ann@example.net', input=mail())
        self.assertEqual((done.returncode, len(server.mails)), (0, 1))
        self.assertNotIn(b'geheim', done.stderr)

    # -- who hears what

    def test_one_recipient_is_refused(self):
        server = self.plaintext({'RCPT:bad@example.net': '550 5.1.1 nobody of that name'})
        self.site.start()
        self.submit('-f', 'www@example.com', 'ann@example.net', 'bad@example.net')
        first, report = self.wait_for(server, 2)
        self.assertEqual((first.sender, first.addresses()),
                         ('www@example.com', ['ann@example.net']))
        self.assertEqual((report.sender, report.addresses()), ('', ['www@example.com']))
        for text in (b'bad@example.net', b'Status: 5.1.1', b'550 5.1.1 nobody of that name'):
            self.assertIn(text, report.data)
        self.assertNotIn(b'ann@example.net>', report.data.split(b'message/delivery-status')[0])

    def test_greylisting(self):
        server = self.plaintext({'RCPT:grey@example.net': ['450 4.2.0 greylisted', None]})
        self.site.start()
        self.submit('ann@example.net', 'grey@example.net')
        first, second = self.wait_for(server, 2)
        self.assertEqual((first.addresses(), second.addresses()),
                         (['ann@example.net'], ['grey@example.net']))

    def test_delivery_status_notification(self):
        """RFC 3461 section 5.2.2: whoever offers DSN reports; else it ends here."""
        arguments = ('-f', 'www@example.com', '-N', 'success,failure', '-R', 'hdrs', '-V',
                     'id+2B1', 'ann@example.net')
        server = self.plaintext()
        self.site.start()
        self.submit(*arguments)
        [got] = self.wait_for(server, 1)
        self.assertEqual((got.parameters[1:], got.recipients),
                         (['RET=HDRS', 'ENVID=id+2B1'],
                          [('ann@example.net', ['NOTIFY=SUCCESS,FAILURE'])]))
        self.site.stop()
        server = self.plaintext(extensions=('SIZE',))
        self.site.start()
        self.submit(*arguments)
        _, report = self.wait_for(server, 2)
        self.assertIn(b'Action: relayed', report.data)

    # -- what fails

    def test_lost_before_the_final_dot(self):
        for moment in ('MAIL', 'RCPT', 'DATA', 'BODY'):
            with self.subTest(moment):
                server = self.plaintext({moment: ['!reset', None]})
                self.site.start()
                self.submit('ann@example.net')
                self.wait_for(server, 1)
                self.site.stop()

    def test_lost_after_the_final_dot(self):
        """It may have been accepted: the same again, and the log says so."""
        server = self.plaintext({'END': ['+!reset', None]})
        self.site.start()
        self.submit('ann@example.net')
        first, second = self.wait_for(server, 2)
        self.assertEqual(first.data, second.data)
        self.assertIn(b'Message-ID: ', first.data)
        self.wait_for_log('may have been|duplicate')

    def test_wrong_password(self):
        """Nothing bounces, and mail goes when the password is right."""
        server = self.secure(password='geheim falsch')
        self.site.start()
        self.submit('ann@example.net')
        self.wait_for_log('535 5.7.8 wrong user or password')
        status = self.site.run('brevdue', 'status').stdout.decode()
        self.assertIn('wrong user or password', status)
        self.assertEqual(server.mails, [])
        self.site.stop()
        self.site.write('smarthost.token', PASSWORD + '\n', 0o600)
        self.site.start()
        self.site.run('brevdue', 'queue', 'retry')
        self.wait_for(server, 1)

    def test_no_starttls(self):
        """Mail waits; neither it nor the password is said in the clear."""
        server = self.secure(starttls=False)
        self.site.start()
        self.submit('ann@example.net')
        self.wait_for_log('STARTTLS')
        self.assertEqual((server.mails, server.said('AUTH'), server.said('MAIL')),
                         ([], [], []))
        self.assertEqual(len(self.site.queue()), 1)

    def test_no_auth(self):
        server = self.serve(certificate=self.certificate)
        self.site.account('smarthost', server.url, PASSWORD, provider='smtp', user='web',
                          ca_file=self.certificate.cert)
        self.site.start()
        self.submit('ann@example.net')
        self.wait_for_log('no way to log in')
        self.assertEqual((server.mails, server.said('MAIL')), ([], []))

    def test_bad_configuration(self):
        rows = (
            ({'user': 'web'}, 'no password'),
            ({'url': None}, "SMTP needs 'endpoint"),
            ({'tls': 'none', 'url': 'smtps://127.0.0.1:1'}, 'which is TLS'),
            ({'tls': 'none', 'url': 'smtp://mail.example:25', 'user': 'web', 'token': 'x'},
             'in the clear'),
            ({'url': 'https://127.0.0.1:1'}, 'smtp://'),
        )
        for settings, words in rows:
            with self.subTest(settings):
                self.site.account('smarthost', **{'url': 'smtp://127.0.0.1:1',
                                                  'provider': 'smtp', **settings})
                done = self.site.run('brevdue', 'config', 'check')
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(words, (done.stdout + done.stderr).decode())

    # -- beside an API

    def test_what_the_api_cannot_carry(self):
        """The provider's own server takes it whole, with the same secret."""
        server = self.serve(certificate=self.certificate, users={'apikey': 'SG.geheim'})
        self.site.account('sendgrid', 'http://127.0.0.1:1', 'SG.geheim', provider='sendgrid',
                          smtp_endpoint=server.url, ca_file=self.certificate.cert)
        self.site.start()
        self.submit('ann@example.net', text=mail().partition('\n\n')[0] + '\n' + SIGNED)
        [got] = self.wait_for(server, 1)
        self.assertEqual(got.user, 'apikey')
        self.assertIn(SIGNED.replace('\n', '\r\n').encode(), got.data)


if __name__ == '__main__':
    unittest.main()
