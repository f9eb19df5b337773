"""A bundle of `refs/ccc` before every command that takes something away ([recovery.md](docs/recovery.md)).

The first of a few holds everything, those after it what is new since. Each can be read by git alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

from ccc.errors import GitFailed
from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.git.writing import raise_for_disk
from ccc.layout import Layout
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store import bundled
from ccc.store.lock import locked
from ccc.store.protocol import REF

KEPT = 10
WHOLE_EVERY = 5
"""So many bundles are kept, so the newest whole one with all after it always is."""

BYTES_KEPT = 1 << 30
SECONDS = 20.0
"""How long git may write at one: a whole one of 100,000 events takes 1.5 s, what is new 20 ms."""

BASIS = "basis.json"
LOCK = "bundles.lock"


@dataclass(frozen=True)
class Bundle:
    """The file, None where all of it is in an earlier one; a remark where it could not be made."""

    path: Path | None
    remark: str | None = None


def keep(
    workspace: Workspace, command: str, names: Sequence[str] = (), without: Sequence[str] = ()
) -> Bundle:
    """Writes a bundle of `refs/ccc` and the references `names` before `command` changes or deletes them.

    Commits behind `without` are left out of it. Raises OSError where the disk is full: then nothing may be
    destroyed. Anything else that goes wrong is a remark: a command never fails for want of a bundle.
    """
    layout, git = workspace.layout, workspace.git
    folder = bundled.folder_of(layout)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        return Bundle(None, f"no bundle could be made first: {folder} is no folder")
    with locked(layout.root / LOCK):
        refs = repositories.refs(git, REF, *names)
        basis = _basis(layout, git)
        left = {name: oid for name, oid in refs.items() if oid not in basis}
        if not left:
            return Bundle(None)
        goal = folder / _name(layout, command)
        remark = _written(git, goal, sorted(left), [*basis, *(oid for oid in without if oid)])
        if remark is None:
            _remember(layout, goal, [*basis, refs[REF]] if REF in refs else basis, whole=not basis)
            _thin_out(layout)
        return Bundle(goal if remark is None else None, remark)


def write(git: Git, goal: Path, names: Sequence[str], without: Sequence[str] = ()) -> None:
    """Writes these references into a bundle. Raises OSError for a full disk, GitFailed for anything else."""
    exclude = [f"^{oid}" for oid in dict.fromkeys(without)]
    try:
        done = git.run("bundle", "create", "-q", str(goal), *names, *exclude, ok=range(256), timeout=SECONDS)
    finally:
        goal.with_name(f"{goal.name}.lock").unlink(missing_ok=True)
    if done.code != 0:
        goal.unlink(missing_ok=True)
        raise_for_disk(done.err, goal.parent)
        raise GitFailed(f"git bundle: {done.err.splitlines()[-1] if done.err else done.code}")


def _written(git: Git, goal: Path, names: Sequence[str], without: Sequence[str]) -> str | None:
    try:
        write(git, goal, names, without)
    except GitFailed as error:
        return f"no bundle could be made first: {error.message}"
    return None


def _basis(layout: Layout, git: Git) -> list[str]:
    """The tips of `refs/ccc` in the newest whole bundle and those after it; none when a whole one is due."""
    try:
        record = json.loads((bundled.folder_of(layout) / BASIS).read_text(encoding="ascii"))
        files, known = list(record["files"]), [str(tip) for tip in record["tips"]]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return []
    there = {path.name for path in bundled.kept(layout)}
    stored = all(git.test("cat-file", "-e", tip) for tip in known[-1:])
    return known[-1:] if stored and set(files) <= there and len(files) < WHOLE_EVERY else []


def _remember(layout: Layout, goal: Path, known: Sequence[str], *, whole: bool) -> None:
    path = bundled.folder_of(layout) / BASIS
    files: list[str] = []
    if not whole:
        files = json.loads(path.read_text(encoding="ascii"))["files"]
    fresh = path.with_name(f".{BASIS}")
    fresh.write_text(json.dumps({"files": [*files, goal.name], "tips": list(known)}), encoding="ascii")
    fresh.replace(path)


def _name(layout: Layout, command: str) -> str:
    moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    return f"{moment}.{_number(layout):03d}-{command}{bundled.SUFFIX}"


def _number(layout: Layout) -> int:
    """A number that tells bundles of one second apart, and goes up."""
    names = [path.name.partition("-")[0].rpartition(".")[2] for path in bundled.kept(layout)]
    return (max((int(name) for name in names if name.isdecimal()), default=0) + 1) % 1000


def _thin_out(layout: Layout) -> None:
    """Deletes the oldest ones beyond the number and size kept; never one that a newer one stands on."""
    kept = bundled.kept(layout)
    size = sum(path.stat().st_size for path in kept)
    while len(kept) > KEPT or (size > BYTES_KEPT and len(kept) > WHOLE_EVERY):
        size -= kept[0].stat().st_size
        kept.pop(0).unlink(missing_ok=True)
