"""Which session hosts there are on this machine: one small file each, so that looking at them costs little.

A host enters itself when it has its session's lock, and takes itself off when its exit record is written. Who
is entered and gone was killed. The folder is a help to find that quickly; what is true is in the runs' files.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ccc.layout import Layout, make_folder
from ccc.platform import processes
from ccc.platform.files import write_whole
from ccc.records import dataclass


@dataclass(frozen=True)
class Entry:
    """A host: its session's id, the number of its run, its identity (`pid start boot`)."""

    session: str
    run: int
    process: str

    @property
    def alive(self) -> bool:
        """Whether it lives."""
        return processes.alive(self.process)

    @property
    def pid(self) -> int:
        """Its process id."""
        return int(self.process.partition(" ")[0])


def enter(layout: Layout, session: str, run: int) -> None:
    """Enters this process as the host of a session. Raises OSError."""
    make_folder(layout.hosts)
    write_whole(layout.hosts / session, f"{run} {processes.own_identity()}\n")


def take_off(layout: Layout, session: str, run: int) -> None:
    """Takes the host of a run off, and those of runs before it; that of a later one stays."""
    found = read(layout, session)
    if found is None or found.run <= run:
        with suppress(OSError):
            (layout.hosts / session).unlink(missing_ok=True)


def read(layout: Layout, session: str) -> Entry | None:
    """The entry of a session's host; None where there is none that can be read."""
    try:
        run, _, process = (layout.hosts / session).read_text(encoding="ascii").strip().partition(" ")
        return Entry(session, int(run), process)
    except (OSError, ValueError):
        return None


def sessions(layout: Layout) -> list[str]:
    """The ids of the sessions whose host is entered, sorted."""
    return sorted(path.name for path in _files(layout))


def living(layout: Layout) -> list[Entry]:
    """All hosts that live."""
    found = (read(layout, session) for session in sessions(layout))
    return [entry for entry in found if entry is not None and entry.alive]


def any_dead(layout: Layout) -> bool:
    """Whether some host is entered and gone: somebody has to look after its session."""
    found = (read(layout, session) for session in sessions(layout))
    return any(entry is not None and not entry.alive for entry in found)


def _files(layout: Layout) -> list[Path]:
    try:
        return [path for path in layout.hosts.iterdir() if path.name[0] != "."]
    except (FileNotFoundError, NotADirectoryError):
        return []
