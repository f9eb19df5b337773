"""How a run goes: written by its host, read with a look at the processes by everybody else."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import asdict, field
from typing import Any

from ccc.domain.canonical import Value
from ccc.domain.life import ENDED, RUNNING, Denied, Ending, Life, Request, Trouble
from ccc.layout import Layout
from ccc.platform import processes
from ccc.records import dataclass
from ccc.runs.files import RunFiles, SessionFiles, is_full, read_json, rewrite_json, write_json_reserved


@dataclass(frozen=True)
class Pulse:
    """What a host writes of its run; processes as identities (`pid start boot`), times RFC 3339 UTC.

    `untold` are cells of what was used and is not recorded yet.
    `clock` is how many seconds its wall clock is ahead of its monotonic one.
    """

    phase: str
    why: str
    at: str
    engine: str
    host: str
    agent: str | None = None
    spoke: str | None = None
    silent: float = 0.0
    turn: int = 0
    restarts: int = 0
    strikes: int = 0
    begun: bool = False
    background: int = 0
    until: str | None = None
    request: Request | None = None
    denied: tuple[Denied, ...] = ()
    untold: Mapping[str, Value] = field(default_factory=dict)
    requests: tuple[Request, ...] = ()
    trouble: Trouble | None = None
    outcome: Ending | None = None
    clock: float | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    used: Mapping[str, int] = field(default_factory=dict)


ENDED_SOMEHOW = {
    "status": "lost",
    "why": "written by another version of ccc",
    "at": "1970-01-01T00:00:00.000Z",
}
"""What an exit record says that leaves these out."""


def write(files: RunFiles, pulse: Pulse) -> None:
    """Makes a pulse known. Raises OSError."""
    rewrite_json(files.life, asdict(pulse))


def beat(files: RunFiles) -> None:
    """Says that the host lives and nothing changed: only the file's time moves."""
    os.utime(files.life)


def end(files: RunFiles, ending: Ending) -> None:
    """Writes the exit record. Raises OSError."""
    write_json_reserved(files.exit, asdict(ending), files.reserve)


def untold(files: RunFiles) -> Mapping[str, Any]:
    """What a host wrote down of use that it had not recorded; for when it is dead."""
    found = (read_json(files.life) or {}).get("untold")
    return found if isinstance(found, dict) else {}


def sight(layout: Layout, session: str) -> Life | None:
    """The youngest run of a session on this machine, as it is now; None where there was none.

    An order that nobody took is no run while there is an older one: whoever gave it was killed, or was beaten
    by another who started the same session.
    """
    files, first = SessionFiles.of(layout, session), None
    for number in files.numbers():
        run = files.run(number)
        found = sight_run(run, number)
        if found is not None and not _untaken(run, found):
            return found
        first = first or found
    return first


def _untaken(files: RunFiles, found: Life) -> bool:
    """Whether no host ever took this order, and nobody waits for one any more."""
    return found.host is None and found.ending is None and not files.life.exists()


def sight_run(files: RunFiles, number: int) -> Life | None:
    """One run as it is now; None where nothing is known of it."""
    try:
        return _looked_at(files, number)
    except FileNotFoundError:  # whoever began it was beaten by another, and has just taken its files away
        return None


def _looked_at(files: RunFiles, number: int) -> Life | None:
    ending = _ending(read_json(files.exit))
    document = read_json(files.life) or read_json(files.life)  # on a full disk it is written where it lies
    if document is None:
        return _unborn(files, number, ending)
    try:
        return _seen(files, number, document, ending)
    except (KeyError, TypeError, ValueError, AttributeError):
        return _of_another_version(files, number, document, ending)


