"""A work tree as it is, kept as commits: staged, changed and untracked files, byte for byte."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ccc.git.command import Git
from ccc.git.history import quoted

WHO = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in (("NAME", "ccc"), ("EMAIL", "ccc@localhost"))}
LINK, FILE, PROGRAM = "120000", "100644", "100755"


@dataclass(frozen=True)
class Snapshot:
    """`commit` holds the work tree; its parents are HEAD and a commit of the index. `skipped`: not kept."""

    commit: str
    skipped: tuple[str, ...]


def take(top: Path, *, ignored: bool = False) -> Snapshot | None:
    """Keeps everything that is not committed; None where there is nothing. The index stays untouched.

    Content is stored without filters, so that it comes back byte for byte. Ignored files only with
    `ignored`. A git repository inside the work tree is not kept and named in `skipped`.
    """
    git = Git(top)
    head = git.text("rev-parse", "HEAD")
    index_tree = git.text("write-tree") if not _unmerged(git) else git.text("rev-parse", "HEAD^{tree}")
    rows, skipped = _rows(top, git, ignored=ignored)
    if not rows and index_tree == git.text("rev-parse", "HEAD^{tree}"):
        return Snapshot(head, skipped) if skipped else None
    tree = _tree(git, index_tree, rows)
    staged = _commit(git, index_tree, "Index", head)
    return Snapshot(_commit(git, tree, "Work tree", head, staged), skipped)


def _unmerged(git: Git) -> bool:
    return bool(git.run("ls-files", "--unmerged", "-z").out)


def _commit(git: Git, tree: str, message: str, *parents: str) -> str:
    options = [word for parent in parents for word in ("-p", parent)]
    return git.run("commit-tree", tree, *options, input=f"{message} kept by ccc\n".encode(), env=WHO).text


def _rows(top: Path, git: Git, *, ignored: bool) -> tuple[list[bytes], tuple[str, ...]]:
    """Lines for `update-index --index-info`, one a path that differs from the index or is not in it."""
    changed = git.run("diff-files", "--name-only", "-z").out.split(b"\0")
    others = git.run("ls-files", "--others", "--exclude-standard", "-z").out.split(b"\0")
    if ignored:
        others += git.run("ls-files", "--others", "--ignored", "--exclude-standard", "-z").out.split(b"\0")
    rows: list[bytes] = []
    skipped: list[str] = []
    for path in sorted({path for path in [*changed, *others] if path}):
        full = os.path.join(os.fsencode(top), path)
        if path.endswith(b"/") or (os.path.isdir(full) and not os.path.islink(full)):
            skipped.append(quoted(path))
        elif not os.path.lexists(full):
            rows.append(b"0 " + b"0" * 40 + b"\t" + path)
        elif (row := _row(git, full, path)) is not None:
            rows.append(row)
        else:
            skipped.append(quoted(path))
    return rows, tuple(skipped)


def _row(git: Git, full: bytes, path: bytes) -> bytes | None:
    mode = os.lstat(full).st_mode
    if stat.S_ISLNK(mode):
        kind, content = LINK, os.readlink(full)
    elif stat.S_ISREG(mode):
        kind = PROGRAM if mode & stat.S_IXUSR else FILE
        content = Path(os.fsdecode(full)).read_bytes()
    else:
        return None
    oid = git.run("hash-object", "-w", "--stdin", "--no-filters", input=content).text
    return f"{kind} {oid}\t".encode() + path


def _tree(git: Git, index_tree: str, rows: list[bytes]) -> str:
    with tempfile.TemporaryDirectory(prefix="ccc-index-") as folder:
        env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        git.run("read-tree", index_tree, env=env)
        if rows:
            git.run("update-index", "-z", "--index-info", input=b"\0".join(rows) + b"\0", env=env)
        return git.run("write-tree", env=env).text


def restore(top: Path, commit: str) -> None:
    """Puts the index and the files of a snapshot back over a clean checkout of its first parent."""
    git = Git(top)
    parents = git.text("rev-list", "--parents", "-n1", commit).split()[1:]
    if len(parents) < 2:
        return
    git.run("read-tree", parents[1])
    changes = list(_different(git, parents[0], commit))
    for path, _ in changes:
        _remove(top, path)
    for path, entry in changes:
        if entry is not None:
            _write(top, git, path, *entry)
    git.run("update-index", "--refresh", "-q", ok=(0, 1))


def _different(git: Git, one: str, other: str) -> Iterator[tuple[bytes, tuple[str, str] | None]]:
    parts = git.run("diff-tree", "-r", "-z", "--no-renames", one, other).out.split(b"\0")
    for header, path in zip(parts[::2], parts[1::2], strict=False):
        _, mode, _, oid, _ = header.decode().split(" ")
        yield path, None if mode == "000000" else (mode, oid)


def _remove(top: Path, path: bytes) -> None:
    """Takes a path away, and folders emptied by that: a file may come where a folder was."""
    full = os.path.join(os.fsencode(top), path)
    if os.path.isdir(full) and not os.path.islink(full):
        return
    if os.path.lexists(full):
        os.unlink(full)
    folder = os.path.dirname(path)
    while folder:
        try:
            os.rmdir(os.path.join(os.fsencode(top), folder))
        except OSError:
            return
        folder = os.path.dirname(folder)


def _write(top: Path, git: Git, path: bytes, mode: str, oid: str) -> None:
    full = os.path.join(os.fsencode(top), path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    content = git.run("cat-file", "blob", oid).out
    if mode == LINK:
        os.symlink(content, full)
        return
    with open(full, "wb") as file:
        file.write(content)
    os.chmod(full, 0o755 if mode == PROGRAM else 0o644)
