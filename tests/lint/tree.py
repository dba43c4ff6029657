#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tree keeps its shape: top level, licence lines, executable scripts, no tabs."""
import os
import pathlib
import sys

root = pathlib.Path(sys.argv[1])
TOP = {"src", "compat", "tests", "packaging", "meson.build", "meson_options.txt",
       "README.md", "LICENSE"}
EXECUTABLE = ["packaging/quickstart", "packaging/test", ".ci/run"]


def sources():
    for folder in ("src", "compat", "tests", "packaging"):
        for path in (root / folder).rglob("*"):
            if path.suffix in (".c", ".h", ".py") and path.is_file():
                yield path


def main():
    found = [f"{path.name}: not wanted at the top level" for path in root.iterdir()
             if path.name not in TOP and not path.name.startswith((".", "build"))]
    found += [f"{name}: missing" for name in TOP if not (root / name).exists()]
    found += [f"{name}: not executable" for name in EXECUTABLE
              if not os.access(root / name, os.X_OK)]
    for path in sources():
        text = path.read_text()
        if "SPDX-License-Identifier: MIT" not in text[:200]:
            found.append(f"{path}: no SPDX line")
        if "\t" in text and path.suffix in (".c", ".h"):
            found.append(f"{path}: has a tab")
        if path.suffix == ".h" and "#pragma once" not in text:
            found.append(f"{path}: no #pragma once")
    print("\n".join(found) or "the tree is in shape")
    return 1 if found else 0


sys.exit(main())
