"""A session that waits for others begins on their work: its branch is moved there before its first start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ccc import ids
from ccc.domain import sessions
from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.sessions import Session, from_cells
from ccc.errors import Conflict, FolderGone
from ccc.git import history, mergetree
from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.ids import short_oid
from ccc.ops import brief, dependents
from ccc.ops.brief import SESSIONS_FOLDER, Below
from ccc.ops.leftovers import SESSION_TRAILER
from ccc.ops.look import Picture
from ccc.ops.observe import HEADS
from ccc.ops.policy import starting_policy
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.crashpoints import reached
from ccc.store.protocol import State

if TYPE_CHECKING:
    from ccc.ops.spawn import Plan


class Blocked(Conflict):
    """What a session would build on conflicts, so it cannot begin."""


@dataclass(frozen=True)
class _Part:
    """A commit to build on, and whose it is in words."""

    commit: str
    words: str


def stack(workspace: Workspace, picture: Picture, session: Session) -> None:
    """Moves a session without work of its own to the verified commits of those it was to wait for.

    One predecessor: its commit. Several: their merge, in the order in which they were named. One that has
    landed: the target's tip. A session that has work of its own, or a changed worktree, stays where it is.
    May be repeated; a stacking that was killed is finished by the next call. Raises Blocked.
    """
    below = _below(workspace, picture, session)
    head = repositories.resolve(workspace.git, HEADS + session.branch)
    if not below or head is None or not _is_untouched(workspace, session, head):
        return
    absent = missing(workspace, picture, session)
    if absent is not None:
        raise Blocked(absent, f"git ccc start {session.name} --now begins without")
    base = _base(workspace, session, below)
    if base == session.base and session.grounds:
        return
    made = _brief_on(workspace, session, base, below)
    reached("stack-made")
    Git(Path(session.worktree or "")).run("reset", "--hard", "--quiet", made.oid)
    reached("stack-moved")
    _record(workspace, session, base, below, made)


def missing(workspace: Workspace, picture: Picture, session: Session) -> str | None:
    """Why a session cannot begin on work of another machine that is proven there; None: all of it is here.

    Asks git only where somebody of another machine is waited for.
    """
    afar = {each.id for each in picture.sessions if each.where != workspace.replica} & set(session.after)
    if not afar or not dependents.look_at(picture).get(session.id, dependents.READY).ready:
        return None
    for each in _below(workspace, picture, session):
        strange = each.session.id in afar and not each.landed
        if strange and repositories.resolve(workspace.git, each.commit) is None:
            where = f"{each.session.name} is done at {short_oid(each.commit)}, which is not in this copy"
            return f"{where}: git fetch REMOTE {each.session.branch}"
    return None


def _below(workspace: Workspace, picture: Picture, session: Session) -> list[Below]:
    """The predecessors with the commit that counts of each; those whose wait is suspended are left out."""
    left_out = dependents.left_out(picture)
    found = []
    for identifier in dict.fromkeys(session.after):
        if (session.id, identifier) in left_out:
            continue
        other = picture.of_id(identifier).session
        landed = other.landed if other.landed_head else None
        if landed is not None and _is_on(workspace, landed.commit, session.target):
            found.append(Below(other, landed.commit, landed=True))
        else:
            found.append(
                Below(other, other.landed.head if landed and other.landed else other.head, landed=False)
            )
    return found


def _is_on(workspace: Workspace, commit: str, branch: str) -> bool:
    tip = repositories.resolve(workspace.git, HEADS + branch)
    known = repositories.resolve(workspace.git, commit) is not None
    return tip is not None and known and history.is_ancestor(workspace.git, commit, tip)


def _is_untouched(workspace: Workspace, session: Session, head: str) -> bool:
    """Whether the branch holds nothing but this session's brief, and the worktree nothing but that."""
    folder = Path(session.worktree or "/nonexistent")
    if not (folder / ".git").exists():
        return False
    said = workspace.git.text("log", "-1", f"--format=%P %(trailers:key={SESSION_TRAILER},valueonly)", head)
    words = said.split()
    if len(words) != 2 or words[1] != session.id:
        return False
    try:
        on = Git(folder).run("symbolic-ref", "--quiet", "HEAD", ok=(0, 1)).text
    except FolderGone:
        return False
    if on != HEADS + session.branch:
        return False
    return all(entry.code == "??" for entry in history.dirty(folder))


