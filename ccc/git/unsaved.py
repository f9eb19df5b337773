"""The work in a worktree that is not committed, as a commit that is nowhere but in a quarantine.

Unlike `snapshot`, which keeps files byte for byte, this is what committing everything now would give: filters
and line ends as git applies them, so that a merge says of it what it would say of the commit.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from ccc.errors import GitFailed
from ccc.git import surgery
from ccc.git.catfile import CatFile
from ccc.git.command import Git
from ccc.git.objects import COMMIT, Commit, Entry, build_commit, object_id, parse_commit
from ccc.git.writing import unpack
from ccc.records import dataclass

LARGEST = 16 * 1024 * 1024
"""Bytes of an untracked file that is looked at: of a larger one nobody makes a commit in passing."""

UNDER_WAY = (
    *("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"),
    *("rebase-merge", "rebase-apply", "sequencer"),
)
"""In an admin directory: what is in the worktree is half of something; markers of conflicts are no work."""

QUIETLY = (
    *("-c", "core.safecrlf=false", "-c", "core.splitIndex=false", "-c", "status.relativePaths=false"),
    *("-c", "core.untrackedCache=false"),
)
STATUS = (
    *("status", "--porcelain=v2", "--branch", "-z", "--no-renames", "--untracked-files=all"),
    *("--ignore-submodules=dirty", "--no-ahead-behind"),
)
UPDATE = ("update-index", "--add", "--remove", "--replace", "-z", "--stdin")
SEED = ("update-index", "-z", "--index-info")
HEAD = b"# branch.oid "
INDEXES = "indexes"
UNBORN = "(initial)"
FIELDS = 8
"""Before the path in a row of `status --porcelain=v2` (git-status(1)): kind, states, modes, ids."""

WHO = "ccc <ccc@localhost>"


class NotNow(GitFailed):
    """What is in the worktree is half of something, so it says nothing of the work."""


@dataclass(frozen=True)
class Place:
    """A linked worktree: its top, and its admin directory."""

    top: Path
    admin: Path

    @property
    def index(self) -> Path:
        return self.admin / "index"


@dataclass(frozen=True)
class Row:
    """A path that is not as HEAD has it: its entry in the index (None: none), and whether files tell more."""

    path: bytes
    indexed: Entry | None
    touched: bool


def unsaved(place: Place, git: Git, folder: Path) -> str | None:
    """What committing everything in a worktree now would give; None where that is nothing new.

    `git` runs at its top and writes objects into a quarantine. The index there is only read, and a copy kept
    in `folder`, which one call at a time may use: what changed is added to an index of these paths alone, and
    from there to the trees of HEAD. Ignored files,
    repositories inside, and untracked files over LARGEST are left out. Raises NotNow in the middle of a
    merge or a rebase; GitFailed, OSError.
    """
    if any((place.admin / name).exists() for name in UNDER_WAY):
        raise NotNow("a merge or a rebase is under way")
    with CatFile(git, place.admin.parent.parent) as objects:
        objects.begin()  # git opens its packs while another one looks at the files
        head, rows = _changed(git, place.top, _refreshed(place, folder))
        if not rows:
            return None
        entries = {row.path: row.indexed for row in rows}
        with tempfile.TemporaryDirectory(prefix="index-", dir=folder) as own:
            entries.update(_added(place, git, rows, Path(own) / "index"))
        commit = parse_commit(objects.read(head)[1])
        made: dict[str, tuple[str, bytes]] = {}
        changes = {path.decode("utf-8", "surrogateescape"): entry for path, entry in entries.items()}
        tree = surgery.with_entries(objects, commit.tree, changes, made)
        if tree == commit.tree:
            return None
        content = _commit(tree, head, commit.date)
        oid = object_id(COMMIT, content, algorithm=objects.algorithm)
        unpack(git, [*made.values(), (COMMIT, content)], objects.algorithm)
        return oid


def forget(folder: Path, admins: Collection[str]) -> None:
    """Drops what `unsaved` keeps in `folder` of worktrees with other admin directories than these."""
    for kept in (folder / INDEXES).glob("*"):
        if kept.name not in admins:
            shutil.rmtree(kept, ignore_errors=True)


def _refreshed(place: Place, folder: Path) -> Path:
    """A copy of the index, kept until that changes, in which git notes what it has looked at.

    Of a file written in the same second as the index git reads all of it each time, half of a fresh worktree.
    """
    now = place.index.stat()
    kept = folder / INDEXES / place.admin.name
    copy = kept / f"{now.st_mtime_ns}-{now.st_size}-{now.st_ino}"
    if not copy.exists():
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        fresh = kept / "fresh"
        # With its time: by that git knows which files it must read, as they may have changed since.
        shutil.copy2(place.index, fresh)
        fresh.replace(copy)
    copy.with_name(f"{copy.name}.lock").unlink(missing_ok=True)  # of a git that was killed
    return copy


def _changed(git: Git, top: Path, index: Path) -> tuple[str, list[Row]]:
    """HEAD, and the paths that differ from it. Raises NotNow: some are in conflict, or there is no commit."""
    head, rows = "", []
    notes = {"GIT_INDEX_FILE": str(index), "GIT_OPTIONAL_LOCKS": "1"}
    for row in git.run(*QUIETLY, *STATUS, env=notes).out.split(b"\0"):
        kind = row[:2]
        if kind == b"u ":
            raise NotNow("files are in conflict")
        if row.startswith(HEAD):
            head = row.removeprefix(HEAD).decode()
        elif kind == b"1 ":
            *fields, path = row.split(b" ", FIELDS)
            mode, oid = fields[4].decode().lstrip("0"), fields[7].decode()
            is_there = fields[1][1:] != b"D"
            touched = fields[1][1:] != b"." and (not is_there or _is_wanted(top, path, is_tracked=True))
            rows.append(Row(path, Entry(mode, oid) if mode and is_there else None, touched and is_there))
        elif kind == b"? " and not row.endswith(b"/") and _is_wanted(top, row[2:], is_tracked=False):
            rows.append(Row(row[2:], None, touched=True))
    if head == UNBORN:
        raise NotNow("there is no commit yet")
    return head, rows


def _added(place: Place, git: Git, rows: list[Row], index: Path) -> dict[bytes, Entry | None]:
    """What `git add` makes of the paths that were touched, in an index of their own."""
    touched = [row for row in rows if row.touched]
    if not touched:
        return {}
    here = replace(git, extra={**git.extra, "GIT_INDEX_FILE": str(index)})
    if (place.admin / "info" / "sparse-checkout").exists():
        shutil.copy2(place.index, index)  # attributes of files that are not there are read from it
    else:
        # git keeps line ends and modes of what is in the index already, where it is told to.
        known = [(row.indexed, row.path) for row in touched if row.indexed is not None]
        seed = b"".join(f"{entry.mode} {entry.oid}\t".encode() + path + b"\0" for entry, path in known)
        here.run(*SEED, input=seed)
    given = b"".join(row.path + b"\0" for row in touched)
    done = here.run(*QUIETLY, *UPDATE, input=given, ok=(0, 128))
    wanted = {row.path for row in touched}
    found: dict[bytes, Entry | None] = {} if done.code else dict.fromkeys(wanted)
    for line in here.run("ls-files", "--stage", "-z").out.split(b"\0")[:-1]:
        fields, path = line.split(b"\t", 1)
        if path in wanted:
            mode, oid, _ = fields.decode().split(" ")
            found[path] = Entry(mode, oid)
    return found


def _is_wanted(top: Path, path: bytes, *, is_tracked: bool) -> bool:
    """Whether a path can be read, and is one that git tracks or not too large: of others git takes none."""
    file = top / os.fsdecode(path)
    try:
        found = file.lstat()
    except OSError:
        return False
    if not stat.S_ISREG(found.st_mode):
        return stat.S_ISLNK(found.st_mode) or is_tracked
    return os.access(file, os.R_OK) and (is_tracked or found.st_size <= LARGEST)


def _commit(tree: str, head: str, seconds: int) -> bytes:
    """Dated as what it stands on: the same work is the same commit, and walks meet no odd times."""
    return build_commit(Commit(tree, (head,), WHO, WHO, seconds, "Not committed\n"))
