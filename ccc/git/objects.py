"""Git's object formats, in bytes: ids, trees, commits; the same on every backend."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from typing import Protocol

from ccc.errors import StateBroken
from ccc.ids import object_id as object_id
from ccc.records import dataclass

BLOB, TREE, COMMIT = "blob", "tree", "commit"
DIRECTORY_MODE, FILE_MODE, SUBMODULE_MODE = "40000", "100644", "160000"


_ROW = rb"([0-7]+) ([^\0]+)\0(.{%d})"
"""An entry of a tree: mode, name, id (git's tree-walk.c, decode_tree_entry)."""


class MissingObject(StateBroken):
    """An object that a reference or another object names and that is not stored.

    Never the same thing as a name that is absent from a tree.
    """

    def __init__(self, oid: str) -> None:
        super().__init__(f"object {oid} is missing", "git ccc fsck")
        self.oid = oid


class ObjectReader(Protocol):
    """Reads git objects by id."""

    @property
    def algorithm(self) -> str:
        """The hash function that names objects here: sha1 or sha256."""

    def read(self, oid: str) -> tuple[str, bytes]:
        """(kind, content). Raises MissingObject, StateBroken for a damaged one."""

    def read_many(self, oids: Iterable[str]) -> list[tuple[str, bytes]]:
        """Like `read` for several, in order, in one round trip where the backend can."""

    def has(self, oid: str) -> bool:
        """Whether the object is stored."""


class ObjectDatabase(ObjectReader, Protocol):
    """Reads and writes git objects."""

    def write(self, kind: str, content: bytes) -> str:
        """Stores the object, returns its id. Raises OSError (full disk), GitFailed."""

    def together(self) -> AbstractContextManager[None]:
        """What is written inside need not be stored before its end, where the same errors are raised.

        Reading inside sees it; no reference may be moved to it there.
        """


class References(Protocol):
    """Reads and moves references."""

    def get(self, name: str) -> str | None:
        """The object id, None where there is no such reference. Raises StateBroken for an unreadable one."""

    def swap(self, name: str, old: str | None, new: str) -> bool:
        """Compare-and-swap: False when the reference was not `old` any more. Raises StoreBusy, GitFailed."""


class Backend(ObjectDatabase, References, Protocol):
    """Objects and references of one repository. The same bytes have the same id on every backend."""

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `old` is `new` or behind it. Raises MissingObject, StateBroken."""


@dataclass(frozen=True)
class Entry:
    """One entry of a tree; `mode` in git's spelling (`40000`, `100644`)."""

    mode: str
    oid: str


@dataclass(frozen=True)
class Commit:
    """A commit as stored; `date` is the committer's, seconds since 1970 UTC; message decoded leniently."""

    tree: str
    parents: tuple[str, ...]
    author: str
    committer: str
    date: int
    message: str


def parse_tree(content: bytes, *, id_length: int = 20) -> dict[str, Entry]:
    """Name to entry, in git's order; names that are not UTF-8 come with surrogate escapes.

    Raises ValueError for bytes that are no tree.
    """
    return _entries(_rows(content, id_length))


def directories_in(content: bytes, *, id_length: int = 20) -> dict[str, str]:
    """Of the directories in a tree: name to id; three times as quick as all entries. Raises ValueError."""
    wanted = DIRECTORY_MODE.encode()
    rows = _rows(content, id_length)
    return {name.decode("utf-8", "surrogateescape"): oid.hex() for mode, name, oid in rows if mode == wanted}


def changed_entries(
    one: bytes, other: bytes, *, id_length: int = 20
) -> dict[str, tuple[Entry | None, Entry | None]]:
    """Of two trees the names that are not the same in both, with both entries. Raises ValueError."""
    before, after = set(_rows(one, id_length)), set(_rows(other, id_length))
    old, new = _entries(before - after), _entries(after - before)
    return {name: (old.get(name), new.get(name)) for name in old.keys() | new.keys()}


def _entries(rows: Iterable[tuple[bytes, bytes, bytes]]) -> dict[str, Entry]:
    return {
        name.decode("utf-8", "surrogateescape"): Entry(mode.decode(), oid.hex()) for mode, name, oid in rows
    }


def _rows(content: bytes, id_length: int) -> list[tuple[bytes, bytes, bytes]]:
    rows: list[tuple[bytes, bytes, bytes]] = re.findall(_ROW % id_length, content, re.DOTALL)
    if sum(map(len, chain.from_iterable(rows))) + 2 * len(rows) != len(content):
        raise ValueError("not a tree")
    return rows


def build_tree(entries: Mapping[str, Entry]) -> bytes:
    """The bytes of a tree: sorted as git sorts, directories as if their name ended in a slash."""
    rows = []
    for text, entry in entries.items():
        name = text.encode("utf-8", "surrogateescape")
        row = b"%b %b\0%b" % (entry.mode.encode(), name, bytes.fromhex(entry.oid))
        rows.append((name + b"/" if entry.mode == DIRECTORY_MODE else name, row))
    return b"".join(row for _, row in sorted(rows))


def parse_commit(content: bytes) -> Commit:
    """The parts of a commit. Raises ValueError for bytes that are no commit."""
    head, _, body = content.partition(b"\n\n")
    fields: dict[str, list[str]] = {}
    for line in head.decode("utf-8", "replace").split("\n"):
        key, _, value = line.partition(" ")
        if key:
            fields.setdefault(key, []).append(value)
    if "tree" not in fields or "committer" not in fields:
        raise ValueError("not a commit")
    committer = fields["committer"][0]
    return Commit(
        tree=fields["tree"][0],
        parents=tuple(fields.get("parent", ())),
        author=fields.get("author", [committer])[0].rpartition("> ")[0] + ">",
        committer=committer.rpartition("> ")[0] + ">",
        date=int(committer.rpartition("> ")[2].split(" ")[0]),
        message=body.decode("utf-8", "replace"),
    )


def build_commit(commit: Commit) -> bytes:
    """The bytes of a commit: UTF-8, +0000, `author` and `committer` as `Name <mail>`, one date for both."""
    when = f"{commit.date} +0000"
    author, committer = f"{commit.author} {when}", f"{commit.committer} {when}"
    return commit_content(commit.tree, commit.parents, author, committer, commit.message.encode("utf-8"))


def commit_content(tree: str, parents: Sequence[str], author: str, committer: str, message: bytes) -> bytes:
    """The bytes of a commit; `author` and `committer` as `Name <mail> seconds zone`."""
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {author}", f"committer {committer}"]
    return ("\n".join(lines) + "\n\n").encode("utf-8", "replace") + message
