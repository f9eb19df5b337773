"""Streams of stamped cells as git trees: `<kind>/<2 hex of sha1(id)>/<id>/state.json`."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from ccc.domain.cells import Cells, dump, join, load
from ccc.errors import StateBroken
from ccc.git.objects import (
    BLOB,
    DIRECTORY_MODE,
    FILE_MODE,
    TREE,
    Entry,
    ObjectDatabase,
    ObjectReader,
    build_tree,
    directories_in,
    parse_tree,
)
from ccc.ids import digest

STATE_FILE = "state.json"
STREAM_DEPTH = 3
CACHED_TREES = 20_000
CACHED_STATES = 5_000
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.md\Z")
_OID = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_Item = TypeVar("_Item")
_Naming = Callable[[str, str], str | None]


def path_of(stream: str) -> tuple[str, str, str]:
    """Where a stream lies in the tree: kind, two hexadecimal digits, id."""
    kind, _, identifier = stream.partition("/")
    return kind, digest("sha1", identifier.encode())[:2], identifier


def files_in(cells: Cells) -> dict[str, str]:
    """The cells that appear as files: fields named `*.md` that hold a blob's id; name to id."""
    return {name: str(value) for name, (_, value) in cells.items() if is_file(name, value)}


def is_file(field: str, value: object) -> bool:
    """Whether a field with this value appears as a file."""
    return bool(_FILE_NAME.match(field)) and isinstance(value, str) and bool(_OID.match(value))


