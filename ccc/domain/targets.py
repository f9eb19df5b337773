"""Target branches as recorded: where each replica last saw them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccc.domain.canonical import Value
from ccc.domain.cells import Cells, values
from ccc.domain.events import Draft
from ccc.ids import short_oid

KIND = "targets"


def stream_of(branch: str) -> str:
    """The stream of a branch; `/` becomes `:`, which no ref may contain."""
    return f"{KIND}/{branch.replace('/', ':')}"


def field_of(replica: str) -> str:
    """The field that holds the tip a replica saw."""
    return f"tip.{replica}"


def recorded_tip(cells: Cells, replica: str) -> str | None:
    """The tip this replica recorded last, None before it recorded one."""
    tip = values(cells).get(field_of(replica))
    return tip if isinstance(tip, str) else None


def last_tip(cells: Cells, replica: str) -> str | None:
    """The last commit this replica knows of the branch, also of one that is gone."""
    known = values(cells)
    move = known.get(f"moved.{replica}")
    old = move.get("old") if isinstance(move, dict) else None
    return recorded_tip(cells, replica) or (old if isinstance(old, str) else None)


def lost_before(cells: Cells, replica: str) -> tuple[str, ...]:
    """The commits of landings that the last recorded move of the branch took from it."""
    return lost_by(values(cells).get(f"moved.{replica}"))


def lost_by(move: object) -> tuple[str, ...]:
    """The same of a recorded move."""
    found = move.get("lost") if isinstance(move, Mapping) else None
    return tuple(map(str, found)) if isinstance(found, (list, tuple)) else ()


def seen(branch: str, replica: str, tip: str) -> dict[str, dict[str, Value]]:
    """The change that records a tip as known."""
    return {stream_of(branch): {field_of(replica): tip}}


def moved(
    branch: str,
    replica: str,
    old: str,
    new: str | None,
    *,
    forced: bool,
    deciding: Sequence[str] = (),
    lost: Sequence[str] = (),
) -> Draft:
    """The fact that a target was moved by somebody else than ccc; stays in the inbox until acknowledged.

    `deciding` are the changed paths of what decides about later landings, `lost` the commits of landings that
    it does not contain any more.
    """
    how = "gone" if new is None else f"{'forced' if forced else 'moved'} to {short_oid(new)}"
    record: dict[str, Value] = {"old": old, "new": new, "forced": int(forced)}
    if deciding:
        record["deciding"] = list(deciding)
    if lost:
        record["lost"] = list(lost)
    changing = f", changing {', '.join(deciding)}" if deciding else ""
    return Draft(
        type="target.moved",
        subject=branch,
        text=f"{how} from {short_oid(old)} outside ccc{changing}",
        changes={stream_of(branch): {field_of(replica): new, f"moved.{replica}": record}},
        by=None,
        data=record,
    )
