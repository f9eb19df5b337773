"""Changing a few trees on one path, whatever the size of the rest (two or three git processes)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ccc.git.command import Git
from ccc.git.objects import (
    BLOB,
    COMMIT,
    DIRECTORY_MODE,
    SUBMODULE_MODE,
    TREE,
    Entry,
    MissingObject,
    build_tree,
    object_id,
    parse_tree,
)
from ccc.ids import algorithm_of

Rows = dict[str, Entry]


def subtree(git: Git, tree: str, path: str) -> str | None:
    """The tree at a path, None where there is no folder."""
    levels = _levels(git, tree, path.split("/"))
    entry = levels[-1].get(path.rpartition("/")[2]) if len(levels) == path.count("/") + 1 else None
    return entry.oid if entry is not None and entry.mode == DIRECTORY_MODE else None


def without(git: Git, tree: str, path: str) -> str:
    """The tree without the folder or file at `path`; folders emptied by that go, too."""
    names = path.split("/")
    return _cut(tree, names, _levels(git, tree, names), partial(_write, git))


def ids_without(git: Git, trees: Sequence[str], path: str) -> list[str]:
    """The ids that `without` gives for several trees, by one git process; nothing is stored."""
    names = path.split("/")
    answer = git.run("cat-file", "--batch", "-z", input=b"".join(_asked(tree, names) for tree in trees)).out
    found = []
    for tree in trees:
        levels, answer = _answered(answer, tree, names)
        found.append(_cut(tree, names, levels, partial(_id, algorithm_of(tree))))
    return found


def _id(algorithm: str, rows: Rows) -> str:
    return object_id(TREE, build_tree(rows), algorithm=algorithm)


def _cut(tree: str, names: Sequence[str], levels: Sequence[Rows], make: Callable[[Rows], str]) -> str:
    if len(levels) < len(names) or names[-1] not in levels[-1]:
        return tree
    changed: str | None = None
    for name, rows in reversed(list(zip(names, levels, strict=True))):
        if changed is None:
            del rows[name]
        else:
            rows[name] = Entry(DIRECTORY_MODE, changed)
        changed = make(rows) if rows else None
    return changed or make({})


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
    answer = git.run("cat-file", "--batch", "-z", input=_asked(tree, names)).out
    return _answered(answer, tree, names)[0]


def _asked(tree: str, names: Sequence[str]) -> bytes:
    folders = _folders(tree, names)
    return "".join(f"{folder}\0" for folder in folders).encode("utf-8", "surrogateescape")


def _folders(tree: str, names: Sequence[str]) -> list[str]:
    return [f"{tree}:{'/'.join(names[:depth])}" for depth in range(len(names))]


def _answered(answer: bytes, tree: str, names: Sequence[str]) -> tuple[list[Rows], bytes]:
    """The levels of one tree, and what git said after them."""
    found: list[Rows] = []
    is_way = True
    for depth, folder in enumerate(_folders(tree, names)):
        content, answer = _object(answer, folder.encode("utf-8", "surrogateescape"))
        if is_way and content is None:
            _require_absent(found, depth, names[depth - 1], tree)
        is_way = is_way and content is not None
        if is_way and content is not None:
            found.append(parse_tree(content, id_length=len(tree) // 2))
    return found, answer


def _object(answer: bytes, name: bytes) -> tuple[bytes | None, bytes]:
    """The next object that git prints for this name, None for any but a tree; and what follows it."""
    missing = name + b" missing\n"
    if answer.startswith(missing):
        return None, answer[len(missing) :]
    head, _, answer = answer.partition(b"\n")
    fields = head.rsplit(b" ", 2)
    if len(fields) < 3 or not fields[2].isdigit():
        return None, answer  # a submodule, in newer versions of git
    content, rest = answer[: int(fields[2])], answer[int(fields[2]) + 1 :]
    return (content if fields[1].decode() == TREE else None), rest


def _require_absent(found: Sequence[Rows], depth: int, name: str, tree: str) -> None:
    entry = found[-1].get(name) if depth else Entry(DIRECTORY_MODE, tree)
    if entry is not None and entry.mode == DIRECTORY_MODE:
        raise MissingObject(entry.oid)


def _write(git: Git, rows: Rows) -> str:
    given = "".join(f"{row.mode} {_kind(row.mode)} {row.oid}\t{name}\0" for name, row in rows.items())
    return git.run("mktree", "-z", "--missing", input=given.encode("utf-8", "surrogateescape")).text


def _kind(mode: str) -> str:
    return {DIRECTORY_MODE: TREE, SUBMODULE_MODE: COMMIT}.get(mode, BLOB)
