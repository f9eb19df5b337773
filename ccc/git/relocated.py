"""Work trees that lie elsewhere than recorded: moved by hand, or together with their repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ccc.git.folders import pointed_at, points_to
from ccc.git.repository import Repository

ABOVE, TAIL = 8, 4
"""How many folders above the repository are looked into, and how many last parts of a recorded path count."""


def moved_by_git(common: Path, name: str) -> Path | None:
    """Where a work tree is now that `git worktree move` (or `repair`) put elsewhere; None where it is not.

    `name`: of its admin directory. Both point at each other then.
    """
    admin = common / "worktrees" / name
    link = pointed_at(admin / "gitdir")
    return link.parent if link is not None and points_to(link, admin) else None


def moved_with(repository: Repository, admin: Path, recorded: Path | None) -> Path | None:
    """Where a work tree is that was moved together with its repository; None where it is not to be found.

    Then its `.git` names an admin directory of the same name, which is gone with the old place.
    """
    known = [] if recorded is None else [recorded]
    pointer = pointed_at(admin / "gitdir")
    if pointer is not None:
        known.append(pointer.parent)
    top = repository.main_top or repository.common
    places = (place for path in dict.fromkeys(known) for place in _candidates(top, path))
    return next((place for place in places if _is_left_over(place / ".git", admin)), None)


def _candidates(top: Path, recorded: Path) -> Iterator[Path]:
    """Below each folder above the repository the recorded path's end, the longest first."""
    for above in list(top.parents)[:ABOVE]:
        for count in range(min(TAIL, len(recorded.parts) - 1), 0, -1):
            yield above.joinpath(*recorded.parts[-count:])


def _is_left_over(link: Path, admin: Path) -> bool:
    """Whether a `.git` file belongs to this admin directory, as it is or as it was before the move."""
    named = pointed_at(link) if link.is_file() else None
    if named is None or named.name != admin.name or named.parent.name != admin.parent.name:
        return False
    return points_to(link, admin) or not os.path.lexists(named)
