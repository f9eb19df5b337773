"""A lease: who alone may do something for a while; the last commit of a chain on `refs/ccc-lease/<name>`."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any

from ccc.domain.canonical import canon
from ccc.records import dataclass

TRAILER = "Ccc-Lease: "
_PLAIN = re.compile(r"[A-Za-z0-9_-]")


@dataclass(frozen=True)
class Lease:
    """One state of a lease.

    `holder` tells holders apart, `who` says it in words; `epoch` grows with each taking, `beat` with each
    sign of life; unchanged for `seconds` on an observer's clock it is over. `landed` is the last commit put
    on the branch that the lease is about, in any epoch. `at` (RFC 3339 UTC) is for people.
    """

    name: str
    holder: str
    who: str
    epoch: int
    beat: int
    seconds: int
    at: str
    released: bool = False
    landed: str | None = None


def message(lease: Lease) -> str:
    """The commit message that records it."""
    what = "released by" if lease.released else "held by"
    record = {key: value for key, value in asdict(lease).items() if key != "released"}
    record["released"] = 1 if lease.released else 0
    return f"{lease.name}: epoch {lease.epoch} {what} {lease.who}\n\n{TRAILER}{canon(record)}\n"


def parse(text: str) -> Lease:
    """The lease in a commit message. Raises ValueError, KeyError for another message."""
    line = next((line for line in reversed(text.splitlines()) if line.startswith(TRAILER)), None)
    if line is None:
        raise ValueError("not a lease")
    record: dict[str, Any] = json.loads(line.removeprefix(TRAILER))
    return Lease(
        name=str(record["name"]),
        holder=str(record["holder"]),
        who=str(record["who"]),
        epoch=int(record["epoch"]),
        beat=int(record["beat"]),
        seconds=int(record["seconds"]),
        at=str(record["at"]),
        released=bool(record["released"]),
        landed=record["landed"],
    )


def landing_name(branch: str) -> str:
    """The lease of landings on a branch; what a reference's name may not hold apart is `%XX`."""
    return "land-" + "".join(
        one if _PLAIN.match(one) else "".join(f"%{byte:02X}" for byte in one.encode()) for one in branch
    )
