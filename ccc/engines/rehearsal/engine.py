"""The rehearsal engine: a scripted agent, spoken to in JSON lines; for demonstrations, tests and try-outs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ccc.domain.life import Denied, Request
from ccc.engines.protocol import (
    Asked,
    Background,
    Busy,
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


class Rehearsal:
    """One process of the player (`python -m ccc.engines.rehearsal`)."""

    name = "rehearsal"
    resumes = True
    one_turn = False

    def __init__(self, script: str) -> None:
        self._script = script

    def launch(self, task: Task) -> Launch:
        memory = task.folder.parent / f"rehearsal-{task.conversation}.json"
        argv = (sys.executable, "-E", "-P", "-m", "ccc.engines.rehearsal", self._script, str(memory))
        return Launch(argv, talks=True)

    def greeting(self, task: Task) -> bytes:
        return self.message("", task.prompt) if task.prompt else b""

    def message(self, identifier: str, text: str) -> bytes:
        return _line({"type": "message", "id": identifier, "text": text})

    def answer(self, request: Request, text: str) -> bytes:
        return _line({"type": "answer", "id": request.id, "text": text})

    def interrupt(self) -> bytes:
        return _line({"type": "interrupt"})

    def read(self, line: bytes) -> Sequence[Sign]:
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            return (
                Garbled(
                    f"{len(line)} bytes that are no JSON object: {line[:60].decode('utf-8', 'replace')!r}"
                ),
            )
        reader = _READERS.get(str(found.get("type")))
        return () if reader is None else reader(found)


def _received(found: Mapping[str, Any]) -> Sequence[Sign]:
    return (Received(str(found.get("id", ""))),)


def _busy(found: Mapping[str, Any]) -> Sequence[Sign]:
    return (Busy(str(found.get("text") or f"{found.get('name')} {found.get('input') or ''}")[:200]),)


def _ended(found: Mapping[str, Any]) -> Sequence[Sign]:
    interrupted = bool(found.get("interrupted"))
    return (TurnEnded(str(found.get("text", "")), found.get("failure"), interrupted=interrupted),)


def _asks(found: Mapping[str, Any]) -> Sequence[Sign]:
    choices = tuple(str(each) for each in found.get("choices") or ())
    return (
        Asked(Request(str(found["id"]), str(found.get("kind", "question")), str(found["text"]), choices)),
    )


def _used(found: Mapping[str, Any]) -> Sequence[Sign]:
    micro = found.get("micro_usd")
    context = found.get("context")
    return (Used(Spent(int(found.get("input", 0)), int(found.get("output", 0)), micro, context, None)),)


_READERS = {
    "ready": lambda _: (Spoke(),),
    "received": _received,
    "turn": lambda found: (Busy(f"turn {found.get('n')}"),),
    "says": _busy,
    "tool": _busy,
    "denied": lambda found: (Refused(Denied(str(found.get("tool")), str(found.get("what", "")))),),
    "asks": _asks,
    "settled": lambda found: (Settled(str(found.get("id"))),),
    "limited": lambda found: (Limited("a rehearsed rate limit", found.get("until")),),
    "tasks": lambda found: (Background(int(found.get("count", 0))),),
    "used": _used,
    "turn-ended": _ended,
}


def _line(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=True).encode("ascii") + b"\n"
