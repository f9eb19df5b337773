"""Preparing a repository for ccc, and taking ccc out of it again."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from ccc.domain.events import Draft, clock_in
from ccc.domain.sessions import Session
from ccc.errors import NeedsPerson, NotInitialised, Refused
from ccc.git import folders, history, hookfiles, version
from ccc.git import repository as repositories
from ccc.git.repository import RefUpdate
from ccc.git.scratch import ADMIN_PREFIX as SCRATCH_PREFIX
from ccc.ops import replica, service
from ccc.ops.actor import actor_of
from ccc.ops.desk import desk_of
from ccc.ops.look import look
from ccc.ops.observe import HEADS
from ccc.ops.sync import adopting, place
from ccc.ops.workspace import Workspace
from ccc.platform.files import write_whole
from ccc.records import dataclass
from ccc.resources import resource_dir
from ccc.store.crashpoints import reached
from ccc.store.lock import locked_for_once
from ccc.store.protocol import META, REF, State

CONFIG_FOLDER = ".ccc"
KEPT_REFS = (
    "refs/ccc-backup/",
    "refs/ccc-archive/",
    "refs/ccc-lease/",
    "refs/ccc-remotes/",
    "refs/ccc-holds/",
)


@dataclass(frozen=True)
class Initialised:
    """What `init` did: `fresh` on the first run, `files` written by `--files`, `remarks` worth saying."""

    fresh: bool
    files: tuple[str, ...]
    remarks: tuple[str, ...]


def init(workspace: Workspace, *, files: bool, remote: str | None = None) -> Initialised:
    """Prepares the repository; the checkout stays as it is. Running it again changes nothing.

    A fresh clone goes on with what its remote shares: `remote`, else the likely one.
    Raises Refused for a repository of a kind that ccc cannot use and for a `refs/ccc` that is not ours,
    GitFailed for an old git.
    """
    version.require(workspace.git)
    for what, step in hindrances(workspace):
        raise Refused(f"ccc cannot use this repository yet: {what}", step)
    _refuse_foreign_ref(workspace)
    fresh, lost = not workspace.initialised, workspace.missing
    _prepare_folders(workspace)
    repositories.remember_checkout(workspace.repository)
    found = replica.settle(workspace)
    copied = place.settle(workspace)
    hookfiles.install(workspace.repository.common, sys.executable)
    adopted = adopting.adopt(workspace, remote)
    if fresh or _say_initialised(workspace.reader.state()):
        workspace.store.transact(_say_initialised)
    written = _write_files(workspace) if files else ()
    told = (*_mended(lost, found), *(words for words in (copied, adopted) if words))
    return Initialised(fresh, written, (*told, *_remarks(workspace)))


def _mended(lost: Sequence[Path], found: str | None) -> list[str]:
    words = [f"{path} was missing and is there again" for path in lost]
    return [*words, f"this copy of the repository is {found} again"] if found else words


def hindrances(workspace: Workspace) -> list[tuple[str, str]]:
    """Why ccc cannot use this kind of repository, each with the way out; empty where it can."""
    repository, found = workspace.repository, []
    if repository.main_top is None and not repository.bare:
        found.append(
            ("where its main checkout lies cannot be told from here", "git ccc init in that checkout")
        )
    return found


def _refuse_foreign_ref(workspace: Workspace) -> None:
    found = repositories.refs(workspace.git, REF)
    tip = found.pop(REF, None)
    if found:
        below = min(found)
        raise Refused(
            f"the reference {below} is in the way of {REF}",
            f"keep it elsewhere: git update-ref refs/kept-ccc {found[below]} && git update-ref -d {below}",
        )
    if tip is not None and not _is_ours(workspace, tip):
        raise Refused(
            f"{REF} exists and was not made by ccc",
            f"keep it under another name: git update-ref refs/kept-ccc {tip} && git update-ref -d {REF}",
        )


def _is_ours(workspace: Workspace, tip: str) -> bool:
    """Whether the commit was made by ccc: only ours end in a clock."""
    found = workspace.git.run("cat-file", "commit", tip, ok=(0, 128))
    return found.code == 0 and clock_in(found.out.decode("utf-8", "replace")) is not None


def _prepare_folders(workspace: Workspace) -> None:
    layout = workspace.layout
    for folder in (layout.journal_new, layout.wal, layout.worktrees, layout.scratch, layout.logs):
        folder.mkdir(parents=True, exist_ok=True)


def _say_initialised(state: State) -> tuple[Draft, ...]:
    if "initialised" in state.stream(META):
        return ()
    return (Draft("meta.initialised", "ccc", "initialised", {META: {"initialised": 1}}),)


def _write_files(workspace: Workspace) -> tuple[str, ...]:
    """Copies the commented defaults into `.ccc/`; files that exist are left alone."""
    desk = desk_of(workspace)
    if desk is None:
        raise Refused(
            "there is no checkout here to write .ccc/ into", "git ccc init --files in a worktree of yours"
        )
    source, written = resource_dir("templates") / "init", []
    for file in sorted(path for path in source.rglob("*") if path.is_file()):
        relative = Path(CONFIG_FOLDER) / file.relative_to(source)
        goal = desk / relative
        if goal.exists():
            continue
        goal.parent.mkdir(parents=True, exist_ok=True)
        write_whole(goal, file.read_bytes())  # others read it while it is written
        written.append(str(relative))
    return tuple(written)


def _remarks(workspace: Workspace) -> list[str]:
    found = []
    if HEADS + "ccc" in repositories.refs(workspace.git, HEADS + "ccc"):
        found.append("a branch named ccc is in the way: session branches will be called ccc-<role>/<slug>")
    if workspace.person is None:
        found.append("no user identity is configured; set user.name and user.email before the first spawn")
    return found


DEINIT_LOCK = "ccc-deinit.lock"
"""In the common directory: what is below `ccc` goes meanwhile."""


@dataclass(frozen=True)
class Deinitialised:
    """What `deinit` left: `kept` refs, or nothing of ccc after a purge (`bundle` holds what was there)."""

    kept: tuple[str, ...]
    bundle: Path | None


def deinit(workspace: Workspace, *, purge: bool, yes: bool) -> Deinitialised:
    """Takes hooks and local files away; `purge` also the refs, after a bundle of them.

    Raises InsideAgent inside a session, Refused while sessions are not closed or hold work that has not
    landed, NeedsPerson for a purge without `yes`.
    """
    workspace.require()
    actor = actor_of(workspace)
    if actor.agent:
        raise actor.refusal(
            workspace,
            f"taking ccc out needs a person, and this call comes from inside an agent ({actor.agent})",
            "ask the human to run, in the main checkout: git ccc deinit",
        )
    with locked_for_once(workspace.repository.common / DEINIT_LOCK):
        if not workspace.initialised:
            raise NotInitialised("somebody else has just taken ccc out", "git ccc init")
        return _taken_out(workspace, purge=purge, yes=yes)


def _taken_out(workspace: Workspace, *, purge: bool, yes: bool) -> Deinitialised:
    if REF in repositories.refs(workspace.git, REF):
        workspace.store.drain()
        _refuse_live_sessions(workspace)
    if purge and not yes:
        raise NeedsPerson(f"--purge deletes {REF} and every backup", "git ccc deinit --purge --yes")
    refs = repositories.refs(workspace.git, REF, *KEPT_REFS)
    kept = tuple(sorted(refs))
    bundle = _bundle(workspace, kept) if purge and kept else None
    if purge:
        gone = [RefUpdate(name, None, oid) for name, oid in refs.items()]
        repositories.update_refs(workspace.git, gone, "ccc: purged")
        reached("deinit-purged")
    _forget_scratch(workspace)
    with contextlib.suppress(Refused):  # no HOME: then there is no service of this user either
        service.forget(workspace)
    replica.forget(workspace)
    hookfiles.uninstall(workspace.repository.common)
    if purge:
        folders.delete(workspace.layout.root)
    return Deinitialised(() if purge else kept, bundle)


def _forget_scratch(workspace: Workspace) -> None:
    """Removes the scratch worktrees of checks and git's records of them."""
    shutil.rmtree(workspace.layout.scratch, ignore_errors=True)
    for admin in (workspace.repository.common / "worktrees").glob(f"{SCRATCH_PREFIX}*"):
        shutil.rmtree(admin, ignore_errors=True)


