#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The C sources are as .clang-format wants them."""
import pathlib
import shutil
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
if not shutil.which("clang-format"):
    print("clang-format is not installed")
    sys.exit(77)
sources = [str(p) for d in ("src", "compat", "tests") for p in sorted((root / d).rglob("*.[ch]"))]
sys.exit(subprocess.run(["clang-format", "--dry-run", "--Werror", *sources],
                        check=False).returncode)
