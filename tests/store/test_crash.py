#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills a program that uses the store at each of its system calls that change a file, and
looks at what is left. Which calls these are is taken from a trace of an undisturbed run."""
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
CALLS = ["fsync", "fdatasync", "pwrite64", "write", "ftruncate", "fallocate", "unlink",
         "unlinkat", "rename", "renameat2", "openat", "fcntl", "mmap"]
NEVER = {"sending"}


def run(directory, *strace):
    command = ["strace", "-qq", "-o", directory + ".trace", *strace] if strace else []
    # LeakSanitizer does not work in a program that is traced
    options = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    done = subprocess.run([*command, PROGRAM, "work", directory], text=True,
                          capture_output=True, env=dict(os.environ, ASAN_OPTIONS=options))
    return done.stdout.splitlines(), done


def record():
    """How often each call is made from the first one on that touches the store."""
    with tempfile.TemporaryDirectory() as directory:
        steps, done = run(directory, "-e", "trace=" + ",".join(CALLS))
        assert done.returncode == 0 and steps[-1] == "closed", done.stderr
        total, first = collections.Counter(), {}
        with open(directory + ".trace") as trace:
            for line in trace:
                call = re.match(r"(\w+)\(", line)
                if call:
                    total[call[1]] += 1
                    if directory in line and not first:
                        first = dict(total)
        shutil.os.unlink(directory + ".trace")
    # before that a crash is a program that never ran; locks and maps change no file
    return [(call, n) for call in CALLS if call not in ("fcntl", "mmap")
            for n in range(first.get(call, 0) + 1, total[call] + 1)]


class State:
    def __init__(self, lines):
        self.messages, self.recipients, self.missing = {}, {}, []
        for line in lines:
            kind, *words = line.split(" ")
            if kind == "message":
                self.messages[words[0]] = [int(word) for word in words[1:]]
            elif kind == "recipient":
                self.recipients[words[0], int(words[1])] = (words[2], words[3] == "1", words[4])
            elif kind == "missing":
                self.missing.append(words[0])
            else:
                raise AssertionError("the store says: " + line)


def read(directory):
    out = subprocess.run([PROGRAM, "check", directory], text=True, capture_output=True)
    assert out.returncode == 0, out.stderr
    before, after = out.stdout.split("gone on\n")
    return State(before.splitlines()), State(after.splitlines())


def judge(steps, before, after):
    """What was said to be done is done; what was not said may be, but nothing between."""
    if "settled m2 sent" in steps and set(before.messages) == {"report"}:
        return  # they were forgotten
    assert "forgotten" not in steps
    imported = [id for id, (is_imported, _, _) in before.messages.items() if is_imported]
    for id in ["m0", "m1", "m2"]:
        count = sum(1 for key in before.recipients if key[0] == id)
        assert count == (2 if id in imported else 0), (id, count)
    assert len(set(imported) & {"m0", "m1", "m2"}) in (0, 3), imported
    if "imported" in steps:
        assert len(imported) >= 3
    for (id, index), (state, maybe_sent, report) in before.recipients.items():
        assert state not in NEVER
        said = [step.split()[2] for step in steps if step.startswith("settled " + id)]
        if said and said[-1] != "deferred":
            assert state == said[-1], (id, state)
        if (id, index) == ("m2", 0) and state == "deferred":
            assert report != "-" or "warned of m2" not in steps
            assert (report in before.missing) == (report not in [*imported, "-"])
        elif id == "m2":  # nobody was warned, or it is over
            assert report == "-", report
        if state == "refused":
            assert report == "report"
            assert ("report" in before.missing) == ("report" not in imported)
        if state == "deferred" and not (said and said[-1] == "deferred"):
            assert maybe_sent or (id == "m2" and "settled m1 refused" in steps)
        if state == "queued":
            assert "claimed" not in steps or id == "report"
    if "settled m1 refused" in steps and "reported" not in steps:
        assert "report" in [*before.missing, *imported]
    finals = [after.recipients.get((id, index), ("sent",))[0]
              for id in ["m0", "m1", "m2"] for index in (0, 1)]
    assert set(finals) <= {"sent", "refused"}, finals
    assert set(after.missing) <= {"report"}, after.missing


def kill_at(call, n):
    with tempfile.TemporaryDirectory() as directory:
        steps, done = run(directory, "-e", f"trace={call}",
                          "-e", f"inject={call}:signal=SIGKILL:when={n}")
        shutil.os.unlink(directory + ".trace")
        assert done.returncode != 0, "it outlived its death"
        before, after = read(directory)
        try:
            judge(steps, before, after)
        except AssertionError:
            print(f"killed at {call} number {n}, after {steps}", before.__dict__,
                  after.__dict__, sep="\n")
            raise


def main():
    if shutil.which("strace") is None:
        print("strace is not installed")
        return 77
    if subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"]).returncode != 0:
        print("strace may not trace here")
        return 77
    points = record()
    for call, n in points:
        kill_at(call, n)
    print(f"killed {len(points)} times: {collections.Counter(call for call, _ in points)}")
    return 0 if len(points) > 20 else 1


sys.exit(main())
