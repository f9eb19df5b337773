"""Which commits of a repository are merged anew: its merges, and branches that lived at the same time."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

NEIGHBOURS = 40
"""Merges before or after one, by commit date, whose side branches count as of the same time."""

TOGETHER = 4
"""Branches that are merged into one and the same, as a radar would."""


@dataclass(frozen=True)
class Merge:
    """A merge commit of two parents."""

    commit: str
    ours: str
    theirs: str


@dataclass(frozen=True)
class Task:
    """Several commits to be merged into one, each for itself; `kind` is `merge` or `pair`."""

    kind: str
    ours: str
    theirs: tuple[str, ...]


def git(top: Path, *arguments: str, stdin: str | None = None, env: Mapping[str, str] | None = None) -> str:
    """A git that must succeed, and what it printed. Raises RuntimeError with its words."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=top,
        input=stdin,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        errors="surrogateescape",
    )
    if done.returncode:
        raise RuntimeError(f"git {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return done.stdout.rstrip("\n")


def merges_of(top: Path) -> list[Merge]:
    """The merge commits of two parents that any reference reaches, newest first."""
    rows = git(top, "rev-list", "--merges", "--parents", "--date-order", "--all").splitlines()
    return [Merge(*row.split()) for row in rows if row.count(" ") == 2]


def replayed(found: Sequence[Merge], limit: int, chance: random.Random) -> list[Task]:
    """Merge commits from all over the history; one in five the other way round."""
    tasks = []
    for each in chance.sample(found, min(limit, len(found))):
        sides = (each.ours, each.theirs) if chance.random() < 0.8 else (each.theirs, each.ours)
        tasks.append(Task("merge", sides[0], (sides[1],)))
    return tasks


def contemporaries(top: Path, found: Sequence[Merge], limit: int, chance: random.Random) -> Iterator[Task]:
    """Pairs of side branches that lived at the same time, until there are `limit`.

    Neither contains the other, and of four in five both changed a common path since they parted: the only
    pairs that can conflict.
    """
    left, tries = limit, 10 * limit
    while left > 0 and tries > 0 and len(found) > 1:
        tries -= 1
        at = chance.randrange(len(found))
        near = found[max(0, at - NEIGHBOURS) : at + NEIGHBOURS + 1]
        tips = list(dict.fromkeys(side for each in near for side in _sides(each)))
        ours = found[at].theirs
        others = chance.sample(tips, min(3 * TOGETHER, len(tips)))
        theirs = [each for each in others if _is_worth(top, ours, each, chance)][: min(TOGETHER, left)]
        if theirs:
            left -= len(theirs)
            yield Task("pair", ours, tuple(theirs))


def _sides(merge: Merge) -> tuple[str, str]:
    return merge.theirs, merge.ours


def _is_worth(top: Path, ours: str, theirs: str, chance: random.Random) -> bool:
    bases = subprocess.run(
        ["git", "merge-base", "--all", ours, theirs], cwd=top, capture_output=True, check=False, text=True
    ).stdout.split()
    if ours in bases or theirs in bases:
        return False
    if not bases or chance.random() < 0.2:
        return True
    return bool(_changed(top, bases[0], ours) & _changed(top, bases[0], theirs))


def _changed(top: Path, base: str, tip: str) -> set[str]:
    asked = ("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--ignore-submodules=none")
    return set(git(top, *asked, base, tip).split("\0")) - {""}
