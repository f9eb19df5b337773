"""The player's two pipes: JSON lines that it says, and JSON lines that it hears without ever missing one."""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

BEAT_SECONDS = 10.0
"""How often a player that waits says so: waiting is no silence."""

Found = TypeVar("Found")
Line = Mapping[str, Any]


class Interrupted(Exception):
    """The turn was ended from outside."""


class Deserted(Exception):
    """Standard input is closed, and the play waits for something that only comes from there."""


class Stream:
    """Hears on one descriptor, speaks on another; what was heard keeps its order."""

    def __init__(self, source: int = 0, sink: int = 1) -> None:
        self._source, self._sink = source, sink
        self._lines: deque[Line] = deque()
        self._partial = b""
        self._closed = False

    def say(self, kind: str, /, **what: object) -> None:
        """One line. Raises OSError when nobody reads any more."""
        self.write(json.dumps({"type": kind, **what}, ensure_ascii=True).encode("ascii") + b"\n")

    def write(self, data: bytes) -> None:
        """Bytes as they are. Raises OSError when nobody reads any more."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._sink, view) :]

    def next_message(self) -> Line | None:
        """The message that begins a turn, waited for; None when there will be none.

        An interruption or answer that comes between two turns has nothing to end or to settle.
        """
        while True:
            while self._lines:
                line = self._lines.popleft()
                if line.get("type") == "message":
                    return line
            if self._closed:
                return None
            self._hear(None)

    def take(self, kind: str, identifier: str | None = None) -> Line | None:
        """The oldest line of a kind that was heard, and no longer there; None where there is none."""
        for line in self._lines:
            if line.get("type") == kind and identifier in (None, line.get("id")):
                self._lines.remove(line)
                return line
        return None

    def listen(self, seconds: float = 0.0) -> None:
        """Hears what comes within a time, and not longer than until something comes. Raises Interrupted."""
        self._hear(seconds)
        interrupted = False
        while self.take("interrupt") is not None:
            interrupted = True
        if interrupted:
            raise Interrupted

    def rest(self, seconds: float, beat: float = BEAT_SECONDS) -> None:
        """Lets a time pass, listening. Raises Interrupted."""
        until = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() >= until or None, "a while", until=until, beat=beat)

    def wait(
        self,
        look: Callable[[], Found | None],
        words: str,
        *,
        poll: float | None = None,
        until: float | None = None,
        beat: float = BEAT_SECONDS,
    ) -> Found:
        """What `look` finds at last; `words` say what is waited for.

        It looks after each line heard, every `poll` seconds, and at the moment `until` (monotonic clock), and
        says every `beat` seconds that it waits. Raises Interrupted; Deserted where nothing can come any more.
        """
        due = time.monotonic() + beat
        while True:
            self.listen()
            found = look()
            if found is not None:
                return found
            if self._closed and poll is None and until is None:
                raise Deserted
            moment = time.monotonic()
            if moment >= due:
                self.say("waits", text=f"waits for {words}")
                due = moment + beat
            moments = [due, *([] if poll is None else [moment + poll]), *([] if until is None else [until])]
            self.listen(max(0.0, min(moments) - moment))

    def _hear(self, seconds: float | None) -> None:
        if self._closed:
            time.sleep(seconds or 0.0)
            return
        if not select.select([self._source], [], [], seconds)[0]:
            return
        data = os.read(self._source, 65536)
        self._closed = not data
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self._keep(line)

    def _keep(self, line: bytes) -> None:
        try:
            found = json.loads(line) if line.strip() else None
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            self._lines.append(found)
        elif line.strip():
            sys.stderr.write(f"left out a line that is no JSON object: {line[:60]!r}\n")
