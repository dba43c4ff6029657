#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random messages, made and taken apart by Python, against what body-json makes of them."""
import base64
import email
import email.encoders
import email.mime.application
import email.mime.multipart
import email.mime.text
import hashlib
import json
import random
import subprocess
import sys
import tempfile

ALPHABETS = ["plain ASCII \"quoted\" \\ \t", "bl\u00e5b\u00e6r ", "\u3053\u3093 \U0001f54a",
             "".join(map(chr, [*range(1, 32), 127])) + "\u2028"]
ENCODERS = [email.encoders.encode_base64, email.encoders.encode_quopri]
SIZES = [0, 1, 2, 3, 57, 24575, 24576, 24577, 100000]


def random_text(dice, length):
    alphabet = dice.choice(ALPHABETS)
    lines = ["".join(dice.choice(alphabet) for _ in range(dice.randrange(60)))
             for _ in range(length // 30)]
    return "\n".join(lines) + "\n"


def attachment(dice, data, name):
    part = email.mime.application.MIMEApplication(data, _encoder=dice.choice(ENCODERS))
    part.add_header("Content-Disposition", "attachment", filename=name)
    return part


def make_message(dice):
    wanted = {"subject": "s", "text": "", "html": "", "attachments": []}
    top = email.mime.multipart.MIMEMultipart("mixed")
    body = email.mime.multipart.MIMEMultipart("alternative")
    top["Subject"] = "s"
    top.attach(body)
    for field, kind in (("text", "plain"), ("html", "html")):
        wanted[field] = random_text(dice, dice.randrange(4000))
        body.attach(email.mime.text.MIMEText(wanted[field], kind, "utf-8"))
    for number in range(dice.randrange(4)):
        data = dice.randbytes(dice.choice(SIZES))
        name = dice.choice(["a.bin", "bl\u00e5b\u00e6r.pdf", "\u3053 \"x\".txt"]) + str(number)
        top.attach(attachment(dice, data, name))
        wanted["attachments"].append({"name": name})
    written = top.as_bytes()
    # What Python itself reads: in quoted-printable, line ends are not what they were.
    parts = email.message_from_bytes(written).get_payload()[1:]
    for part, want in zip(parts, wanted["attachments"]):
        want["content"] = base64.b64encode(part.get_payload(decode=True)).decode()
    return written, wanted


def run(program, path, size):
    done = subprocess.run([program, path, str(size)], check=True, capture_output=True)
    body, measured = done.stdout.rstrip(b"\n").rsplit(b"\n", 1)
    assert measured.decode().split() == [str(len(body)), hashlib.sha256(body).hexdigest()], measured
    return body


def main():
    seed = random.randrange(1 << 32)
    dice = random.Random(seed)
    for number in range(24):
        data, wanted = make_message(dice)
        with tempfile.NamedTemporaryFile(suffix=".eml") as file:
            file.write(data)
            file.flush()
            bodies = {run(sys.argv[1], file.name, size) for size in (1, 7, 4096, 1 << 20)}
        assert len(bodies) == 1, f"seed {seed}, message {number}: the read size matters"
        got = json.loads(bodies.pop())
        for key, value in wanted.items():
            assert got[key] == value, \
                f"seed {seed}, message {number}, {key}: {got[key]!r:.2000} {value!r:.2000}"
    print("24 messages, four read sizes each")


main()
