#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A report, read by another program's parser."""
import email
import email.policy
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
ORIGINAL = (b"From: Web <www-data@example.com>\nTo: gone\nBcc: secret@example.com\n"
            b"Subject: =?utf-8?q?Sm=C3=B8rrebr=C3=B8d?=\nX-Long: a\n b\n"
            b"Content-Type: text/plain\n\nbody line\n.\n--brevdue-x\nlast\n")


def report(*arguments, original=ORIGINAL):
    with tempfile.TemporaryDirectory() as directory:
        out = subprocess.run([PROGRAM, "write", directory, *arguments], input=original,
                             check=True, capture_output=True).stdout
    return out, email.message_from_bytes(out, policy=email.policy.default)


class Report(unittest.TestCase):
    def test_structure(self):
        raw, message = report()
        self.assertEqual(message.defects, [])
        self.assertEqual(message.get_content_type(), "multipart/report")
        self.assertEqual(message.get_param("report-type"), "delivery-status")
        self.assertEqual([part.get_content_type() for part in message.iter_parts()],
                         ["text/plain", "message/delivery-status", "text/rfc822-headers"])
        for line in raw.split(b"\n"):
            self.assertLess(len(line), 998)

    def test_header(self):
        _, message = report()
        self.assertEqual(message["From"], "Mail Delivery System <noreply@example.com>")
        self.assertEqual(message["To"], "www-data@example.com")
        self.assertEqual(message["Subject"], "Undelivered mail to 2 recipients")
        self.assertEqual(message["Auto-Submitted"], "auto-replied")
        self.assertEqual(message["In-Reply-To"], "<id@example.com>")
        self.assertEqual(message["Date"].datetime.timestamp(), 1700000000)
        self.assertRegex(message["Message-ID"], r"^<reportreport\w+@example\.com>$")
        self.assertIsNone(message["Bcc"])

    def test_text_is_for_a_person(self):
        _, message = report()
        text = next(message.iter_parts()).get_content()
        first = text.splitlines()[:4]
        self.assertIn("not delivered", first[0])
        self.assertIn("gone@example.net", first[2])
        for words in ["postmark refused it", "Inactive recipient: grød", "tried 17 times",
                      "Smørrebrød", "/usr/bin/php", "messagemessage", "may have reached",
                      "brevdue trace", "a copy of its header is attached"]:
            self.assertIn(words, text)

    def test_status(self):
        _, message = report()
        fields = list(message.iter_parts())[1].get_payload()
        self.assertEqual(len(fields), 3)
        of_message, refused, expired = fields
        self.assertEqual(of_message["Reporting-MTA"], "dns; example.com")
        self.assertEqual(of_message["Original-Envelope-Id"], "order=17 ??")
        self.assertEqual(refused["Final-Recipient"], "rfc822; gone@example.net")
        self.assertEqual(refused["Action"], "failed")
        self.assertEqual(refused["Status"], "5.1.1")
        self.assertTrue(refused["Diagnostic-Code"].startswith("x-postmark; 406 Inactive"))
        self.assertIsNone(refused["Bcc"])
        self.assertEqual(expired["Final-Recipient"], r"utf-8; sl\x{F8}w@example.net")
        self.assertEqual(expired["Status"], "4.4.7")
        self.assertIsNone(expired["Diagnostic-Code"])

    def test_header_alone(self):
        raw, message = report()
        part = list(message.iter_parts())[2]
        self.assertEqual(part.get_content(), ORIGINAL.split(b"\n\n")[0].replace(
            b"Bcc: secret@example.com\n", b"").decode() + "\n\n")
        self.assertNotIn(b"body line", raw)
        self.assertNotIn(b"secret", raw)

    def test_whole_message(self):
        raw, message = report("full")
        part = list(message.iter_parts())[2]
        self.assertEqual(part.get_content_type(), "message/rfc822")
        inner = part.get_payload()[0]
        self.assertEqual(inner["Subject"], "Smørrebrød")
        self.assertIsNone(inner["Bcc"])
        self.assertEqual(inner.get_content(), ORIGINAL.split(b"\n\n", 1)[1].decode())
        self.assertNotIn(b"secret", raw)

    def test_too_large_to_return(self):
        """Its size may be what was refused: the report must not share its fate."""
        raw, message = report("full", original=ORIGINAL + b"line of the body\n" * 100000)
        self.assertLess(len(raw), 10000)
        text, _, part = message.iter_parts()
        self.assertEqual(part.get_content_type(), "text/rfc822-headers")
        self.assertIn("copy of its header is attached (all of it would be too large)",
                      text.get_content())

    def test_delay(self):
        """RET is about failures: of a delay the header alone is returned."""
        raw, message = report("delayed", "full")
        self.assertEqual(message["Subject"], "Delayed mail to 2 recipients")
        text, status, part = message.iter_parts()
        self.assertEqual(part.get_content_type(), "text/rfc822-headers")
        self.assertNotIn(b"body line", raw)
        lines = text.get_content().splitlines()
        self.assertEqual(lines[:9], [
            "Your message has not been delivered yet to:", "",
            "<busy@example.net>, written as busy",
            "    tried once; the last answer:", "    503 maintenance (4.2.2)", "",
            "<new@example.net>", "    it could not be tried yet:",
            "    there is no answer yet (4.0.0)"])
        self.assertIn("It will be tried until Sun, 19 Nov 2023 21:13:20 +0000.", lines)
        self.assertIn("You need not send it again.", lines)
        self.assertNotIn("not be tried again", text.get_content())
        _, busy, new = status.get_payload()
        self.assertEqual(busy["Action"], "delayed")
        self.assertEqual(busy["Status"], "4.2.2")
        self.assertEqual(busy["Original-Recipient"], "rfc822;bu+2Bsy@example.org")
        self.assertEqual(busy["Diagnostic-Code"], "x-postmark; 503 maintenance")
        self.assertEqual(busy["Will-Retry-Until"], "Sun, 19 Nov 2023 21:13:20 +0000")
        self.assertEqual(new["Status"], "4.0.0")
        self.assertIsNone(new["Last-Attempt-Date"])
        self.assertIsNone(new["Original-Recipient"])

    def test_success(self):
        """The provider has it: nobody claims that it was delivered."""
        _, message = report("relayed", "full")
        self.assertEqual(message["Subject"], "Relayed mail to ann@example.org")
        text, status, part = message.iter_parts()
        self.assertEqual(part.get_content_type(), "text/rfc822-headers")
        self.assertEqual(text.get_content().splitlines()[:8], [
            "Your message was handed to the provider for:", "",
            "<ann@example.org>, written as ann",
            "    handed to postmark, which said:", "    accepted (2.0.0)", "",
            "Whether it reaches the mailbox only the provider knows: nothing more will be",
            "reported from here."])
        _, ann = status.get_payload()
        self.assertEqual(ann["Action"], "relayed")
        self.assertEqual(ann["Status"], "2.0.0")
        self.assertEqual(ann["Final-Log-ID"], "b7bc2f4a")
        self.assertIsNone(ann["Diagnostic-Code"])
        self.assertIsNone(ann["Will-Retry-Until"])

    def test_several_fates(self):
        """The worst names the report and comes first."""
        raw, message = report("relayed", "delayed", "to=b..c@x.net", "full")
        self.assertEqual(message["Subject"], "Undelivered mail to b..c@x.net")
        text, status, part = message.iter_parts()
        self.assertEqual(part.get_content_type(), "message/rfc822")
        text = text.get_content()
        places = [text.index(words) for words in (
            "Your message was not delivered to:", "<b..c@x.net>", "not be tried again",
            "not been delivered yet", "<busy@", "You need not", "handed to the", "<ann@",
            "only the provider knows", "The message:")]
        self.assertEqual(places, sorted(places))
        self.assertEqual([fields["Action"] for fields in status.get_payload()[1:]],
                         ["failed", "relayed", "delayed", "delayed"])
        self.assertNotIn(b"deleted@", raw)

    def test_addresses(self):
        for address, final, shown, subject in [
                ("b..c@x.net", "rfc822; b..c@x.net", "<b..c@x.net>", " to b..c@x.net"),
                ("<b..c@x.net>", "rfc822; b..c@x.net", "<b..c@x.net>", " to b..c@x.net"),
                ("(no recipient)", "x-unknown; (no recipient)", "(no recipient)", ""),
                ("Ann <a@@x>", "x-unknown; Ann <a@@x>", "Ann <a@@x>", "")]:
            with self.subTest(address):
                _, message = report("to=" + address)
                text, status, _ = message.iter_parts()
                self.assertEqual(text.get_content().splitlines()[2], shown)
                self.assertEqual(message["Subject"], "Undelivered mail" + subject)
                self.assertEqual(status.get_payload()[1]["Final-Recipient"], final)


unittest.main()
