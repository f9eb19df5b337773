"""What is here, and what a person would do next."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace

from ccc.domain.sessions import Session, twins
from ccc.ids import short
from ccc.ops.inbox import Item, inbox
from ccc.ops.look import Picture, Sighting, look
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

AGENTS = ("claude", "codex", "gemini", "opencode")
DEFAULT = "claude"
"""The engine that works where nobody asks for another one."""
MOST = 3


@dataclass(frozen=True)
class Standing:
    """A linked worktree: its top and its branch (None: detached)."""

    path: str
    branch: str | None


@dataclass(frozen=True)
class Orientation:
    """The repository, whether ccc is prepared in it, agents on PATH, sessions and what they land on.

    `branch` is that of the main checkout; `here` where the caller stands, if elsewhere. `waiting` is what
    waits for a person, `next` the next commands.
    """

    repository: str
    branch: str | None
    initialised: bool
    agents: tuple[str, ...]
    picture: Picture | None
    waiting: tuple[Item, ...]
    targets: tuple[str, ...]
    next: tuple[str, ...]
    here: Standing | None = None


def orient(workspace: Workspace) -> Orientation:
    """Looks around; writes nothing. Raises NotInitialised where only a part of ccc is left, StateBroken."""
    if workspace.missing:
        workspace.require()
    from ccc.git.repository import branch_at, main_branch

    repository = workspace.repository
    elsewhere = repository.worktree_id is not None and repository.top is not None
    here = Standing(str(repository.top), _short(branch_at(repository))) if elsewhere else None
    path = workspace.environment.get("PATH")
    agents = tuple(name for name in AGENTS if shutil.which(name, path=path))
    picture = look(workspace) if workspace.initialised else None
    waiting = inbox(workspace, picture) if picture else ()
    targets = {session.target for session in picture.sessions if session.closed is None} if picture else set()
    top = workspace.checkout or workspace.repository.common
    return Orientation(
        repository=str(top),
        branch=_short(main_branch(repository)),
        initialised=workspace.initialised,
        agents=agents,
        picture=picture,
        waiting=waiting,
        targets=tuple(sorted(targets)),
        next=tuple(_next(picture, waiting, BEGIN if DEFAULT in agents else BY_HAND)),
        here=here,
    )


def _short(branch: str | None) -> str | None:
    return branch.removeprefix("refs/heads/") if branch else None


def _next(picture: Picture | None, waiting: Sequence[Item], begin: str) -> list[str]:
    """The next one to three commands for exactly this state, the most pressing first; `begin` makes the first
    session or another one."""
    if picture is None:
        return ["git ccc init"]
    living = [sighting for sighting in picture.sightings if sighting.session.closed is None]
    if not living:
        return [begin, "git ccc roles"]
    commands = [item.command for item in waiting if item.kind != "message"]
    commands += [item.command for item in waiting if item.kind == "message"]
    commands += [command for status, make in STEPS for command in _for(living, status, make)]
    commands += [begin] if _for(living, "completed", lambda session: session.name) else []
    return list(dict.fromkeys(commands))[:MOST]


def _for(living: Sequence[Sighting], status: str, make: Callable[[Session], str]) -> list[str]:
    found = [sighting.session for sighting in living if sighting.view.status == status]
    alike = {session.id for session in twins(each.session for each in living)}
    called = [replace(each, name=short(each.id)) if each.id in alike else each for each in found[:1]]
    return [make(session) for session in called]


def _go_there(session: Session) -> str:
    return f"cd {shlex.quote(session.worktree)}" if session.worktree else f"git ccc show {session.name}"


BEGIN = 'git ccc spawn backend "WHAT TO DO"'
BY_HAND = f"{BEGIN} --no-start"
"""Where the program of the usual engine is not there, a person works in the session."""

STEPS: tuple[tuple[str, Callable[[Session], str]], ...] = (
    ("reported", lambda _: "git ccc wait"),
    ("verified", lambda session: f"git ccc merge {session.name}"),
    ("unchecked", lambda session: f"git ccc merge {session.name}"),
    ("running", lambda _: "git ccc wait"),
    ("created", _go_there),
    ("completed", lambda session: f"git ccc close {session.name}"),
)
"""What a person does about a status when nothing waits for them; verified and unchecked are approved here."""
