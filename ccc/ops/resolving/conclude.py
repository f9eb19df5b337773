"""The end of a resolution in a scratch work tree: onto the session's branch, or given up."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ccc.domain import resolutions
from ccc.domain.resolutions import Resolution
from ccc.domain.sessions import Session
from ccc.errors import CccError, Conflict, NotFound, Refused
from ccc.git import history, snapshot
from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.git.repository import RefUpdate
from ccc.ops.actor import actor_of, require_person_at_keyboard
from ccc.ops.find import find
from ccc.ops.look import look
from ccc.ops.radar import check as radar
from ccc.ops.resolving import claims, guard, result
from ccc.ops.resolving.claims import Claim
from ccc.ops.resolving.matter import remember, resolution_of
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.crashpoints import reached
from ccc.store.lock import locked

MARKERS = re.compile(rb"^<{7,} .*^>{7,} ", re.MULTILINE | re.DOTALL)
SHOWN = 3


@dataclass(frozen=True)
class Concluded:
    """A resolution that ended: the commit it came to, or the ref that keeps what was given up."""

    session: Session
    commit: str | None = None
    backup: str | None = None


def done(workspace: Workspace, reference: str) -> Concluded:
    """Makes a merge commit of what stands in the work tree, moves the session's branch to it, clears up.

    One that was killed is finished by the next call. Raises Conflict where files are still in conflict,
    Refused where something is not added, the branch has moved or its worktree has changes, StoreBusy.
    """
    session, person = _session(workspace, reference, "--done")
    with locked(workspace.layout.root / claims.LOCK):
        claim = _claim(workspace, session)
        commit = _commit(claim)
        reached("here-committed")
        try:
            guard.move(workspace, session, claim.head, commit)
        except CccError:
            remember(workspace, session, claim.base, claim.head, commit, person)
            raise
        reached("here-moved")
        result.record(workspace, session, _attempt(workspace, session, claim), commit, person)
        claims.discard(workspace, claim)
        reached("here-cleared")
    radar.check(workspace)
    return Concluded(session, commit=commit)


def abort(workspace: Workspace, reference: str) -> Concluded:
    """Gives a resolution up; what stands in its work tree is kept under `refs/ccc-backup/`."""
    session, person = _session(workspace, reference, "--abort")
    with locked(workspace.layout.root / claims.LOCK):
        claim = claims.read(workspace.layout, session.id)
        if claim is None:
            raise _nothing(session)
        backup = _kept(workspace, claim) if claim.is_whole(workspace) else None
        attempt = _attempt(workspace, session, claim)
        why = f"given up by {person}" + (f", kept under {backup}" if backup else "")
        workspace.store.transact(lambda _: (resolutions.dropped(session, attempt, why, person),))
        claims.discard(workspace, claim)
    return Concluded(session, backup=backup)


def clear(workspace: Workspace, session: Session) -> str | None:
    """Takes the work tree of a session that is closed away, what stands there being kept; may be repeated.

    Gives what is worth saying aloud.
    """
    with locked(workspace.layout.root / claims.LOCK):
        claim = claims.read(workspace.layout, session.id)
        if claim is None:
            return None
        backup = _kept(workspace, claim) if claim.is_whole(workspace) else None
        reached("close-resolution-kept")
        kept = f", kept under {backup}" if backup else ""
        attempt, who = _attempt(workspace, session, claim), actor_of(workspace).by or claim.by
        if attempt.is_open:
            why = f"the session was closed{kept}"
            workspace.store.transact(lambda _: (resolutions.dropped(session, attempt, why, who),))
        claims.discard(workspace, claim)
    return f"{claim.path}, where its conflict was being resolved, is gone{kept}"


def _session(workspace: Workspace, reference: str, action: str) -> tuple[Session, str]:
    session = find(reference, look(workspace).sessions)
    words = f"git ccc resolve {session.name} --here {action}"
    return session, require_person_at_keyboard(workspace, "resolving in a scratch worktree", words)


def _claim(workspace: Workspace, session: Session) -> Claim:
    claim = claims.read(workspace.layout, session.id)
    if claim is None or not claim.is_whole(workspace):
        raise _nothing(session)
    return claim


def _nothing(session: Session) -> NotFound:
    return NotFound(
        f"nobody resolves a conflict of {session.name} in a scratch worktree here",
        f"git ccc resolve {session.name} --here",
    )


def _attempt(workspace: Workspace, session: Session, claim: Claim) -> Resolution:
    """The record that belongs to the claim; made anew where its process was killed before it wrote one."""
    known = resolution_of(workspace, session)
    if known is not None and known.how == resolutions.HERE and known.is_of(claim.base, claim.head):
        return known
    return Resolution(
        resolutions.HERE, resolutions.OPEN, claim.base, claim.head, claim.by, "", place=claim.path
    )


def _commit(claim: Claim) -> str:
    """The merge commit at the work tree's HEAD: the person's own, or made now of what is staged."""
    git = Git(claim.top)
    merging = repositories.resolve(git, "MERGE_HEAD") is not None
    _require_settled(git, claim, merging=merging)
    if merging:
        message = f"Merge {claim.target} into {claim.name}, resolving conflicts\n"
        git.run(
            *("-c", "commit.gpgSign=false", "commit", "--quiet", "--no-verify", "--cleanup=verbatim"),
            *("--file", "-"),
            input=message.encode("utf-8", "replace"),
        )
    head = git.text("rev-parse", "HEAD")
    contained = all(history.is_ancestor(git, each, head) for each in (claim.base, claim.head))
    if head == claim.head or not contained:
        raise Refused(
            f"no merge of {claim.target} is going on in {claim.path}",
            f"git ccc resolve {claim.name} --here --abort, then --here again",
        )
    return head


def _require_settled(git: Git, claim: Claim, *, merging: bool) -> None:
    unmerged = list(dict.fromkeys(row.partition("\t")[2] for row in git.lines("ls-files", "-u", "-z")))
    if unmerged:
        raise Conflict(
            f"still in conflict: {_some(list(map(history.quoted, unmerged)))}",
            f"edit them in {claim.path}, then git add them there",
        )
    loose = [entry.path for entry in history.dirty(claim.top, git) if entry.code[1:] != " " or not merging]
    if loose:
        raise Refused(
            f"not part of the merge: {_some(loose)}", f"git add or take away, in {claim.path}, then again"
        )
    marked = [path for path in _changed(git, claim) if _has_markers(git, claim, path)] if merging else []
    if marked:
        raise Conflict(
            f"conflict markers are left in {_some(list(map(history.quoted, marked)))}",
            f"edit them in {claim.path}, then git add them there",
        )


def _changed(git: Git, claim: Claim) -> list[str]:
    return git.lines("diff", "--cached", "--name-only", "--no-renames", "--diff-filter=d", "-z", claim.head)


def _has_markers(git: Git, claim: Claim, path: str) -> bool:
    """Whether the staged file has conflict markers that neither side had."""
    if MARKERS.search(_blob(git, f":{path}")) is None:
        return False
    return not any(MARKERS.search(_blob(git, f"{side}:{path}")) for side in (claim.head, claim.base))


def _blob(git: Git, name: str) -> bytes:
    found = git.run("cat-file", "blob", name, ok=(0, 128))
    return found.out if found.code == 0 else b""


def _kept(workspace: Workspace, claim: Claim) -> str | None:
    """A backup of everything in the work tree, and of what was committed there."""
    taken = snapshot.take(claim.top)
    head = Git(claim.top).text("rev-parse", "HEAD")
    if taken is None and head == claim.head:
        return None
    kept = head if taken is None else taken.commit
    at = re.sub(r"[^0-9T]", "", workspace.now())
    ref = f"refs/ccc-backup/{claim.name}/resolve-{at}"
    repositories.update_refs(workspace.git, [RefUpdate(ref, kept, None)], "ccc: resolution given up")
    return ref


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return f"{', '.join(paths[:SHOWN])}{more}"
