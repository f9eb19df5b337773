"""Changing a few trees on one path, whatever the size of the rest (two or three git processes)."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.git.command import Git
from ccc.git.objects import (
    BLOB,
    COMMIT,
    DIRECTORY_MODE,
    SUBMODULE_MODE,
    TREE,
    Entry,
    MissingObject,
    parse_tree,
)

Rows = dict[str, Entry]


def subtree(git: Git, tree: str, path: str) -> str | None:
    """The tree at a path, None where there is no folder."""
    levels = _levels(git, tree, path.split("/"))
    entry = levels[-1].get(path.rpartition("/")[2]) if len(levels) == path.count("/") + 1 else None
    return entry.oid if entry is not None and entry.mode == DIRECTORY_MODE else None


def without(git: Git, tree: str, path: str) -> str:
    """The tree without the folder or file at `path`; folders emptied by that go, too."""
    names = path.split("/")
    levels = _levels(git, tree, names)
    if len(levels) < len(names) or names[-1] not in levels[-1]:
        return tree
    changed: str | None = None
    for name, rows in reversed(list(zip(names, levels, strict=True))):
        if changed is None:
            del rows[name]
        else:
            rows[name] = Entry(DIRECTORY_MODE, changed)
        changed = _write(git, rows) if rows else None
    return changed or _write(git, {})


def with_subtree(git: Git, tree: str, path: str, oid: str) -> str:
    """The tree with another tree at `path`; folders on the way are made, a file in the way is replaced."""
    names = path.split("/")
    levels = _levels(git, tree, names)
    levels += [{} for _ in names[len(levels) :]]
    for name, rows in reversed(list(zip(names, levels, strict=True))):
        rows[name] = Entry(DIRECTORY_MODE, oid)
        oid = _write(git, rows)
    return oid


def _levels(git: Git, tree: str, names: Sequence[str]) -> list[Rows]:
    """The entries of each folder on the way to the last name, as far as there are folders.

    Raises MissingObject for a tree that is not stored, which is not the same as a name that is absent.
    """
    folders = ["/".join(names[:depth]) for depth in range(len(names))]
    asked = "".join(f"{tree}:{folder}\0" for folder in folders).encode("utf-8", "surrogateescape")
    answer = git.run("cat-file", "--batch", "-z", input=asked).out
    found: list[Rows] = []
    for depth, name in enumerate(["", *names[:-1]]):
        head, _, answer = answer.partition(b"\n")
        fields = head.rsplit(b" ", 2)
        if len(fields) < 3 or fields[1].decode() != TREE:
            _require_absent(found, depth, name, tree)
            break
        size = int(fields[2])
        found.append(parse_tree(answer[:size], id_length=len(fields[0]) // 2))
        answer = answer[size + 1 :]
    return found


def _require_absent(found: Sequence[Rows], depth: int, name: str, tree: str) -> None:
    entry = found[-1].get(name) if depth else Entry(DIRECTORY_MODE, tree)
    if entry is not None and entry.mode == DIRECTORY_MODE:
        raise MissingObject(entry.oid)


def _write(git: Git, rows: Rows) -> str:
    given = "".join(f"{row.mode} {_kind(row.mode)} {row.oid}\t{name}\0" for name, row in rows.items())
    return git.run("mktree", "-z", "--missing", input=given.encode("utf-8", "surrogateescape")).text


def _kind(mode: str) -> str:
    return {DIRECTORY_MODE: TREE, SUBMODULE_MODE: COMMIT}.get(mode, BLOB)
