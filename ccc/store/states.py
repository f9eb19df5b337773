"""States: all streams at one commit, and the same with pending events laid over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from ccc.domain import stamps
from ccc.domain.cells import Cells, join
from ccc.domain.events import Event, delta
from ccc.errors import StateBroken
from ccc.git.objects import BLOB, object_id
from ccc.ids import algorithm_of
from ccc.store.history import History
from ccc.store.parsing import Codec, in_order
from ccc.store.protocol import State

_Thing = TypeVar("_Thing")


class Before:
    """The state before `init`: nothing."""

    tip = None
    clock = stamps.GENESIS

    def stream(self, name: str) -> Cells:
        """Empty."""
        del name
        return {}

    def streams(self, kind: str) -> Mapping[str, Cells]:
        """Empty."""
        del kind
        return {}

    def things(self, codec: Codec[_Thing]) -> Mapping[str, _Thing]:
        """Empty."""
        del codec
        return {}

    def blob(self, oid: str) -> bytes:
        """Raises StateBroken: nothing is stored."""
        raise StateBroken(f"no blob {oid} before refs/ccc exists", "git ccc init")


class Recorded:
    """The state at a commit; streams are read when they are asked for."""

    def __init__(self, history: History, tip: str) -> None:
        record = history.record(tip)
        self._history = history
        self._tree = record.commit.tree
        self.tip: str | None = tip
        self.clock = record.clock

    def stream(self, name: str) -> Cells:
        """The cells of one stream; empty where there is none. Raises MissingObject."""
        return self._history.tree.read_stream(self._tree, name)

    def streams(self, kind: str) -> Mapping[str, Cells]:
        """All streams of one kind, by full name."""
        return self._history.tree.read_streams(self._tree, kind)

    def things(self, codec: Codec[_Thing]) -> Mapping[str, _Thing]:
        """All streams of the codec's kind, parsed, by full name and in the codec's order."""
        return self._history.parser.things(self._tree, codec)

    def blob(self, oid: str) -> bytes:
        """The bytes of a blob. Raises MissingObject."""
        return self._history.objects.read(oid)[1]


class Overlaid:
    """A state with events that are not on the ref yet."""

    def __init__(self, base: State, events: Sequence[Event], blobs: Iterable[bytes] = ()) -> None:
        self._base = base
        self._delta = delta(events)
        self._blobs = tuple(blobs)
        self._by_id: dict[str, dict[str, bytes]] = {}
        self.tip = base.tip
        self.clock = max([base.clock, *(event.id for event in events)])

    @property
    def touched(self) -> Iterable[str]:
        """The streams that the pending events speak of."""
        return self._delta.keys()

    def stream(self, name: str) -> Cells:
        """The cells of one stream, pending ones joined in."""
        base = self._base.stream(name)
        return join(base, self._delta[name]) if name in self._delta else base

    def streams(self, kind: str) -> Mapping[str, Cells]:
        """All streams of one kind, pending ones joined in."""
        found = dict(self._base.streams(kind))
        for name, cells in self._delta.items():
            if name.startswith(f"{kind}/"):
                found[name] = join(found.get(name, {}), cells)
        return found

    def things(self, codec: Codec[_Thing]) -> Mapping[str, _Thing]:
        """All streams of the codec's kind, parsed, pending cells joined in, in the codec's order."""
        base = self._base.things(codec)
        touched = (name for name in self._delta if name.startswith(f"{codec.kind}/"))
        changed = {name: codec.parse(name.partition("/")[2], self.stream(name)) for name in touched}
        return in_order({**base, **changed}, codec) if changed else base

    def blob(self, oid: str) -> bytes:
        """The bytes of a blob, also of one that travels with a pending event."""
        algorithm = algorithm_of(oid)
        if algorithm not in self._by_id:
            self._by_id[algorithm] = {object_id(BLOB, one, algorithm=algorithm): one for one in self._blobs}
        found = self._by_id[algorithm].get(oid)
        return self._base.blob(oid) if found is None else found


def state_at(history: History, tip: str | None) -> State:
    """The state at a commit, or before there was any."""
    return Before() if tip is None else Recorded(history, tip)
