"""The files of a session's runs on this machine, below `<common dir>/ccc/runs/<session id>/`."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ccc.layout import Layout, make_folder
from ccc.platform.contents import content
from ccc.platform.files import write_whole
from ccc.records import dataclass

FULL = (errno.ENOSPC, errno.EDQUOT)
RESERVED = 1024
"""Bytes; an exit record is longer only where its reason is."""


@dataclass(frozen=True)
class SessionFiles:
    """What is common to all runs of a session: the lock that its host and its agent hold, mail, the bell."""

    root: Path

    @classmethod
    def of(cls, layout: Layout, session: str) -> SessionFiles:
        """The files of a session, by its id."""
        return cls(layout.runs / session)

    @property
    def lock(self) -> Path:
        """Locked (flock) by the host, inherited by the agent: whoever holds it works in the worktree."""
        return self.root / "lock"

    @property
    def recovery(self) -> Path:
        """Locked by whoever sees to a run without host."""
        return self.root / "recovery.lock"

    @property
    def mail(self) -> Path:
        """One file a message that waits for delivery, named `<message id>.json`."""
        return self.root / "mail"

    @property
    def bell(self) -> Path:
        """A fifo: one byte wakes the host."""
        return self.root / "bell"

    def run(self, number: int) -> RunFiles:
        """The files of one run."""
        return RunFiles(self.root / str(number))

    def latest(self) -> int | None:
        """The number of the youngest run here; None where there was none."""
        return max(self.numbers(), default=None)

    def numbers(self) -> list[int]:
        """The numbers of all runs here, youngest first."""
        try:
            names = os.listdir(self.root)  # noqa: PTH208, asked of every session in a look
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted((int(name) for name in names if name.isdecimal()), reverse=True)


@dataclass(frozen=True)
class RunFiles:
    """One run: what was ordered, how it goes, how it ended."""

    root: Path

    @property
    def order(self) -> Path:
        """What to start; written by whoever starts the host."""
        return self.root / "order.json"

    @property
    def life(self) -> Path:
        """How it goes; written by the host alone. Its file time is the host's heartbeat."""
        return self.root / "life.json"

    @property
    def exit(self) -> Path:
        """How it ended."""
        return self.root / "exit.json"

    @property
    def reserve(self) -> Path:
        """Room for the exit record, taken when the run begins: it is written on a full disk, too."""
        return self.root / ".exit.reserve"

    @property
    def log(self) -> Path:
        """What the engine printed, line by line as it came."""
        return self.root / "engine.log"

    @property
    def errors(self) -> Path:
        """What the engine wrote to stderr."""
        return self.root / "errors.log"

    @property
    def host_errors(self) -> Path:
        """What the host itself had to say; empty but for faults."""
        return self.root / "host.log"

    @property
    def control(self) -> Path:
        """Requests to the host, one file each: `stop.json`, `pause.json`, `answer-<id>.json`."""
        return self.root / "control"

    @property
    def hooks(self) -> Path:
        """What the engine's own hooks noted, one file each."""
        return self.root / "hooks"


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Writes a file whole or not at all, its folder too. Raises OSError."""
    make_folder(path.parent)
    _put(path, document)


def _put(path: Path, document: Mapping[str, Any]) -> None:
    write_whole(path, json.dumps(document, ensure_ascii=True))


def rewrite_json(path: Path, document: Mapping[str, Any]) -> None:
    """Like `write_json`; on a full disk into the room that the file has already. Raises OSError.

    No folder is made: of a run whose files were deleted nothing comes back.
    """
    try:
        _put(path, document)
    except OSError as error:
        if error.errno not in FULL:
            raise
        _write_into(path, document)


def write_json_reserved(path: Path, document: Mapping[str, Any], reserve: Path) -> None:
    """Like `write_json`; on a full disk into `reserve`, which becomes the file. Raises OSError."""
    try:
        write_json(path, document)
    except OSError as error:
        if error.errno not in FULL or not reserve.exists():
            raise
        _write_into(reserve, document)
        reserve.replace(path)
    else:
        with suppress(OSError):
            reserve.unlink(missing_ok=True)


def take_reserve(path: Path) -> None:
    """Takes room that `write_json_reserved` needs on a full disk. Raises OSError."""
    path.write_bytes(b" " * RESERVED)


def _write_into(path: Path, document: Mapping[str, Any]) -> None:
    """Writes over a file where it lies; it is filled up with spaces, which JSON allows at its end."""
    text = json.dumps(document, ensure_ascii=True).encode("ascii")
    descriptor = os.open(path, os.O_WRONLY)
    try:
        held = os.fstat(descriptor)
        if len(text) > max(held.st_size, held.st_blocks * 512):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        os.pwrite(descriptor, text.ljust(held.st_size), 0)
    finally:
        os.close(descriptor)


def is_full(path: Path) -> bool:
    """Whether a file system has no room left for what its user wants to write."""
    try:
        found = os.statvfs(path)
    except OSError:
        return False
    return found.f_bavail == 0 or (found.f_files > 0 and found.f_favail == 0)


def read_json(path: Path) -> dict[str, Any] | None:
    """The document in a file; None where there is none, or none that can be read."""
    try:
        found = json.loads(content(path))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def ring(files: SessionFiles, words: bytes = b".") -> bool:
    """Wakes the host; False where none listens. `words`, at most PIPE_BUF of them, reach it whole."""
    try:
        bell = os.open(files.bell, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        os.write(bell, words)
    except OSError:
        return words == b"."  # full: it is awake
    finally:
        os.close(bell)
    return True
