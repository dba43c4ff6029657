#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The real sendmail, run as its callers run it, against a drop directory: what it keeps,
what it says, what it returns."""
import email
import os
import pathlib
import pty
import signal
import socket
import stat
import subprocess
import threading
import time
import unittest

import frame
from programs import Site, program, stop, wait

BASIC = b'To: a@b\nSubject: s\n\nbody\n'


class Case(unittest.TestCase):
    settings = {'delivery': 'queue'}

    def setUp(self):
        self.site = Site(**self.settings)
        self.addCleanup(self.site.__exit__)
        self.drop = pathlib.Path(self.site.spool, 'drop')
        self.drop.mkdir(parents=True)

    def dropped(self):
        """The frames in the drop directory; leaves nothing there."""
        frames = []
        for path in sorted(self.drop.iterdir()):
            frames.append(frame.read(path.read_bytes()))
            self.assertEqual(frames[-1][0], path.name)
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o640)
            path.unlink()
        return frames

    def send(self, *args, input=BASIC, status=0, says='', **options):
        """Runs sendmail; (envelope, message) of the one message it kept, if it kept one."""
        done = self.site.sendmail(*args, input=input, **options)
        text = done.stderr.decode(errors='replace')
        self.assertEqual(done.returncode, status, text)
        self.assertEqual(done.stdout, b'')
        self.assertIn(says, text)
        if status:
            self.assertEqual(self.dropped(), [])
            self.assertEqual(text.count('\n'), 0 if says is None else 1, text)
            self.assertTrue(text.startswith('sendmail: '), text)
            return None
        (_, envelope, message), = self.dropped()
        return envelope, message


class Messages(Case):
    # name, arguments, input, what the envelope says, message
    ROWS = [
        ('php', ['-t', '-i'], b'To: a@b\r\nSubject: s\r\nX-PHP-Originating-Script: 0:x\r\n\r\n'
         b'one\n.\ntwo\r\n', {'header_recipients': 1, 'recipients': []},
         b'To: a@b\nSubject: s\nX-PHP-Originating-Script: 0:x\n\none\n.\ntwo\n'),
        ('php with a bounce address', ['-t', '-i', '-fbounce@x'], BASIC,
         {'sender': 'bounce@x', 'header_recipients': 1}, BASIC),
        ('debian cron', ['-FCronDaemon', '-i', '-B8BITMIME', '-oem', 'root'],
         b'From: root (Cron Daemon)\nTo: root\n\nhi\n',
         {'full_name': 'CronDaemon', 'recipients': ['root'], 'sender_is_login': 1},
         b'From: root (Cron Daemon)\nTo: root\n\nhi\n'),
        ('nodemailer', ['-i', '-f', 'a@b', 'c@d', 'e@f'], BASIC,
         {'sender': 'a@b', 'recipients': ['c@d', 'e@f']}, BASIC),
        ('mutt', ['-oem', '-oi', '-f', 'a@b', '-N', 'failure,delay', '-R', 'hdrs', '-V', 'x+2B',
                  '--', 'c@d,e@f'], BASIC,
         {'notify': 12, 'ret': 1, 'envid': 'x+', 'recipients': ['c@d,e@f']}, BASIC),
        ('symfony', ['-f', 'a@b', '--', 'c@d'], b'S: s\r\n\r\n..\r\n..x\r\n',
         {'recipients': ['c@d']}, b'S: s\n\n.\n.x\n'),
        ('a lone dot ends it', ['a@b'], b'S: s\n\nbody\n.\nmore\n', {}, b'S: s\n\nbody\n'),
        ('null sender', ['-f', '', 'a@b'], BASIC, {'sender': ''}, BASIC),
        ('null sender in brackets', ['-f<>', 'a@b'], BASIC, {'sender': ''}, BASIC),
        ('named sender', ['-f', 'Name <c@d>', 'a@b'], BASIC, {'sender': 'c@d'}, BASIC),
        ('nothing at all', ['a@b'], b'', {}, b'\n'),
        ('no header', ['a@b'], b'just text', {}, b'\njust text'),
        ('header without end', ['a@b'], b'Subject: s', {}, b'Subject: s\n\n'),
        ('text in the header', ['a@b'], b'S: s\nhello\nT: t\n', {}, b'S: s\n\nhello\nT: t\n'),
        ('bytes', ['a@b'], b'S: \xff\n\na\0b\xe5', {}, b'S: \xff\n\na\0b\xe5'),
        ('gateway, hops, queue', ['-G', '-h', '3', '-odq', 'a@b'], BASIC,
         {'gateway': 1, 'hops': 3, 'queue_only': 1}, BASIC),
        ('-t adds to the arguments', ['-t', 'x@y'], BASIC,
         {'header_recipients': 1, 'recipients': ['x@y']}, BASIC),
        ('-t with arguments alone', ['-t', 'x@y'], b'S: s\n\n', {'recipients': ['x@y']},
         b'S: s\n\n'),
        ('a recipient with a dash', ['--', '-x@y'], BASIC, {'recipients': ['-x@y']}, BASIC),
        ('utf-8', ['-F', 'Åsa', 'å@b'], BASIC, {'full_name': 'Åsa', 'recipients': ['å@b']}, BASIC),
        ('accepted without effect', ['-n', '-U', '-L', 't', '-p', 'x:y', '-Ac', '-d', 'a@b'],
         BASIC, {'recipients': ['a@b'], 'options': '-n -U -L -p -A -d',
                 'ignored': '-n -U -p -A', 'dot_bytes': None}, BASIC),
        ('hops add up', ['-h', '3', 'a@b'], b'Received: x\nReceived: y\n\n', {'hops': 5},
         b'Received: x\nReceived: y\n\n'),
        ('a field for who is not shown', ['-ONoRecipientAction=add-to-undisclosed', 'a@b'],
         b'Subject: s\n\nx\n', {}, b'Subject: s\nTo: undisclosed-recipients:;\n\nx\n'),
    ]

    def test_rows(self):
        for name, args, text, said, kept in self.ROWS:
            with self.subTest(name):
                envelope, message = self.send(*args, input=text)
                self.assertEqual(message, kept)
                self.assertEqual({key: envelope.get(key) for key in said}, said)

    def test_caller_is_described(self):
        envelope, _ = self.send('a@b', env=self.site.env(NAME='Some One'))
        self.assertEqual(envelope['full_name'], 'Some One')
        self.assertEqual(envelope['sender'], envelope['login'])
        self.assertTrue(envelope['program'].startswith('python'), envelope)
        self.assertEqual(envelope['sender_is_login'], 1)

    def test_names_with_line_breaks_are_not_taken(self):
        envelope, _ = self.send('a@b', env=self.site.env(NAME='X\nBcc: evil@x'))
        self.assertNotIn('evil', envelope.get('full_name', ''))

    def test_login_is_not_what_the_environment_says(self):
        other = 'daemon' if os.getuid() == 0 else 'root'
        envelope, _ = self.send('a@b', env=self.site.env(LOGNAME=other, USER=other))
        self.assertNotEqual(envelope['login'], other)

    def test_rmail(self):
        done = self.site.run('rmail', 'a@b', input=b'From x!y Mon Jan 1 remote from z\nS: s\n\n.\n')
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b'', b''))
        (_, envelope, message), = self.dropped()
        self.assertEqual((envelope['sender'], message), ('x!y', b'S: s\n\n.\n'))

    def test_large(self):
        text = b'To: a@b\r\n\r\n' + b'x' * 70 + b'\r\n'
        text += (b'y' * 76 + b'\r\n') * 20000
        _, message = self.send('-t', '-i', input=text)
        self.assertEqual(message, text.replace(b'\r\n', b'\n'))

    def test_bytes_after_the_dot_are_told(self):
        done = self.site.sendmail('a@b', input=b'S: s\n\n.\n12345')
        self.assertEqual(done.returncode, 0)
        self.assertIn(b'5 bytes after a line of one dot', done.stderr)
        (_, envelope, _), = self.dropped()
        self.assertEqual(envelope['dot_bytes'], 5)

    def end_behind_a_dot(self, ours, theirs):
        """It keeps its end open, and waits: how long?"""
        self.addCleanup(os.close, ours)
        start = time.monotonic()
        process = subprocess.Popen([program('sendmail'), 'a@b'], stdin=theirs,
                                   env=self.site.env())
        self.addCleanup(stop, process)
        os.close(theirs)
        os.write(ours, b'S: s\n\nx\n.\n')
        self.assertEqual(process.wait(20), 0)
        (_, _, message), = self.dropped()
        self.assertEqual(message, b'S: s\n\nx\n')
        return time.monotonic() - start

    def test_a_caller_that_waits_behind_the_dot(self):
        """Postfix, Exim and sendmail 8 end at the dot."""
        theirs, ours = os.pipe()
        self.end_behind_a_dot(ours, theirs)

    def test_a_dot_at_a_terminal(self):
        self.assertLess(self.end_behind_a_dot(*pty.openpty()), 4)

    def test_verbose(self):
        done = self.site.sendmail('-v', 'a@b', input=BASIC)
        (identifier, _, _), = self.dropped()
        self.assertIn(identifier, done.stderr.decode())
        self.assertEqual(done.stdout, b'')

    def test_ignored_values_are_told(self):
        done = self.site.sendmail('-N', 'sometimes', 'a@b', input=BASIC)
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"warning: 'sometimes'", done.stderr)
        self.assertEqual(self.site.sendmail('-oeq', '-N', 'x', 'a@b', input=BASIC).stderr, b'')


class Refusals(Case):
    def test_rows(self):
        for args, text, status, says in [
                ([], BASIC, 64, 'no recipients'),
                (['-t'], b'Subject: s\nTo:\n\nTo: a@b\n', 64, 'no recipients'),
                (['-i'], BASIC, 64, 'no recipients'),
                (['-Z', 'a@b'], BASIC, 64, "'-Z'"),
                (['a@b', '-f', 'c@d'], BASIC, 64, 'options come before'),
                (['-fa\nb@c', 'a@b'], BASIC, 64, 'line break'),
                (['-FA\rB', 'a@b'], BASIC, 64, 'line break'),
                (['a@b\nc@d'], BASIC, 65, 'line break'),
                (['-h', 'x', 'a@b'], BASIC, 64, 'not a number'),
                (['-h', '50', 'a@b'], b'Received: x\n\n', 65, 'came by 51 hosts'),
                (['-OMaxHopCount=2', 'a@b'], b'Received: x\n' * 3 + b'\n', 65, 'more than 2'),
                (['-OMaxHopCount=99', '-h', '50', 'a@b'], b'Received: x\n\n', 65, '51 hosts'),
                (['-bp', 'a@b'], BASIC, 64, 'is a recipient'),
                (['-bS', 'a@b'], BASIC, 64, 'refused')]:
            with self.subTest(args=args):
                self.send(*args, input=text, status=status, says=says)

    def test_quiet(self):
        done = self.site.sendmail('-oeq', '-t', input=b'S: s\n\n')
        self.assertEqual((done.returncode, done.stdout, done.stderr), (64, b'', b''))

    def test_unknown_options_can_be_ignored(self):
        self.site.set(unknown_options='ignore')
        self.site.write_config()
        envelope, _ = self.send('-t', '--odd', '-Y')
        self.assertEqual(envelope['ignored'], '--odd -Y')
        self.send('-Y', 'a@b', status=64, says="'-Y'")

    def test_errors_by_mail(self):
        """The caller hears of it by mail, gets the message back, and knows by the status."""
        text = b'Bcc:\nSubject: r\xc3\xb8d\n\n.hidden\nbody without end'
        for mode, status in (('m', 64), ('w', 64), ('e', 0)):
            with self.subTest(mode):
                done = self.site.sendmail('-i', '-oe' + mode, '-f', 'else@where', '-t',
                                          input=text)
                self.assertEqual((done.returncode, done.stdout), (status, b''))
                self.assertIn(b'no recipients', done.stderr)
                (_, envelope, message), = self.dropped()
                self.assertEqual((envelope['sender'], envelope['recipients']),
                                 ('', [envelope['login']]))
                mail = email.message_from_bytes(message)
                said, returned = mail.get_payload()
                self.assertEqual(mail['Auto-Submitted'], 'auto-generated')
                self.assertIn('no recipients', said.get_payload())
                self.assertEqual(returned.get_content_type(), 'message/rfc822')
                self.assertIn(text, message)

    def test_errors_by_mail_have_no_room_for_a_huge_message(self):
        self.site.set(max_message_size='100K')
        self.site.write_config()
        for size in (90_000, 2_000_000):
            done = self.site.sendmail('-oem', '-t', input=b'Subject: s\n\n' + b'x' * size)
            self.assertNotEqual(done.returncode, 0)
            (_, _, message), = self.dropped()
            self.assertLess(len(message), 10_000)
            self.assertIn(b'is not kept', message)

    def test_errors_of_this_host_are_not_mailed(self):
        self.drop.rmdir()
        done = self.site.sendmail('-oee', 'a@b', input=BASIC)
        self.assertEqual((done.returncode, done.stderr.count(b'\n')), (71, 1))

    def test_injected_options_write_nothing(self):
        target = pathlib.Path(self.site.path, 'written')
        for args in ([f'-OQueueDirectory={self.site.path}', f'-X{target}'], [f'-X{target}'],
                     ['-X', str(target)], [f'-oQ{self.site.path}'], [f'-C{target}'],
                     [f'-OAliasFile={target}'], [f'-oS{target}'], [f'-OPidFile={target}']):
            with self.subTest(args=args):
                before = sorted(os.listdir(self.site.path))
                self.send('-t', '-i', *args, status=64, says='refused')
                self.assertEqual(sorted(os.listdir(self.site.path)), before)
        # Debug logs are accepted and never opened.
        self.send('-t', '-D', str(target))
        self.assertFalse(target.exists())

    def test_configuration_is_never_echoed(self):
        secret = self.site.write('secret', 'TOP SECRET LINE\n')
        done = self.site.sendmail('-C', secret, '-t', input=BASIC)
        self.assertEqual(done.returncode, 64)
        self.assertNotIn(b'TOP', done.stderr)

    def test_too_large(self):
        self.site.set(max_message_size='1K')
        self.site.write_config()
        self.send('-t', input=BASIC + b'x' * 2_000_000, status=65, says='larger than')

    def test_callers_are_read_to_their_end(self):
        for args in ([], ['-Z'], ['-t', '-X/x'], ['a@b', '-f']):
            with self.subTest(args=args):
                sender = subprocess.Popen(
                    [program('sendmail'), *args], stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                    env=self.site.env())
                for _ in range(160):  # 10 MB; a BrokenPipeError fails the test
                    sender.stdin.write(b'x' * 65536)
                sender.stdin.close()
                self.assertEqual(sender.stderr.read().count(b'\n'), 1)
                sender.stderr.close()
                self.assertEqual(sender.wait(), 64)

    def test_unreadable_input(self):
        directory = os.open(self.site.path, os.O_RDONLY)
        self.addCleanup(os.close, directory)
        done = subprocess.run([program('sendmail'), 'a@b'], stdin=directory, capture_output=True,
                              env=self.site.env())
        self.assertEqual(done.returncode, 74, done.stderr)
        self.assertEqual(self.dropped(), [])

    def test_killed_while_reading(self):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup(1) has it ignored
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            sender = subprocess.Popen([program('sendmail'), '-t'], stdin=subprocess.PIPE,
                                      env=self.site.env())
            sender.stdin.write(BASIC)
            sender.stdin.flush()
            # It sleeps in read(2) on standard input when it has taken the first bytes.
            wait(lambda: pathlib.Path(f'/proc/{sender.pid}/wchan').exists() and
                 pathlib.Path(f'/proc/{sender.pid}/status').read_text().find('(sleeping)') > 0,
                 'sendmail to read')
            sender.send_signal(number)
            self.assertEqual(sender.wait(), -number)
            sender.stdin.close()
            self.assertEqual(self.dropped(), [])

    def test_nowhere_to_keep_it(self):
        self.drop.rmdir()
        done = self.site.sendmail('-t', input=BASIC)
        self.assertEqual(done.returncode, 71)
        self.assertIn(b'not kept', done.stderr)

    def test_broken_configuration_still_keeps_mail(self):
        self.site.set(nonsense='1', lifetime='never')
        self.site.write_config()
        self.send('-t')

    def test_broken_configuration_is_named_when_mail_is_lost(self):
        self.site.set(nonsense='1')
        self.site.write_config()
        self.drop.rmdir()
        done = self.site.sendmail('-t', input=BASIC)
        self.assertEqual(done.returncode, 78, done.stderr)
        self.assertIn(b'nonsense', done.stderr)


class Descriptors(Case):
    def run_shell(self, line, **options):
        return subprocess.run(['sh', '-c', line, 'sh', program('sendmail')], env=self.site.env(),
                              capture_output=True, **options)

    def test_nobody_listens(self):
        """A reader of errors or lists that has gone is no reason to lose mail, or to die."""
        gone, written = os.pipe()
        os.close(gone)
        self.addCleanup(os.close, written)
        done = subprocess.run([program('sendmail'), '-v', 'a@b'], input=BASIC, stdout=written,
                              stderr=written, env=self.site.env(), check=False)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(len(self.dropped()), 1)
        done = subprocess.run([program('sendmail'), '--help'], stdout=written,
                              env=self.site.env(), check=False)
        self.assertEqual(done.returncode, 74)

    def test_closed_ones_are_opened(self):
        for closed in ('0<&-', '1>&-', '2>&-', '0<&- 1>&- 2>&-', '1>&- 2>&-'):
            with self.subTest(closed):
                done = self.run_shell(f'"$1" a@b {closed}', input=BASIC)
                self.assertEqual(done.returncode, 0, done.stderr)
                (_, _, message), = self.dropped()
                self.assertEqual(message, b'\n' if '0<&-' in closed else BASIC)

    def test_full_output_is_an_error(self):
        self.assertEqual(self.run_shell('"$1" -bV >/dev/full').returncode, 74)


class FakeService(threading.Thread):
    """Takes one submission or request, answers with a line."""

    def __init__(self, path, answer):
        super().__init__(daemon=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.answer = answer
        self.got = b''
        self.start()

    def run(self):
        with self.listener, self.listener.accept()[0] as connection:
            while piece := connection.recv(65536):
                self.got += piece
            connection.sendall(self.answer(self.got))


class Service(Case):
    def test_answers(self):
        for answer, status, says in [
                (lambda got: b'queued ' + got[8:34] + b'\n', 0, ''),
                (lambda got: b'refused 65 too many recipients\n', 65, 'too many recipients'),
                (lambda got: b'refused 77 not you\n', 77, 'not you')]:
            service = FakeService(self.site.socket, answer)
            done = self.site.sendmail('-t', input=BASIC)
            service.join()
            os.unlink(self.site.socket)
            self.assertEqual(done.returncode, status)
            self.assertIn(says, done.stderr.decode())
            self.assertEqual(self.dropped(), [])
            self.assertEqual(frame.read(service.got)[2], BASIC)

    def test_busy_service_leaves_the_drop_directory(self):
        service = FakeService(self.site.socket, lambda got: b'busy later\n')
        self.send('-t')
        service.join()

    def test_run_queue(self):
        for args, asked, reply, status in [
                (['-q'], 'run', b'2 messages retried\n', 0),
                (['-q15m'], 'run', b'0 messages retried\n', 0),
                (['-qI12', '-q!R@x.y', '-qSroot'], 'run I=12 R=!@x.y S=root', b'1\n', 0),
                (['-q'], 'run', b'busy too many of these requests at once\n', 71),
                (['-q'], 'run', b'', 71)]:
            service = FakeService(self.site.socket, lambda got: reply)
            done = self.site.sendmail(*args)
            service.join()
            os.unlink(self.site.socket)
            self.assertEqual((done.returncode, done.stdout, service.got.decode()),
                             (status, b'', f'brevdue1 {asked}\n'))

    def test_run_queue_without_service(self):
        done = self.site.sendmail('-q')
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(self.site.socket.encode(), done.stderr)


class Direct(Case):
    """A courier of ours stands in: what is it given, and what becomes of its status?"""
    settings = {'delivery': 'direct', 'spool_durable': 'yes'}

    COURIER = '''#!/bin/sh
echo "$@" >"$0.args"
ls -l /proc/self/fd >"$0.fds"
std=$(readlink /proc/$$/fd/0 /proc/$$/fd/1)
echo "$std" >"$0.std"
cat "$BREV_QUEUE/queue/$2" >"$0.file" 2>/dev/null
echo said >&2
%s
'''

    def courier(self, end):
        path = pathlib.Path(self.site.programs, 'courier')
        path.unlink(missing_ok=True)
        if end is None:
            return path
        path.write_text(self.COURIER % end)
        path.chmod(0o755)
        return path

    def send_direct(self, *args):
        return self.site.sendmail('-t', *args, input=BASIC,
                                  env=self.site.env(BREV_QUEUE=self.site.spool))

    def test_statuses(self):
        for end, status in (('exit 0', 0), ('exit 65', 65), ('exit 67', 67), ('exit 69', 69),
                            ('exit 71', 71), ('exit 78', 78), ('exit 75', 71), ('exit 1', 71)):
            with self.subTest(end):
                self.courier(end)
                done = self.send_direct()
                self.assertEqual(done.returncode, status)
                # The courier has said why: nobody says it twice.
                self.assertEqual((done.stdout, done.stderr), (b'', b'said\n'))

    def test_what_the_courier_is_given(self):
        path = self.courier('exit 0')
        extra = os.open('/dev/null', os.O_RDONLY)
        self.addCleanup(os.close, extra)
        done = self.site.sendmail('-t', input=BASIC, pass_fds=[extra],
                                  env=self.site.env(BREV_QUEUE=self.site.spool))
        self.assertEqual(done.returncode, 0)
        option, identifier = pathlib.Path(f'{path}.args').read_text().split()
        self.assertEqual(option, '--direct')
        kept = pathlib.Path(f'{path}.file').read_bytes()
        self.assertEqual(frame.read(kept[48:])[::2], (identifier, BASIC))
        self.assertEqual(pathlib.Path(f'{path}.std').read_text(), '/dev/null\n' * 2)
        # ls has opened the directory; the shell may keep its script.
        self.assertNotIn(f' {extra} -> /dev/null', pathlib.Path(f'{path}.fds').read_text())

    def test_quiet(self):
        self.courier('exit 69')
        done = self.send_direct('-oeq')
        self.assertEqual((done.returncode, done.stderr), (69, b''))

    def test_dead_courier_in_a_durable_spool(self):
        for end in ('kill -9 $$', None):
            self.courier(end)
            done = self.send_direct()
            self.assertEqual(done.returncode, 0)
            self.assertIn(b'the message is kept as', done.stderr)
            self.assertEqual(len(self.site.queue_files()), 1)
            os.unlink(os.path.join(self.site.spool, 'queue', self.site.queue_files()[0]))

    def test_dead_courier_elsewhere(self):
        self.site.set(spool_durable='no')  # and below /tmp
        self.site.write_config()
        self.courier('kill -9 $$')
        done = self.send_direct()
        if self.site.path.startswith('/tmp/'):
            self.assertEqual(done.returncode, 71)
            self.assertIn(b'send it again', done.stderr)
            self.assertEqual(self.site.queue_files(), [])

    def test_queue_only(self):
        path = self.courier('exit 0')
        done = self.send_direct('-odq')
        self.assertEqual((done.returncode, done.stderr), (0, b''))
        self.assertEqual(len(self.site.queue_files()), 1)
        self.assertFalse(os.path.exists(f'{path}.args'))


class Modes(Case):
    def test_version_and_help(self):
        for args in (['-bV'], ['--version'], ['-d0.1']):
            done = self.site.sendmail(*args)
            self.assertEqual((done.returncode, done.stderr), (0, b''))
            self.assertTrue(done.stdout.startswith(b'brevdue '))
        done = self.site.sendmail('--help')
        self.assertEqual(done.returncode, 0)
        self.assertIn(b'-O DeliveryMode', done.stdout)

    def test_newaliases(self):
        self.assertEqual(self.site.run('newaliases').returncode, 0)
        self.site.set(aliases=self.site.write('aliases', 'root: a@b\nweb: |/bin/sh\n'))
        self.site.write_config()
        done = self.site.run('newaliases')
        self.assertEqual((done.returncode, done.stdout), (65, b''))
        self.assertIn(b'aliases:2', done.stderr)

    def test_verify(self):
        self.site.set(aliases=self.site.write('aliases', 'root: a@b, c@d\n'))
        self.site.write_config()
        done = self.site.sendmail('-bv', 'root', 'web', 'x@y')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([line.split(' by ')[0] for line in done.stdout.decode().splitlines()],
                         ['root: to a@b', 'root: to c@d', 'web: to web@example.com',
                          'x@y: to x@y'])
        for bad in ('a@b c', 'junk..x@y', '.a@b', 'a.@b', 'a@b..c', '@b', 'a@'):
            self.assertEqual(self.site.sendmail('-bv', bad).returncode, 67, bad)
        self.assertEqual(self.site.sendmail('-bv', '"a..b"@c.d').returncode, 0)
        done = self.site.sendmail('-bt', input=b'root\n\na b\nx@y\n')
        self.assertEqual((done.returncode, done.stdout.count(b'\n'), done.stderr.count(b'\n')),
                         (67, 3, 2))
        self.assertEqual(self.site.sendmail('-bv', '--', '-').returncode, 0)
        self.assertEqual(self.dropped(), [])

    def test_verify_tells_the_way(self):
        self.site.set(postmaster='ops@example.org')
        self.site.account('post', token='x', senders='example.org')
        done = self.site.sendmail('-bv', 'a@b, nobody')
        self.assertEqual(done.stdout.decode().splitlines(), [
            'a@b: to a@b by post, waits: nothing stands in for the sender',
            'nobody: to ops@example.org by post, waits: nothing stands in for the sender'])
        self.site.set(**{'from': 'Web <web@example.org>'})
        self.site.write_config()
        self.assertIn(b'by post, from Web <web@example.org>\n',
                      self.site.sendmail('-bv', 'a@b').stdout)
        verified, = self.site.admin('verify', 'root', '--sender', 'x@example.org')
        self.assertEqual(verified, {'asked': 'root', 'address': 'ops@example.org',
                                    'account': 'post', 'from': 'x@example.org'})

    def test_nothing(self):
        for args in (['-bh'], ['-bH']):
            done = self.site.sendmail(*args)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b'', b''))

    def stand_in(self, name, script):
        path = pathlib.Path(self.site.programs, name)
        path.unlink()
        path.write_text('#!/bin/sh\n' + script)
        path.chmod(0o755)

    def test_mailq(self):
        self.stand_in('brevdue', 'echo "$@"; printf "\\t\\tTotal requests: 7\\n-- 3 Kbytes in 7 Requests.\\n"; exit 0\n')
        done = self.site.run('mailq')
        self.assertEqual(done.stdout.splitlines()[0], b'queue list --mailq')
        done = self.site.run('mailq', '-q!Rbob', '-qI12')
        self.assertEqual(done.stdout.splitlines()[0],
                         b'queue list --mailq --id=12 --recipient=!bob')
        self.assertEqual(self.site.sendmail('-bpc').stdout, b'7\n')
        self.stand_in('brevdue', 'echo Mail queue is empty\n')
        self.assertEqual(self.site.sendmail('-bP').stdout, b'0\n')

    def test_mailq_that_fails_is_not_empty(self):
        self.stand_in('brevdue', 'exit 71\n')
        self.assertEqual(self.site.run('mailq').returncode, 71)
        done = self.site.sendmail('-bpc')
        self.assertEqual((done.returncode, done.stdout), (71, b''))
        os.unlink(os.path.join(self.site.programs, 'brevdue'))
        self.assertNotEqual(self.site.run('mailq').returncode, 0)

    def test_a_cut_list_is_no_list(self):
        for end in ('', '\\t\\tTotal requests: 7\\n', 'x (Mail queue is empty\\n'):
            self.stand_in('brevdue', f'printf "(said: Total requests: 9)\\n{end}"\n')
            done = self.site.sendmail('-bpc')
            self.assertEqual((done.returncode, done.stdout), (71, b''))
            self.assertIn(b'before it is whole', done.stderr)

    def test_check_config(self):
        self.stand_in('brevdue', 'echo "$@"; exit 3\n')
        done = self.site.sendmail('-bC')
        self.assertEqual((done.returncode, done.stdout), (3, b'config check\n'))


class Loads(unittest.TestCase):
    def test_libraries(self):
        out = subprocess.run(['readelf', '-d', program('sendmail')], capture_output=True,
                             text=True, check=True).stdout
        needed = {line.split('[')[1].split(']')[0].split('.so')[0]
                  for line in out.splitlines() if '(NEEDED)' in line}
        # A sanitizer build brings its own.
        self.assertLessEqual(needed - {'libasan', 'libubsan', 'libm', 'libgcc_s'},
                             {'libc', 'libglib-2.0', 'ld-linux-x86-64'})

    def test_no_set_id_bit(self):
        mode = os.stat(program('sendmail')).st_mode
        self.assertFalse(mode & (stat.S_ISUID | stat.S_ISGID))


if __name__ == '__main__':
    unittest.main(verbosity=2)
