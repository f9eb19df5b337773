"""What a session's worktree remembers of its own moves: git's log of its HEAD."""

from __future__ import annotations

from pathlib import Path

from ccc.git.heads import ADMIN_PREFIX

READ = 64 * 1024
"""Bytes of the end that are read: some 400 moves."""


def moved_elsewhere(common: Path, name: str, old: str, new: str) -> bool:
    """Whether a branch came from `old` to `new` without its session's worktree knowing.

    git writes there each move of the branch that is checked out, before the branch moves. `update-ref`, a
    push, a file written by hand and libgit2 on another repository write nothing there. False where there is
    no such log (reftable, `core.logAllRefUpdates`, no worktree): nothing is known then.
    """
    log = common / "worktrees" / f"{ADMIN_PREFIX}{name}" / "logs" / "HEAD"
    try:
        with log.open("rb") as file:
            file.seek(max(log.stat().st_size - READ, 0))
            lines = file.read().decode("ascii", "replace").split("\n")
    except (FileNotFoundError, NotADirectoryError):
        return False
    been = [words[1] for line in lines if len(words := line.split(" ", 2)) > 1]
    last = max((number for number, oid in enumerate(been) if oid == old), default=-1)
    return new not in been[last + 1 :]
