"""Requests to a host: one file each in the run's control folder, obeyed in the order they came."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ccc.domain import runs
from ccc.domain.life import PAUSED, RUNNING, WAITING
from ccc.host import ending
from ccc.platform import trees
from ccc.runs.files import RunFiles, read_json

if TYPE_CHECKING:
    from ccc.host.host import Host

STOP, PAUSE, CARRY_ON, ANSWER, REST = "stop", "pause", "carry-on", "answer", "rest"
LIMITS, EXHAUST = "limits", "exhaust"


def obey(host: Host) -> None:
    """Does what was asked for since the last look."""
    for kind, document in [*requests(host.files), *spoken(host)]:
        if kind == STOP:
            host.end("stopped", str(document.get("why") or "stopped"))
        elif kind == PAUSE:
            pause(host, str(document.get("why") or "paused"))
        elif kind == CARRY_ON:
            _carry_on(host)
        elif kind == ANSWER:
            _answer(host, document)
        elif kind == LIMITS:
            host.budget.set(document.get("limits"))
        elif kind == REST:
            host.rest()
        elif kind == EXHAUST:
            host.budget.exhaust(str(document.get("what")), str(document.get("why")))


def spoken(host: Host) -> list[tuple[str, Mapping[str, Any]]]:
    """What was asked for by the bell itself since the last look: a full disk has no room for files."""
    lines, host.called = host.called.splitlines(), b""
    found = []
    for line in lines:
        with contextlib.suppress(ValueError):
            document = json.loads(line.lstrip(b"."))
            found.append((str(document["kind"]), document))
    return found


def pause(host: Host, why: str) -> None:
    """Halts the tree where it stands; the host itself goes on, and so does a command that holds a lock."""
    if host.state.phase == PAUSED:
        return
    host.paused_from = host.state.phase
    trees.suspend(ending.sparing(host.layout, host.tree))
    trees.carry_on_below(ending.holders(host.layout))
    _turn_to(host, PAUSED, why)


def _carry_on(host: Host) -> None:
    host.parking.wake()
    host.budget.carry_on()
    trees.carry_on(host.tree)
    host.watch.heard()
    if host.state.phase == PAUSED:
        phase = WAITING if host.state.requests else host.paused_from
        _turn_to(host, RUNNING if phase == WAITING and not host.state.requests else phase, "taken up again")


def _answer(host: Host, document: Mapping[str, Any]) -> None:
    for request in host.state.requests:
        if request.id == document.get("request") and host.agent is not None and host.engine is not None:
            host.agent.write(host.engine.answer(request, str(document.get("text", ""))))
            host.turns.settle(request.id, "it was answered")


def _turn_to(host: Host, phase: str, why: str) -> None:
    host.state.turn_to(phase, why)
    host.pulse.write(host.state)
    host.facts.tell(runs.phase(host.whose, phase, why))


def requests(files: RunFiles) -> list[tuple[str, Mapping[str, Any]]]:
    """What was asked for since the last look, as (kind, document); each is given once.

    A stop stays: whoever finds the host killed before it had recorded its end knows that a person wanted one.
    """
    try:
        found = [path for path in files.control.iterdir() if path.suffix == ".json" and path.name[0] != "."]
    except (FileNotFoundError, NotADirectoryError):
        return []
    taken: list[tuple[str, Mapping[str, Any]]] = []
    for path in sorted(found, key=lambda path: path.stat().st_mtime_ns):
        document = read_json(path)
        if document is None or document.get("kind") != STOP:
            path.unlink(missing_ok=True)
        if document is not None:
            taken.append((str(document.get("kind")), document))
    return taken
