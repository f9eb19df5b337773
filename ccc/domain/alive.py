"""What the look at an agent's host and process says: a status, since when, and the evidence for it."""

from __future__ import annotations

from ccc.domain.life import ENDED, IDLE, LIMITED, PAUSED, RUNNING, STARTING, Ending, Life
from ccc.records import dataclass

HUNG_SECONDS = 30.0
"""A host beats every five seconds."""

QUIET_SECONDS = 60.0
"""An agent that said nothing for so long is told to be silent, and for how long; in whole minutes."""

DENIED_SHOWN = 3


@dataclass(frozen=True)
class Evidence:
    """Why a status is believed: `source` (commit, check, report, ref, worktree, event), what, when."""

    source: str
    what: str
    at: str | None


Known = tuple[str, str, tuple[Evidence, ...]]
"""A status, since when (RFC 3339 UTC), and why it is believed."""


def of_life(life: Life, now: str) -> Known:
    """The status of a run by what its host wrote and who of it lives."""
    if life.host is None:
        return _without_host(life)
    if life.ending is not None and life.agent is None:
        return _over(life, life.ending)
    if "host" in life.halted:
        return _unknown(life, f"host pid {life.host} stands still, halted by a signal")
    if _hung(life, now):
        return _unknown(life, f"host pid {life.host} has not been heard since {clock(life.beat)}")
    if life.phase == ENDED:
        return _unknown(life, "its run just ends") if life.outcome is None else _over(life, life.outcome)
    if life.phase == PAUSED:
        return life.phase, life.at, (_why(life), _process(life, now), *_denied(life))
    if "agent" in life.halted:
        return _halted(life)
    if life.vanished is not None:
        return _unknown(life, _vanished(life))
    return life.phase, life.at, tuple(_phase(life, now))


def _hung(life: Life, now: str) -> bool:
    quiet = life.quiet if life.quiet is not None else seconds_between(life.beat, now)
    return quiet > HUNG_SECONDS


def _phase(life: Life, now: str) -> list[Evidence]:
    found = []
    if life.trouble is not None:
        since = life.trouble.since
        found.append(Evidence("stream", f"{life.trouble.what}, since {clock(since)}", since))
    found.append(_why(life))
    if life.phase == LIMITED and life.until:
        verb = "until" if seconds_between(now, life.until) > 0 else "it should have ended at"
        found.append(Evidence("event", f"{verb} {day_and_clock(life.until)}", life.at))
    if len(life.requests) > 1:
        found.append(Evidence("stream", f"{len(life.requests)} requests wait for an answer", life.at))
    return [*found, *_near(life), _process(life, now), *_denied(life)]


def _near(life: Life) -> tuple[Evidence, ...]:
    """Limits that are used so far that the agent got a word."""
    if not life.limits:
        return ()
    from ccc.domain.limits import near  # for those that have limits

    return tuple(Evidence("limit", words, life.beat) for words in near(life.limits, life.used))


def _why(life: Life) -> Evidence:
    return Evidence("stream" if life.phase in (RUNNING, IDLE) else "event", life.why, life.at)


def _process(life: Life, now: str) -> Evidence:
    host = "host pid" if life.born else "what starts its host, pid"
    process = f"{short_engine(life.engine)} pid {life.agent}" if life.agent else f"{host} {life.host}"
    heard = f", last heard {clock(life.spoke)}" if life.spoke else ""
    silence = seconds_between(life.spoke or life.at, now)
    if life.phase in (STARTING, RUNNING) and silence >= QUIET_SECONDS:
        heard += f", silent for {int(silence // 60)} min"
        heard += f" of {life.silent / 60:g} allowed" if life.silent else ""
    return Evidence("process", f"{process} alive{heard}", life.spoke or life.beat)


def _denied(life: Life) -> tuple[Evidence, ...]:
    """Tools that the run was not given: a turn may end well without what it was to do."""
    if not life.denied:
        return ()
    shown = [f"{each.tool} {each.what}".strip() for each in life.denied[-DENIED_SHOWN:]]
    more = f" and {len(life.denied) - DENIED_SHOWN} more" if len(life.denied) > DENIED_SHOWN else ""
    return (Evidence("stream", f"was denied {'; '.join(shown)}{more}", None),)


def _halted(life: Life) -> Known:
    """Its process stands still, and ccc has not done that."""
    what = (
        f"{short_engine(life.engine)} pid {life.agent} stands still, halted by a signal that ccc did not send"
    )
    since = life.spoke or life.at
    return PAUSED, since, (Evidence("process", what, since), _last_known(life))


def _vanished(life: Life) -> str:
    """In a moment its host says what became of its agent, unless that cannot be written."""
    full = ", and cannot write what it does: no space left on its disk" if life.full else ""
    gone = f"{short_engine(life.engine)} pid {life.vanished} is gone"
    return f"{gone}; host pid {life.host} lives{full}"


def _unknown(life: Life, what: str) -> Known:
    return "unknown", life.beat, (Evidence("process", what, life.beat), _last_known(life))


def _last_known(life: Life) -> Evidence:
    return Evidence("event", f"last known {life.phase}: {life.why}", life.at)


def _without_host(life: Life) -> Known:
    if life.agent is not None:
        return _unknown(life, f"its host is gone, {short_engine(life.engine)} pid {life.agent} lives")
    return _over(life, life.ending)


def _over(life: Life, ending: Ending | None) -> Known:
    if ending is None:
        gone = Evidence("process", "its process and its host are gone", life.beat)
        return (
            "unknown",
            life.beat,
            (gone, _last_known(life)),
        )  # it comes back, or is called lost by who sees to it
    code = "" if ending.code is None else f", exit {ending.code}"
    return ending.status, ending.at, (Evidence("exit", f"{ending.why}{code}", ending.at), *_denied(life))


def short_engine(reference: str) -> str:
    """The engine's name without its options."""
    return reference.partition(":")[0]


def clock(moment: str) -> str:
    """The time of day of an RFC 3339 moment."""
    return moment[11:19]


def day_and_clock(moment: str) -> str:
    """An RFC 3339 moment that may be days ahead: `2026-10-03 12:04 UTC`."""
    return f"{moment[:10]} {moment[11:16]} UTC"


def seconds_between(first: str, second: str) -> float:
    """Seconds from one RFC 3339 moment to another; 0 where one is missing."""
    if not first or not second:
        return 0.0
    from datetime import datetime  # 1 ms, and most answers need no difference

    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()
