"""A bundle of `refs/ccc` before every command that takes something away ([recovery.md](docs/recovery.md)).

The first of a few holds everything, those after it what is new since. Each can be read by git alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

from ccc.errors import BadConfig, GitFailed, StoreBusy
from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.git.writing import raise_for_disk
from ccc.layout import Layout
from ccc.ops.workspace import Workspace
from ccc.platform.files import write_whole
from ccc.records import dataclass
from ccc.store import bundled
from ccc.store.lock import locked
from ccc.store.protocol import REF

KEPT = 10
WHOLE_EVERY = 5
"""So many bundles are kept unless `retention.bundles` says otherwise; after so many the background drain
makes a whole one."""

BYTES_KEPT = 1 << 30
SECONDS, SECONDS_BEHIND = 3.0, 600.0
"""How long git may write at one while a command waits, and behind its back.

What is new takes 20 ms, a whole one of 10,000 events in loose objects 2 s, packed 0.3 s.
"""

RETRY_SECONDS = 3600.0
RECENT = 500
"""Commits in the first bundle of a history that is too long for a whole one while a command waits."""

BASIS = "basis.json"
LOCK = "bundles.lock"


@dataclass(frozen=True)
class Bundle:
    """The file, None where all of it is in an earlier one; a remark where it could not be made."""

    path: Path | None
    remark: str | None = None


@dataclass(frozen=True)
class _Basis:
    """Bundles that stand on each other: their names, the tip of `refs/ccc` in the last, whether all is in."""

    files: tuple[str, ...]
    tip: str
    whole: bool


def keep(
    workspace: Workspace, command: str, names: Sequence[str] = (), without: Sequence[str] = ()
) -> Bundle:
    """Writes a bundle of `refs/ccc` and the references `names` before `command` changes or deletes them.

    Commits behind `without` are left out of it. Raises OSError where the disk is full: then nothing may be
    destroyed. Anything else that goes wrong is a remark: a command never fails for want of a bundle.
    """
    try:
        bundled.folder_of(workspace.layout).mkdir(parents=True, exist_ok=True)
        most = kept_at_most(workspace)
        with locked(workspace.layout.root / LOCK):
            return Bundle(_kept(workspace.layout, workspace.git, command, names, without, most))
    except FileExistsError as error:
        return Bundle(None, f"no bundle could be made first: {error.filename} is no folder")
    except (GitFailed, StoreBusy) as error:
        return Bundle(None, f"no bundle could be made first: {error.message}")


def kept_at_most(workspace: Workspace) -> int:
    """How many bundles are kept; KEPT where the configuration cannot be read: no command fails for that."""
    from ccc.ops.policy import local_policy  # pydantic, 50 ms

    try:
        return local_policy(workspace).settings.retention.bundles
    except BadConfig:
        return KEPT


def _kept(
    layout: Layout, git: Git, command: str, names: Sequence[str], without: Sequence[str], most: int
) -> Path | None:
    refs, basis = repositories.refs(git, REF, *names), _basis(layout, git, most)
    left = sorted(name for name, oid in refs.items() if basis is None or oid != basis.tip)
    if not left:
        return None
    goal = bundled.folder_of(layout) / _name(layout, command)
    if basis is not None:
        write(git, goal, left, [basis.tip, *without])
        after = _Basis((*basis.files, goal.name), refs.get(REF, basis.tip), basis.whole)
    else:
        whole = _begun(git, goal, left, without)
        after = _Basis((goal.name,), refs.get(REF, ""), whole)
    _remember(layout, after)
    _thin_out(layout, most)
    return goal


def _begun(git: Git, goal: Path, names: Sequence[str], without: Sequence[str]) -> bool:
    """Writes the first bundle of a row; False where only the end of the history fitted into the time."""
    try:
        write(git, goal, names, without)
    except TookTooLong:
        older = git.text("rev-list", "--first-parent", f"--skip={RECENT}", "-1", REF)
        write(git, goal, names, [older, *without] if older else without)
        return False
    return True


def complete(workspace: Workspace) -> Path | None:
    """Makes a whole bundle where one is due, in as much time as it needs; nobody waits for it."""
    layout, git = workspace.layout, workspace.git
    basis = _basis(layout, git, KEPT)
    if basis is None or (basis.whole and len(basis.files) < WHOLE_EVERY):
        return None
    if _tried_lately(layout):
        return None
    most, fresh = kept_at_most(workspace), bundled.folder_of(layout) / f".whole.{os.getpid()}"
    try:
        write(git, fresh, [REF], seconds=SECONDS_BEHIND)
        tip = git.text("bundle", "list-heads", str(fresh), REF).split(" ")[0]
        with locked(layout.root / LOCK):
            goal = fresh.with_name(_name(layout, "whole"))
            fresh.replace(goal)
            _remember(layout, _Basis((goal.name,), tip, whole=True))
            _thin_out(layout, most)
    except (GitFailed, StoreBusy, OSError):
        return None  # nothing waits for it, and the next one tries again
    finally:
        fresh.unlink(missing_ok=True)
    return goal


def _tried_lately(layout: Layout) -> bool:
    """Whether somebody began a whole one within the hour; says that we do, otherwise."""
    mark = bundled.folder_of(layout) / ".tried"
    with contextlib.suppress(FileNotFoundError):
        if time.time() - mark.stat().st_mtime < RETRY_SECONDS:
            return True
    mark.touch()
    return False


class TookTooLong(GitFailed):
    """A bundle did not get ready in its time."""


def write(
    git: Git, goal: Path, names: Sequence[str], without: Sequence[str] = (), seconds: float = SECONDS
) -> None:
    """Writes these references into a bundle.

    Raises OSError for a full disk, TookTooLong, GitFailed for anything else.
    """
    exclude = [f"^{oid}" for oid in dict.fromkeys(without)]
    started = time.monotonic()
    try:
        done = git.run("bundle", "create", "-q", str(goal), *names, *exclude, ok=range(256), timeout=seconds)
    except GitFailed as error:
        if time.monotonic() - started < seconds:
            raise
        raise TookTooLong(f"it takes more than {seconds:g} s") from error
    finally:
        goal.with_name(f"{goal.name}.lock").unlink(missing_ok=True)
    if done.code != 0:
        goal.unlink(missing_ok=True)
        raise_for_disk(done.err, goal.parent)
        raise GitFailed(f"git bundle: {done.err.splitlines()[-1] if done.err else done.code}")


def _basis(layout: Layout, git: Git, most: int) -> _Basis | None:
    """What the next bundle stands on; None where it must stand alone."""
    try:
        record = json.loads((bundled.folder_of(layout) / BASIS).read_text(encoding="ascii"))
        basis = _Basis(tuple(record["files"]), record["tip"], bool(record["whole"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    there = {path.name for path in bundled.kept(layout)}
    fits = set(basis.files) <= there and len(basis.files) < most
    return basis if fits and git.test("cat-file", "-e", basis.tip) else None


def _remember(layout: Layout, basis: _Basis) -> None:
    record = {"files": list(basis.files), "tip": basis.tip, "whole": basis.whole}
    write_whole(bundled.folder_of(layout) / BASIS, json.dumps(record))


def _name(layout: Layout, command: str) -> str:
    moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    return f"{moment}.{_number(layout):03d}-{command}{bundled.SUFFIX}"


def _number(layout: Layout) -> int:
    """A number that tells bundles of one second apart, and goes up."""
    names = [path.name.partition("-")[0].rpartition(".")[2] for path in bundled.kept(layout)]
    return (max((int(name) for name in names if name.isdecimal()), default=0) + 1) % 1000


def _thin_out(layout: Layout, most: int) -> None:
    """Deletes the oldest ones beyond the number and size kept; never one that a newer one stands on."""
    kept = bundled.kept(layout)
    size = sum(path.stat().st_size for path in kept)
    while len(kept) > most or (size > BYTES_KEPT and len(kept) > WHOLE_EVERY):
        size -= kept[0].stat().st_size
        kept.pop(0).unlink(missing_ok=True)
