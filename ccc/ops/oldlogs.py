"""Logs of closed sessions on this machine: which are old, and deleting them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ccc.domain.status import seconds_between
from ccc.ids import short
from ccc.layout import Layout
from ccc.ops.observe import all_sessions
from ccc.ops.retired import all_retired
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.runs.files import SessionFiles
from ccc.store.protocol import State


@dataclass(frozen=True)
class OldLogs:
    """The log files of one closed session here, their bytes, and the seconds since it was closed."""

    id: str
    name: str
    seconds: float
    files: tuple[Path, ...]
    bytes: int


def old_logs(workspace: Workspace, state: State, span: float, now: str) -> list[OldLogs]:
    """Logs of sessions closed, or retired, at least `span` seconds ago. Orders and exit records stay."""
    closed = [(each.id, each.name, each.closed.at) for each in all_sessions(state) if each.closed]
    closed += [(each.id, each.name, each.closed_at) for each in all_retired(state)]
    found = []
    for identifier, name, at in closed:
        seconds = seconds_between(at, now)
        files = sorted(_logs(workspace.layout, identifier, name)) if seconds >= span else []
        if files:
            size = sum(map(_size, files))
            found.append(OldLogs(identifier, name, seconds, tuple(files), size))
    return found


def delete(logs: Sequence[OldLogs]) -> None:
    """Deletes the files; one that is gone already is no matter. Raises OSError."""
    for each in logs:
        for path in each.files:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


def _logs(layout: Layout, identifier: str, name: str) -> Iterator[Path]:
    """What its engine and host printed, and what its checks and set-up commands did."""
    files = SessionFiles.of(layout, identifier)
    for number in range(1, (files.latest() or 0) + 1):
        run = files.run(number)
        for path in (run.log, run.log.with_name(f"{run.log.name}.1"), run.errors, run.host_errors):
            if path.is_file():
                yield path
    with contextlib.suppress(FileNotFoundError):
        yield from (path for path in layout.logs.iterdir() if _is_log(path.name, identifier, name))


def _size(path: Path) -> int:
    """In bytes; nothing where somebody else has just deleted it."""
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def _is_log(file: str, identifier: str, name: str) -> bool:
    """Whether checks of this session wrote it, its set-up commands, or a gate."""
    checks, own = f"[0-9a-f]+-{short(identifier)}", re.escape(name)
    gate = f"gate-{own}-[0-9a-f]+(-base|-[0-9a-f]{{8}})?"
    return bool(re.fullmatch(rf"(setup-{own}|{own}-{checks}|{gate})-\d+(-again\d+)?\.log", file))
