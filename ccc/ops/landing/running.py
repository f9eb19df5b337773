"""Gates on this machine: which run now, and which somebody waits for; a small file for each."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ccc import ids
from ccc.layout import Layout, make_folder
from ccc.platform import processes
from ccc.platform.files import write_whole
from ccc.records import dataclass

GRACE_SECONDS = 5.0
RUN, WISH, DENIED = ".run", ".wish", ".denied"
KEPT_SECONDS = 60.0
"""How long a denial waits for who asked, who looks every moment while it lives."""

TROUBLE = "trouble"


@dataclass(frozen=True)
class Running:
    """A gate that runs: `worker` is the identity of its process, `marker` what its commands are found by.

    `ahead` are the sessions it is tested on, `on_base`: what failed is run on the target alone.
    """

    marker: str
    worker: str
    session: str
    target: str
    ahead: tuple[str, ...]
    on_base: bool
    since: str


def begin(layout: Layout, one: Running) -> None:
    """Notes that a gate begins, before it does."""
    _write(layout, f"{one.marker}{RUN}", asdict(one))


def end(layout: Layout, marker: str) -> None:
    """Notes that a gate has ended."""
    (layout.gates / f"{marker}{RUN}").unlink(missing_ok=True)


def all_running(layout: Layout) -> list[Running]:
    """The gates whose worker lives."""
    return [each for each in _noted(layout) if processes.alive(each.worker)]


def clear(layout: Layout) -> int:
    """Ends what a killed worker's gates left, and forgets them; how many. Call under the lock of gates.

    One that cannot be ended stays noted, for the next worker.
    """
    for denied in _files(layout, DENIED):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - denied.stat().st_ctime > KEPT_SECONDS:
                denied.unlink()
    from ccc.ops.commands import tree_of  # 5 ms, for the worker alone

    left = list(_noted(layout))
    for each in left:
        if not tree_of(each.marker).end(GRACE_SECONDS):
            end(layout, each.marker)
    return len(left)


def wish(layout: Layout, sessions: Sequence[str]) -> str:
    """Somebody waits for these, in this order, before everything that only stands in the queue; its name."""
    name = f"{ids.new_id()}{WISH}"
    _write(layout, name, {"sessions": list(sessions)})
    return name


def granted(layout: Layout, name: str) -> None:
    """Nobody waits for this any more."""
    (layout.gates / name).unlink(missing_ok=True)


def deny(layout: Layout, name: str) -> None:
    """Whoever waits for this is to give up."""
    with contextlib.suppress(FileNotFoundError):
        path = layout.gates / name
        path.rename(path.with_suffix(DENIED))


def is_denied(layout: Layout, name: str) -> bool:
    """Whether whoever waited for this is to give up; told once."""
    try:
        (layout.gates / name).with_suffix(DENIED).unlink()
    except FileNotFoundError:
        return False
    return True


def wishes(layout: Layout) -> dict[str, tuple[str, ...]]:
    """What is waited for, oldest first."""
    found = {path: _read(path) for path in _files(layout, WISH)}
    return {path.name: tuple(record.get("sessions", ())) for path, record in found.items() if record}


def _noted(layout: Layout) -> Iterator[Running]:
    for path in _files(layout, RUN):
        record = _read(path)
        if record:
            yield Running(**{**record, "ahead": tuple(record["ahead"])})


def _files(layout: Layout, ending: str) -> list[Path]:
    try:
        there = [path for path in layout.gates.iterdir() if path.suffix == ending]
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = []
    for path in there:
        with contextlib.suppress(FileNotFoundError):
            found.append((path.stat().st_mtime_ns, path))
    return [path for _, path in sorted(found)]


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(layout: Layout, name: str, record: dict[str, Any]) -> None:
    make_folder(layout.gates)
    write_whole(layout.gates / name, json.dumps(record))
