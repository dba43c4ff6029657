#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sendmail(8) lists every row of the option tables, and nothing else."""
import pathlib
import re
import subprocess
import sys

from programs import program

SECTIONS = {'refused: ': r'\b[Rr]efused', 'no effect: ': r'\bAccepted without effect', '': None}


def rows():
    """Spelling of each row, as sendmail prints its own tables, and what becomes of it."""
    text = subprocess.run([program('sendmail'), '--help'], capture_output=True, text=True,
                          check=True).stdout
    for spelling, effect in re.findall(r'^  (-O \S+|\S+) +(refused: |no effect: |)', text, re.M):
        yield spelling, effect


def macros(page):
    """Flags that mdoc(7) may take for a macro: -Mt was shown as -~."""
    return re.findall(r'^\.It Fl ([A-Z][a-z])$', page, re.M)


def items(page):
    """Spelling of each item, with the sentence or heading that stands over its list."""
    over = ''
    for line in page.replace(r'\&', '').splitlines():
        flag = re.match(r'\.It Fl (?:O Cm (\S+)|(\S+))', line)
        name = re.match(r'\.It Nm (\S+)', line)
        if flag:
            yield (f'-O {flag[1]}' if flag[1] else f'-{flag[2]}'), over
        elif name:
            yield name[1], ''
        elif line.startswith(('.Ss', '.Sh')) or line.endswith(':'):
            over = line
        elif line.startswith('Refused'):
            over = line


# A macro's name behind -M is accepted, -M alone is Exim's: two rows, one spelling.
TWICE = '-M'


def main():
    page = pathlib.Path(sys.argv[1]).read_text()
    listed, found = list(items(page)), []
    documented = dict(listed)
    found += [f'-{name} may be a macro: write \\&{name}' for name in macros(page)]
    found += [f'{name} is documented twice' for name in documented
              if sum(name == other for other, _ in listed) > 1 and name != TWICE]
    known = dict(rows())
    for name, effect in known.items():
        if name not in documented:
            found.append(f'{name} is not documented')
        elif name != TWICE and SECTIONS[effect] and name.startswith('-') and \
                not re.search(SECTIONS[effect], documented[name]):
            found.append(f'{name} is documented below "{documented[name]}"')
    found += [f'{name} is documented and unknown' for name in documented if name not in known]
    print('\n'.join(found) or f'{len(known)} rows are documented')
    return 1 if found or len(known) < 100 else 0


sys.exit(main())
