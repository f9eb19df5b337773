"""Facts of a run: started, how its turns go, what was denied, how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.life import Denied, Ending
from ccc.domain.sessions import stream_of
from ccc.domain.status import short_engine
from ccc.records import dataclass

WHY_LENGTH = 500
TO_BE_RESTARTED = "stopped to be started again"
"""Why a run ended that `git ccc restart` ended: another one follows at once, unless that was killed."""


@dataclass(frozen=True)
class Whose:
    """The run that facts are about: the session's id and name, the run's number, the engine's name."""

    session: str
    name: str
    run: int
    engine: str


def started(whose: Whose, conversation: str, *, resumed: bool) -> Draft:
    """The engine spoke for the first time."""
    verb = "resumed" if resumed else "started"
    change: dict[str, Value] = {"conversation": conversation, "engine": whose.engine, "paused": None}
    return _fact(whose, verb, f"{verb} {short_engine(whose.engine)}", "running", "a turn goes on", change)


def phase(whose: Whose, status: str, why: str, spent: Mapping[str, Value] | None = None) -> Draft:
    """The run is now running, idle, waiting, limited or paused; `spent` are the cells of what it used."""
    return _fact(whose, status, f"{status}: {why}" if why else status, status, why, spent or {})


def parked(whose: Whose, why: str, until: str, spent: Mapping[str, Value]) -> Draft:
    """The run waits for the end of a rate limit; nothing of it works until then."""
    draft = phase(whose, "limited", f"{why}, until {until}", spent)
    stream = stream_of(whose.session)
    record: dict[str, Value] = {"status": "limited", "why": _cut(why), "until": until}
    changes = {stream: {**draft.changes[stream], f"run.{whose.run}": record}}
    return replace(draft, changes=changes)


def spent(whose: Whose, cells: Mapping[str, Value]) -> Draft:
    """What a run used so far, in mid-turn; `cells` record it."""
    stream = stream_of(whose.session)
    return Draft("session.spent", whose.name, "used more", {stream: cells}, session=whose.session, by="ccc")


def denied(whose: Whose, what: Denied) -> Draft:
    """A tool was denied to the agent; diary only."""
    text = f"was denied {what.tool}" + (f": {_cut(what.what, 120)}" if what.what else "")
    data: dict[str, Value] = {"tool": what.tool, "what": _cut(what.what)}
    return Draft("session.denied", whose.name, text, session=whose.session, by="ccc", data=data)


def troubled(whose: Whose, why: str) -> Draft:
    """Something outside the session fails and is tried again; diary only, once for each time of trouble."""
    return Draft("session.troubled", whose.name, _cut(why, 200), session=whose.session, by="ccc")


def compacted(whose: Whose, before: int | None, after: int | None) -> Draft:
    """Its conversation was made shorter; diary only."""
    known = before is not None and after is not None
    text = "compacted its context" + (f" from {before} to {after} tokens" if known else "")
    data: dict[str, Value] = {"before": before, "after": after}
    return Draft("session.compacted", whose.name, text, session=whose.session, by="ccc", data=data)


def garbled(whose: Whose, why: str) -> Draft:
    """The engine printed something that could not be read; diary only, once a run."""
    text = f"printed something unreadable: {_cut(why, 120)}"
    return Draft("session.garbled", whose.name, text, session=whose.session, by="ccc")


def log_lost(whose: Whose, path: str) -> Draft:
    """Its output can no longer be kept; diary only, once a run."""
    text = f"its output is no longer kept: {path} cannot be written"
    return Draft("session.log-lost", whose.name, text, session=whose.session, by="ccc")


def restarted(whose: Whose, why: str, count: int) -> Draft:
    """Its process ended unexpectedly and was started again."""
    return _fact(whose, "restarted", f"restarted after {why}", "starting", f"restart {count} after {why}", {})


def ended(whose: Whose, ending: Ending, spent: Mapping[str, Value] | None = None) -> Draft:
    """The run is over; `spent` are the cells of what it used."""
    words = {"idle": "at rest", "lost": "lost"}.get(ending.status, ending.status)
    text = f"{words}: {ending.why}" if ending.why else words
    if ending.why.startswith(words):
        text = ending.why
    return _fact(
        whose,
        "rested" if ending.status == "idle" else ending.status,
        text,
        ending.status,
        ending.why,
        spent or {},
    )


def _fact(whose: Whose, kind: str, text: str, status: str, why: str, change: Mapping[str, Value]) -> Draft:
    record: dict[str, Value] = {"status": status, "why": _cut(why)}
    return Draft(
        type=f"session.{kind}",
        subject=whose.name,
        text=_cut(text, 200),
        session=whose.session,
        changes={stream_of(whose.session): {f"run.{whose.run}": record, **change}},
        by="ccc",
    )


def _cut(text: str, length: int = WHY_LENGTH) -> str:
    clean = text.encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= length else clean[: length - 1] + "…"
