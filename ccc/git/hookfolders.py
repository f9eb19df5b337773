"""Hooks folders that git ignores: a new worktree does not have them, and no hook would run there.

husky's `.husky/_` is one: `npm install` makes it in each checkout, and a relative `core.hooksPath` names it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ccc.git.command import Git
from ccc.git.folders import give_name
from ccc.git.hookshims import top_of
from ccc.layout import Layout


def bring(common: Path, hooks_path: str | None) -> bool:
    """Copies an ignored hooks folder of the main checkout into session worktrees without it; whether any.

    A folder that git keeps is left alone: a branch that has none has no hooks, with ccc or without.
    Raises GitFailed, OSError.
    """
    if not hooks_path or Path(hooks_path).is_absolute():
        return False
    main = common.parent
    source = main / hooks_path
    goals = [top / hooks_path for top in _session_tops(common) if not os.path.lexists(top / hooks_path)]
    if not goals or not source.is_dir() or not _is_ignored(main, source):
        return False
    for goal in goals:
        _copy(source, goal)
    return True


def _session_tops(common: Path) -> Iterator[Path]:
    entries = Layout(common).worktrees
    for entry in sorted(entries.iterdir()) if entries.is_dir() else ():
        top = top_of(common / "worktrees" / f"ccc-{entry.name}")
        if top is not None and (top / ".git").is_file():
            yield top


def _is_ignored(main: Path, source: Path) -> bool:
    """Whether git ignores everything in the folder."""
    files = [os.fsencode(path) + b"\0" for path in source.iterdir() if path.is_file()]
    if not files or not (main / ".git").is_dir():
        return False
    ignored = Git(main).run("check-ignore", "-z", "--stdin", input=b"".join(files), ok=(0, 1)).out
    return ignored.count(b"\0") == len(files)


def _copy(source: Path, goal: Path) -> None:
    """At once, so that nobody finds half of it; somebody else's copy of it is as good."""
    goal.parent.mkdir(parents=True, exist_ok=True)
    fresh = goal.with_name(f".{goal.name}.{os.getpid()}")
    shutil.copytree(source, fresh, symlinks=True)
    give_name(fresh, goal)