def _seen(files: RunFiles, number: int, document: dict[str, Any], ending: Ending | None) -> Life:
    """What the host wrote; keys that this ccc does not know are left alone."""
    beaten = files.life.stat().st_mtime
    host, agent = processes.standing(document["host"]), processes.standing(document.get("agent"))
    if ending is None and (host is None or document["phase"] == ENDED):
        ending = _ending(read_json(files.exit))  # written after the first look, before the host was gone
    requests = _requests(document)
    vanished = _vanished(document, agent) if host is not None else None
    return Life(
        run=number,
        phase=document["phase"],
        why=document["why"],
        at=document["at"],
        engine=document["engine"],
        host=None if host is None else host.pid,
        agent=None if agent is None else agent.pid,
        spoke=document.get("spoke"),
        beat=_rfc3339(beaten),
        silent=document.get("silent", 0.0),
        turn=document.get("turn", 0),
        restarts=document.get("restarts", 0),
        strikes=document.get("strikes", 0),
        rebooted=not document["host"].endswith(f" {processes.boot_id()}"),
        begun=document.get("begun", document.get("turn", 0) > 0),
        background=document.get("background", 0),
        until=document.get("until"),
        request=requests[0] if requests else None,
        denied=tuple(Denied(each["tool"], each["what"]) for each in document.get("denied", ())),
        ending=ending,
        requests=requests,
        trouble=_trouble(document.get("trouble")),
        quiet=_quiet(beaten, document.get("clock")),
        halted=tuple(
            who for who, each in (("host", host), ("agent", agent)) if each is not None and each.halted
        ),
        outcome=_ending(document.get("outcome")),
        limits=_counts(document.get("limits")),
        used=_counts(document.get("used")),
        vanished=vanished,
        full=vanished is not None and is_full(files.root),
    )


def _vanished(document: dict[str, Any], agent: processes.Standing | None) -> int | None:
    """The process that the host named its agent, where there is none of that identity any more."""
    named = document.get("agent")
    if agent is not None or not isinstance(named, str) or not named.split(" ")[0].isdigit():
        return None
    return int(named.split(" ")[0])


def _requests(document: dict[str, Any]) -> tuple[Request, ...]:
    """What the engine waits for; an older host names the youngest only."""
    found = document.get("requests") or ([document["request"]] if document.get("request") else [])
    return tuple(_request(each) for each in found)


def _trouble(document: dict[str, Any] | None) -> Trouble | None:
    return None if document is None else Trouble(document["what"], document["since"])


def _quiet(beaten: float, clock: float | None) -> float | None:
    """Seconds since the host's beat, given when its wall clock was `clock` ahead of its monotonic one.

    Whether the clock was set since, or the machine asleep, makes no difference.
    """
    return None if clock is None else max(0.0, time.monotonic() + clock - beaten)


def _counts(found: object) -> dict[str, int]:
    """Whole numbers by name; what else stands there is left out."""
    known = found if isinstance(found, dict) else {}
    return {str(name): value for name, value in known.items() if isinstance(value, int)}


def _request(document: dict[str, Any]) -> Request:
    return Request(document["id"], document["kind"], document["text"], tuple(document.get("choices", ())))


def _of_another_version(
    files: RunFiles, number: int, document: dict[str, Any], ending: Ending | None
) -> Life:
    """A run whose host writes otherwise than this ccc reads: that it lives, and no more than that."""
    at = _rfc3339(files.life.stat().st_mtime)
    return Life(
        run=number,
        phase=RUNNING,
        why="its host is of another version of ccc",
        at=at,
        engine=str(document.get("engine", "")),
        host=_living(document.get("host")),
        agent=_living(document.get("agent")),
        spoke=None,
        beat=at,
        ending=ending,
    )


def _unborn(files: RunFiles, number: int, ending: Ending | None) -> Life | None:
    """A run whose host has not said anything: it is being started, or died of it."""
    order = read_json(files.order)
    if order is None:
        return None
    since = _rfc3339(files.order.stat().st_mtime)
    return Life(
        run=number,
        phase="starting",
        why="its host has not spoken yet",
        at=since,
        engine=str(order.get("engine", "")),
        host=_living(order.get("starter")),
        agent=None,
        spoke=None,
        beat=since,
        restarts=order.get("restarts", 0),
        strikes=order.get("strikes", 0),
        begun=order.get("resumes", False),
        ending=ending,
        born=False,
    )


def _living(process: Any) -> int | None:
    return int(process.split(" ")[0]) if isinstance(process, str) and processes.alive(process) else None


def _ending(document: dict[str, Any] | None) -> Ending | None:
    if document is None:
        return None
    words = {key: str(document.get(key, default)) for key, default in ENDED_SOMEHOW.items()}
    code = document.get("code")
    return Ending(words["status"], words["why"], words["at"], code if isinstance(code, int) else None)


def _rfc3339(moment: float) -> str:
    """A file time, in seconds since 1970."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(moment))}.{int(moment % 1 * 1000):03d}Z"
