"""The engine's output on disk: bounded, and never a reason for the agent to stop."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

LIMIT = 64 * 1024 * 1024
"""Bytes of a log file; what comes after goes into a fresh one, and the one before is kept."""

ROOM = 128 * 1024
"""Bytes given back when the disk is full: what says how the run goes needs room more than its log."""


class Log:
    """Appends to a file; a full disk loses lines, not the run. `lost` counts the bytes not kept."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        self.path = path
        self.lost = 0
        self._limit = limit
        self._descriptor: int | None = None
        self._size = 0

    def write(self, data: bytes) -> None:
        """Keeps bytes as they came. Once something is lost nothing more is kept: half a log misleads."""
        if self.lost:
            self.lost += len(data)
            return
        try:
            self._turn(len(data))
            self._append(data)
        except OSError:
            self.lost += len(data)
            self._give_room()

    def close(self) -> None:
        """Lets go of the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _append(self, data: bytes) -> None:
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._size = os.fstat(self._descriptor).st_size
        view = memoryview(data)
        while view:
            done = os.write(self._descriptor, view)
            self._size += done
            view = view[done:]

    def _turn(self, more: int) -> None:
        if self._descriptor is not None and self._size + more > self._limit:
            self.close()
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))

    def _give_room(self) -> None:
        """Cuts the end of the log off, at a line, so that others can write."""
        if self._descriptor is None:
            return
        with suppress(OSError):
            os.ftruncate(self._descriptor, max(0, self._size - ROOM))
