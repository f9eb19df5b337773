"""What is here, and what a person would do next."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from ccc.ops.inbox import Item, items
from ccc.ops.look import Picture, look
from ccc.ops.workspace import Workspace

AGENTS = ("claude", "codex", "gemini", "opencode")
MOST = 3


@dataclass(frozen=True)
class Orientation:
    """The repository, whether ccc is prepared in it, agents on PATH, sessions, what waits, next commands."""

    repository: str
    branch: str | None
    initialised: bool
    agents: tuple[str, ...]
    picture: Picture | None
    waiting: tuple[Item, ...]
    next: tuple[str, ...]


def orient(workspace: Workspace) -> Orientation:
    """Looks around; writes nothing."""
    from ccc.git.repository import branch_at

    branch = branch_at(workspace.repository)
    path = workspace.environment.get("PATH")
    agents = tuple(name for name in AGENTS if shutil.which(name, path=path))
    picture = look(workspace) if workspace.initialised else None
    waiting = items(workspace, picture) if picture else ()
    top = workspace.checkout or workspace.repository.common
    return Orientation(
        repository=str(top),
        branch=branch.removeprefix("refs/heads/") if branch else None,
        initialised=workspace.initialised,
        agents=agents,
        picture=picture,
        waiting=waiting,
        next=tuple(_next(workspace, picture, waiting)),
    )


def _next(workspace: Workspace, picture: Picture | None, waiting: tuple[Item, ...]) -> list[str]:
    if picture is None:
        return ["git ccc init"]
    living = [sighting for sighting in picture.sightings if sighting.session.closed is None]
    if not living:
        return ['git ccc spawn backend "WHAT TO DO" --no-start', "git ccc roles"]
    commands = list(dict.fromkeys(item.command for item in waiting))[:MOST]
    statuses = {sighting.view.status for sighting in living}
    if len(commands) < MOST and statuses & {"running", "reported", "created"}:
        commands.append(
            "git ccc wait" if statuses & {"running", "reported"} else f"cd {living[0].session.worktree}"
        )
    landed = [sighting for sighting in living if sighting.view.status == "completed"]
    if len(commands) < MOST and landed:
        commands.append(f"git ccc close {landed[0].session.name}")
    if len(commands) < MOST and statuses <= {"completed"}:
        commands.append("git ccc handoff")
    return commands[:MOST]
