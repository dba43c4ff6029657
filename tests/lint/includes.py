#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every #include of ours is allowed by the table in src/README.md, and the libraries that
one folder alone may use are used by no other."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
ONLY_IN = {"gmime/": {"message"}, "curl/": {"transport"}, "sqlite3.h": {"store"},
           "json-glib/": {"provider", "admin"}, "openssl/": {"doctor"}, "ares": {"doctor"}}


def table():
    allowed = {}
    rows = re.findall(r"^\| (\w+) +\|([^|]*)\|[^|]*\|$",
                      (root / "src/README.md").read_text(), re.M)
    for folder, may in rows:
        if folder != "folder":
            allowed[folder] = set(may.split()) | {folder}
    return allowed


def faults(path, folder, allowed):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        ours = re.match(r'#\s*include "(\w+)/', line)
        system = re.match(r"#\s*include <([^>]+)>", line)
        if ours and ours[1] not in allowed[folder]:
            yield f"{path}:{number}: {folder} may not include {ours[1]}/"
        for prefix, folders in ONLY_IN.items():
            if system and system[1].startswith(prefix) and folder not in folders:
                yield f"{path}:{number}: {folder} may not include <{system[1]}>"


def main():
    allowed = table()
    found = []
    folders = [p for p in (root / "src").iterdir() if p.is_dir()] + [root / "compat"]
    for directory in folders:
        if directory.name not in allowed:
            found.append(f"{directory}: not in the table of src/README.md")
            continue
        for path in sorted(directory.glob("*.[ch]")):
            found += faults(path, directory.name, allowed)
    print("\n".join(found) or "all includes are in the table")
    return 1 if found or len(allowed) < 10 else 0


sys.exit(main())
