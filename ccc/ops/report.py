"""What a session says of itself: progress, done, blocked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ccc.domain import movements, sessions
from ccc.domain.events import Draft
from ccc.domain.sessions import Session, from_cells
from ccc.errors import NotFound, Refused, Usage
from ccc.git import history
from ccc.git import repository as repositories
from ccc.ops import work
from ccc.ops.actor import actor_of, calling_session
from ccc.ops.branches import require_own
from ccc.ops.find import find
from ccc.ops.observe import HEADS, all_sessions
from ccc.ops.workspace import Workspace
from ccc.store.protocol import State

SHOWN = 3
WHY_BYTES = 8_000


def speaker(workspace: Workspace, reference: str | None, command: str) -> Session:
    """The session that a command speaks for: the named one, else the one it is called from.

    Raises NotFound outside a session, Refused for a session that is closed or speaks for another one.
    """
    workspace.require()
    known = all_sessions(workspace.reader.state())
    session = calling_session(workspace, known, command) if reference is None else find(reference, known)
    caller = actor_of(workspace).session
    if caller is not None and caller not in (session.id, session.name):
        raise Refused(
            f"a session cannot {command} for another one, {session.name}",
            f"git ccc {command} without --session",
        )
    if session.closed is not None:
        raise Refused(f"{session.name} is closed", f"git ccc undo {session.name} brings it back")
    return session


def report_progress(workspace: Workspace, session: Session, percent: int) -> None:
    """Records the share of the work done, 0 to 100. Raises Usage for another number."""
    if not 0 <= percent <= 100:
        raise Usage(f"progress is a number from 0 to 100, not {percent}", "git ccc report --progress 50")
    workspace.store.transact(lambda _: (_by(workspace, movements.progress(session, percent)),), durable=False)


def report_blocked(workspace: Workspace, session: Session, why: str) -> None:
    """Records that the session cannot go on, and why."""
    if not why.strip():
        raise Usage("say what blocks", "git ccc report --blocked WHY")
    if len(why.encode("utf-8", "replace")) > WHY_BYTES:
        raise Usage(
            f"the reason has more than {WHY_BYTES} bytes",
            "say it shorter, and commit the rest as your report",
        )
    _claim(workspace, session, "blocked", why)


def report_done(workspace: Workspace, session: Session, summary: str | None = None) -> Session:
    """Records the claim that the work is done at the branch's tip; checks follow.

    `summary` is kept as the session's report. Raises Usage for an empty one, Refused with uncommitted changes
    in the worktree, and where there is neither a commit of the session's own nor a summary.
    """
    if summary is not None and not summary.strip():
        raise Usage("the summary is empty", "git ccc report --done --summary TEXT")
    _refuse_uncommitted(session)
    if summary is None and _is_untouched(workspace, session):
        raise Refused(
            f"{session.name} has committed nothing yet",
            "commit the work, or say what was found: git ccc report --done --summary TEXT",
        )
    return _claim(workspace, session, "done", "", summary)


def _is_untouched(workspace: Workspace, session: Session) -> bool:
    """Whether the branch holds nothing but the brief."""
    head = repositories.resolve(workspace.git, HEADS + session.branch)
    parents = workspace.git.text("rev-list", "--parents", "-n1", head).split()[1:] if head else []
    return parents == [session.base] and session.run.status == "created"


def _refuse_uncommitted(session: Session) -> None:
    folder = Path(session.worktree or "/nonexistent")
    if not (folder / ".git").exists():
        return
    changed = [entry.path for entry in history.dirty(folder) if entry.code != "??"]
    if changed:
        more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
        raise Refused(
            f"{session.name} has uncommitted changes: {', '.join(changed[:SHOWN])}{more}",
            f"commit them in {folder}, then report again",
        )


def _claim(
    workspace: Workspace, session: Session, state: str, why: str, summary: str | None = None
) -> Session:
    head = repositories.resolve(workspace.git, HEADS + session.branch)
    require_own(workspace, session, head)
    if head is None:
        raise NotFound(f"branch {session.branch} is gone", f"git branch {session.branch} {session.head}")

    def decide(now: State) -> Sequence[Draft]:
        fresh = from_cells(session.id, now.stream(sessions.stream_of(session.id))) or session
        draft = _by(workspace, movements.claim(fresh, state, head, how="command", why=why))
        return (_with_report(fresh, draft, summary, head),) if summary else (draft,)

    workspace.store.transact(decide)
    if state == "done":
        work.start(workspace)
    recorded = from_cells(session.id, workspace.store.state().stream(sessions.stream_of(session.id)))
    return recorded or session


def _with_report(session: Session, draft: Draft, summary: str, head: str) -> Draft:
    change, blobs = movements.report_file(summary.rstrip().encode("utf-8") + b"\n", like=head)
    stream = sessions.stream_of(session.id)
    return replace(draft, changes={stream: {**draft.changes[stream], **change}}, blobs=blobs)


def _by(workspace: Workspace, draft: Draft) -> Draft:
    return replace(draft, by=actor_of(workspace).by or draft.by)
