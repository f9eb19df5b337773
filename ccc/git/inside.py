"""What a work tree holds that its index does not, told apart by how it can be kept."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import field
from pathlib import Path

from ccc.git.command import Git
from ccc.records import dataclass

OURS = "2"
FLAGGED = ("h", "s", "S")
"""Tags of `ls-files -v` for entries that git does not compare: assumed unchanged, not checked out."""


@dataclass
class Inside:
    """Paths as bytes. `files` and links have content to keep, `gone` are deleted, `submodules` stand at a
    commit, `lost` cannot be kept. `unmerged` are index lines that settle conflicts as ours.
    """

    files: set[bytes] = field(default_factory=set)
    gone: set[bytes] = field(default_factory=set)
    submodules: dict[bytes, str] = field(default_factory=dict)
    lost: set[bytes] = field(default_factory=set)
    unmerged: list[bytes] = field(default_factory=list)


@dataclass(frozen=True)
class _Row:
    """One line of `ls-files -v -s`."""

    tag: str
    mode: str
    oid: str
    stage: str
    path: bytes


def look_inside(top: Path, git: Git, *, ignored: bool) -> Inside:
    """Looks at a work tree through a git whose index is a copy. Raises GitFailed."""
    found = Inside()
    rows = list(_rows(git))
    links = {row.path for row in rows if row.mode == "160000"}
    for path in links:
        _submodule(found, top, path)
    for row in rows:
        if row.tag in FLAGGED and row.path not in links and (top / os.fsdecode(row.path)).is_file():
            found.files.add(row.path)
    found.unmerged = _settled([row for row in rows if row.stage != "0"])
    # What is staged was cleaned by filters (line ends): the file itself is kept, as for what is not staged.
    for path in _changed(git) | _staged(git):
        if path not in links:
            _sort(found, top, path)
    for path in _others(git, ignored=ignored):
        if path.endswith(b"/"):
            found.lost.add(path)
        else:
            _sort(found, top, path)
    return found


def _rows(git: Git) -> Iterator[_Row]:
    for line in git.run("ls-files", "-v", "-s", "-z").out.split(b"\0"):
        if line:
            what, path = line.split(b"\t", 1)
            tag, mode, oid, stage = what.decode().split(" ")
            yield _Row(tag, mode, oid, stage, path)


def _settled(unmerged: Iterable[_Row]) -> list[bytes]:
    """One entry for each path in conflict, ours where there is one: a tree cannot hold three."""
    chosen: dict[bytes, _Row] = {}
    for row in unmerged:
        if row.stage == OURS or row.path not in chosen:
            chosen[row.path] = row
    lines = []
    for path, row in chosen.items():
        lines.append(b"0 " + b"0" * len(row.oid) + b"\t" + path)
        if row.stage == OURS:
            lines.append(f"{row.mode} {row.oid} 0\t".encode() + path)
    return lines


def _changed(git: Git) -> set[bytes]:
    """Paths that differ from the index; refreshed first where a file has only been touched."""
    asked = ("diff-files", "--name-only", "--no-renames", "--ignore-submodules=none", "-z")
    if git.run(*asked).out:
        git.run("update-index", "-q", "--really-refresh", "--unmerged", ok=(0, 1))
    return set(git.run(*asked).out.split(b"\0")) - {b""}


def _staged(git: Git) -> set[bytes]:
    asked = ("diff-index", "--cached", "--name-only", "--no-renames", "--diff-filter=d", "-z", "HEAD", "--")
    return set(git.run(*asked, ok=(0, 128)).out.split(b"\0")) - {b""}


def _others(git: Git, *, ignored: bool) -> set[bytes]:
    found = git.run("ls-files", "--others", "--exclude-standard", "-z").out.split(b"\0")
    if ignored:
        found += git.run("ls-files", "--others", "--ignored", "--exclude-standard", "-z").out.split(b"\0")
    return set(found) - {b""}


def _sort(found: Inside, top: Path, path: bytes) -> None:
    file = top / os.fsdecode(path)
    if _behind_a_link(top, file):
        found.gone.add(path)
        return
    try:
        mode = file.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        found.gone.add(path)
        return
    if stat.S_ISLNK(mode) or (stat.S_ISREG(mode) and os.access(file, os.R_OK)):
        found.files.add(path)
    elif stat.S_ISDIR(mode):
        found.gone.add(path)
    else:
        found.lost.add(path)


def _behind_a_link(top: Path, file: Path) -> bool:
    """Whether a folder on the way has become a link: what is seen through it is not the work tree's."""
    return any(folder.is_symlink() for folder in file.parents if folder.is_relative_to(top) and folder != top)


def _submodule(found: Inside, top: Path, path: bytes) -> None:
    """Notes where a submodule stands, and whether it holds work that would be lost with its folder."""
    folder = top / os.fsdecode(path)
    if not folder.is_symlink() and folder.is_dir():
        if not (folder / ".git").exists():
            return
        inner = Git(folder)
        head = inner.run("rev-parse", "--verify", "--quiet", "HEAD", ok=(0, 1, 128)).text
        if head:
            found.submodules[path] = head
        if not head or _has_own_work(inner):
            found.lost.add(path)
    elif os.path.lexists(folder):
        found.files.add(path)
    else:
        found.gone.add(path)


def _has_own_work(inner: Git) -> bool:
    if inner.run("status", "--porcelain", "-z", "--untracked-files=normal").out:
        return True
    if inner.test("rev-parse", "--verify", "--quiet", "refs/stash"):
        return True
    return bool(inner.text("rev-list", "-n1", "HEAD", "--branches", "--not", "--remotes", "--tags"))
