"""A work tree as it is, kept as commits: staged, changed and untracked files, byte for byte."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ccc.errors import GitFailed
from ccc.git.command import Git
from ccc.git.history import quoted
from ccc.git.inside import Inside, look_inside
from ccc.records import dataclass

MAIL = "ccc@localhost"
WHO = {
    "GIT_AUTHOR_NAME": "ccc",
    "GIT_AUTHOR_EMAIL": MAIL,
    "GIT_COMMITTER_NAME": "ccc",
    "GIT_COMMITTER_EMAIL": MAIL,
}
LINK, FILE, PROGRAM, SUBMODULE = "120000", "100644", "100755", "160000"
ATTEMPTS = 3
AT_ONCE = 200
"""Files read from git in one go when they are put back."""


@dataclass(frozen=True)
class Snapshot:
    """`commit` holds the work tree; its parents are HEAD and a commit of the index. `skipped`: not kept."""

    commit: str
    skipped: tuple[str, ...]


def take(top: Path, *, ignored: bool = False, unborn: str | None = None) -> Snapshot | None:
    """Keeps everything that is not committed; None where there is nothing. The index stays untouched.

    Content is stored without filters, so that it comes back byte for byte. Ignored files only with
    `ignored`. Where HEAD has no commit yet, `unborn` stands for it. Named in `skipped` and not kept: git
    repositories inside the work tree, submodules with work of their own that no remote has, files that
    cannot be read, empty paths of other kinds.
    Raises GitFailed.
    """
    for _ in range(ATTEMPTS - 1):
        # A file that goes away between being listed and being read.
        with suppress(GitFailed, FileNotFoundError):
            return _take(top, ignored=ignored, unborn=unborn)
    try:
        return _take(top, ignored=ignored, unborn=unborn)
    except FileNotFoundError as error:
        raise GitFailed(f"{error.filename} went away while it was read", "end what works there") from error


def _take(top: Path, *, ignored: bool, unborn: str | None) -> Snapshot | None:
    with _own_index(top) as git:
        found = look_inside(top, git, ignored=ignored)
        head = git.run("rev-parse", "--verify", "--quiet", "HEAD", ok=(0, 1)).text or unborn
        if head is None:
            head = _commit(git, git.run("mktree", input=b"").text, "Nothing")
        if found.unmerged:
            _update(git, found.unmerged)
        staged = git.text("write-tree")
        rows = _rows(top, git, found, len(staged))
        _update(git, rows)
        tree = git.text("write-tree") if rows else staged
        skipped = tuple(quoted(path) for path in sorted(found.lost))
        before = git.text("rev-parse", f"{head}^{{tree}}")
        if staged == before and tree == before:
            return Snapshot(head, skipped) if skipped else None
        index = _commit(git, staged, "Index", head)
        return Snapshot(_commit(git, tree, "Work tree", head, index), skipped)


@contextmanager
def _own_index(top: Path) -> Iterator[Git]:
    """A git that works on a copy of the index: the one of whoever works there is not even locked."""
    real = Path(Git(top).text("rev-parse", "--path-format=absolute", "--git-path", "index"))
    with tempfile.TemporaryDirectory(prefix="ccc-index-") as folder:
        copy = Path(folder) / "index"
        if real.exists():
            # With its time: by that git knows which files it must read, as they may have changed since.
            shutil.copy2(real, copy)
        yield Git(top, {"GIT_INDEX_FILE": str(copy)})


def _commit(git: Git, tree: str, message: str, *parents: str) -> str:
    options = [word for parent in parents for word in ("-p", parent)]
    return git.run("commit-tree", tree, *options, input=f"{message} kept by ccc\n".encode(), env=WHO).text


def _update(git: Git, rows: Sequence[bytes]) -> None:
    if rows:
        git.run("update-index", "-z", "--index-info", input=b"".join(row + b"\0" for row in rows))


def _rows(top: Path, git: Git, found: Inside, id_length: int) -> list[bytes]:
    """Lines for `update-index --index-info`: first what is gone, so that a folder may follow a file."""
    rows = [b"0 " + b"0" * id_length + b"\t" + path for path in sorted(found.gone)]
    rows += [f"{SUBMODULE} {oid}\t".encode() + path for path, oid in sorted(found.submodules.items())]
    links = [path for path in sorted(found.files) if (top / os.fsdecode(path)).is_symlink()]
    for path in links:
        goal = os.fsencode((top / os.fsdecode(path)).readlink())
        oid = git.run("hash-object", "-w", "--stdin", "--no-filters", input=goal).text
        rows.append(f"{LINK} {oid}\t".encode() + path)
    files = sorted(found.files - set(links))
    names = "".join(f"{quoted(path, always=True)}\n" for path in files).encode()
    oids = (
        git.run("hash-object", "-w", "--stdin-paths", "--no-filters", input=names).text.split()
        if files
        else []
    )
    for path, oid in zip(files, oids, strict=True):
        mode = PROGRAM if (top / os.fsdecode(path)).stat().st_mode & 0o100 else FILE
        rows.append(f"{mode} {oid}\t".encode() + path)
    return rows


def restore(top: Path, commit: str) -> None:
    """Puts the index and the files of a snapshot back over a clean checkout of its first parent.

    May be repeated. A commit that is no snapshot changes nothing. Raises GitFailed, OSError.
    """
    git = Git(top)
    parents = git.text("rev-list", "--parents", "-n1", commit).split()[1:]
    if len(parents) < 2:
        return
    # With -m what stays as it is keeps its flags: a sparse checkout stays one.
    git.run("read-tree", "-m", parents[1])
    changes = list(_different(git, parents[0], commit))
    for path, _, _ in changes:
        _remove(top, path)
    wanted = [change for change in changes if change[1] in (LINK, FILE, PROGRAM)]
    for at in range(0, len(wanted), AT_ONCE):
        some = wanted[at : at + AT_ONCE]
        for (path, mode, _), content in zip(some, _contents(git, [oid for _, _, oid in some]), strict=True):
            _write(top / os.fsdecode(path), mode, content)
    git.run("update-index", "--refresh", "-q", ok=(0, 1))


def _different(git: Git, one: str, other: str) -> Iterator[tuple[bytes, str, str]]:
    """(path, new mode, new object) of every difference."""
    parts = git.run("diff-tree", "-r", "-z", "--no-renames", one, other).out.split(b"\0")
    for header, path in zip(parts[::2], parts[1::2], strict=False):
        _, mode, _, oid, _ = header.decode().split(" ")
        yield path, mode, oid


def _contents(git: Git, oids: Sequence[str]) -> Iterator[bytes]:
    answer = git.run("cat-file", "--batch", input="".join(f"{oid}\n" for oid in oids).encode()).out
    at = 0
    for _ in oids:
        end = answer.index(b"\n", at)
        size = int(answer[at:end].split(b" ")[2])
        at = end + 1 + size + 1
        yield answer[end + 1 : at - 1]


def _remove(top: Path, path: bytes) -> None:
    """Takes a path away, and folders emptied by that: a file may come where a folder was."""
    file = top / os.fsdecode(path)
    if file.is_dir() and not file.is_symlink():
        return
    try:
        file.unlink(missing_ok=True)
        for folder in file.parents:
            if folder == top:
                return
            folder.rmdir()
    except OSError:
        return


def _write(file: Path, mode: str, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    if mode == LINK:
        file.symlink_to(os.fsdecode(content))
        return
    with open(file, "wb", opener=_program if mode == PROGRAM else None) as out:
        out.write(content)


def _program(path: str, flags: int) -> int:
    return os.open(path, flags, 0o777)
