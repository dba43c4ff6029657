#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""cppcheck finds nothing in our sources. Leaks are left to the sanitizers: cppcheck does not
know the cleanup attribute behind g_autoptr."""
import pathlib
import shutil
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
MACROS = ["G_DEFINE_AUTOPTR_CLEANUP_FUNC(a,b)=", "G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(a,b)=",
          "G_DEFINE_QUARK(a,b)=", "G_STATIC_ASSERT(x)=", "G_GNUC_PRINTF(a,b)=",
          "g_autofree=", "g_autoptr(x)=x*", "g_auto(x)=x"]

if not shutil.which("cppcheck"):
    print("cppcheck is not installed")
    sys.exit(77)
sources = [str(p) for d in ("src", "compat") for p in sorted((root / d).rglob("*.c"))]
result = subprocess.run(
    ["cppcheck", "-q", "--enable=warning,portability", "--inline-suppr", "--std=c11",
     "--library=gtk", "--suppress=memleak", "--error-exitcode=1", f"-I{root}/src", f"-I{root}",
     *[f"-D{macro}" for macro in MACROS], *sources], check=False)
sys.exit(result.returncode)
