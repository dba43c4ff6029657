# SPDX-License-Identifier: MIT
"""The runs that are recorded: how each is prepared, what is run, and what its calls mean."""

import json
import os
import re
import subprocess
import sys

import trace
from disk import PAGE, Disk, Recorder
from frame import write as make_frame
from namespace import need, skip
from postmark import Postmark
from programs import Site, wait

HERE = os.path.dirname(os.path.abspath(__file__))
SENDER = 'www@example.com'
REFUSED = 'gone@example.net'
RULES = [{'action': 'inactive', 'match': {'to': REFUSED}, 'addresses': [REFUSED]}]
LATER = [{'action': 'error', 'code': 100}]
REPORT = 'report'
LINES = 260  # several pages


class Mail:
    """One message. key: what a delivery of it, or of the report about it, is known by."""

    def __init__(self, marker, to='ann@example.net', lines=LINES):
        self.marker, self.to = marker, to
        self.text = ''.join(f'{marker} line {n} of the text\n' for n in range(lines))
        self.key = REPORT if to == REFUSED else marker
        self.data = (f'From: Web <{SENDER}>\nTo: {to}\nSubject: {marker}\n\n'
                     f'{self.text}').encode()

    def arguments(self):
        return ['-i', '-f' + SENDER, self.to]


def mails(count, prefix='power'):
    return [Mail(f'{prefix}-{letter}') for letter in 'abcdefgh'[:count]]


class Stage:
    """Where a recording is made: a site, a stand-in, and the mails."""

    def __init__(self, site, server):
        self.site, self.server, self.mails = site, server, []

    def file(self, mail):
        return self.site.write(mail.marker, mail.data.decode())

    def submissions(self):
        return [[mail.arguments(), self.file(mail)] for mail in self.mails]

    def without_courier(self):
        os.unlink(os.path.join(self.site.programs, 'courier'))

    def with_courier(self, script=None):
        path = os.path.join(self.site.programs, 'courier')
        if os.path.lexists(path):
            os.unlink(path)
        if script:
            self.site.write('programs/courier', script, 0o755)
        else:
            os.symlink(os.path.join(os.environ['BREVDUE_BUILD'], 'src/courier/courier'), path)

    def queue_up(self):
        """Puts the mails into the queue, as brevdued does, while no courier runs."""
        self.without_courier()
        self.site.start()
        for mail in self.mails:
            done = self.site.sendmail(*mail.arguments(), input=mail.data)
            assert done.returncode == 0, done.stderr
        self.site.stop()
        self.with_courier()

    def put_in_queue(self, queue_id, mail):
        """By a drop with an id that somebody chose."""
        self.without_courier()
        self.site.start()
        path = os.path.join(self.site.path, 'dropping')
        with open(path, 'wb') as file:
            file.write(make_frame(queue_id, (('f', SENDER), ('r', mail.to)), mail.data))
        drop = os.path.join(self.site.spool, 'drop')
        os.rename(path, os.path.join(drop, queue_id))
        wait(lambda: not os.listdir(drop), 'an empty drop directory')
        self.site.stop()
        self.with_courier()

    def drain(self, rules=()):
        self.server.script.set(rules)
        done = self.site.run('courier', '--drain')
        self.server.script.set(RULES)
        assert done.returncode == 0, done.stderr
        return done

    def store(self, name):
        return os.path.join(self.site.spool, 'store', name)


def own(stage):
    """sendmail into a spool of its own, which it makes; the courier does nothing."""
    stage.with_courier('#!/bin/sh\nexit 0\n')
    stage.site.set(delivery='direct', spool_durable='yes')
    stage.mails = mails(2)
    return [['submit', submission] for submission in stage.submissions()]


def direct(stage):
    """The same with the courier: the provider has accepted before sendmail ends."""
    stage.site.set(delivery='direct', spool_durable='yes')
    stage.mails = mails(1)
    return [['submit', *stage.submissions()]]


def drop(stage):
    """sendmail into the drop directory; no service runs."""
    stage.without_courier()
    stage.site.start()
    stage.site.stop()
    stage.mails = mails(2)
    return [['submit', *stage.submissions()]]


def sock(stage):
    """sendmail to brevdued, which has made its spool just now."""
    stage.without_courier()
    stage.mails = mails(3)
    first, *others = stage.submissions()
    return [['daemon'], ['submit', first], ['submit', *others], ['stop']]


