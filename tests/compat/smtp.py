#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sendmail -bs: dialogues, each reply awaited before the next line is sent."""
import contextlib
import os
import pathlib
import signal
import subprocess
import threading
import time
import unittest

import frame
from programs import Site, program


class Dialogue:
    def __init__(self, site, *args):
        self.process = subprocess.Popen(
            [program('sendmail'), '-bs', *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=site.env())

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.end()

    def end(self):
        """Closes our side; (exit status, what else it said)."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        rest = self.process.stdout.read() if not self.process.stdout.closed else b''
        status = self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
        return status, rest

    def reply(self):
        """The code of the next reply, and its lines."""
        lines = []
        while True:
            line = self.process.stdout.readline()
            if not line.endswith(b'\r\n'):
                raise AssertionError(f'no line: {line!r}')
            lines.append(line[:-2].decode())
            if line[3:4] == b' ':
                return int(line[:3]), lines

    def say(self, line, end=b'\r\n'):
        self.put(line.encode() + end)
        return self.reply()

    def put(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()


class Case(unittest.TestCase):
    def setUp(self):
        self.site = Site(delivery='queue', max_message_size='100K')
        self.addCleanup(self.site.__exit__)
        self.drop = pathlib.Path(self.site.spool, 'drop')
        self.drop.mkdir(parents=True)

    def frames(self, remove=False):
        paths = list(self.drop.iterdir())
        found = {path.name: frame.read(path.read_bytes()) for path in paths}
        for path in paths if remove else ():
            path.unlink()
        return [(envelope, message) for _, envelope, message in found.values()]

    def codes(self, dialogue, *lines):
        return [dialogue.say(line)[0] for line in lines]

    def test_one_message(self):
        with Dialogue(self.site) as d:
            self.assertEqual(d.reply()[0], 220)
            code, lines = d.say('EHLO client')
            self.assertEqual(code, 250)
            self.assertEqual({line[4:] for line in lines[1:]},
                             {'8BITMIME', 'SIZE 102400', 'PIPELINING', 'SMTPUTF8', 'DSN',
                              'ENHANCEDSTATUSCODES'})
            self.assertEqual(self.codes(
                d, 'MAIL FROM:<a@b> BODY=8BITMIME SIZE=30 SMTPUTF8', 'RCPT TO:<c@d>',
                'rcpt to: <"x y"@d>', 'DATA'), [250, 250, 250, 354])
            d.put(b'Subject: s\r\n\r\n..\r\n..x\r\n.y\r\n')
            self.assertEqual(self.frames(), [])
            code, (line,) = d.say('.')
            self.assertEqual(code, 250)
            (envelope, message), = self.frames()
            self.assertEqual(message, b'Subject: s\n\n.\n.x\ny\n')
            self.assertEqual((envelope['sender'], envelope['recipients']),
                             ('a@b', ['<c@d>', '<"x y"@d>']))
            self.assertIn(os.listdir(self.drop)[0], line)
            self.assertEqual(d.say('QUIT')[0], 221)
            self.assertEqual(d.end(), (0, b''))

    def test_several_messages_and_plain_line_ends(self):
        with Dialogue(self.site) as d:
            d.reply()
            for number in range(3):
                for line, code in (('MAIL FROM:<>', 250), (f'RCPT TO:<r{number}@d>', 250),
                                   ('DATA', 354)):
                    self.assertEqual(d.say(line, b'\n')[0], code)
                d.put(b'Subject: s\n\nbody\n')
                self.assertEqual(d.say('.', b'\n')[0], 250)
            self.assertEqual(d.end(), (0, b''))
        self.assertEqual(sorted(e['recipients'][0] for e, _ in self.frames()),
                         ['<r0@d>', '<r1@d>', '<r2@d>'])
        self.assertEqual({e['sender'] for e, _ in self.frames()}, {''})

    def test_pipelining(self):
        with Dialogue(self.site) as d:
            d.put(b'EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nS: s\r\n\r\nb\r\n.\r\n'
                  b'MAIL FROM:<a@b>\r\nRSET\r\nQUIT\r\n')
            self.assertEqual([d.reply()[0] for _ in range(8)],
                             [220, 250, 250, 250, 354, 250, 250, 250])
            self.assertEqual(d.reply()[0], 221)
        self.assertEqual([message for _, message in self.frames()], [b'S: s\n\nb\n'])

    def test_no_mixture_of_line_ends_ends_a_message(self):
        """What a relay before us takes for text must not become commands here."""
        evil = b'MAIL FROM:<evil@b>\r\nRCPT TO:<victim@d>\r\nDATA\r\nS: evil\r\n\r\n'
        for line_end, mixture in (
                (b'\r\n', b'\n.\n'), (b'\r\n', b'\n.\r\n'), (b'\r\n', b'\r\n.\n'),
                (b'\r\n', b'\r.\r'), (b'\r\n', b'\r\n.\r'), (b'\r\n', b'\r.\r\n'),
                (b'\r\n', b'\r\n.\r\r\n'), (b'\r\n', b'\r\n\0.\r\n'),
                (b'\n', b'\n.\r\n'), (b'\n', b'\r\n.\n'), (b'\n', b'\r.\n')):
            with self.subTest(line_end=line_end, mixture=mixture), Dialogue(self.site) as d:
                d.reply()
                for line in ('EHLO x', 'MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'DATA'):
                    code, _ = d.say(line, line_end)
                self.assertEqual(code, 354)
                d.put(line_end.join([b'S: s', b'', b'text']) + mixture + evil)
                self.assertEqual(d.say('\r\n.')[0], 250)
                self.assertEqual(d.say('QUIT')[0], 221)
            (envelope, message), = self.frames(remove=True)
            self.assertEqual(envelope['recipients'], ['<c@d>'])
            self.assertIn(b'MAIL FROM:<evil@b>\n', message)

    def test_a_mixture_alone_keeps_nothing(self):
        with Dialogue(self.site) as d:
            d.reply()
            self.codes(d, 'MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'DATA')
            d.put(b'S: s\r\n\r\ntext\n.\nQUIT\r\n')
            self.assertEqual(d.end(), (74, b''))
        self.assertEqual(self.frames(), [])

    def test_order_and_syntax(self):
        with Dialogue(self.site) as d:
            d.reply()
            for line, code in [
                    ('RCPT TO:<c@d>', 503), ('DATA', 503), ('NOOP', 250), ('VRFY root', 252),
                    ('EXPN root', 502), ('STARTTLS', 502), ('AUTH PLAIN', 502), ('HELP', 214),
                    ('HELO x', 250), ('MAIL a@b', 501), ('MAIL FROM:<a@b', 501),
                    ('MAIL FROM:<a@b> SIZE=9999999', 552), ('MAIL FROM:<a@b> NOTIFY=NEVER', 555),
                    ('MAIL FROM:<a@b> SIZE=' + '9' * 20, 552),
                    ('MAIL FROM:<a@b> SIZE=' + '9' * 21, 501),
                    ('MAIL FROM:<a@b> XCLIENT=1', 555), ('MAIL FROM:<a@b> SIZE=x', 501),
                    ('MAIL FROM:<a@b> SIZE', 501), ('MAIL FROM:<a@b> SIZE=1 size=1', 501),
                    ('MAIL FROM:<a@b> BODY=BINARYMIME', 501), ('MAIL FROM:<a@b> BODY', 501),
                    ('MAIL FROM:<a@b> SMTPUTF8=yes', 501), ('MAIL FROM:<a@b> RET=SOME', 501),
                    ('MAIL FROM:<a@b> RET=FULL RET=FULL', 501), ('MAIL FROM:<a@b> ENVID=', 501),
                    ('MAIL FROM:<a@b> ENVID=+', 501), ('MAIL FROM:<a@b> ENVID=a+0Ab', 501),
                    ('MAIL FROM:<a@b> ENVID=' + 'x' * 101, 501), ('MAIL FROM:<a\x01@b>', 501),
                    ('MAIL FROM:<a@b>\rRCPT TO:<c@d>', 555),
                    ('MAIL FROM: <a@b> AUTH=<>', 250), ('MAIL FROM:<a@b>', 503), ('DATA', 554),
                    ('RCPT TO:<>', 501), ('RCPT TO:<a@b> SIZE=3', 555), ('RCPT a@b', 501),
                    ('RCPT TO:<a@b> NOTIFY=', 501), ('RCPT TO:<a@b> NOTIFY=SOON', 501),
                    ('RCPT TO:<a@b> NOTIFY=NEVER,DELAY', 501), ('RCPT TO:<a@b> ORCPT=a@b', 501),
                    ('RCPT TO:<a@b> NOTIFY=DELAY NOTIFY=DELAY', 501),
                    ('RCPT TO:<a@b> ORCPT=;a', 501), ('RCPT TO:<a@b> ORCPT=rfc822;', 501),
                    ('RCPT TO:<a@b> ORCPT=rfc822;a+0Db', 501),
                    ('RCPT TO:<a@b> ORCPT=rfc822;' + 'x' * 494, 501),
                    ('nonsense', 500), ('', 500), ('x' * 5000, 500), ('\0', 500), ('RSET', 250),
                    ('RCPT TO:<c@d>', 503)]:
                with self.subTest(line):
                    self.assertEqual(d.say(line)[0], code)
        self.assertEqual(self.frames(), [])

    def test_wishes_for_reports(self):
        with Dialogue(self.site, '-N', 'success', '-R', 'full', '-V', 'command+2Dline') as d:
            d.reply()
            for lines in (
                    ('MAIL FROM:<a@b> RET=HDRS ENVID=QQ+2B314159', 'RCPT TO:<1@d>',
                     'RCPT TO:<2@d> NOTIFY=SUCCESS,failure,Delay ORCPT=rfc822;Bob+2B@x',
                     'RCPT TO:<3@d>', 'RCPT TO:<4@d> NOTIFY=NEVER',
                     'RCPT TO:<5@d> ORCPT=utf-8;' + 'x' * 494),
                    ('MAIL FROM:<a@b>', 'RCPT TO:<6@d>')):
                self.assertEqual(set(self.codes(d, *lines)), {250})
                self.assertEqual(self.codes(d, 'DATA', '.'), [354, 250])
        found = {e['recipients'][0]: (e.get('wishes', []), e['notify'], e['ret'], e['envid'])
                 for e, _ in self.frames()}
        self.assertEqual(found, {
            '<1@d>': (['0 ', '14 rfc822;Bob+2B@x', '0 ', '1 ', '0 utf-8;' + 'x' * 494], 2, 1,
                      'QQ+314159'),
            '<6@d>': ([], 2, 2, 'command-line')})

    def test_addresses_as_local_programs_write_them(self):
        addresses = ['c@d', '"x y>"@d', 'root', 'j\u00f8rgen@d\u00e5b.example', '"a\\"b"@c']
        with Dialogue(self.site) as d:
            d.reply()
            self.assertEqual(set(self.codes(d, 'MAIL FROM:\u00e5@b',
                                            *(f'RCPT TO:<{a}>' for a in addresses))), {250})
            self.assertEqual(self.codes(d, 'DATA', '.'), [354, 250])
        (envelope, _), = self.frames()
        self.assertEqual((envelope['sender'], envelope['recipients']),
                         ('\u00e5@b', [f'<{a}>' for a in addresses]))

    def test_a_path_is_one_address(self):
        """One 250 is one recipient: a client that was told so by a stranger knows no more."""
        with Dialogue(self.site) as d:
            d.reply()
            self.assertEqual(self.codes(d, 'MAIL FROM:<a@b,c@d>', 'MAIL FROM:<a@b>'), [501, 250])
            for path in ('<c@d,e@f>', '<c,e@f>', '<c@d;e@f>', '<c@d e@f>', '<c@d <e@f>',
                         'c@d,e@f', '<g:c@d,e@f;>', '<c\\,e@f>', '<c\\>,<e@f>',
                         '<c\\"x"y,e@f>', '<c(,e@f,)@d>', '<"c",e@f>'):
                with self.subTest(path):
                    self.assertEqual(d.say(f'RCPT TO:{path}')[0], 501)
            self.assertEqual(set(self.codes(d, 'RCPT TO:<"c,e"@f>', 'RCPT TO:<"c\\",e"@f>',
                                            'RCPT TO:<o\\\'c@d>')), {250})
            self.assertEqual(self.codes(d, 'DATA', '.'), [354, 250])
        (envelope, _), = self.frames()
        self.assertEqual(envelope['recipients'], ['<"c,e"@f>', '<"c\\",e"@f>', "<o\\'c@d>"])

    def test_no_more_recipients_than_fit(self):
        for length, fit in ((10, 10000), (3900, None)):
            with self.subTest(length), Dialogue(self.site) as d:
                d.reply()
                d.say('MAIL FROM:<a@b>')
                text = b''.join(b'RCPT TO:<%06d%s@d>\r\n' % (i, b'x' * length)
                                for i in range(10001 if fit else 1200))
                writer = threading.Thread(target=d.put, args=(text,))
                writer.start()
                codes = [d.reply()[0] for _ in range(text.count(b'\n'))]
                writer.join()
                n = codes.count(250)
                self.assertEqual(codes, [250] * n + [452] * (len(codes) - n))
                self.assertLess(n, len(codes))
                self.assertIn(fit, (None, n))
                self.assertEqual(self.codes(d, 'DATA', '.'), [354, 250])
            (envelope, _), = self.frames(remove=True)
            self.assertEqual(len(envelope['recipients']), n)

    def test_source_routes_and_lists(self):
        with Dialogue(self.site) as d:
            d.reply()
            self.codes(d, 'MAIL FROM:<a@b>', 'RCPT TO:<@x,@y:c@d>', 'RCPT TO:<"e,f"@g>', 'DATA')
            self.assertEqual(d.say('.')[0], 250)
        (envelope, message), = self.frames()
        self.assertEqual(envelope['recipients'], ['<c@d>', '<"e,f"@g>'])
        self.assertEqual(message, b'\n')

    def test_not_durable_is_451(self):
        self.drop.rmdir()
        with Dialogue(self.site) as d:
            d.reply()
            self.codes(d, 'MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'DATA')
            self.assertEqual(d.say('S: s\r\n\r\n.')[0], 451)
            self.drop.mkdir()
            self.assertEqual(self.codes(d, 'MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'DATA', '.'),
                             [250, 250, 354, 250])

    def test_too_large(self):
        with Dialogue(self.site) as d:
            d.reply()
            self.codes(d, 'MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'DATA')
            d.put(b'S: s\r\n\r\n' + b'x' * 1_000_000 + b'\r\n')
            code, (line,) = d.say('.')
            self.assertEqual(code, 552)
            self.assertIn('max-message-size', line)
            self.assertEqual(d.say('QUIT')[0], 221)
        self.assertEqual(self.frames(), [])

    def test_end_within_a_message(self):
        with Dialogue(self.site) as d:
            d.reply()
            self.codes(d, 'MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'DATA')
            d.put(b'S: s\r\n\r\nhalf of it\r\n')
            self.assertEqual(d.end(), (74, b''))
        self.assertEqual(self.frames(), [])

    def test_options_hold_for_every_message(self):
        with Dialogue(self.site, '-odq', '-F', 'Some One', '-oi') as d:
            d.reply()
            self.codes(d, 'MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'DATA')
            self.assertEqual(d.say('S: s\r\n\r\n..\r\n.')[0], 250)
        (envelope, message), = self.frames()
        self.assertEqual((envelope['queue_only'], envelope['full_name'], message),
                         (1, 'Some One', b'S: s\n\n.\n'))

    def test_no_recipient_in_the_header(self):
        for action, field in (('add-to', b'To: <a@d>,\n <b@d>\n'), ('none', b''),
                              ('add-to-undisclosed', b'To: undisclosed-recipients:;\n')):
            with Dialogue(self.site, '-O', f'NoRecipientAction={action}') as d:
                d.reply()
                for head in ('Subject: s', 'To: e@f'):
                    self.codes(d, 'MAIL FROM:<s@d>', 'RCPT TO:<a@d>', 'RCPT TO:<b@d>', 'DATA')
                    self.assertEqual(d.say(head + '\r\n\r\nbody\r\n.')[0], 250)
                self.assertEqual({message for _, message in self.frames(remove=True)},
                                 {b'Subject: s\n' + field + b'\nbody\n', b'To: e@f\n\nbody\n'})

    def test_refused_options_do_not_keep_a_client_waiting(self):
        with Dialogue(self.site, '-Z') as d:
            self.assertIn(b"'-Z'", d.process.stderr.readline())
            self.assertEqual(d.process.stdout.read(), b'')  # while stdin is open
        with subprocess.Popen([program('sendmail'), '-Z', '-bs'], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=self.site.env()) as process:
            self.assertEqual(process.stdout.read(), b'')
            process.stdin.close()
            self.assertEqual(process.wait(), 64)

    def test_courier_in_direct_mode(self):
        self.site.set(delivery='direct')
        self.site.write_config()
        courier = pathlib.Path(self.site.programs, 'courier')
        courier.unlink()
        with Dialogue(self.site) as d:
            d.reply()
            for status, code in ((0, 250), (65, 554), (67, 550), (69, 554), (71, 451), (78, 451)):
                courier.write_text(f'#!/bin/sh\nexit {status}\n')
                courier.chmod(0o755)
                self.assertEqual(self.codes(d, 'MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'DATA', '.'),
                                 [250, 250, 354, code])

    def test_silence(self):
        self.site.set(smtp_timeout='300ms')
        self.site.write_config()
        for said in (b'', b'EHLO x\r\nMAIL FR',
                     b'MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nS: s\r\n\r\ntext\r\n'):
            with self.subTest(said), Dialogue(self.site) as d:
                d.put(said)
                self.assertTrue(d.process.stdout.read().splitlines()[-1].startswith(b'421 4.4.2'))
                self.assertIn(b'nothing came', d.process.stderr.read())
                self.assertEqual(d.end(), (74, b''))  # our side was open until now
        self.assertEqual(self.frames(), [])

    def test_a_slow_client_is_not_silent(self):
        """The time counts for a command, and for each piece of a message."""
        self.site.set(smtp_timeout='400ms')
        self.site.write_config()
        with Dialogue(self.site) as d:
            d.reply()
            self.codes(d, 'MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'DATA')
            for _ in range(8):
                time.sleep(.1)
                d.put(b'text\r\n')
            self.assertEqual(d.say('.')[0], 250)
            with self.assertRaises(BrokenPipeError):
                for _ in range(100):
                    time.sleep(.1)
                    d.put(b'x')
            self.assertEqual(d.reply()[0], 421)

    def test_termination_within_a_message(self):
        with Dialogue(self.site) as d:
            d.reply()
            self.codes(d, 'MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'DATA')
            d.put(b'S: s\r\n\r\nhalf of it\r\n')
            d.process.terminate()
            self.assertEqual(d.process.wait(), -signal.SIGTERM)
        self.assertEqual(self.frames(), [])

    def test_message_where_data_was_refused(self):
        """A client that does not wait: what stands in its message is no command."""
        for start, codes in ((b'MAIL FROM:<a@b>\r\nRCPT TO:<>\r\n', [250, 501, 554]),
                             (b'MAIL FROM:<>> X\r\nRCPT TO:<c@d>\r\n', [555, 503, 503])):
            with self.subTest(start), Dialogue(self.site) as d:
                self.assertEqual(d.reply()[0], 220)
                d.put(start + b'DATA\r\nSubject: s\r\n\r\nMAIL FROM:<evil@b>\r\n'
                      b'RCPT TO:<victim@d>\r\nDATA\r\n.\r\n.\r\nQUIT\r\n')
                self.assertEqual([d.reply()[0] for _ in range(4)], codes + [421])
                self.assertEqual(d.end(), (65, b''))
            self.assertEqual(self.frames(), [])

    def test_a_client_that_waits_goes_on_after_refused_data(self):
        with Dialogue(self.site) as d:
            d.reply()
            self.assertEqual(self.codes(d, 'DATA', 'RSET', 'nonsense', 'MAIL FROM:<a@b>', 'DATA',
                                        'RCPT TO:<c@d>', 'DATA', '.'),
                             [503, 250, 500, 250, 554, 250, 354, 250])

    def test_errors_count_since_the_last_message(self):
        with Dialogue(self.site) as d:
            d.reply()
            for _ in range(2):
                self.assertEqual(set(self.codes(d, *['nonsense'] * 100)), {500})
                self.assertEqual(self.codes(d, 'MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'DATA', '.'),
                                 [250, 250, 354, 250])

    def test_no_limit_for_idle_commands_of_a_program(self):
        with Dialogue(self.site) as d:
            d.reply()
            self.assertEqual(set(self.codes(d, *['NOOP x'] * 1100)), {250})

    def test_something_else_than_smtp(self):
        with Dialogue(self.site) as d:
            d.put(b'just text\n' * 500)
            d.process.stdin.close()
            status, rest = d.end()
            self.assertEqual(status, 65)
            self.assertEqual(rest.count(b'\r\n500 '), 101)
            self.assertTrue(rest.splitlines()[-1].startswith(b'421 '))


if __name__ == '__main__':
    unittest.main(verbosity=2)
