"""Commits and differences as git tells them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from pathlib import Path

from ccc.git.command import Begun, Git
from ccc.records import dataclass

FORMAT = "%H%x00%P%x00%an <%ae>%x00%ct%x00%(trailers:only,unfold,separator=%x1f)%x00%s%x00%b"
FIELDS = 7


@dataclass(frozen=True)
class CommitInfo:
    """A commit; `at` seconds since 1970 UTC, trailers by key as written."""

    oid: str
    parents: tuple[str, ...]
    author: str
    at: int
    subject: str
    body: str
    trailers: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class FileChange:
    """A changed file; counts are None for a binary one. `status` as `git diff` names it: A M D R T.

    `old_path` is where a renamed file was. Paths are as `quoted` gives them.
    """

    path: str
    added: int | None
    deleted: int | None
    status: str = "M"
    old_path: str | None = None


@dataclass(frozen=True)
class DirtyPath:
    """An uncommitted path; `code` as `git status --porcelain` prints it (`??` untracked).

    `is_elsewhere`: of a submodule, that another commit is checked out in it than the index has, and the index
    has no change.
    """

    path: str
    code: str
    is_elsewhere: bool = False


def commits_between(git: Git, old: str | None, new: str, *, exclude: Sequence[str] = ()) -> list[CommitInfo]:
    """The commits reachable from `new` and not from `old` or `exclude`, oldest first; messages as UTF-8."""
    hidden = [f"^{oid}" for oid in (old, *exclude) if oid]
    asked = (
        "log",
        "--reverse",
        "--topo-order",
        "--encoding=UTF-8",
        "--no-show-signature",
        "--no-color",
        "-z",
    )
    found = git.run(*asked, f"--format={FORMAT}", "--end-of-options", new, *hidden, "--").out
    return parsed(found)


def parsed(output: bytes) -> list[CommitInfo]:
    """The commits that `git log -z --format=FORMAT` printed."""
    parts = output.decode("utf-8", "replace").split("\0")
    return [_commit(parts[at : at + FIELDS]) for at in range(0, len(parts) - 1, FIELDS)]


def _commit(fields: Sequence[str]) -> CommitInfo:
    oid, parents, author, at, trailers, subject, body = fields
    by_key: dict[str, list[str]] = {}
    for line in trailers.split("\x1f"):
        key, colon, value = line.partition(":")
        if colon:
            by_key.setdefault(key.strip(), []).append(value.strip())
    return CommitInfo(oid, tuple(parents.split()), author, int(at), subject, body, by_key)


def depth(common: Path) -> str:
    """What answers about history depend on beside commits: how deep a shallow clone is."""
    try:
        return str((common / "shallow").stat().st_mtime_ns)
    except FileNotFoundError:
        return "whole"


def is_ancestor(git: Git, ancestor: str, descendant: str) -> bool:
    """Whether `ancestor` is `descendant` or reachable from it."""
    return ancestor == descendant or git.test("merge-base", "--is-ancestor", ancestor, descendant)


def merge_base(git: Git, one: str, other: str) -> str | None:
    """The best common ancestor, None for unrelated histories."""
    found = git.run("merge-base", one, other, ok=(0, 1))
    return found.text.split("\n")[0] if found.code == 0 else None


def ahead_behind(git: Git, one: str, other: str) -> tuple[int, int]:
    """How many commits only `one` has, and how many only `other`."""
    ahead, behind = git.text("rev-list", "--left-right", "--count", f"{one}...{other}").split()
    return int(ahead), int(behind)


def diff_stat(git: Git, one: str, other: str) -> list[FileChange]:
    """The files that differ between two trees or commits; a renamed file by its new path."""
    parts = iter(git.run("diff-tree", "-r", "-M", "-z", "--raw", "--numstat", one, other).out.split(b"\0"))
    states: dict[bytes, tuple[str, bytes | None]] = {}
    changes = []
    for part in parts:
        if part.startswith(b":"):
            status, path = part.split(b" ")[4][:1].decode(), next(parts)
            old, path = (path, next(parts)) if status in "RC" else (None, path)
            states[path] = (status, old)
        elif part:
            added, deleted, path = part.split(b"\t", 2)
            if not path:
                _, path = next(parts), next(parts)
            status, old = states[path]
            before = quoted(old) if old is not None else None
            changes.append(FileChange(quoted(path), _count(added), _count(deleted), status, before))
    return changes


def _count(text: bytes) -> int | None:
    return None if text == b"-" else int(text)


def begin_paths(git: Git, one: str, other: str) -> Begun:
    """Begins to list the paths in which two trees or commits differ; `parsed_paths` reads the answer."""
    return git.begin("diff-tree", "-r", "-z", "--no-renames", "--name-status", one, other)


def parsed_paths(output: bytes) -> list[tuple[str, str]]:
    """(status as `FileChange` has it, path with surrogate escapes where it is not UTF-8)."""
    parts = output.decode("utf-8", "surrogateescape").split("\0")
    return list(zip(parts[:-1:2], parts[1::2], strict=True))


def diff_text(git: Git, one: str, other: str) -> str:
    """The difference as a patch, by git alone: no program of the configuration is run for it."""
    asked = ("diff-tree", "-r", "-M", "-p", "--no-ext-diff", "--no-textconv", "--no-color")
    return git.run(*asked, one, other).out.decode("utf-8", "replace")


def dirty(top: Path, git: Git | None = None) -> list[DirtyPath]:
    """What is not committed in a work tree, ignored files aside; a folder of untracked files by its name.

    `git` for a work tree that does not name its repository.
    """
    return parsed_status(begin_status(git or Git(top)).result().out)


STATUS = ("status", "--porcelain=v2", "-z", "--no-ahead-behind", "--ignore-submodules=none")


def begin_status(git: Git, *, untracked: bool = True) -> Begun:
    """Begins to look at a work tree; `parsed_status` reads the answer."""
    return git.begin(*STATUS, f"--untracked-files={'normal' if untracked else 'no'}")


def begin_whole_status(git: Git, paths: Sequence[str]) -> Begun:
    """The same of some paths, with each untracked file by itself, and with where HEAD is (`# branch.`)."""
    return git.begin(*STATUS, "--branch", "--untracked-files=all", "--", *paths)


def parsed_status(output: bytes) -> list[DirtyPath]:
    """What `begin_status` came to."""
    parts = iter(output.split(b"\0"))
    found = []
    for part in parts:
        kind = part[:1].decode()
        if kind == "?":
            found.append(DirtyPath(quoted(part[2:]), "??"))
        elif kind in DIRTY_FIELDS:
            fields = part.split(b" ", DIRTY_FIELDS[kind])
            elsewhere = fields[1] == b".M" and fields[2].startswith(b"SC")
            found.append(DirtyPath(quoted(fields[-1]), fields[1].decode().replace(".", " "), elsewhere))
        if kind == "2":
            next(parts)
    return found


DIRTY_FIELDS = {"1": 8, "2": 9, "u": 10}
"""Fields before the path in a line of `status --porcelain=v2` (git-status(1)); 2 has the old path behind."""


def is_ignored(top: Path, path: str) -> bool:
    """Whether git leaves a path of a work tree alone: it is ignored, and not tracked."""
    return Git(top).test("check-ignore", "-q", path)


def contained_in_remote(git: Git, oid: str) -> bool:
    """Whether a remote-tracking branch contains the commit: it has been pushed or fetched."""
    return bool(git.text("for-each-ref", "--count=1", "--contains", oid, "refs/remotes/"))


_ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}


def quoted(path: bytes | str, *, always: bool = False) -> str:
    """A path for people and JSON: as it is, or C-quoted as git prints it when it is not plain UTF-8."""
    raw = path.encode("utf-8", "surrogateescape") if isinstance(path, str) else path
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    if not always and text is not None and not any(ord(c) < 32 or c in '"\\' or ord(c) == 127 for c in text):
        return text
    return '"' + "".join(_escaped(byte) for byte in raw) + '"'


def _escaped(byte: int) -> str:
    if byte in _ESCAPES:
        return "\\" + _ESCAPES[byte]
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