def _base(workspace: Workspace, session: Session, below: Sequence[Below]) -> str:
    """The commit to begin at. Raises Blocked where the parts conflict, and names them and the files."""
    parts = _needed(workspace, _parts(workspace, session, below))
    commit, done = parts[0].commit, [parts[0].words]
    for part in parts[1:]:
        verdict = mergetree.merge(workspace.git, commit, part.commit)
        if verdict.conflicts:
            verdict = verdict.without(workspace.git, SESSIONS_FOLDER)
        if verdict.conflicts:
            files = ", ".join(file.path for file in verdict.conflicts[:3])
            names = f"{' and '.join(done)} with {part.words}"
            raise Blocked(
                f"{dependents.CONFLICT}: {names} in {files}",
                "land one of them and let the other's agent take it up, or: "
                f"git ccc start {session.name} --now begins without",
            )
        done.append(part.words)
        commit = _merge_commit(workspace, session, verdict.tree, (commit, part.commit), done)
    return commit


def _parts(workspace: Workspace, session: Session, below: Sequence[Below]) -> list[_Part]:
    """The target's tip for all that has landed, then each head that has not."""
    parts = [
        _Part(each.commit, f"{each.session.name} {short_oid(each.commit)}")
        for each in below
        if not each.landed
    ]
    if len(parts) < len(below):
        tip = repositories.resolve(workspace.git, HEADS + session.target)
        assert tip is not None
        parts.insert(0, _Part(tip, f"{session.target} {short_oid(tip)}"))
    return parts


def _needed(workspace: Workspace, parts: Sequence[_Part]) -> list[_Part]:
    """Without those that another one contains."""
    found: list[_Part] = []
    for number, part in enumerate(parts):
        others = [*found, *parts[number + 1 :]]
        if not any(history.is_ancestor(workspace.git, part.commit, other.commit) for other in others):
            found.append(part)
    return found


def _merge_commit(
    workspace: Workspace, session: Session, tree: str, parents: tuple[str, str], done: Sequence[str]
) -> str:
    message = f"Base for {session.name}: {' and '.join(done)}\n"
    name, mail = repositories.identity(workspace.repository) or ("ccc", "ccc@localhost")
    env = {
        **{f"GIT_{who}_NAME": name for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": mail for who in ("AUTHOR", "COMMITTER")},
    }
    sides = [word for parent in parents for word in ("-p", parent)]
    return workspace.git.run("commit-tree", tree, *sides, input=message.encode(), env=env).text


@dataclass(frozen=True)
class _Brief:
    """The first commit of the branch on its new base, and the brief in it."""

    oid: str
    text: bytes


def _brief_on(workspace: Workspace, session: Session, base: str, below: Sequence[Below]) -> _Brief:
    plan = _plan_of(workspace, session, base)
    policy = starting_policy(workspace, session.target)
    text = brief.render_brief(
        workspace, policy, role=session.role, task=session.task, plan=plan, below=below
    ).encode("utf-8")
    text = workspace.filter.clean_bytes(text)
    return _Brief(brief.commit_brief(workspace, plan, session.role, text), text)


def _plan_of(workspace: Workspace, session: Session, base: str) -> Plan:
    """The session as `spawn` planned it, with another base."""
    from ccc.ops.spawn import Plan  # which starts sessions, and so comes to this module itself

    cells = workspace.reader.state().stream(sessions.stream_of(session.origin)) if session.origin else None
    return Plan(
        id=session.id,
        name=session.name,
        branch=session.branch,
        path=Path(session.worktree or ""),
        target=session.target,
        base=base,
        alias=session.alias or "",
        ports=session.ports or 0,
        by=session.created_by,
        parent=session.parent,
        after=session.after,
        origin=from_cells(session.origin, cells) if session.origin and cells else None,
    )


def _record(workspace: Workspace, session: Session, base: str, below: Sequence[Below], made: _Brief) -> None:
    grounds: list[Value] = [{"session": each.session.id, "commit": each.commit} for each in below]
    change: dict[str, Value] = {
        "base": base,
        "head": made.oid,
        "grounds": grounds,
        "brief.md": ids.blob_id(made.text, like=made.oid),
    }
    names = ", ".join(f"{each.session.name} {short_oid(each.commit)}" for each in below)
    draft = Draft(
        type="session.stacked",
        subject=session.name,
        text=f"begins at {short_oid(base)}, on the work of {names}",
        session=session.id,
        changes={sessions.stream_of(session.id): change},
        by="ccc",
        blobs=(made.text,),
    )

    def decide(state: State) -> Sequence[Draft]:
        now = from_cells(session.id, state.stream(sessions.stream_of(session.id)))
        return () if now is None or now.closed is not None else (draft,)

    workspace.store.transact(decide)
