"""Streams as objects of the domain, each parsed once for as long as its cells stay the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

    def parse(self, identifier: str, cells: Cells) -> _Thing:
        """The thing in the cells of `<kind>/<identifier>`."""

    def encode(self, things: Sequence[_Thing]) -> dict[str, Any]:
        """The things as a JSON object."""

    def decode(self, document: dict[str, Any]) -> Sequence[_Thing]:
        """The things again. Raises ValueError, TypeError, KeyError or IndexError for anything else."""


@dataclass(frozen=True)
class _Kind(Generic[_Thing]):
    """All streams of a kind at one tree: identifier to (id of the stream's directory, thing)."""

    tree: str
    things: Mapping[str, tuple[str, _Thing]]


class Parser:
    """Parses what differs from the last time, in this process or, by the cache, in another."""

    def __init__(self, tree: CellTree, cache: Cache | None = None) -> None:
        self._tree = tree
        self._cache = cache
        self._known: dict[str, _Kind[Any]] = {}

    def things(self, root: str, codec: Codec[_Thing]) -> dict[str, _Thing]:
        """Every stream of the codec's kind in the tree `root`, by full name. Raises MissingObject."""
        entry = self._tree.entries(root).get(codec.kind)
        if entry is None:
            return {}
        known = self._known.get(codec.kind) or self._kept(codec)
        if known is None or known.tree != entry.oid:
            known = self._renewed(entry.oid, codec, {} if known is None else known.things)
        self._known[codec.kind] = known
        return {f"{codec.kind}/{identifier}": thing for identifier, (_, thing) in known.things.items()}

    def _renewed(
        self, tree: str, codec: Codec[_Thing], before: Mapping[str, tuple[str, _Thing]]
    ) -> _Kind[_Thing]:
        directories = self._tree.directories(tree)
        things = {
            identifier: before[identifier]
            for identifier, directory in directories.items()
            if identifier in before and before[identifier][0] == directory
        }
        fresh = {name: directory for name, directory in directories.items() if name not in things}
        for identifier, cells in self._tree.cells_of_all(fresh).items():
            things[identifier] = (fresh[identifier], codec.parse(identifier, cells))
        found = _Kind(tree, things)
        if self._cache is not None and len(fresh) >= WORTH_KEEPING:
            self._cache.put(codec.kind, codec.signature, _document(found, codec))
        return found

    def _kept(self, codec: Codec[_Thing]) -> _Kind[_Thing] | None:
        found = None if self._cache is None else self._cache.get(codec.kind, codec.signature)
        if found is None:
            return None
        try:
            things = zip(found["directories"], codec.decode(found["things"]), strict=True)
            return _Kind(str(found["tree"]), dict(zip(found["names"], things, strict=True)))
        except (AttributeError, ValueError, TypeError, KeyError, IndexError):
            return None


def _document(kind: _Kind[_Thing], codec: Codec[_Thing]) -> dict[str, Any]:
    directories, things = [one for one, _ in kind.things.values()], [one for _, one in kind.things.values()]
    return {
        "tree": kind.tree,
        "names": list(kind.things),
        "directories": directories,
        "things": codec.encode(things),
    }
