"""Scratch work trees in which people resolve conflicts: one file each says whose, and how far it is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from ccc.git.folders import delete, points_to, remove_empty
from ccc.layout import Layout, make_folder
from ccc.ops.desk import RESOLVE_ADMIN
from ccc.ops.workspace import Workspace
from ccc.platform.files import write_whole
from ccc.records import dataclass

FOLDER = "resolving"
LOCK = "resolve.lock"


@dataclass(frozen=True)
class Claim:
    """A conflict of session `session` (id) at `head` with `target` at `base`, being resolved in `path`.

    Not `ready` while the work tree is being made: then it holds nothing of anybody.
    """

    session: str
    name: str
    target: str
    base: str
    head: str
    path: str
    by: str
    ready: bool

    @property
    def top(self) -> Path:
        return Path(self.path)

    @property
    def admin(self) -> str:
        """The name of the work tree's admin directory: no session's, so no hook of sessions runs."""
        return RESOLVE_ADMIN + self.name

    def is_whole(self, workspace: Workspace) -> bool:
        """Whether the work tree is there and provably this one."""
        admin = workspace.repository.common / "worktrees" / self.admin
        return self.ready and points_to(self.top / ".git", admin) and (admin / "index").exists()


def write(layout: Layout, claim: Claim) -> None:
    """Records a claim durably. Raises OSError."""
    path = path_of(layout, claim.session)
    make_folder(path.parent)
    write_whole(path, json.dumps(asdict(claim)), durable=True)


def read(layout: Layout, session: str) -> Claim | None:
    """The claim for a session's conflict on this machine."""
    try:
        return Claim(**json.loads(path_of(layout, session).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def every(layout: Layout) -> Iterator[Claim]:
    """All claims of this machine."""
    for path in sorted((layout.root / FOLDER).glob("*.json")):
        claim = read(layout, path.stem)
        if claim is not None:
            yield claim


def discard(workspace: Workspace, claim: Claim) -> None:
    """Takes the work tree away, and then the claim; may be repeated. Raises Refused where something stays."""
    admin = workspace.repository.common / "worktrees" / claim.admin
    if points_to(claim.top / ".git", admin) or not any(_inside(claim.top)):
        delete(claim.top)
    delete(admin)
    remove_empty(claim.top.parent)
    path_of(workspace.layout, claim.session).unlink(missing_ok=True)


def _inside(folder: Path) -> Iterator[Path]:
    return folder.iterdir() if folder.is_dir() else iter(())


def path_of(layout: Layout, session: str) -> Path:
    """Where the claim for a session's conflict lies, where there is one."""
    return layout.root / FOLDER / f"{session}.json"
