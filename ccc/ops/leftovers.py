"""Half-made sessions: the claim of a name on this machine, and what is cleared away after a kill.

`<common dir>/ccc/worktrees/<name>` is created exclusively before anything else is made. Its first line is
the session's id; the second says what was being made, by which process, until the session is recorded.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict
from pathlib import Path

from ccc.domain import movements, sessions
from ccc.git import admins, worktrees
from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.ops import identities
from ccc.ops.actor import registered
from ccc.ops.workspace import Workspace
from ccc.platform import processes
from ccc.platform.files import write_whole
from ccc.records import dataclass
from ccc.store.lock import locked

SESSION_TRAILER = movements.SESSION


@dataclass(frozen=True)
class Claim:
    """An entry that is not settled yet: what was to be made, and by whom.

    `former` is the old name of the admin directory of a work tree made by hand, which nobody deletes.
    """

    name: str
    id: str
    role: str
    branch: str
    path: Path
    process: str
    alias: str = ""
    ports: int | None = None
    key: str | None = None
    former: str | None = None


def claim(entry: Path, made: Claim) -> None:
    """Claims the name of the entry. Raises FileExistsError where it is taken."""
    making = {**asdict(made), "path": str(made.path)}
    with entry.open("x", encoding="utf-8") as file:
        file.write(f"{made.id}\n{json.dumps({'making': making, 'role': made.role})}\n")


def settle(entry: Path, identifier: str, role: str) -> None:
    """Marks the session as made: from now on nothing clears it away."""
    text = f"{identifier}\n{json.dumps({'role': role})}\n"
    write_whole(entry, text, beside=entry.parent.parent)  # what lies in the folder itself is an entry


def clear(workspace: Workspace) -> list[str]:
    """Removes what killed spawns left behind; the names cleared. A spawn that goes on is left alone."""
    cleared = []
    for found in unsettled(workspace):
        if processes.alive(found.process):
            continue
        if workspace.reader.state().stream(sessions.stream_of(found.id)):
            settle(workspace.layout.worktrees / found.name, found.id, _role(workspace, found))
        else:
            take_back(workspace, found)
            cleared.append(found.name)
    return cleared


def _role(workspace: Workspace, found: Claim) -> str:
    cells = workspace.reader.state().stream(sessions.stream_of(found.id))
    session = sessions.from_cells(found.id, cells)
    return session.role if session else ""


def unsettled(workspace: Workspace) -> list[Claim]:
    """The entries of sessions that are being made, or were when their process died."""
    found = []
    for entry in sorted(workspace.layout.worktrees.iterdir()):
        try:
            identifier, _, rest = entry.read_text(encoding="utf-8").partition("\n")
        except FileNotFoundError:
            continue
        making = (json.loads(rest) if rest.endswith("\n") else {}).get("making")
        if making is not None:
            found.append(Claim(**{**making, "path": Path(making["path"])}))
        elif not rest.endswith("\n") and _old(entry):
            found.append(Claim(entry.name, identifier, "", "", Path(), ""))
    return found


def _old(entry: Path) -> bool:
    """An entry cut off in the middle: its writer died between create and write."""
    with contextlib.suppress(FileNotFoundError):
        return processes.seconds_since(entry.stat().st_mtime) > 10
    return False


def take_back(workspace: Workspace, made: Claim) -> None:
    """Undoes what the owner of a claim made before it failed or died."""
    if made.former is None:
        undo(workspace, made.name, made.id, made.branch, made.path)
        return
    with locked(workspace.layout.lock):
        give_back(workspace, made)
    identities.write(workspace)


def give_back(workspace: Workspace, made: Claim) -> None:
    """Gives an adopted work tree its admin directory's old name, while the claim stands; under the lock."""
    entry = workspace.layout.worktrees / made.name
    if made.former is not None and registered(entry) == made.id:
        admins.give_back(workspace.repository, made.path, made.former, f"{worktrees.ADMIN_PREFIX}{made.name}")
        entry.unlink(missing_ok=True)


def undo(workspace: Workspace, name: str, identifier: str, branch: str, path: Path) -> None:
    """Takes away what a spawn made before it failed: only what is provably its own."""
    if branch:
        worktrees.discard(workspace.repository, name=name, path=path)
        _delete_branch(workspace.git, branch, identifier)
    (workspace.layout.worktrees / name).unlink(missing_ok=True)
    identities.write(workspace)


def points_to(file: Path, goal: Path) -> bool:
    """Whether a `.git` or `gitdir` file names this path."""
    try:
        text = file.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
    except OSError:
        return False
    return os.path.realpath(file.parent / text) == os.path.realpath(goal)


def _delete_branch(git: Git, branch: str, identifier: str) -> None:
    """Only while its tip is the brief that this very spawn committed."""
    ref = f"refs/heads/{branch}"
    tip = repositories.resolve(git, ref)
    if tip is None:
        return
    said = git.text("log", "-1", f"--format=%(trailers:key={SESSION_TRAILER},valueonly)", tip).strip()
    if said == identifier:
        git.run("update-ref", "-d", ref, tip)
