"""The undoing of a landing about to happen on this machine: written, synced to disk, before the target moves.

One that was killed halfway is recognised by it and brought to its end by the next command.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from ccc.layout import Layout
from ccc.platform.files import write_whole
from ccc.records import dataclass

NAME = "undoing.json"
MOVED_BACK, REVERTED, GONE = "moved back", "reverted", "gone"


@dataclass(frozen=True)
class WayBack:
    """A session's branch that shall go from `old` to `new`, and the work trees on it.

    Back from its advance commit where its target is moved back, else on to one that can land again.
    """

    old: str
    new: str
    tops: tuple[str, ...]


@dataclass(frozen=True)
class Undoing:
    """The landing `commit` of `session` shall be undone: `target` goes from `old` to `new`.

    `how` is `moved back`, `reverted`, or `gone` where the target did not contain it any more; `tops` are
    checkouts of the target to bring along, `by` the person, `back` the way that the session's branch
    goes, `remarks` what is worth saying aloud, `remote` whose branch of that name moves first.
    """

    session: str
    target: str
    commit: str
    old: str
    new: str
    how: str
    tops: tuple[str, ...]
    by: str
    back: WayBack | None
    remarks: tuple[str, ...]
    remote: str | None = None


def write(layout: Layout, undoing: Undoing) -> None:
    """Records the intention durably. Raises OSError."""
    write_whole(layout.root / NAME, json.dumps(asdict(undoing)), durable=True)


def read(layout: Layout) -> Undoing | None:
    """The intention on record, None where nothing is being undone."""
    try:
        record = json.loads((layout.root / NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    back = record["back"]
    way = None if back is None else WayBack(back["old"], back["new"], tuple(back["tops"]))
    lists = {name: tuple(record[name]) for name in ("tops", "remarks")}
    return Undoing(**{**record, **lists, "back": way})


def forget(layout: Layout) -> None:
    """The undoing is complete, or will not happen."""
    (layout.root / NAME).unlink(missing_ok=True)