def large(stage):
    """The same with a message of which the disk has a part before it is whole."""
    stage.without_courier()
    stage.mails = [Mail('power-large', lines=50000)]
    return [['daemon'], ['submit', *stage.submissions()], ['stop']]


def takeover(stage):
    """brevdued finds two messages in the drop directory, and one that is torn."""
    drop(stage)
    for mail in stage.mails:
        done = stage.site.sendmail(*mail.arguments(), input=mail.data)
        assert done.returncode == 0, done.stderr
    stage.site.write('spool/drop/.0123456789abcdefghijklmnop', 'brevdue1torn')
    return [['daemon'], ['empty', 'drop'], ['stop']]


def courier(stage):
    """The courier empties a queue of four: the first database, and a report."""
    stage.mails = [*mails(3), Mail('power-refused', REFUSED)]
    stage.queue_up()
    return [['courier']]


def again(stage):
    """The courier with a database that has a log, and messages it has seen before."""
    stage.mails = mails(2)
    stage.queue_up()
    stage.drain(LATER)
    more = mails(2, 'second')
    stage.mails = more
    stage.queue_up()
    stage.mails = mails(2) + more
    return [['courier']]


def whole(stage):
    """All programs: from sendmail to the provider."""
    stage.mails = [*mails(2), Mail('power-refused', REFUSED)]
    return [['daemon'], ['submit', *stage.submissions()], ['empty', 'queue'], ['stop']]


def outbox(stage):
    """The courier keeps messages in a directory instead of sending them."""
    stage.site.account('kept', provider='outbox', **{'as': 'postmark'})
    stage.site.set(account='kept')
    stage.site.write_config()
    stage.mails = mails(2)
    stage.queue_up()
    return [['courier']]


def chosen(stage):
    """A message with the id of another one, which was delivered."""
    queue_id = 'chosen' + '0123456789abcdefghijklmnop'[6:]
    stage.put_in_queue(queue_id, Mail('earlier'))
    stage.drain()
    stage.mails = mails(1)
    stage.put_in_queue(queue_id, stage.mails[0])
    return [['courier']]


def damaged(stage):
    """The header of the database is junk; two messages wait."""
    stage.mails = mails(2)
    stage.queue_up()
    stage.drain(LATER)
    with open(stage.store('store.db'), 'r+b') as file:
        file.write(b'\xa5' * 100)
    return [['courier']]


def junk_page(stage):
    """A page of the database is junk, which is noticed late; a second courier mends it."""
    stage.mails = mails(2)
    stage.queue_up()
    stage.drain(LATER)
    with open(stage.store('store.db'), 'r+b') as file:
        file.seek(3 * PAGE)
        file.write(bytes(PAGE))
    return [['fails', 'courier'], ['courier']]


def lost_log(stage):
    """The log of the database was lost in a crash; two messages wait."""
    stage.mails = mails(2)
    stage.queue_up()
    stage.drain(LATER)
    os.unlink(stage.store('store.db-wal'))
    stage.site.write('spool/store/in-use', '')
    return [['courier']]


def gone(stage):
    """As again(); after the power cut a person removes the database."""
    return again(stage)


def first_gone(stage):
    """As courier(), which makes the database; a person removes it after the power cut."""
    return courier(stage)


def no_log(stage):
    """As again(); after the power cut a person removes the log of the database."""
    return again(stage)


# What a person removes after the power cut.
DATABASE = ('/spool/store/store.db', '/spool/store/store.db-wal')
REMOVED = {gone: DATABASE, first_gone: DATABASE,
           no_log: ('/spool/store/store.db-wal', )}
# Parked is what these are expected to lead to.
PARKING = (damaged, junk_page, lost_log, gone, first_gone, no_log)
# Makes use of what ext4, XFS and btrfs do, see disk.py.
NAMES_WITH_FILE = (drop, )
ALL = (own, direct, drop, sock, takeover, courier, again, whole, outbox, chosen, damaged,
       junk_page, lost_log, gone, first_gone, no_log)


