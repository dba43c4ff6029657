#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every shell script of the tree passes shellcheck."""
import pathlib
import shutil
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
if not shutil.which("shellcheck"):
    print("shellcheck is not installed")
    sys.exit(77)
candidates = [p for d in ("packaging", "tests", "src", ".ci") for p in (root / d).rglob("*")]
scripts = [str(p) for p in candidates if p.is_file()
           and p.open("rb").read(20).startswith((b"#!/bin/bash", b"#!/bin/sh", b"#!/usr/bin/env bash"))]
assert scripts, "no scripts found"
sys.exit(subprocess.run(["shellcheck", *scripts], check=False).returncode)
