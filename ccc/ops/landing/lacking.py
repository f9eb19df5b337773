"""Work of a session that its target has had and has reverted, and that would not land."""

from __future__ import annotations

from ccc.domain.sessions import REBASE, Landed, Session
from ccc.domain.undone import Undone
from ccc.git import history, mergetree
from ccc.git.command import Git
from ccc.git.objects import parse_commit
from ccc.git.snapshot import WHO
from ccc.ids import short_oid
from ccc.ops.brief import SESSIONS_FOLDER
from ccc.ops.landing.combine import Combined, tree_of
from ccc.ops.workspace import Workspace

SHOWN = 3
"""Files that are named."""


def base_of(workspace: Workspace, landed: Landed) -> str:
    """Where the target was before a landing: its first parent, or that of the first of several commits."""
    if landed.method == REBASE and "://" not in landed.how:
        return landed.base
    return parse_commit(workspace.reader.objects.read(landed.commit)[1]).parents[0]


def put_back(workspace: Workspace, base: str, landed: str, tree: str) -> str | None:
    """The tree with what was changed from `base` to `landed`, by git's merge; None where that conflicts."""
    git = workspace.git
    ours, theirs = (
        git.run("commit-tree", each, "-p", base, input=b"One side\n", env=WHO).text
        for each in (tree, tree_of(workspace, landed))
    )
    merged = mergetree.merge(git, ours, theirs)
    return None if merged.conflicts else merged.tree


def undone_now(session: Session) -> Undone | None:
    """The landing that its target has reverted, where nothing of the session has landed since."""
    return session.undone if session.landed is None else None


def lacking(workspace: Workspace, session: Session, combined: Combined) -> str | None:
    """That what would land lacks work of the session which its target had, and has reverted; in words."""
    undone = undone_now(session)
    if undone is not None and undone.target == combined.target and not _is_there(workspace, undone, combined):
        return undone.words
    landed = session.landed
    if landed is None or session.landed_head or landed.target != combined.target:
        return None
    files = _reverted_by_hand(workspace, landed, combined)
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    had = f"{landed.target} had it as {short_oid(landed.commit)}"
    return f"{had}, and has taken back {', '.join(files[:SHOWN])}{more}" if files else None


def _is_there(workspace: Workspace, undone: Undone, combined: Combined) -> bool:
    """Whether putting the work back would change nothing; where that conflicts, somebody has seen to it."""
    git = workspace.git
    if undone.again is not None and history.is_ancestor(git, undone.again, combined.head):
        return True
    if combined.tree is None or not all(
        workspace.reader.objects.has(each) for each in (undone.base, undone.commit)
    ):
        return True
    whole = put_back(workspace, undone.base, undone.commit, combined.tree)
    return whole in (None, combined.tree)


def is_taken_back(workspace: Workspace, landed: Landed, tip: str) -> bool:
    """Whether every file that the landing changed is in `tip` as it was before."""
    git, before = workspace.git, base_of(workspace, landed)
    work = _changed(git, before, landed.commit)
    return bool(work) and not work & _changed(git, before, tip)


def _reverted_by_hand(workspace: Workspace, landed: Landed, combined: Combined) -> list[str]:
    """Files that the target has as before the landing, and what lands too, but the session as it landed."""
    git, objects = workspace.git, workspace.reader.objects
    if combined.tree is None or not objects.has(landed.commit):
        return []
    before = base_of(workspace, landed)
    if not objects.has(before):
        return []
    work = _changed(git, before, landed.commit)
    back = work - _changed(git, before, combined.base)
    if not back:
        return []
    own = back - _changed(git, landed.commit, combined.head)
    return sorted(own & _changed(git, combined.head, combined.tree))


def _changed(git: Git, one: str, other: str) -> set[str]:
    asked = ("diff-tree", "-r", "--name-only", "--no-renames", "-z", one, other)
    return set(git.lines(*asked, "--", ".", f":(exclude,top){SESSIONS_FOLDER}"))