def _refuse_live_sessions(workspace: Workspace) -> None:
    live = [session for session in look(workspace).sessions if session.closed is None]
    if live:
        names = ", ".join(session.name for session in live[:3]) + (", ..." if len(live) > 3 else "")
        raise Refused(f"{len(live)} sessions are not closed: {names}", f"git ccc close {live[0].name}")
    unlanded = [session for session in look(workspace).sessions if _unlanded(workspace, session)]
    if unlanded:
        first = unlanded[0]
        raise Refused(
            f"{len(unlanded)} closed sessions hold work that has not landed: branch {first.branch}",
            f"git ccc undo {first.name}, or delete the branch: git branch -D {first.branch}",
        )


def _unlanded(workspace: Workspace, session: Session) -> bool:
    head = repositories.resolve(workspace.git, f"refs/heads/{session.branch}")
    target = repositories.resolve(workspace.git, f"refs/heads/{session.target}")
    if head is None or target is None or session.landed_head:
        return False
    return not history.is_ancestor(workspace.git, head, target)


def _bundle(workspace: Workspace, names: Sequence[str]) -> Path:
    """Everything that a purge deletes, in one file beside the git directory's own."""
    goal = workspace.repository.common / f"ccc-before-purge-{workspace.now().replace(':', '')}.bundle"
    workspace.git.run("bundle", "create", str(goal), *names)
    return goal
