"""Locks that a killed git left in a work tree: nobody holds them, and nobody can commit before they go."""

from __future__ import annotations

from pathlib import Path

from ccc.platform import processes

LOCKS = ("index.lock", "HEAD.lock")


def clear_locks(worktree: Path) -> list[str]:
    """Removes the locks of a linked work tree if no git program works there; the names of those removed.

    To be called when whoever worked there is dead.
    """
    admin = admin_of(worktree)
    if admin is None or processes.git_works_in(worktree / ".git"):
        return []
    found = [admin / name for name in LOCKS if (admin / name).exists()]
    for lock in found:
        lock.unlink(missing_ok=True)
    return [lock.name for lock in found]


def admin_of(worktree: Path) -> Path | None:
    """The admin directory that the `.git` file of a linked work tree names; None where there is none."""
    try:
        text = (worktree / ".git").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    admin = worktree / text.removeprefix("gitdir:").strip()
    return admin if admin.is_dir() else None