class _Recent(OrderedDict[str, _Item]):
    """The last so many items by object id; objects never change, so neither do these."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def keep(self, oid: str, item: _Item) -> _Item:
        self[oid] = item
        if len(self) > self.limit:
            self.popitem(last=False)
        return item


class CellTree:
    """Reads streams. An absent name is an empty stream; a missing object raises MissingObject."""

    def __init__(self, objects: ObjectReader) -> None:
        self.objects = objects
        self._trees: _Recent[dict[str, Entry]] = _Recent(CACHED_TREES)
        self._states: _Recent[Cells] = _Recent(CACHED_STATES)

    def forget(self) -> None:
        """Drops what was kept of objects read before."""
        self._trees.clear()
        self._states.clear()

    def read_stream(self, tree: str, stream: str) -> Cells:
        """The cells of one stream."""
        for name in path_of(stream):
            entry = self.entries(tree).get(name)
            if entry is None or entry.mode != DIRECTORY_MODE:
                return {}
            tree = entry.oid
        return self.cells_of(tree)

    def cells_of(self, directory: str) -> Cells:
        """The cells of a stream's directory; empty where it holds no state."""
        entry = self.entries(directory).get(STATE_FILE)
        return {} if entry is None else self._state(entry.oid)

    def read_streams(self, tree: str, kind: str) -> dict[str, Cells]:
        """All streams of a kind, by full name, read level by level."""
        entry = self.entries(tree).get(kind)
        return {} if entry is None else self._streams_below([(kind, entry)])

    def read_all(self, tree: str) -> dict[str, Cells]:
        """Every stream of a tree, by full name."""
        return self._streams_below(list(self.entries(tree).items()))

    def shards(self, kind_tree: str) -> list[str]:
        """The ids of the trees that the streams of a kind are spread over, in order."""
        return list(self.directories([kind_tree])[kind_tree].values())

    def directories(self, shards: Sequence[str]) -> dict[str, dict[str, str]]:
        """Of the directories in each of these trees: name (of a stream its identifier) to id."""
        known = {shard: self._trees[shard] for shard in shards if shard in self._trees}
        wanted = [shard for shard in shards if shard not in known]
        found = {
            shard: {name: entry.oid for name, entry in _directories(list(entries.items()))}
            for shard, entries in known.items()
        }
        for shard, (kind, content) in zip(wanted, self.objects.read_many(wanted), strict=True):
            _require_tree(shard, kind)
            found[shard] = directories_in(content, id_length=len(shard) // 2)
        return found

    def cells_of_all(self, directories: Mapping[str, str]) -> dict[str, Cells]:
        """The cells of streams given by name and directory, read in as few round trips as can be."""
        parents = [(name, Entry(DIRECTORY_MODE, oid)) for name, oid in directories.items()]
        files = self._below(parents, lambda stream, name: stream if name == STATE_FILE else None)
        self._prefetch_states(entry.oid for _, entry in files)
        found = {stream: self._state(entry.oid) for stream, entry in files}
        return {name: found.get(name, {}) for name in directories}

    def _streams_below(self, kinds: list[tuple[str, Entry]]) -> dict[str, Cells]:
        kinds = _directories(kinds)
        shards = _directories(self._below(kinds, lambda kind, _: kind))
        streams = _directories(self._below(shards, lambda kind, name: f"{kind}/{name}"))
        files = self._below(streams, lambda stream, name: stream if name == STATE_FILE else None)
        self._prefetch_states(entry.oid for _, entry in files)
        return {stream: self._state(entry.oid) for stream, entry in files}

    def _below(self, parents: list[tuple[str, Entry]], named: _Naming) -> list[tuple[str, Entry]]:
        self._prefetch_trees(entry.oid for _, entry in parents)
        found = []
        for path, parent in parents:
            for name, entry in self.entries(parent.oid).items():
                path_below = named(path, name)
                if path_below is not None:
                    found.append((path_below, entry))
        return found

    def entries(self, tree: str) -> dict[str, Entry]:
        """The entries of a tree, not to be changed by the caller."""
        known = self._trees.get(tree)
        if known is not None:
            return known
        return self._parsed_tree(tree, *self.objects.read(tree))

    def _parsed_tree(self, oid: str, kind: str, content: bytes) -> dict[str, Entry]:
        _require_tree(oid, kind)
        return self._trees.keep(oid, parse_tree(content, id_length=len(oid) // 2))

    def _state(self, oid: str) -> Cells:
        known = self._states.get(oid)
        if known is not None:
            return known
        return self._parsed_state(oid, self.objects.read(oid)[1])

    def _parsed_state(self, oid: str, content: bytes) -> Cells:
        try:
            return self._states.keep(oid, load(content))
        except ValueError as error:
            raise StateBroken(f"object {oid} is no state of ccc: {error}", "git ccc fsck") from error

    def _prefetch_trees(self, oids: Iterable[str]) -> None:
        wanted = [oid for oid in dict.fromkeys(oids) if oid not in self._trees]
        self._trees.limit = max(self._trees.limit, 2 * len(wanted))
        for oid, (kind, content) in zip(wanted, self.objects.read_many(wanted), strict=True):
            self._parsed_tree(oid, kind, content)

    def _prefetch_states(self, oids: Iterable[str]) -> None:
        wanted = [oid for oid in dict.fromkeys(oids) if oid not in self._states]
        self._states.limit = max(self._states.limit, 2 * len(wanted))
        for oid, (_, content) in zip(wanted, self.objects.read_many(wanted), strict=True):
            self._parsed_state(oid, content)


def _require_tree(oid: str, kind: str) -> None:
    if kind != TREE:
        raise StateBroken(f"object {oid} is a {kind} where a tree belongs", "git ccc fsck")


def _directories(entries: list[tuple[str, Entry]]) -> list[tuple[str, Entry]]:
    return [(name, entry) for name, entry in entries if entry.mode == DIRECTORY_MODE]


class CellTreeWriter(CellTree):
    """Also writes: every tree is a pure function of the cells in it."""

    objects: ObjectDatabase

    def __init__(self, objects: ObjectDatabase) -> None:
        super().__init__(objects)

    def apply(self, tree: str | None, delta: Mapping[str, Cells]) -> str:
        """The tree with these cells joined in."""
        changed: dict[str, dict[str, dict[str, str]]] = {}
        for stream, cells in sorted(delta.items()):
            have = {} if tree is None else self.read_stream(tree, stream)
            joined = join(have, cells)
            if joined != have:
                kind, shard, identifier = path_of(stream)
                changed.setdefault(kind, {}).setdefault(shard, {})[identifier] = self.write_stream(joined)
        if not changed:
            return self.write_tree({}) if tree is None else tree
        return self._put_kinds(tree, changed)

    def _put_kinds(self, tree: str | None, changed: dict[str, dict[str, dict[str, str]]]) -> str:
        kinds = {} if tree is None else dict(self.entries(tree))
        for kind, shards in changed.items():
            below = dict(self._entries_at(kinds, kind))
            for shard, streams in shards.items():
                entries = dict(self._entries_at(below, shard))
                entries.update({name: Entry(DIRECTORY_MODE, oid) for name, oid in streams.items()})
                below[shard] = Entry(DIRECTORY_MODE, self.write_tree(entries))
            kinds[kind] = Entry(DIRECTORY_MODE, self.write_tree(below))
        return self.write_tree(kinds)

    def _entries_at(self, parent: Mapping[str, Entry], name: str) -> dict[str, Entry]:
        entry = parent.get(name)
        return self.entries(entry.oid) if entry is not None and entry.mode == DIRECTORY_MODE else {}

    def write_stream(self, cells: Cells) -> str:
        """The directory of a stream: `state.json`, and each file cell under its name."""
        content = dump(cells)
        state = self.objects.write(BLOB, content)
        self._states.keep(state, cells)
        entries = {name: Entry(FILE_MODE, oid) for name, oid in files_in(cells).items()}
        return self.write_tree({**entries, STATE_FILE: Entry(FILE_MODE, state)})

    def write_tree(self, entries: dict[str, Entry]) -> str:
        """Stores a tree."""
        oid = self.objects.write(TREE, build_tree(entries))
        self._trees.keep(oid, entries)
        return oid

    def join_trees(self, one: str, other: str) -> str:
        """The tree whose streams are the joins of both trees' streams; equal parts are never opened."""
        return self._join(one, other, 0)

    def _join(self, one: str, other: str, depth: int) -> str:
        if one == other:
            return one
        if depth == STREAM_DEPTH:
            return self.write_stream(join(self.cells_of(one), self.cells_of(other)))
        joined = dict(self.entries(one))
        for name, entry in self.entries(other).items():
            joined[name] = self._join_entries(joined[name], entry, depth) if name in joined else entry
        return self.write_tree(joined)

    def _join_entries(self, one: Entry, other: Entry, depth: int) -> Entry:
        """Two directories join; a file that ccc never put there (a foreign commit) is decided by its id."""
        if one.mode == other.mode == DIRECTORY_MODE:
            return Entry(DIRECTORY_MODE, self._join(one.oid, other.oid, depth + 1))
        return max(one, other, key=lambda entry: (entry.mode, entry.oid))
