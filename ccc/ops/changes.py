"""The commits and files of a session: what it did itself, without what it took over from its target."""

from __future__ import annotations

from ccc.domain.sessions import Session
from ccc.git import history
from ccc.git.history import CommitInfo, FileChange
from ccc.ops.observe import HEADS
from ccc.ops.workspace import Workspace

KEPT = 512
"""Answers that a process that stays keeps: they follow from commits, and commits do not change."""

Changes = tuple[tuple[CommitInfo, ...], tuple[FileChange, ...]]


def changes(workspace: Workspace, session: Session) -> Changes:
    """A session's own commits, oldest first, and the files they changed; none where its head is not here."""
    objects = workspace.reader.objects
    if not (objects.has(session.head) and objects.has(session.base)):
        return (), ()
    before = _before(workspace, session)
    depth = history.depth(workspace.repository.common)
    asked = (session.base, session.head, before or "", depth)
    if asked not in workspace.changes:
        if len(workspace.changes) >= KEPT:
            workspace.changes.clear()
        workspace.changes[asked] = _found(workspace, session, before)
    return workspace.changes[asked]


def origin(workspace: Workspace, session: Session) -> str:
    """What the session's work is compared with: its base, or what it merged of its target since.

    Else what others landed, and it took over, would be called its own.
    """
    return _origin(workspace, session, _before(workspace, session))


def _found(workspace: Workspace, session: Session, before: str | None) -> Changes:
    git = workspace.git
    exclude = (before,) if before else ()
    commits = history.commits_between(git, session.base, session.head, exclude=exclude)
    files = history.diff_stat(git, _origin(workspace, session, before), session.head)
    return tuple(commits), tuple(each for each in files if not each.path.startswith(".ccc/sessions/"))


def _before(workspace: Workspace, session: Session) -> str | None:
    """The target as it was before the session's latest landing, or as it is."""
    landed = session.landed
    return landed.base if landed else workspace.reader.objects.get(HEADS + session.target)


def _origin(workspace: Workspace, session: Session, target: str | None) -> str:
    git, base = workspace.git, session.base
    if target is None or target == base:
        return base
    merged = history.merge_base(git, target, session.head)
    if merged is None or merged == session.head:  # merged by hand: all of it is in the target now
        return base
    return merged if history.is_ancestor(git, base, merged) else base
