"""The skill and the slash commands for an orchestrating Claude: put where Claude Code looks for them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from ccc import __version__
from ccc.errors import Refused
from ccc.platform.files import replace_file
from ccc.records import dataclass
from ccc.resources import resource_dir

KIT = "claude"
"""The folder of the kit below the templates; what it holds lies likewise below a configuration folder."""

PERMISSIONS = Path("skills", "ccc", "permissions.json")
"""Settings with leave for the commands that the skill speaks of.

What a skill allows ends with the turn that loaded it, and a command in the background begins a new one.
"""

WORDS = "from git-ccc {} (sha256 {}); ccc replaces it unless it was edited"
MARKS = {"---\n": "# {}\n", "{\n": '  "$comment": "{}",\n'}
"""What a file begins with, and the second line that is a comment in such a file: front matter, JSON."""

MARK = re.compile(r'(?:---\n# |\{\n  "\$comment": ")from git-ccc \S+ \(sha256 ([0-9a-f]{64})\); [^\n]*\n')
HINT = "keep a copy of what you want to keep, then: git ccc init --claude --force"


@dataclass(frozen=True)
class Installed:
    """One file of the kit; `state` says what the installation did to it."""

    path: Path
    state: Literal["written", "updated", "unchanged"]


def install(folder: Path, *, force: bool) -> list[Installed]:
    """Puts the kit into a Claude configuration folder: `~/.claude`, or `.claude` at the top of a checkout.

    A file that is there and was not written by ccc as it stands is a person's: with one of those, and without
    `force`, nothing is written. Each file is replaced at once. Raises Refused, OSError.
    """
    steps = [_step(source, folder / relative, force=force) for relative, source in kit()]
    foreign = [str(step.path) for step in steps if step.foreign]
    if foreign:
        raise Refused(f"not written by ccc, or edited since: {' '.join(foreign)}", HINT)
    return [_carry_out(step) for step in steps]


def kit() -> Iterator[tuple[Path, Path]]:
    """The files of the kit: the path below a configuration folder, and where ccc has it."""
    top = resource_dir("templates") / KIT
    for source in sorted(path for path in top.rglob("*") if path.is_file()):
        yield source.relative_to(top), source


@dataclass(frozen=True)
class _Step:
    path: Path
    text: str
    state: Literal["written", "updated", "unchanged"]
    foreign: bool


def _step(source: Path, goal: Path, *, force: bool) -> _Step:
    """What is to be done for one file; a symbolic link is followed, so that it stays one."""
    shipped = source.read_text(encoding="utf-8")
    goal = goal.resolve() if goal.is_symlink() else goal
    if not goal.exists():
        return _Step(goal, marked(shipped), "written", foreign=False)
    found = None if goal.is_dir() else goal.read_bytes().decode("utf-8", "replace")
    if found is not None and is_ours(found) and _plain(found) == shipped:
        return _Step(goal, found, "unchanged", foreign=False)
    ours = found is not None and (is_ours(found) or found == shipped)
    return _Step(goal, marked(shipped), "updated", foreign=found is None or not (ours or force))


def _carry_out(step: _Step) -> Installed:
    if step.state != "unchanged":
        try:
            step.path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise Refused(f"not a folder: {error.filename}", "move it out of the way") from error
        replace_file(step.path, step.text)
    return Installed(step.path, step.state)


def marked(text: str) -> str:
    """A file of the kit with a second line, a comment, that proves it to be ours.

    Raises KeyError for a kind of file that MARKS does not have.
    """
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    first = text[: text.index("\n") + 1]
    return first + MARKS[first].format(WORDS.format(__version__, digest)) + text.removeprefix(first)


def is_ours(text: str) -> bool:
    """Whether ccc, of whatever version, wrote the file exactly as it stands."""
    mark = MARK.match(text)
    return mark is not None and hashlib.sha256(_plain(text).encode("utf-8")).hexdigest() == mark[1]


def _plain(text: str) -> str:
    """The file without the line that `marked` adds."""
    mark = MARK.match(text)
    return text if mark is None else text[: text.index("\n") + 1] + text[mark.end() :]