class Recording:
    """A recorded run and what its calls tell."""

    def __init__(self, make):
        self.name, self.make = make.__name__, make
        self.names_with_file = make in NAMES_WITH_FILE
        self.removed = REMOVED.get(make, ())
        self.may_park = make in PARKING
        self.acked, self.left, self.replied = {}, {}, {}  # key -> number of the call
        self.ids = {}                                     # id -> key
        with Postmark(rules=RULES) as server, \
                Site(**{'from': f'Robot <{SENDER}>', 'retry-max': '1s'}) as site:
            site.postmark(server, batch='2')
            stage = Stage(site, server)
            steps = make(stage)
            site.write_config()
            self.mails = stage.mails
            self.keeps = make is outbox
            self.recorder = Recorder(site.path, 'spool')
            self.run(site, steps)

    def run(self, site, steps):
        record = os.path.join(site.path, 'trace')
        env = site.env()
        env['ASAN_OPTIONS'] = env.get('ASAN_OPTIONS', '') + ':detect_leaks=0'
        done = subprocess.run(
            [*trace.options(record), sys.executable, '-I', '-S', os.path.join(HERE, 'play.py'),
             site.programs, site.spool, site.socket, json.dumps(steps)],
            env=env, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr.decode(errors='replace')
        self.calls = trace.read(record)
        self.understand()

    def understand(self):
        said = {}  # what each process has said, to a file or a socket
        requests = {}
        if not any(call.program == 'sendmail' for call in self.calls):
            self.acked = {mail.key: -1 for mail in self.mails}
        for number, call in enumerate(self.calls):
            self.recorder.see(number, call)
            if call.failed():
                continue
            if call.program == 'sendmail' or call.name == 'exit_group':
                self.hear_sendmail(number, call, said)
            elif call.program == 'brevdued' and call.name == 'sendto':
                match = re.match(rb'queued (\w{26})\n', call.string(1))
                if match:
                    self.acked.setdefault(self.ids[match[1].decode()], number)
            elif call.program == 'courier':
                self.hear_courier(number, call, requests)
        missing = {mail.key for mail in self.mails} - set(self.acked)
        assert not missing, f'{self.name}: nobody heard of {missing}'

    def hear_sendmail(self, number, call, said):
        """Its frame tells which message it has; its exit status, that this is kept. It may
        have become the courier by then."""
        if call.name in ('write', 'sendto'):
            data = said[call.pid] = said.get(call.pid, b'') + call.string(1)
            found = re.search(rb'brevdue1(\w{26})', data)
            for mail in self.mails:
                if found and f'Subject: {mail.marker}\n'.encode() in data:
                    self.ids[found[1].decode()] = mail.key
        elif call.name == 'exit_group' and call.args[0] == '0':
            for queue_id, key in self.ids.items():
                if queue_id.encode() in said.get(call.pid, b''):
                    self.acked.setdefault(key, number)

    def hear_courier(self, number, call, requests):
        """What has left for the provider, and what the provider has answered."""
        place = (call.pid, call.args[0])
        if call.name == 'sendto':
            data = requests[place] = requests.get(place, b'') + call.string(1)
            for key in keys_in(data, self.mails):
                self.left.setdefault(key, number)
        elif call.name == 'recvfrom' and call.string(1).startswith(b'HTTP/1.1 200'):
            for key in keys_in(requests.pop(place, b''), self.mails):
                self.replied.setdefault(key, number)

    def disk(self, ignored=()):
        """What a power cut may leave, if the calls @ignored were not made."""
        return Disk(self.recorder, self.names_with_file, ignored, self.removed)

    def events(self):
        """The calls that change what somebody knows."""
        return [*self.acked.values(), *self.left.values(), *self.replied.values()]


def keys_in(request, all_mails):
    """Of which messages, or of the report, a request to the provider is."""
    if re.search(rb'"To": ?"[^"]*' + SENDER.encode(), request):
        yield REPORT
    for mail in all_mails:
        if mail.key != REPORT and re.search(rb'"Subject": ?"' + mail.marker.encode() + b'"',
                                            request):
            yield mail.key


def need_strace():
    """Ends a test that cannot be run here."""
    if os.geteuid() != 0:
        skip('only root may see what a hardened program writes')
    need('strace')
    done = subprocess.run([*trace.options('/dev/null'), 'true'], capture_output=True)
    if done.returncode != 0:
        skip(f'strace may not trace here: {done.stderr.decode()}')
