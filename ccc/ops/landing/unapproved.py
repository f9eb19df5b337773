"""Landings recorded as ccc's that the rules of their target would not have let through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ccc.domain.landings import Entry
from ccc.domain.sessions import Landed, Session
from ccc.errors import BadConfig, GitFailed, StateBroken
from ccc.git import history
from ccc.ids import short_oid
from ccc.ops.items import Entries, Item, item
from ccc.ops.look import Picture
from ccc.ops.workspace import Workspace
from ccc.store.cache import Cache

KIND, SIGNATURE, KNOWN = "approved", "1", "commits"


def of_landings(workspace: Workspace, picture: Picture, entries: Entries) -> Iterator[Item]:
    """One item for each; what was found in order is remembered and not looked at again.

    Whoever can write to the repository can record a landing, or have a ccc of their own make one; the
    approvals for it are held against the target's commit here once more, in the reader's own process.
    """
    landed = [one for one in picture.sessions if one.landed is not None and not one.landed.how]
    if not landed:
        return
    cache = Cache(workspace.layout.cache)
    known = _known(cache)
    fine = [one.landed.commit for one in landed if one.landed is not None and one.landed.commit in known]
    for session in landed:
        if session.landed is None or session.landed.commit in known:
            continue
        reasons = _reasons(workspace, session, session.landed, entries.get(session.id))
        if reasons:
            yield _item(session, session.landed, reasons)
        elif reasons is not None:
            fine.append(session.landed.commit)
    if set(fine) != known:
        cache.put(KIND, SIGNATURE, {KNOWN: fine})


def _known(cache: Cache) -> set[str]:
    found = (cache.get(KIND, SIGNATURE) or {}).get(KNOWN)
    return {one for one in found if isinstance(one, str)} if isinstance(found, list) else set()


def _reasons(
    workspace: Workspace, session: Session, landed: Landed, entry: Entry | None
) -> Sequence[str] | None:
    """What the target at that time lacked; None where that cannot be told here."""
    from ccc.ops.landing.approvals import consent  # pydantic, once for each landing
    from ccc.ops.landing.combine import Combined
    from ccc.ops.landing.deciding import paths_of
    from ccc.ops.policy import target_policy

    try:
        policy = target_policy(workspace, landed.base, landed.target)
        combined = Combined(session, landed.target, landed.base, landed.head, landed.tree, (), False, policy)
        changes = paths_of(history.diff_stat(workspace.git, landed.base, landed.tree))
        return consent(workspace, combined, entry.approvals if entry else (), changes).reasons
    except (BadConfig, GitFailed, StateBroken):
        return None


def _item(session: Session, landed: Landed, reasons: Sequence[str]) -> Item:
    title = f"{session.name} landed on {landed.target} without the approval that {landed.target} asks for"
    text = f"as {short_oid(landed.commit)}: {'; '.join(reasons)}"
    command = f"git ccc undo {session.name}"
    return item("failure", session, landed.commit, title=title, text=text, since=landed.at, command=command)
