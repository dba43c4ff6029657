# SPDX-License-Identifier: MIT
"""The units as meson configured them: what systemd makes of them. Needs root and systemd."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

from programs import SKIPPED, program

UNITS = os.path.join(os.environ['BREVDUE_BUILD'], 'packaging', 'systemd')
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOLS = ('systemd-analyze', 'systemd-sysusers', 'systemd-tmpfiles')
EXPOSURE_MAX = 1.5
SERVICES = {'brevdue.service': 'brevdue.service',  # and a name to look at it by
            'brevdue-check.service': 'brevdue-check.service',
            'brevdue-smtp@.service': 'brevdue-smtp@one.service'}


def run(*args):
    return subprocess.run(args, capture_output=True, text=True)


def setting(unit, name):
    with open(os.path.join(UNITS, unit), encoding='utf-8') as file:
        return re.findall(rf'^{name}=(.*)$', file.read(), re.M)


class Units(unittest.TestCase):
    def setUp(self):
        self.path = tempfile.mkdtemp(prefix='brevdue-units.')
        self.addCleanup(shutil.rmtree, self.path)

    def copy(self, source, name):
        """A unit that names programs of this build."""
        with open(os.path.join(UNITS, source), encoding='utf-8') as file:
            text = re.sub(r'^ExecStart=\S*/(\w+)', lambda found:
                          f'ExecStart={program(found[1])}', file.read(), flags=re.M)
        path = os.path.join(self.path, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def test_exposure(self):
        for source, name in SERVICES.items():
            done = run('systemd-analyze', 'security', '--offline=true', '--no-pager',
                       self.copy(source, name))
            self.assertEqual(done.stderr, '')  # a line that it does not understand
            level = re.search(rf'Overall exposure level for {name}: ([0-9.]+)', done.stdout)
            self.assertLessEqual(float(level[1]), EXPOSURE_MAX, done.stdout)

    def test_units_are_understood(self):
        for name in (*SERVICES, 'brevdue.socket', 'brevdue-smtp.socket', 'brevdue-check.timer'):
            self.copy(name, name)
        done = run('systemd-analyze', 'verify', '--man=no',
                   *(os.path.join(self.path, name) for name in os.listdir(self.path)))
        self.assertEqual(re.findall(r'^.*brevdue.*$', done.stderr, re.M), [])

    def test_uids_are_not_hidden_and_a_missing_token_does_not_matter(self):
        self.assertEqual(setting('brevdue.service', 'PrivateUsers'), [])
        self.assertEqual(setting('brevdue.service', 'OOMPolicy'), ['continue'])
        loaded, defaults = [[line.split(':')[0] for line in setting('brevdue.service', name)]
                            for name in ('LoadCredential', 'SetCredential')]
        # systemd.exec(5): with a default, a path that is missing is not fatal
        self.assertEqual(loaded, defaults)
        providers = json.loads(run(program('brevdue'), 'providers', '--json').stdout)
        self.assertEqual(sorted(loaded),
                         sorted(f'brevdue.{one["name"]}.token' for one in providers))

    def test_smtp_is_for_this_machine_and_its_clients_are_nobody(self):
        self.assertEqual(setting('brevdue-smtp.socket', 'ListenStream'),
                         ['127.0.0.1:25', '[::1]:25'])
        self.assertEqual(setting('brevdue-smtp.socket', 'Accept'), ['yes'])
        (user,) = setting('brevdue-smtp@.service', 'User')
        self.assertNotEqual(setting('brevdue.service', 'User'), [user])
        (spool,) = setting('brevdue.service', 'ReadWritePaths')
        self.assertEqual(setting('brevdue-smtp@.service', 'ReadWritePaths'), [f'-{spool}/drop'])
        with open(os.path.join(SOURCE, 'compat', 'listen.h'), encoding='utf-8') as header:
            limits = re.findall(r'^#define BREV_CLIENTS\w* (\d+)', header.read(), re.M)
        self.assertEqual([setting('brevdue-smtp.socket', name)[0]
                          for name in ('MaxConnections', 'MaxConnectionsPerSource')], limits)

    def test_the_alarm_sees_what_the_service_sees(self):
        for name in ('User', 'ReadWritePaths', 'RestrictAddressFamilies'):
            self.assertEqual(setting('brevdue-check.service', name),
                             setting('brevdue.service', name))
        (command,) = setting('brevdue-check.service', 'ExecStart')
        self.assertRegex(command, r'^/\S+/brevdue status --check$')
        # no status is a success but 0, and the timer does not wait for one
        self.assertEqual(setting('brevdue-check.service', 'SuccessExitStatus'), [])
        self.assertEqual(setting('brevdue-check.timer', 'OnCalendar'), ['*:0/5'])

    def test_folders(self):
        os.mkdir(os.path.join(self.path, 'etc'))
        done = run('systemd-sysusers', f'--root={self.path}',
                   os.path.join(UNITS, 'sysusers.conf'))
        self.assertEqual(done.returncode, 0, done.stderr)
        done = run('systemd-tmpfiles', '--create', f'--root={self.path}',
                   os.path.join(UNITS, 'tmpfiles.conf'))
        self.assertEqual(done.returncode, 0, done.stderr)
        (spool,) = setting('brevdue.service', 'ReadWritePaths')
        (user,) = setting('brevdue.service', 'User')
        with open(os.path.join(self.path, 'etc', 'passwd'), encoding='utf-8') as file:
            uids = dict(re.findall(r'^([^:]+):x:(\d+):', file.read(), re.M))
        self.assertEqual(set(uids) - {'root', 'nobody'},
                         {setting(name, 'User')[0] for name in SERVICES})
        uid = int(uids[user])
        for name, mode in (('', 0o755), ('drop', 0o3733), ('queue', 0o700), ('tmp', 0o700),
                           ('store', 0o700)):
            info = os.stat(os.path.join(self.path, spool.lstrip('/'), name))
            self.assertEqual((name, oct(stat.S_IMODE(info.st_mode)), info.st_uid),
                             (name, oct(mode), uid))


if __name__ == '__main__':
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        print('needs root and', *TOOLS)
        sys.exit(SKIPPED)
    unittest.main()
