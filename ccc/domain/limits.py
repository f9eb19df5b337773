"""Limits and what is used of them: which are near, which are reached, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ccc.domain.durations import spoken
from ccc.domain.life import Life
from ccc.domain.sessions import LIMITS, Limits, Session, Spending
from ccc.records import dataclass

NEAR = 80
"""Percent of a limit at which the agent gets a word (row S8)."""

DUE, BEGUN, OVER = "due", "begun", "over"
"""How far the one turn is in which an agent hands back."""

LOOP = "loop"
SHARED = ("day", "role", "person")
AT_ONCE = ("memory_bytes", "processes")
"""Limits of a moment: who is above them is halted where it stands, and has no turn to hand back."""


@dataclass(frozen=True)
class Reached:
    """A limit and what is used of it; `kind` is a field of Limits."""

    kind: str
    limit: int
    used: int

    @property
    def percent(self) -> int:
        """How much of it is used."""
        return 100 if self.limit <= 0 else self.used * 100 // self.limit

    @property
    def is_full(self) -> bool:
        """Whether nothing is left."""
        return self.used >= self.limit

    @property
    def words(self) -> str:
        """`its budget of 2.00 usd`, `its limit of 2 GB of memory`."""
        noun = "limit" if self.kind in AT_ONCE else "budget"
        return f"its {noun} of {spelt(self.kind, self.limit)}"

    @property
    def why(self) -> str:
        """The reason of a pause: what is used up, and how much was used."""
        verb = "is exceeded" if self.kind in AT_ONCE else "is used up"
        return f"{self.words} {verb}: {amount(self.kind, self.used)}"


def used_of(spending: Spending, *, memory_bytes: int = 0, processes: int = 0) -> Limits:
    """What is used, in the shape of limits."""
    tokens = (spending.input or 0) + (spending.output or 0)
    return Limits(spending.seconds or 0, tokens, spending.micro_usd or 0, memory_bytes, processes)


def limits_of(session: Session, life: Life | None) -> Limits:
    """What holds for a session: as its last run here was told, and as recorded since."""
    known = dict(life.limits) if life is not None else {}
    own = {kind: value for kind in LIMITS if (value := getattr(session.limits, kind)) is not None}
    return Limits(**{kind: value for kind, value in (known | own).items() if kind in LIMITS})


def used_by(session: Session, life: Life | None) -> Limits:
    """What a session has used: as recorded, or as the host of its living run counts it."""
    spending = session.spending
    tokens = None if spending.input is None else (spending.input or 0) + (spending.output or 0)
    recorded = Limits(spending.seconds, tokens, spending.micro_usd)
    if life is None or life.host is None or life.ending is not None:
        return recorded
    found = {kind: getattr(recorded, kind) for kind in LIMITS}
    for kind, value in life.used.items():
        if kind in found:
            found[kind] = max(value, found[kind] or 0)
    return Limits(**found)


def measured(limits: Limits, used: Limits) -> Iterator[Reached]:
    """Each limit that there is, with what is used of it."""
    for kind in LIMITS:
        limit = getattr(limits, kind)
        if limit is not None:
            yield Reached(kind, limit, getattr(used, kind) or 0)


def near(limits: Mapping[str, int], used: Mapping[str, int]) -> Iterator[str]:
    """In words each limit of which NEAR percent or more are used; both by the fields of Limits."""
    for kind in LIMITS:
        if kind in limits:
            found = Reached(kind, limits[kind], used.get(kind, 0))
            if found.percent >= NEAR:
                yield f"{found.percent} % of {found.words}: {amount(kind, found.used)}"


def spelt(kind: str, value: int) -> str:
    """An amount with its unit: `2.00 usd`, `200000 tokens`, `30 m`, `2 GB of memory`, `50 processes`."""
    suffix = {"tokens": " tokens", "processes": " processes", "memory_bytes": " of memory"}
    return amount(kind, value) + suffix.get(kind, "")


def amount(kind: str, value: int) -> str:
    """The same without the unit's noun."""
    if kind == "micro_usd":
        return f"{value / 1_000_000:.2f} usd"
    if kind == "seconds":
        return spoken(value)
    return size(value) if kind == "memory_bytes" else str(value)


def size(value: int) -> str:
    """Bytes in words: `2 GB`, `1.5 GB`, `300 MB`; powers of ten."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if value >= factor:
            return f"{value / factor:.3g} {unit}"
    return f"{value} bytes"
