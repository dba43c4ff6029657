#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Installs with DESTDIR: everything lies below the build's prefix, no file has a set-id bit,
sendmail and brevdued load libc and GLib alone, only brevdue asks DNS and parses keys, and
nothing that another package owns is written. The test command runs it with two prefixes."""
import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile

build, prefix = sys.argv[1:3]
LEAN = {"libc.so.6", "libglib-2.0.so.0"}
# What the sanitizers of a debug build bring along.
SANITIZERS = {"libasan.so.8", "libubsan.so.1", "libm.so.6", "libgcc_s.so.1", "libpthread.so.0",
              "librt.so.1", "libdl.so.2", "libresolv.so.2", "ld-linux-x86-64.so.2"}
DOCTOR = {"libcares.so.2", "libcrypto.so.3"}
FOREIGN = {"sbin/sendmail", "bin/mailq", "bin/newaliases", "lib/sendmail"}


def needed(path):
    out = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True)
    return set(re.findall(r"NEEDED.*\[(.+)\]", out.stdout))


def needed_of_doctor(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF" and DOCTOR & needed(path)


def install(target):
    env = dict(os.environ, DESTDIR=target)
    subprocess.run(["meson", "install", "-C", build, "--no-rebuild"], env=env, check=True,
                   stdout=subprocess.DEVNULL)
    return [p for p in pathlib.Path(target).rglob("*") if p.is_file() or p.is_symlink()]


def main():
    found = []
    with tempfile.TemporaryDirectory() as target:
        files = install(target)
        by_name = {p.name: p for p in files if not p.is_symlink()}
        for path in files:
            if os.lstat(path).st_mode & (stat.S_ISUID | stat.S_ISGID):
                found.append(f"{path}: set-id bit")
            if not str(path).startswith((target + prefix + "/", target + "/etc/")):
                found.append(f"{path}: outside the prefix {prefix}")
            if any(str(path).endswith("/" + name) for name in FOREIGN
                   if "libexec" not in str(path)):
                found.append(f"{path}: belongs to another package")
        for name in ("sendmail", "brevdued", "courier", "brevdue"):
            if name not in by_name:
                found.append(f"{name} is not installed")
        for name in ("sendmail", "brevdued"):
            extra = needed(by_name[name]) - LEAN - SANITIZERS if name in by_name else set()
            if extra:
                found.append(f"{name} loads {sorted(extra)}")
        doctors = {name for name in by_name if needed_of_doctor(by_name[name])}
        if doctors != {"brevdue"}:
            found.append(f"{sorted(DOCTOR)} are loaded by {sorted(doctors)}, not by brevdue alone")
    print("\n".join(found) or f"{len(files)} files installed as they should be")
    return 1 if found else 0


sys.exit(main())
