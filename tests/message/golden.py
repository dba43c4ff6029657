#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares what each golden/NAME.eml is read as with golden/NAME.want.

golden.py DUMP FOLDER [--write]: --write makes the .want files; look at them, then commit.
"""
import difflib
import pathlib
import subprocess
import sys


def main():
    dump, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    failed = 0
    cases = sorted(folder.glob("*.eml"))
    for case in cases:
        got = subprocess.run([dump, str(case)], check=True, capture_output=True).stdout.decode()
        want = case.with_suffix(".want")
        if "--write" in sys.argv:
            want.write_text(got)
            continue
        wanted = want.read_text() if want.exists() else ""
        if got != wanted:
            failed += 1
            print("".join(difflib.unified_diff(wanted.splitlines(True), got.splitlines(True),
                                               want.name, "got")))
    print(f"{len(cases)} cases, {failed} failed")
    return 1 if failed or len(cases) < 60 else 0


sys.exit(main())
