"""Processes that die, or are overtaken, in the middle of something; all inside this one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from ccc.store import crashpoints, journal, processes, wal

DYING = pytest.mark.filterwarnings(
    "ignore:unclosed:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
"""A dying process closes nothing: what simulated ones leave open is no fault of the store."""

STORE = str(Path(crashpoints.__file__).parent)


class Killed(BaseException):
    """The simulated process is gone; nothing in the product may catch this."""


class Processes:
    """Which simulated process runs now, and which of them live: what `/proc` says to real ones."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.number = 0
        self._started = 0
        self._living: set[str] = set()
        self._dying = False
        self._action: Callable[[], None] = self._die
        release = journal.Claim.release
        for module in (processes, wal):
            patch.setattr(module, "own_name", lambda lane: f"{lane}.{self.number}.1")
            patch.setattr(module, "lives", lambda name: "." in name and name.split(".")[1] in self._living)
        patch.setattr(journal.Claim, "release", lambda claim: None if self._dying else release(claim))
        patch.setattr(crashpoints, "stop", self._stopped)
        patch.setattr(os, "fsync", lambda descriptor: None)  # power is cut by putting old files back

    def start(self) -> int:
        """The number of a new process."""
        self._started += 1
        self._living.add(str(self._started))
        return self._started

    def end(self, number: int) -> None:
        """The process is no more."""
        self._living.discard(str(number))

    @contextmanager
    def running(self, number: int) -> Iterator[None]:
        """What happens inside is done by this process."""
        before, self.number = self.number, number
        try:
            yield
        finally:
            self.number = before

    def _die(self) -> None:
        self._dying = True
        raise Killed

    def _stopped(self) -> None:
        os.environ.pop(crashpoints.VARIABLE, None)
        self._action()

    @contextmanager
    def stopping_at(self, point: str, action: Callable[[], None] | None = None) -> Iterator[None]:
        """At a crash point the process dies, or `action` happens beside it."""
        before, self._action = self._action, action or self._die
        os.environ[crashpoints.VARIABLE] = point
        try:
            yield
        finally:
            os.environ.pop(crashpoints.VARIABLE, None)
            self._action, self._dying = before, False

    @contextmanager
    def dying_at_line(self, number: int) -> Iterator[None]:
        """The process dies before the so-and-so-many-th line it runs in the store."""
        left = number

        def line(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal left
            if event == "line":
                left -= 1
                if left == 0:
                    self._die()
            return line

        def call(frame: FrameType, event: str, argument: Any) -> Any:
            return line if frame.f_code.co_filename.startswith(STORE) else None

        before = sys.gettrace()
        sys.settrace(call)
        try:
            yield
        finally:
            sys.settrace(before)
            self._dying = False
