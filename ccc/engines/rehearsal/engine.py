"""The rehearsal engine: a scripted agent, spoken to in JSON lines; for demonstrations, tests and try-outs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ccc.domain.life import Denied, Request
from ccc.engines.protocol import (
    Asked,
    Background,
    Busy,
    Did,
    Garbled,
    Launch,
    Limited,
    Received,
    Refused,
    Settled,
    Sign,
    Spent,
    Spoke,
    Task,
    TurnEnded,
    Used,
)
from ccc.errors import EngineFailed

WHAT_LENGTH = 200
MODULE = "ccc.engines.rehearsal"


class Rehearsal:
    """One process of the player (`python -m ccc.engines.rehearsal SCRIPT MEMORY`)."""

    name = "rehearsal"
    resumes = True
    one_turn = False

    def __init__(self, script: str) -> None:
        self._script = script

    def launch(self, task: Task) -> Launch:
        """The script by its absolute path: it is played in the worktree. Raises EngineFailed without one."""
        script = Path(self._script).absolute()
        if not self._script or not script.is_file():
            raise EngineFailed(f"no script {self._script or 'given'}", "--engine rehearsal:PATH")
        memory = task.folder.parent / f"rehearsal-{task.conversation}.json"
        return Launch((sys.executable, "-E", "-P", "-m", MODULE, str(script), str(memory)), talks=True)

    def greeting(self, task: Task) -> bytes:
        return self.message("", task.prompt) if task.prompt else b""

    def message(self, identifier: str, text: str) -> bytes:
        return _line({"type": "message", "id": identifier, "text": text})

    def answer(self, request: Request, text: str) -> bytes:
        return _line({"type": "answer", "id": request.id, "text": text})

    def interrupt(self) -> bytes:
        return _line({"type": "interrupt"})

    def usage(self) -> bytes:
        return b""

    def forgot(self, words: str) -> bool:
        return False

    def read(self, line: bytes) -> Sequence[Sign]:
        try:
            found = json.loads(line)
            reader = READERS.get(found["type"])
            return () if reader is None else (reader(found),)
        except (ValueError, TypeError, LookupError, RecursionError):
            return (
                Garbled(f"{len(line)} bytes that mean nothing: {line[:60].decode('utf-8', 'replace')!r}"),
            )


def _busy(found: Mapping[str, Any]) -> Sign:
    return Busy(_words(found["text"])[:WHAT_LENGTH])


def _tool(found: Mapping[str, Any]) -> Sign:
    return Busy(f"{_words(found['name'])} {_words(found['input'])}"[:WHAT_LENGTH])


def _ended(found: Mapping[str, Any]) -> Sign:
    failure = found.get("failure")
    return TurnEnded(
        said=_words(found["text"]),
        failure=None if failure is None else _words(failure),
        interrupted=found.get("interrupted") is True,
        limited=_limited(found["limited"]) if found.get("limited") else None,
    )


def _asks(found: Mapping[str, Any]) -> Sign:
    choices = tuple(_words(each) for each in found["choices"])
    return Asked(Request(_words(found["id"]), _words(found["kind"]), _words(found["text"]), choices))


def _used(found: Mapping[str, Any]) -> Sign:
    context = found.get("context")
    return Used(
        Spent(
            input=_whole(found["input"]),
            output=_whole(found["output"]),
            micro_usd=_whole(found["micro_usd"]),
            context=None if context is None else _whole(context),
        )
    )


def _limited(found: Mapping[str, Any]) -> Limited:
    until = found["until"]
    return Limited("a rehearsed rate limit", None if until is None else _words(until))


def _did(found: Mapping[str, Any]) -> Sign:
    return Did("", _words(found["what"]), _words(found["mark"]))


READERS: Mapping[str, Callable[[Mapping[str, Any]], Sign]] = {
    "ready": lambda _: Spoke(),
    "received": lambda found: Received(_words(found["id"])),
    "turn": lambda found: Busy(f"turn {_whole(found['n'])}"),
    "says": _busy,
    "waits": _busy,
    "tool": _tool,
    "denied": lambda found: Refused(Denied(_words(found["tool"]), _words(found["what"]))),
    "asks": _asks,
    "settled": lambda found: Settled(_words(found["id"])),
    "limited": _limited,
    "did": _did,
    "tasks": lambda found: Background(_whole(found["count"])),
    "used": _used,
    "turn-ended": _ended,
}
"""Line kinds that mean something; every other is only a sign of life."""


def _words(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(value)
    return value


def _line(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=True).encode("ascii") + b"\n"
