"""An older state without the words of events that were redacted since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from ccc.domain.cells import Cells
from ccc.domain.redactions import KIND, Redaction, redactions_in, tombstone_of
from ccc.ids import blob_id
from ccc.store.parsing import Codec, in_order
from ccc.store.protocol import State

_Thing = TypeVar("_Thing")


def shrouded(old: State, present: State) -> State:
    """The old state as it may be shown now; the same object where nothing is redacted."""
    streams = present.streams(KIND)
    return Shrouded(old, redactions_in(streams)) if streams else old


class Shrouded:
    """A state whose cells show a tombstone where a redacted event had set them."""

    def __init__(self, base: State, redactions: Mapping[str, Redaction]) -> None:
        self._base = base
        self._redactions = redactions
        self.tip = base.tip
        self.clock = base.clock

    def stream(self, name: str) -> Cells:
        """The cells of one stream."""
        return self._shown(self._base.stream(name))

    def streams(self, kind: str) -> Mapping[str, Cells]:
        """All streams of one kind, by full name."""
        return {name: self._shown(cells) for name, cells in self._base.streams(kind).items()}

    def things(self, codec: Codec[_Thing]) -> Mapping[str, _Thing]:
        """All streams of the codec's kind, parsed; those with a tombstone anew."""
        base = self._base.things(codec)
        concerned = {
            name: codec.parse(name.partition("/")[2], self._shown(cells))
            for name, cells in self._base.streams(codec.kind).items()
            if self._concerned(cells)
        }
        return in_order({**base, **concerned}, codec) if concerned else base

    def blob(self, oid: str) -> bytes:
        """The bytes of a blob, or of a tombstone in its place."""
        for redaction in self._redactions.values():
            if blob_id(redaction.file, like=oid) == oid:
                return redaction.file
        return self._base.blob(oid)

    def _concerned(self, cells: Cells) -> bool:
        return any(stamp in self._redactions for stamp, _ in cells.values())

    def _shown(self, cells: Cells) -> Cells:
        if not self._concerned(cells):
            return cells
        shown = dict(cells)
        for field, (stamp, value) in cells.items():
            redaction = self._redactions.get(stamp)
            if redaction is not None:
                shown[field] = (stamp, tombstone_of(field, value, redaction))
        return shown
