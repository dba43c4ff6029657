#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Golden cases of one provider: golden.py RENDER DIRECTORY [--update]

Each case is a directory with a message and its envelope; "want" is the plan, the request
and the losses they must lead to. The messages of the directory "messages" are a case of each
provider, whose own directory then holds "want" alone. With --update it is written; read it
before you commit it.
"""

import difflib
import importlib
import json
import pathlib
import subprocess
import sys

LIBRARY = pathlib.Path(__file__).resolve().parent.parent / 'lib'
sys.path.insert(0, str(LIBRARY))

import smtp_check  # noqa: E402


def render(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], stdout=subprocess.PIPE,
                          timeout=60, check=True)
    return done.stdout


def render_all(program, account, sources):
    """Of each: its plan as text, and the bodies of its requests."""
    plans = render(program, '--marked', *account, *sources).split(b'\f')[1:]
    bodies, kept = [], None
    for body in render(program, '--raw', '--marked', *account, *sources).split(b'\0')[:-1]:
        if body:
            kept.append(body)
        else:
            kept = []
            bodies.append(kept)
    return [(plan.decode('utf-8', 'backslashreplace'), body)
            for plan, body in zip(plans, bodies, strict=True)]


def difference(case, got):
    want = case / 'want'
    wanted = want.read_text('utf-8') if want.exists() else ''
    return list(difflib.unified_diff(wanted.splitlines(), got.splitlines(),
                                     str(want), 'got', lineterm=''))


def refusals(check, body):
    """What a strict reader of the provider's documents says about a request body."""
    if hasattr(check, 'faults_of_body'):
        return check.faults_of_body(body)
    if not body.startswith((b'{', b'[')):
        return smtp_check.faults(body)
    value = json.loads(body.decode('utf-8'))
    faults = []
    for message in value if isinstance(value, list) else [value]:
        try:
            check.check_message(message, check.Limits())
        except check.Refusal as refusal:
            faults.append(str(refusal))
    return faults


def source_of(case):
    own = (case / 'message.eml').exists()
    return case if own else case.parent.parent / 'messages' / case.name


def faults_of(check, case, got, bodies, update):
    if update:
        case.mkdir(exist_ok=True)
        (case / 'want').write_text(got, 'utf-8')
    yield from difference(case, got)
    if ('plan: send' in got) != bool(bodies):
        yield f'{case}: {len(bodies)} requests'
    for body in bodies:
        yield from (f'{case}: {fault}' for fault in refusals(check, body))


def main():
    program, directory = sys.argv[1], pathlib.Path(sys.argv[2])
    check = importlib.import_module(
        f'{"postmark" if directory.name == "outbox" else directory.name}_check')
    cases = sorted(path for path in directory.iterdir() if path.is_dir())
    if directory.name != 'outbox':
        shared = (directory.parent / 'messages').iterdir()
        cases = sorted({*cases, *(directory / path.name for path in shared)})
    account = [] if directory.name == 'outbox' else ['--account', directory.name]
    rendered = render_all(program, account, list(map(source_of, cases)))
    failed = 0
    for case, (got, bodies) in zip(cases, rendered):
        faults = list(faults_of(check, case, got, bodies, '--update' in sys.argv))
        failed += bool(faults)
        print('\n'.join(faults) if faults else f'ok {case.name}')
    print(f'{len(cases)} cases, {failed} failed')
    return 1 if failed or not cases else 0


if __name__ == '__main__':
    sys.exit(main())
