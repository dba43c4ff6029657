#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sendmail, brevdued and the courier against a stand-in for Postmark: what should arrive
does, once, and leaves nothing behind."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from case import Case, mail  # noqa: E402


class Delivery(Case):
    def test_header_recipients(self):
        self.site.start()
        self.submit('-t', '-i', input=mail('ann@example.net, bob@example.net',
                                           Bcc='eve@example.net'))
        message, = self.wait_for(1)
        self.assertEqual(message['To'], 'ann@example.net, bob@example.net')
        self.assertEqual(message['Bcc'], 'eve@example.net')
        self.assertEqual(message['TextBody'], 'text\n')

    def test_argument_is_the_only_recipient(self):
        self.site.start()
        self.submit('-i', 'bob@example.net', input=mail('ann@example.net'))
        message, = self.wait_for(1)
        self.assertEqual(self.recipients(message), {'bob@example.net'})


if __name__ == '__main__':
    unittest.main()
