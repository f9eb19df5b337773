"""Whether the worktree that an agent works in is still there: in a deleted one it only uses up tokens."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ccc.git.folders import pointed_at
from ccc.platform import processes

LOOK_SECONDS = 2.0
LOOKS = 2
"""In a row, so that a worktree that is just being put elsewhere is not called gone."""


class Whereabouts:
    """Looks at the worktree of one run now and then."""

    def __init__(self, worktree: str) -> None:
        self._worktree = worktree
        self._due = time.monotonic() + LOOK_SECONDS
        self._missed = 0
        self._admin = pointed_at(Path(worktree) / ".git")  # now: it may be moved before the first look

    def is_gone(self, agent: int | None) -> bool:
        """Whether the worktree is gone for good, looked at only where it is time to; `agent`: its process.

        One that was moved is not gone: the agent's own folder moves with it, or git knows the new place.
        """
        moment = time.monotonic()
        if moment < self._due:
            return False
        self._due = moment + LOOK_SECONDS
        self._missed = 0 if self._is_there(agent) else self._missed + 1
        return self._missed >= LOOKS

    def _is_there(self, agent: int | None) -> bool:
        link = f"{self._worktree}/.git"
        if os.path.exists(link):  # noqa: PTH110 - every two seconds, in every host
            self._admin = self._admin or pointed_at(Path(link))
            return True
        moved = pointed_at(self._admin / "gitdir") if self._admin else None
        return (moved is not None and moved.exists()) or _works_in(agent, self._admin)


def _works_in(agent: int | None, admin: Path | None) -> bool:
    """Whether the folder of a process lies in the work tree of `admin`; yes where nobody tells."""
    if agent is None or not processes.PROC.is_dir():
        return agent is not None
    try:
        folder = (processes.PROC / str(agent) / "cwd").readlink()
    except OSError:
        return True
    return admin is not None and any(pointed_at(each / ".git") == admin for each in (folder, *folder.parents))
