#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The files and cases that the table of failure modes in tests/README.md names exist."""
import pathlib
import re
import sys

tests = pathlib.Path(sys.argv[1]) / "tests"
IS_FILE = re.compile(r"[\w-]+/[\w./-]+")


def main():
    table = re.findall(r"^\| [^|]+ \| (`.+) \|$", (tests / "README.md").read_text(), re.M)
    found = [] if table else ["tests/README.md: no table"]
    for row in table:
        text = None
        for name in re.findall(r"`([^`]+)`", row):
            if IS_FILE.fullmatch(name):
                path = tests / name
                text = path.read_text() if path.is_file() else ""
                found += [] if text else [f"{name}: no such file"]
            elif not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text):
                found.append(f"{path.relative_to(tests)}: no case {name}")
    print("\n".join(found) or f"{len(table)} failure modes have their tests")
    return 1 if found else 0


sys.exit(main())
