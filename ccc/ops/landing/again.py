"""Landing work again that its target has had, and has reverted."""

from __future__ import annotations

from dataclasses import replace

from ccc.domain.sessions import MERGE, Landed, Session
from ccc.errors import Refused
from ccc.git import history, mergetree
from ccc.git import repository as repositories
from ccc.git.objects import COMMIT, Commit, build_commit, parse_commit
from ccc.git.snapshot import WHO
from ccc.ids import short_oid
from ccc.ops.brief import SESSIONS_FOLDER
from ccc.ops.landing.checkouts import checkouts_of, require_free
from ccc.ops.landing.combine import advance_tree, tree_of
from ccc.ops.landing.following import look_ahead, move_branch
from ccc.ops.landing.grafts import grafted
from ccc.ops.landing.lacking import base_of, put_back
from ccc.ops.observe import HEADS
from ccc.ops.undoings import WayBack
from ccc.ops.workspace import Workspace
from ccc.store.crashpoints import reached


def way_again(
    workspace: Workspace, session: Session, landed: Landed, old: str, new: str
) -> tuple[WayBack | None, str]:
    """The session's branch goes on to a commit that can land again what its target has reverted.

    `old` is the target before the revert and `new` with it; the same where somebody else reverted it. The
    commit has `new` behind it and the work in it, by git's own merge. None where that conflicts or the branch
    is not here; words in any case.
    """
    tip = repositories.resolve(workspace.git, HEADS + session.branch)
    if tip is None or session.where != workspace.replica or session.closed is not None:
        return None, f"{session.branch} is not brought along: it is not here"
    try:
        require_free(workspace, session.branch)
    except Refused as error:
        return None, f"{session.branch} stays as it is: {error.message}"
    whole = old if old != new else _with_work(workspace, base_of(workspace, landed), landed.commit, new)
    if whole is None:
        return None, f"{session.branch} stays as it is: what came after the landing conflicts with it"
    advanced = landed.advanced is not None and history.is_ancestor(workspace.git, landed.advanced, tip)
    grafts = () if landed.method == MERGE or advanced else (landed.head,)
    merged = mergetree.merge(workspace.git, grafted(workspace, whole, grafts), tip)
    if merged.conflicts_outside(SESSIONS_FOLDER):
        return None, f"{session.branch} stays as it is: what was done there since conflicts with it"
    tree = advance_tree(workspace, replace(session, head=tip), merged.tree)
    made = parse_commit(workspace.reader.objects.read(new)[1])
    message = f"Go on after the landing {short_oid(landed.commit)} was reverted\n\nIts work is back here.\n"
    content = build_commit(Commit(tree, (tip, new), made.committer, made.committer, made.date, message))
    commit = workspace.backend.backend.write(COMMIT, content)
    tops = tuple(str(top) for top in checkouts_of(workspace, session.branch))
    return WayBack(tip, commit, tops), f"{session.branch} has all of it, and can land again"


def _with_work(workspace: Workspace, base: str, landed: str, tip: str) -> str | None:
    """A commit on top of a target with the work of a landing in it again; None where that conflicts."""
    tree = put_back(workspace, base, landed, tree_of(workspace, tip))
    if tree is None:
        return None
    return workspace.git.run("commit-tree", tree, "-p", tip, input=b"With its work\n", env=WHO).text


def move_on(workspace: Workspace, session: Session, way: WayBack) -> list[str]:
    """Moves the branch forward as `git merge --ff-only` would; may be repeated. Words where it is refused."""
    if repositories.resolve(workspace.git, HEADS + session.branch) != way.old:
        return []
    trees = (tree_of(workspace, way.old), tree_of(workspace, way.new))
    postponed = move_branch(workspace, session, way.old, way.new, look_ahead(workspace, session, trees))
    reached("undo-branch-moved")
    return [postponed] if postponed else []
