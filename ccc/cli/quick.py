"""The calls that people, scripts and hooks repeat all day, answered without click, whose import takes 15 ms.

Only what needs no parsing: the command and nothing but flags. Everything else goes to `ccc.cli.main`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ccc.cli import hookdoor
from ccc.cli.boundary import guarded

BACKGROUND = ["drain", "--background"]
STATUS_FLAGS = frozenset({"--all", "--mine", "--short", "--json"})


def answer(argv: list[str]) -> int:
    """Runs one command line and gives its exit code, as `ccc.cli.main.main` does."""
    if hookdoor.is_hook(argv):
        return hookdoor.answer(argv)
    if _is_background(argv):
        return guarded(argv, lambda: _drain(Path(argv[1])))
    if is_quick(argv):
        return guarded(argv, lambda: _status(argv[1:]))
    from ccc.cli.main import main

    return main(argv)


def is_quick(argv: list[str]) -> bool:
    """Whether a command line is answered here."""
    if hookdoor.is_hook(argv) or _is_background(argv):
        return True
    return argv[:1] == ["status"] and STATUS_FLAGS.issuperset(argv[1:])


def _is_background(argv: list[str]) -> bool:
    """Whether this is the drain as its script starts it, many times a day."""
    return argv[:1] == ["-C"] and argv[2:] == BACKGROUND and Path(argv[1]).is_dir()


def _drain(directory: Path, *, mends: bool = True) -> int:
    from ccc.cli.call import invocation_in
    from ccc.cli.opening import mend, open_workspace
    from ccc.errors import StateBroken
    from ccc.ops import work

    invocation = invocation_in(directory.resolve())
    try:
        with invocation.closing:
            work.background(open_workspace(invocation))
    except StateBroken as error:
        if not mends:
            raise
        mend(invocation, error)
        return _drain(directory, mends=False)
    return 0


def _status(flags: Sequence[str], *, mends: bool = True) -> int:
    from ccc.git.repository import begin_discovery

    try:
        directory = Path.cwd().resolve()
    except FileNotFoundError:
        from ccc.cli.call import current_folder

        directory = current_folder()
    found = begin_discovery(directory, os.environ)  # git looks while the rest is imported
    from ccc.cli.call import invocation_in
    from ccc.cli.opening import mend
    from ccc.cli.showing import Wishes, show_status
    from ccc.errors import StateBroken

    every, mine, short, as_json = (flag in flags for flag in ("--all", "--mine", "--short", "--json"))
    wishes = Wishes(everything=every, mine=mine, short=short, as_json=as_json)
    invocation = replace(invocation_in(directory), found=found)
    try:
        with invocation.closing:
            show_status(invocation, wishes)
    except StateBroken as error:
        if not mends:
            raise
        mend(invocation, error)
        return _status(flags, mends=False)
    return 0
