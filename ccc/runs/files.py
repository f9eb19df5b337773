"""The files of a session's runs on this machine, below `<common dir>/ccc/runs/<session id>/`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ccc.layout import Layout
from ccc.records import dataclass


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
            names = [path.name for path in self.root.iterdir()]
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
    """Writes a file whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(json.dumps(document, ensure_ascii=True), encoding="ascii")
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def read_json(path: Path) -> dict[str, Any] | None:
    """The document in a file; None where there is none, or none that can be read."""
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def ring(files: SessionFiles) -> bool:
    """Wakes the host; False where none listens."""
    try:
        bell = os.open(files.bell, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        os.write(bell, b".")
    except OSError:
        return True  # full: it is awake
    finally:
        os.close(bell)
    return True
