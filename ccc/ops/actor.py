"""Who is calling: a person at a keyboard, or an agent inside a session."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ccc.domain.sessions import Session
from ccc.errors import InsideAgent, NotFound
from ccc.git.heads import ADMIN_PREFIX as ADMIN_PREFIX
from ccc.ops.refusals import refusal
from ccc.ops.workspace import Workspace
from ccc.platform import trees
from ccc.records import dataclass
from ccc.runs.order import COMMAND_LINE

RUN_MARKER = "CCC_RUN"
"""The variable that a host starts its agent with; whoever unsets it still has a parent."""


@dataclass(frozen=True)
class Actor:
    """The caller: `session` is the id of the one it comes from, `agent` why it counts as an agent."""

    session: str | None
    agent: str | None
    person: str | None

    @property
    def by(self) -> str | None:
        """How an event names its author: `s:<id>` or a git identity."""
        return f"s:{self.session}" if self.session else self.person

    def refusal(self, workspace: Workspace, message: str, hint: str) -> InsideAgent:
        """The error for a decision that is not an agent's; that it was refused goes on record."""
        return refusal(workspace, message, hint, session=self.session, by=self.by, agent=self.agent)


def actor_of(workspace: Workspace) -> Actor:
    """Who calls. Stops accidents of well-meaning agents, not an attacker who unsets variables."""
    environment = workspace.environment
    worktree_session = session_of_worktree(workspace)
    session = environment.get("CCC_SESSION") or worktree_session
    reason = None
    if environment.get("CCC_SESSION"):
        reason = "CCC_SESSION is set"
    elif environment.get("CLAUDECODE"):
        reason = "CLAUDECODE is set"
    elif worktree_session:
        reason = "this is a session's worktree"
    elif (above := trees.marked_above(RUN_MARKER)) is not None:
        reason = f"process {above} above this one is an agent"
    return Actor(session or None, reason, workspace.person)


def decider_of(workspace: Workspace) -> Actor:
    """Who calls for a decision: also what an agent left running on its own, which its host has taken over.

    Who gets away from host and agent, as by the person's own terminal or a timer of the system, is taken for
    the person.
    """
    actor = actor_of(workspace)
    if actor.agent is None and (above := trees.running_above(COMMAND_LINE)) is not None:
        return replace(actor, agent=f"process {above} above this one hosts an agent")
    return actor


def session_of_worktree(workspace: Workspace) -> str | None:
    """The id of the session whose worktree the caller works or stands in, whatever `-C` or GIT_DIR say."""
    admins = [workspace.repository.worktree_id, *_admins_above(workspace)]
    for admin in admins:
        if admin is not None and admin.startswith(ADMIN_PREFIX):
            found = registered(workspace.layout.worktrees / admin.removeprefix(ADMIN_PREFIX))
            if found is not None:
                return found
    return None


def _admins_above(workspace: Workspace) -> Iterator[str]:
    """The admin directories, in this repository, of the work trees in which the process stands."""
    place = workspace.standing
    if place is None:
        return
    for folder in (place, *place.parents):
        try:
            text = (folder / ".git").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            continue
        admin = folder / text.removeprefix("gitdir:").strip()
        if admin.parent.resolve() == workspace.repository.common / "worktrees":
            yield admin.name


def registered(entry: Path) -> str | None:
    """The session id on the first line of a worktree's entry; None where there is no entry."""
    try:
        return entry.read_text(encoding="utf-8").split("\n", 1)[0].strip() or None
    except (FileNotFoundError, NotADirectoryError):
        return None


def require_person_at_keyboard(workspace: Workspace, action: str, words: str) -> str:
    """The person's identity for a decision only a person may take.

    `words` is the command the human should run. Raises InsideAgent inside an agent, Refused without identity.
    """
    actor = decider_of(workspace)
    if actor.agent:
        raise actor.refusal(
            workspace,
            f"{action} needs a person, and this call comes from inside an agent ({actor.agent})",
            f"ask the human to run, in the main checkout: {words}",
        )
    return workspace.require_person()


def calling_session(workspace: Workspace, sessions: list[Session], command: str) -> Session:
    """The session a command like `report` speaks for. Raises NotFound outside one."""
    identifier = actor_of(workspace).session
    for session in sessions:
        if identifier in (session.id, session.name):
            return session
    raise NotFound(f"{command} is not called from a session", f"git ccc {command} --session ID ...")
