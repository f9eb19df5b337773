"""The paths in which two trees differ, found without a process: only what differs is read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ccc.git.objects import DIRECTORY_MODE, TREE, Entry, ObjectReader, changed_entries
from ccc.records import dataclass


@dataclass(frozen=True)
class Difference:
    """A path that is another one in the second tree; None on the side that has no file or submodule there."""

    path: str
    old: Entry | None
    new: Entry | None


def differing(objects: ObjectReader, one: str, other: str, most: int) -> list[Difference] | None:
    """What differs from one tree to the other, renames not looked for; None where it is more than `most`.

    Paths with surrogate escapes where they are not UTF-8. Raises MissingObject, StateBroken, GitFailed.
    """
    found = list(islice(_below(objects, one, other, ""), most + 1))
    return found if len(found) <= most else None


def _below(objects: ObjectReader, one: str | None, other: str | None, prefix: str) -> Iterator[Difference]:
    if one == other:
        return
    before, after = (b"" if tree is None else _content(objects, tree) for tree in (one, other))
    id_length = len(one or other or "") // 2
    for name, (old, new) in sorted(changed_entries(before, after, id_length=id_length).items()):
        path = prefix + name
        yield from _below(objects, _folder(old), _folder(new), f"{path}/")
        if _file(old) != _file(new):
            yield Difference(path, _file(old), _file(new))


def _content(objects: ObjectReader, tree: str) -> bytes:
    kind, content = objects.read(tree)
    if kind != TREE:
        raise ValueError(f"{tree} is a {kind}")
    return content


def _folder(entry: Entry | None) -> str | None:
    return entry.oid if entry is not None and entry.mode == DIRECTORY_MODE else None


def _file(entry: Entry | None) -> Entry | None:
    return entry if entry is not None and entry.mode != DIRECTORY_MODE else None
