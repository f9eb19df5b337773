"""Branches that a rebase or a bisection under way has, in any checkout: git moves none of these."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator
from pathlib import Path

from ccc.git.folders import pointed_at
from ccc.git.heads import HEADS, listed
from ccc.git.repository import Repository
from ccc.platform.contents import content
from ccc.records import dataclass

REBASES = ("rebase-merge", "rebase-apply")
UPDATES = "rebase-merge/update-refs"
"""What `git rebase --update-refs` will move: of each branch its name, its commit, and the one to be."""

BISECTION = "BISECT_LOG"
MARKS = frozenset((*REBASES, BISECTION))
TITLES = {"rebase": "being rebased", "update": "part of a rebase under way", "bisect": "being bisected"}


@dataclass(frozen=True)
class Occupied:
    """A branch (its full name) that git is at work on in the checkout at `top`; `how` is one of TITLES."""

    ref: str
    how: str
    top: Path

    @property
    def words(self) -> str:
        """What is so, as a reason against moving it."""
        return f"{self.ref.removeprefix(HEADS)} is {TITLES[self.how]} in {self.top}"

    @property
    def command(self) -> str:
        """What tells how to go on there."""
        return f"git -C {shlex.quote(str(self.top))} status"

    @property
    def hint(self) -> str:
        """What to do there first."""
        git = f"git -C {shlex.quote(str(self.top))}"
        if self.how == "bisect":
            return f"end the bisection there: {git} bisect reset"
        return f"finish or abort the rebase there: {git} rebase --continue (or --abort)"


def occupied(repository: Repository, refs: Collection[str]) -> tuple[Occupied, ...]:
    """Those of the branches that some checkout is rebasing or bisecting; one listing for each checkout.

    The rules are git's own (`prepare_checked_out_branches` in its branch.c), by which `git branch -f` and
    `git fetch` refuse. A checkout whose folder is gone has none: nobody can go on there. Raises OSError.
    """
    common = str(repository.common)
    admins = [common, *(f"{common}/worktrees/{name}" for name in sorted(listed(f"{common}/worktrees")))]
    found = []
    for admin in admins:
        marks = MARKS & listed(admin)
        branches = dict(_branches(admin, marks)) if marks else {}
        for ref in [ref for ref in refs if ref in branches]:
            top = repository.main_top if admin == common else _top(admin)
            if top is not None and top.is_dir():
                found.append(Occupied(ref, branches[ref], top))
    return tuple(found)


def _branches(admin: str, marks: Collection[str]) -> Iterator[tuple[str, str]]:
    """Full names of the branches that what is under way there has, and how."""
    if BISECTION in marks:
        name = _text(f"{admin}/BISECT_START")
        yield name if name.startswith(HEADS) else HEADS + name, "bisect"
    if "rebase-merge" in marks:
        for ref in _text(f"{admin}/{UPDATES}").split("\n")[::3]:
            yield ref, "update"
    for folder in REBASES:
        if folder in marks:
            yield _text(f"{admin}/{folder}/head-name"), "rebase"


def _top(admin: str) -> Path | None:
    link = pointed_at(Path(admin, "gitdir"))
    return None if link is None else link.parent


def _text(path: str) -> str:
    """Empty where there is no such file: `git am` has no branch, and a bisection may begin on none."""
    try:
        return content(path).decode("utf-8", "surrogateescape").rstrip("\n")
    except (FileNotFoundError, NotADirectoryError):
        return ""
