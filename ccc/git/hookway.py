"""Which way session worktrees get their hooks: through git's configuration, or through shims in a hooks path.

Git 2.54 and newer take hooks from the configuration. Older ones do not see those, so while an older git is
known to work in a repository all worktrees get shims, which every version runs.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from enum import StrEnum
from pathlib import Path

from ccc.errors import GitFailed
from ccc.git import version
from ccc.git.command import Git
from ccc.layout import Layout
from ccc.platform.files import replace_file
from ccc.records import dataclass

OLDEST = (2, 54)
"""`hook.<name>.command` appears in 2.54 (git's release notes)."""

KEY = "ccc.hooks"
"""Git configuration that overrules the choice: `shims` or `configuration`."""

DAY = 86_400
FORGOTTEN_AFTER = 30 * DAY
"""A git that has not been met here for so long, in seconds, decides nothing any more."""


class Way(StrEnum):
    """How hooks reach a session worktree."""

    SHIMS = "shims"
    CONFIGURATION = "configuration"


@dataclass(frozen=True)
class Choice:
    """The way, and in words what decided it."""

    way: Way
    why: str


@dataclass(frozen=True)
class Met:
    """A git program that ccc was run with here; `last` time in seconds, `mark` changes with the program."""

    path: str
    mark: str
    numbers: tuple[int, ...]
    last: int


def choose(common: Path, wish: str | None) -> Choice:
    """The way that every git met here can go; `wish` is the value of `ccc.hooks`. Raises GitFailed, OSError.

    Starts a git only for one not met before, changed since, or not met today.
    """
    if wish in list(Way):
        return Choice(Way(wish), f"{KEY} is {wish}")
    oldest = min(_meet(common), key=lambda met: met.numbers)
    words = f"git {'.'.join(map(str, oldest.numbers))} at {oldest.path}"
    if oldest.numbers[:2] >= OLDEST:
        return Choice(Way.CONFIGURATION, f"{words} is the oldest met here")
    return Choice(Way.SHIMS, f"{words} does not know hooks in configuration")


def file_of(common: Path) -> Path:
    """Where the gits met here are remembered."""
    return Layout(common).root / "gits"


def _meet(common: Path) -> list[Met]:
    """Every git known to work here, with the one that ccc runs now."""
    now = int(time.time())
    path = shutil.which("git")
    mark = _mark(path) if path else None
    if path is None or mark is None:
        raise GitFailed("git cannot be started: it is not on PATH", "install git 2.39 or newer")
    before = _remembered(common)
    others = [met for met in before if met.path != path and _is_current(met, now)]
    mine = next((met for met in before if met.path == path and met.mark == mark), None)
    if mine is None or now - mine.last >= DAY or mine.last > now:
        mine = Met(path, mark, version.version(Git(common)), now)
    found = [*others, mine]
    if found != before:
        replace_file(file_of(common), "".join(map(_line, found)))
    return found


def _is_current(met: Met, now: int) -> bool:
    return now - met.last < FORGOTTEN_AFTER and _mark(met.path) == met.mark


def _mark(path: str) -> str | None:
    """What changes when a program is replaced; None for one that is gone."""
    with contextlib.suppress(OSError):
        found = Path(path).stat()
        return f"{found.st_ino}.{found.st_size}.{found.st_mtime_ns}"
    return None


def _line(met: Met) -> str:
    return f"{met.mark} {met.last} {'.'.join(map(str, met.numbers))} {met.path}\n"


def _remembered(common: Path) -> list[Met]:
    """What the file says; a line that cannot be read is forgotten."""
    try:
        text = os.fsdecode(file_of(common).read_bytes())
    except FileNotFoundError:
        return []
    found = []
    for line in text.split("\n"):
        with contextlib.suppress(ValueError):
            mark, last, numbers, path = line.split(" ", 3)
            found.append(Met(path, mark, tuple(map(int, numbers.split("."))), int(last)))
    return found
