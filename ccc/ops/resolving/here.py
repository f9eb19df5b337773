"""A person resolves a conflict in a scratch work tree, which stands as `git merge` leaves it."""

from __future__ import annotations

from dataclasses import replace

from ccc.domain import resolutions
from ccc.domain.resolutions import Resolution
from ccc.errors import NeedsPerson, Refused
from ccc.git import linking
from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.git.history import quoted
from ccc.git.linking import Making
from ccc.git.memory import Proposal
from ccc.ops import naming
from ccc.ops.actor import require_person_at_keyboard
from ccc.ops.landing.checkouts import require_free
from ccc.ops.policy import local_policy
from ccc.ops.resolving import claims
from ccc.ops.resolving.claims import Claim
from ccc.ops.resolving.matter import Matter, matter_of, require_conflict
from ccc.ops.resolving.words import count
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.crashpoints import reached
from ccc.store.lock import locked

ENDING = ".resolve"
"""How the folder of such a work tree ends; no session's name has a point."""


@dataclass(frozen=True)
class Desk:
    """The work tree to resolve in; `existed`: it was there already. `applied` are remembered resolutions."""

    claim: Claim
    existed: bool
    applied: tuple[Proposal, ...]
    files: tuple[str, ...]


def begin(workspace: Workspace, reference: str) -> Desk:
    """Makes the work tree: the session's branch, with its target being merged into it.

    What is remembered is written into the files and staged nowhere. A second call finds the first one's.
    Raises InsideAgent, Refused, NeedsPerson where the target moves meanwhile.
    """
    matter = matter_of(workspace, reference)
    name = matter.session.name
    person = require_person_at_keyboard(
        workspace, "resolving in a scratch worktree", f"git ccc resolve {name} --here"
    )
    with locked(workspace.layout.root / claims.LOCK):
        known = claims.read(workspace.layout, matter.session.id)
        if known is not None and known.is_whole(workspace):
            return Desk(known, True, (), _unmerged(Git(known.top)))
        if known is not None:
            claims.discard(workspace, known)
        require_conflict(workspace, matter)
        require_free(workspace, matter.session.branch)
        return _made(workspace, matter, person)


def _made(workspace: Workspace, matter: Matter, person: str) -> Desk:
    claim = _claim(workspace, matter, person)
    claims.write(workspace.layout, claim)
    reached("here-claimed")
    try:
        _merge(workspace, claim)
    except BaseException:
        claims.discard(workspace, claim)
        raise
    applied = tuple(_applied(claim, matter))
    claim = replace(claim, ready=True)
    claims.write(workspace.layout, claim)
    reached("here-merged")
    files = _unmerged(Git(claim.top))
    attempt = Resolution(
        how=resolutions.HERE,
        state=resolutions.OPEN,
        base=claim.base,
        head=claim.head,
        by=person,
        at="",
        files=len(matter.shown.combined.conflicts),
        place=claim.path,
    )
    words = f"{person} resolves the conflict of {claim.name} ({count(attempt.files)}) in {claim.path}"
    workspace.store.transact(lambda _: (resolutions.begun(matter.session, attempt, words),))
    return Desk(claim, False, applied, files)


def _claim(workspace: Workspace, matter: Matter, person: str) -> Claim:
    session, combined = matter.session, matter.shown.combined
    place = naming.folder(workspace, local_policy(workspace).settings)
    naming.require_outside(workspace, place)
    path = place / f"{session.name}{ENDING}"
    if path.exists():
        raise Refused(f"{path} exists already", "look at it, then move it away")
    return Claim(
        session.id,
        session.name,
        combined.target,
        combined.base,
        combined.head,
        str(path),
        person,
        ready=False,
    )


def _merge(workspace: Workspace, claim: Claim) -> None:
    """As `git merge TARGET` in a checkout of the branch, not committed. A remembered resolution is not git's
    to apply here: what the user's own git does is as the user has it."""
    making = Making(workspace.repository, claim.admin, claim.top, claim.head)
    linking.make(making, locked(workspace.layout.lock), reached)
    reached("here-made")
    git = Git(claim.top)
    git.run("merge", "--no-commit", "--no-ff", "--quiet", claim.target, ok=(0, 1))
    if repositories.resolve(git, "MERGE_HEAD") != claim.base:
        raise NeedsPerson(
            f"{claim.target} moved while you looked, so nothing was prepared",
            f"git ccc resolve {claim.name} --here",
        )


def _applied(claim: Claim, matter: Matter) -> list[Proposal]:
    """Puts remembered resolutions into the files that git left with markers."""
    found = []
    for proposal in matter.remembered:
        file = claim.top / proposal.raw
        if file.is_file() and not file.is_symlink():
            file.write_bytes(proposal.content)
            found.append(proposal)
    return found


def _unmerged(git: Git) -> tuple[str, ...]:
    """The files still in conflict, as git prints their names."""
    rows = git.lines("ls-files", "-u", "-z")
    return tuple(dict.fromkeys(quoted(row.partition("\t")[2]) for row in rows))
