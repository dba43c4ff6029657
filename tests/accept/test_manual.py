# SPDX-License-Identifier: MIT
"""brevdued(8) says what the tables of the program say."""

import os
import re
import subprocess
import unittest

from programs import program

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(*path):
    with open(os.path.join(SOURCE, *path), encoding='utf-8') as file:
        return file.read()


class Manual(unittest.TestCase):
    def setUp(self):
        self.sections = dict(re.findall(r'^\.Sh (.*)\n((?:(?!\.Sh).*\n)*)',
                                        read('packaging', 'man', 'brevdued.8'), re.M))

    def items(self, section):
        """The head, and the text, of each item of a section."""
        return {head.replace('Fl Fl ', '--'): text for head, text in
                re.findall(r'^\.It (.*)\n((?:(?!\.It|\.El).*\n)*)',
                           self.sections[section], re.M)}

    def test_options(self):
        text = subprocess.run([program('brevdued'), '--help'], check=True,
                              capture_output=True, text=True).stdout
        told = dict(re.findall(r'^  (--\S+) +(.*)$', text, re.M))
        self.assertEqual({name: help.strip() for name, help in self.items('OPTIONS').items()},
                         told)

    def test_limits(self):
        numbers = re.findall(r'^#define BREV_\w+ (\d+)', read('src', 'accept', 'quota.h'), re.M)
        self.assertEqual(sorted(self.items('LIMITS')), sorted(numbers))


if __name__ == '__main__':
    unittest.main()
