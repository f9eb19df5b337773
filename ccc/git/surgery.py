"""Changing a few trees on one path, whatever the size of the rest (two git processes)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ccc.errors import GitFailed
from ccc.git.command import Git
from ccc.git.objects import (
    BLOB,
    COMMIT,
    DIRECTORY_MODE,
    SUBMODULE_MODE,
    TREE,
    Entry,
    MissingObject,
    ObjectDatabase,
    ObjectReader,
    build_tree,
    object_id,
    parse_tree,
)
from ccc.ids import algorithm_of

Rows = dict[str, Entry]
Names = tuple[str, ...]
Objects = dict[str, tuple[str, bytes]]
"""By id: kind, and content."""


def subtree(git: Git, tree: str, path: str) -> str | None:
    """The tree at a path, None where there is no folder."""
    levels = _levels(git, tree, path.split("/"))
    entry = levels[-1].get(path.rpartition("/")[2]) if len(levels) == path.count("/") + 1 else None
    return entry.oid if entry is not None and entry.mode == DIRECTORY_MODE else None


def without(git: Git, tree: str, path: str) -> str:
    """The tree without the folder or file at `path`; folders emptied by that go, too."""
    names = path.split("/")
    made = _Made(algorithm_of(tree))
    cut = _cut(tree, names, _levels(git, tree, names), made.tree)
    made.store(git)
    return cut


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
    made = _Made(algorithm_of(tree))
    for name, rows in reversed(list(zip(names, levels, strict=True))):
        rows[name] = Entry(DIRECTORY_MODE, oid)
        oid = made.tree(rows)
    made.store(git)
    return oid


def with_same(objects: ObjectDatabase, tree: str, source: str, names: Sequence[str]) -> str:
    """The tree with what another tree has at a path, folders on the way made; itself where that has nothing.

    Without a process where the objects are at hand. Raises MissingObject, OSError, GitFailed.
    """
    there = _rows_of(objects, source).get(names[0])
    if there is None:
        return tree
    rows = _rows_of(objects, tree)
    if len(names) > 1:
        if there.mode != DIRECTORY_MODE:
            return tree
        below = rows.get(names[0])
        inner = below.oid if below is not None and below.mode == DIRECTORY_MODE else None
        start = inner or objects.write(TREE, b"")
        changed = with_same(objects, start, there.oid, names[1:])
        if changed == start:
            return tree
        there = Entry(DIRECTORY_MODE, changed)
    return objects.write(TREE, build_tree({**rows, names[0]: there}))


def without_in(objects: ObjectDatabase, tree: str, names: Sequence[str]) -> str | None:
    """As `without`, without a process; None where nothing would be left. Raises as `with_same`."""
    rows = _rows_of(objects, tree)
    there = rows.get(names[0])
    if there is None or (len(names) > 1 and there.mode != DIRECTORY_MODE):
        return tree
    inner = without_in(objects, there.oid, names[1:]) if len(names) > 1 else None
    if inner == there.oid:
        return tree
    rest = {name: entry for name, entry in rows.items() if name != names[0]}
    if inner is not None:
        rest[names[0]] = Entry(DIRECTORY_MODE, inner)
    return objects.write(TREE, build_tree(rest)) if rest else None


def with_entries(objects: ObjectReader, tree: str, changes: Mapping[str, Entry | None], made: Objects) -> str:
    """The tree with other entries at some paths (None: nothing there); what is new for it goes into `made`.

    Folders on the way are made, folders emptied go. Raises MissingObject, StateBroken, GitFailed.
    """
    found = _with(objects, tree, {tuple(path.split("/")): entry for path, entry in changes.items()}, made)
    return found or _keep(made, {}, algorithm_of(tree))


def _with(
    objects: ObjectReader, tree: str | None, changes: Mapping[Names, Entry | None], made: Objects
) -> str | None:
    """None where nothing is left."""
    rows = {} if tree is None else _rows_of(objects, tree)
    below: dict[str, dict[Names, Entry | None]] = {}
    here: Rows = {}
    for names, entry in changes.items():
        if len(names) > 1:
            below.setdefault(names[0], {})[names[1:]] = entry
        elif entry is not None:
            here[names[0]] = entry
        elif names[0] in rows and rows[names[0]].mode != DIRECTORY_MODE:
            del rows[names[0]]
    for name, inner in below.items():
        there = rows.get(name)
        folder = there.oid if there is not None and there.mode == DIRECTORY_MODE else None
        changed = _with(objects, folder, inner, made)
        if changed is not None:
            rows[name] = Entry(DIRECTORY_MODE, changed)
        elif folder is not None:
            del rows[name]
    rows.update(here)
    return _keep(made, rows, objects.algorithm) if rows else None


def _keep(made: Objects, rows: Rows, algorithm: str) -> str:
    content = build_tree(rows)
    oid = object_id(TREE, content, algorithm=algorithm)
    made[oid] = (TREE, content)
    return oid


def _rows_of(objects: ObjectReader, tree: str) -> Rows:
    return parse_tree(objects.read(tree)[1], id_length=len(tree) // 2)


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


class _Made:
    """Trees that are to be stored: all of them by one git process, which must name them as we do."""

    def __init__(self, algorithm: str) -> None:
        self._algorithm = algorithm
        self._trees: dict[str, Rows] = {}

    def tree(self, rows: Rows) -> str:
        """The id of a tree with these entries, which `store` will store."""
        oid = _id(self._algorithm, rows)
        self._trees[oid] = dict(rows)
        return oid

    def store(self, git: Git) -> None:
        """Stores what was made. Raises GitFailed."""
        if not self._trees:
            return
        given = "\0".join(_listed(rows) for rows in self._trees.values()) + "\0"
        asked = ("mktree", "-z", "--missing", "--batch")
        answer = git.run(*asked, input=given.encode("utf-8", "surrogateescape")).text.split()
        if answer != list(self._trees):
            raise GitFailed("git mktree named a tree otherwise than ccc", "git ccc doctor")


def _listed(rows: Rows) -> str:
    return "".join(f"{row.mode} {_kind(row.mode)} {row.oid}\t{name}\0" for name, row in rows.items())


def _kind(mode: str) -> str:
    return {DIRECTORY_MODE: TREE, SUBMODULE_MODE: COMMIT}.get(mode, BLOB)
