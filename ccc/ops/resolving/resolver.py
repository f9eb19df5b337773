"""A session of its own resolves the conflict of another one; what it makes comes back as a proposal."""

from __future__ import annotations

from pathlib import Path

from ccc.domain import resolutions, sessions
from ccc.domain.events import Draft
from ccc.domain.resolutions import Resolution
from ccc.domain.sessions import Session
from ccc.git import history, surgery
from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.ids import short_oid
from ccc.ops import handling
from ccc.ops.actor import actor_of
from ccc.ops.brief import folder_of
from ccc.ops.landing.checkouts import require_free
from ccc.ops.observe import HEADS, all_sessions
from ccc.ops.resolving import guard, result
from ccc.ops.resolving.matter import Matter, matter_of, refuse_strangers, require_conflict
from ccc.ops.resolving.words import conflict_words, count, folded
from ccc.ops.spawn import Request, spawn
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.crashpoints import reached
from ccc.store.protocol import State

ROOM = 11_000
"""Bytes of a task that the hunks may take."""

TASK = 1_500


@dataclass(frozen=True)
class Resolver:
    """The session that resolves, and what is worth saying of its start."""

    session: Session
    resolver: Session
    files: int
    existed: bool
    waits: str


def spawn_resolver(workspace: Workspace, reference: str, role: str, engine: str | None = None) -> Resolver:
    """Spawns a session on the branch of one in conflict, with the merge of the target begun in its worktree.

    A second call for the same conflict finds the first one's session. Raises Refused, NotFound, InsideAgent,
    EngineFailed.
    """
    matter = matter_of(workspace, reference)
    require_conflict(workspace, matter)
    session, combined = matter.session, matter.shown.combined
    require_free(workspace, session.branch)
    refuse_strangers(workspace, session, f"--session {role}")
    key = f"resolve {session.id} {combined.base} {combined.head}"
    wish = Request(role, _task(matter), base=combined.head, into=combined.target, key=key)
    (spawned,) = spawn(workspace, wish)
    resolver = spawned.session
    reached("resolver-spawned")
    if spawned.existed and resolver.run.status != "created":
        return Resolver(session, resolver, len(combined.conflicts), True, "")
    _begin_merge(matter, resolver)
    reached("resolver-merging")
    by = actor_of(workspace).by or workspace.require_person()
    attempt = Resolution(
        how=resolutions.SESSION,
        state=resolutions.OPEN,
        base=combined.base,
        head=combined.head,
        by=by,
        at="",
        files=len(combined.conflicts),
        resolver=resolver.id,
    )
    words = f"{resolver.name} resolves the conflict of {session.name} ({count(attempt.files)})"
    workspace.store.transact(lambda _: (resolutions.begun(session, attempt, words),))
    (begun,) = handling.start(workspace, [resolver.id], engine=engine)
    waits = begun.remark if begun.what == "queued" else ""
    return Resolver(session, resolver, attempt.files, False, waits)


def _task(matter: Matter) -> str:
    """What the resolver is told: both tasks, the hunks, and that the merge has begun in its worktree."""
    shown = matter.shown
    session, combined = shown.session, shown.combined
    target, base = combined.target, short_oid(combined.base)
    return "\n".join(
        [
            f"Resolve the conflict of {session.name} with {target}",
            "",
            f"Your branch begins at the work of {session.name} ({short_oid(combined.head)}), and the merge "
            f"of {target} ({base}) has begun in your worktree: git status shows it. Should it not: git merge "
            f"{base}",
            "Resolve each place so that what both sides were meant to do still holds, change nothing else, "
            "git add and commit the merge, run the tests, then: git ccc report --done",
            "If both cannot be kept, do not choose: git ccc ask TEXT. What you make goes onto the branch of "
            f"{session.name}, and a person approves it before it lands.",
            "",
            f"The task of {session.name} was: {folded(session.task)[:TASK]}",
            f"Its brief is {folder_of(session.name)}/brief.md, more of it: git ccc show {session.name}",
            "",
            conflict_words(shown, matter.remembered, ROOM),
        ]
    )


def _begin_merge(matter: Matter, resolver: Session) -> None:
    """The state that `git merge` leaves, with what is remembered written into the files, staged nowhere."""
    top = Path(resolver.worktree or "")
    git, base = Git(top), matter.shown.combined.base
    if repositories.resolve(git, "MERGE_HEAD") is not None or history.is_ancestor(git, base, "HEAD"):
        return
    git.run("merge", "--no-commit", "--no-ff", "--quiet", base, ok=(0, 1))
    for proposal in matter.remembered:
        file = top / proposal.raw
        if file.is_file() and not file.is_symlink():
            file.write_bytes(proposal.content)


def bring(workspace: Workspace, session: Session, attempt: Resolution) -> str | None:
    """Puts what a resolver made onto the branch of the session in conflict, as one merge commit of that.

    Gives the commit; None where the resolver is not there, or has not merged the target. Raises Refused,
    StoreBusy where the branch cannot be moved now.
    """
    resolver = next((s for s in all_sessions(workspace.store.state()) if s.id == attempt.resolver), None)
    git = workspace.git
    if resolver is None or not _has_merged(workspace, resolver, attempt):
        return None
    tree = surgery.without(git, git.text("rev-parse", f"{resolver.head}^{{tree}}"), folder_of(resolver.name))
    commit = _commit(git, session, resolver, attempt, tree)
    reached("resolver-committed")
    guard.move(workspace, session, attempt.head, commit)
    reached("resolver-moved")

    def used(state: State) -> tuple[Draft, ...]:
        return _used(state, resolver, session, attempt, commit, tree)

    result.record(workspace, session, attempt, commit, resolver.name, used)
    return commit


def _has_merged(workspace: Workspace, resolver: Session, attempt: Resolution) -> bool:
    tip = repositories.resolve(workspace.git, HEADS + resolver.branch)
    if tip is None or tip != resolver.head:
        return False
    return all(history.is_ancestor(workspace.git, each, tip) for each in (attempt.base, attempt.head))


def _commit(git: Git, session: Session, resolver: Session, attempt: Resolution, tree: str) -> str:
    """The same commit whenever it is made, so that a killed one is found again."""
    said = git.text("log", "-1", "--format=%an%x00%ae%x00%ct", resolver.head).split("\0")
    who = {
        f"GIT_{role}_{field}": value
        for role in ("AUTHOR", "COMMITTER")
        for field, value in (("NAME", said[0]), ("EMAIL", said[1]), ("DATE", f"{said[2]} +0000"))
    }
    message = (
        f"Merge {session.target} into {session.name}, resolved by {resolver.name}\n\n"
        f"Ccc-Resolution: {resolver.name} {resolver.head}\n"
    )
    parents = ("-p", attempt.head, "-p", attempt.base)
    return git.run("commit-tree", tree, *parents, input=message.encode(), env=who).text


def _used(
    state: State, resolver: Session, session: Session, attempt: Resolution, commit: str, tree: str
) -> tuple[Draft, ...]:
    """The resolver's own work is complete: its result is on the other session's branch."""
    fresh = sessions.from_cells(resolver.id, state.stream(sessions.stream_of(resolver.id)))
    if fresh is None or fresh.landed_head:
        return ()
    record = {
        "commit": commit,
        "head": fresh.head,
        "base": attempt.head,
        "tree": tree,
        "target": session.branch,
        "advanced": fresh.head,
    }
    words = f"its resolution is on {session.branch} as {short_oid(commit)}"
    changes = {sessions.stream_of(resolver.id): {"landed": record}}
    return (Draft("session.resolution-used", resolver.name, words, changes, session=resolver.id, by="ccc"),)
