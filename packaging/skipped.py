#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints what was skipped, and the last line each skipped test wrote: its reason."""
import json
import sys

for line in open(sys.argv[1], encoding="utf-8"):
    test = json.loads(line)
    if test["result"] == "SKIP":
        said = (test.get("stdout") or test.get("stderr") or "").strip().splitlines()
        print(f"skipped: {test['name']}: {said[-1] if said else 'no reason given'}")
