#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No two folders define the same function: of two static libraries the linker takes
whichever it meets first, and says nothing."""
import collections
import pathlib
import subprocess
import sys

build = pathlib.Path(sys.argv[1])


def definitions(library):
    out = subprocess.run(["nm", "-g", "--defined-only", library], capture_output=True, text=True,
                         check=True)
    for line in out.stdout.splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[1] in "TDBR":
            yield fields[2]


def main():
    places = collections.defaultdict(set)
    libraries = sorted(build.glob("src/*/*.a")) + sorted(build.glob("compat/*.a"))
    for library in libraries:
        for symbol in definitions(library):
            places[symbol].add(library.parent.name)
    found = [f"{symbol}: defined in {', '.join(sorted(where))}"
             for symbol, where in sorted(places.items())
             if symbol.startswith("brev_") and len(where) > 1]
    print("\n".join(found) or f"{len(libraries)} libraries define no function twice")
    return 1 if found or len(libraries) < 10 else 0


sys.exit(main())
