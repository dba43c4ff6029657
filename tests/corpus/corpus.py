#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hundreds of messages through decode, plan and encode of each provider, read by another reader.

    corpus.py RENDER PROVIDER... [NUMBER...]

RENDER is golden/render as it was built. Without numbers all messages are taken; with them
those alone, and they are kept, to be looked at. FIRST-LAST is a range of numbers.
"""

import base64
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'lib')]

import compare  # noqa: E402
import generate  # noqa: E402
import reader  # noqa: E402
import request  # noqa: E402

COUNT = 600
GOLDEN = HERE.parent / 'golden'


def write(directory, message):
    case = directory / 'messages' / message.name
    case.mkdir(parents=True)
    (case / 'message.eml').write_bytes(message.data)
    (case / 'envelope').write_text(message.envelope(), 'utf-8')
    return case


def parse(text):
    """The plans that render --lines printed, by case."""
    plans, plan = {}, None
    for line in text.splitlines():
        key, _, value = line.partition(': ')
        if key == 'case':
            plan = plans[pathlib.Path(value).name] = compare.Plan()
        elif plan is not None:
            plan.take(key, value, base64.b64decode)
    return plans


def render(program, provider, cases):
    """Plans by case; one that ends the program has none, and the others go on behind it."""
    plans, crashes = {}, {}
    while cases:
        done = subprocess.run([program, '--lines', '--account', provider, *map(str, cases)],
                              capture_output=True, timeout=120)
        found = parse(done.stdout.decode('utf-8'))
        plans.update(found)
        if done.returncode == 0:
            break
        last = cases[len(found) - 1].name if found else cases[0].name
        plans.pop(last, None)
        crashes[last] = done.stderr.decode('utf-8', 'replace')[-1500:]
        cases = cases[max(len(found), 1):]
    return plans, crashes


def faults_of(provider, message, original, plan):
    requests = [request.read(provider, *one) for one in plan.requests]
    return list(compare.compare(message, original, plan, requests))


def check(program, provider, messages, cases):
    """@messages: pairs of a message and what the other reader made of it"""
    plans, crashes = render(program, provider, cases)
    failed = 0
    for message, original in messages:
        if message.name in crashes:
            faults = [f'the program ended: {crashes[message.name]}']
        else:
            faults = faults_of(provider, message, original, plans[message.name])
        failed += bool(faults)
        for fault in faults:
            print(f'{provider} {message.name}: {fault}')
    print(f'{provider}: {len(messages)} messages, {failed} failed')
    return failed


def numbers_of(arguments):
    for argument in arguments:
        first, _, last = argument.partition('-')
        yield from range(int(first), int(last or first) + 1)


def main():
    program, *arguments = sys.argv[1:]
    providers = [one for one in arguments if not one[0].isdigit()]
    numbers = list(numbers_of(one for one in arguments if one[0].isdigit()))
    messages = [generate.make(number) for number in numbers or range(COUNT)]
    directory = pathlib.Path(tempfile.mkdtemp(prefix='brevdue-corpus-'))
    shutil.copy(GOLDEN / 'brevdue.conf', directory)
    try:
        cases = [write(directory, message) for message in messages]
        read = [(message, reader.Original(message.data)) for message in messages]
        failed = sum([check(program, provider, read, cases) for provider in providers])
    finally:
        if numbers:
            print(f'kept: {directory}')
        else:
            shutil.rmtree(directory)
    return 1 if failed or not messages or not providers else 0


if __name__ == '__main__':
    sys.exit(main())
