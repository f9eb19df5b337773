"""Streams as objects of the domain, each parsed once for as long as its cells stay the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, islice
from typing import Any, Generic, Protocol, TypeVar

from ccc.domain.cells import Cells
from ccc.records import dataclass
from ccc.store.cache import Cache
from ccc.store.celltree import CellTree

_Thing = TypeVar("_Thing")
WORTH_KEEPING = 16
"""Streams parsed anew that make it worth to write the cache again: about the time it takes."""


class Codec(Protocol[_Thing]):
    """How the streams of one kind are parsed, and how the answer is written down and read back."""

    kind: str
    signature: str
    """Changes whenever rows of before can no longer be read."""

    def order(self, thing: _Thing) -> tuple[str, ...]:
        """What things are told in the order of."""

    def parse(self, identifier: str, cells: Cells) -> _Thing:
        """The thing in the cells of `<kind>/<identifier>`."""

    def encode(self, things: Sequence[_Thing]) -> dict[str, Any]:
        """The things as a JSON object."""

    def decode(self, document: dict[str, Any]) -> Sequence[_Thing]:
        """The things again. Raises ValueError, TypeError, KeyError or IndexError for anything else."""


@dataclass(frozen=True)
class _Kind(Generic[_Thing]):
    """All streams of a kind at one tree."""

    tree: str
    shards: Mapping[str, Sequence[str]]
    """The ids of the trees below, each to the identifiers in it."""
    things: Mapping[str, tuple[str, _Thing]]
    """Identifier to (id of the stream's directory, thing), shard after shard."""
    named: Mapping[str, _Thing]
    """Full name to thing, in the codec's order."""


class Parser:
    """Parses what differs from the last time, in this process or, by the cache, in another."""

    def __init__(self, tree: CellTree, cache: Cache | None = None) -> None:
        self._tree = tree
        self._cache = cache
        self._known: dict[str, _Kind[Any]] = {}

    def things(self, root: str, codec: Codec[_Thing]) -> Mapping[str, _Thing]:
        """Every stream of the codec's kind in the tree `root`, by full name and in order; not to be changed.

        What did not change since the last call is the same object again. Raises MissingObject.
        """
        entry = self._tree.entries(root).get(codec.kind)
        if entry is None:
            return {}
        known = self._known.get(codec.kind) or self._kept(codec)
        if known is None or known.tree != entry.oid:
            known = self._renewed(entry.oid, codec, known or _kind("", {}, {}, codec))
        self._known[codec.kind] = known
        return known.named

    def _renewed(self, tree: str, codec: Codec[_Thing], before: _Kind[_Thing]) -> _Kind[_Thing]:
        """All at another tree: what is in parts that did not change is not looked at."""
        shards = self._tree.shards(tree)
        read = self._tree.directories([shard for shard in shards if shard not in before.shards])
        kept = before.things
        fresh = {
            name: directory
            for below in read.values()
            for name, directory in below.items()
            if name not in kept or kept[name][0] != directory
        }
        parsed = {
            name: (fresh[name], codec.parse(name, cells))
            for name, cells in self._tree.cells_of_all(fresh).items()
        }
        names = {shard: before.shards[shard] if shard not in read else tuple(read[shard]) for shard in shards}
        found = _changed(tree, names, parsed, before, codec)
        if found is None:
            there = chain.from_iterable(names.values())
            found = _kind(tree, names, {name: parsed.get(name) or kept[name] for name in there}, codec)
        if self._cache is not None and len(fresh) >= WORTH_KEEPING:
            self._cache.put(codec.kind, codec.signature, _document(found, codec))
        return found

    def _kept(self, codec: Codec[_Thing]) -> _Kind[_Thing] | None:
        found = None if self._cache is None else self._cache.get(codec.kind, codec.signature)
        if found is None:
            return None
        try:
            things = zip(found["directories"], codec.decode(found["things"]), strict=True)
            names = iter(found["names"])
            shards = {str(oid): tuple(islice(names, count)) for oid, count in found["shards"]}
            known = dict(zip(found["names"], things, strict=True))
            return _kind(str(found["tree"]), shards, known, codec) if _agree(shards, known) else None
        except (AttributeError, ValueError, TypeError, KeyError, IndexError):
            return None


def _kind(
    tree: str,
    shards: Mapping[str, Sequence[str]],
    things: Mapping[str, tuple[str, _Thing]],
    codec: Codec[_Thing],
) -> _Kind[_Thing]:
    named = {f"{codec.kind}/{identifier}": thing for identifier, (_, thing) in things.items()}
    return _Kind(tree, shards, things, in_order(named, codec))


def _changed(
    tree: str,
    shards: Mapping[str, Sequence[str]],
    parsed: Mapping[str, tuple[str, _Thing]],
    before: _Kind[_Thing],
    codec: Codec[_Thing],
) -> _Kind[_Thing] | None:
    """The same streams as before, of which some have changed; None where one came, went or changed places."""
    if list(chain.from_iterable(shards.values())) != list(before.things):
        return None
    if any(codec.order(thing) != codec.order(before.things[name][1]) for name, (_, thing) in parsed.items()):
        return None
    changed = {f"{codec.kind}/{name}": thing for name, (_, thing) in parsed.items()}
    return _Kind(tree, shards, {**before.things, **parsed}, {**before.named, **changed})


def in_order(named: Mapping[str, _Thing], codec: Codec[_Thing]) -> dict[str, _Thing]:
    """Things by name in the codec's order."""
    return dict(sorted(named.items(), key=lambda item: codec.order(item[1])))


def _agree(shards: Mapping[str, Sequence[str]], things: Mapping[str, object]) -> bool:
    return [name for names in shards.values() for name in names] == list(things)


def _document(kind: _Kind[_Thing], codec: Codec[_Thing]) -> dict[str, Any]:
    directories, things = [one for one, _ in kind.things.values()], [one for _, one in kind.things.values()]
    return {
        "tree": kind.tree,
        "shards": [[oid, len(names)] for oid, names in kind.shards.items()],
        "names": list(kind.things),
        "directories": directories,
        "things": codec.encode(things),
    }
