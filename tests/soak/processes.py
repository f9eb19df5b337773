"""Who lives: the agents, hosts and everything else of one repository, as the system says."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from ccc.platform import processes

PROC = Path("/proc")
MARK = b"CCC_RUN="


@dataclass(frozen=True)
class Living:
    """A process: `kind` is agent, host or other, `session` the id it works for."""

    pid: int
    parent: int
    identity: str
    kind: str
    session: str
    run: str
    folder: str

    @property
    def alive(self) -> bool:
        """Whether it is still there."""
        return processes.alive(self.identity)

    def kill(self) -> bool:
        """Kills this process and no other; whether it was there."""
        try:
            door = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            if not self.alive:
                return False
            signal.pidfd_send_signal(door, signal.SIGKILL)
        except ProcessLookupError:
            return False
        finally:
            os.close(door)
        return True


def look(common: Path) -> list[Living]:
    """Agents and hosts of the repository, and all that agents have started, in no order."""
    wanted = os.fsencode(common)
    found = [_living(int(path.name), wanted) for path in PROC.iterdir() if path.name.isdecimal()]
    return [each for each in found if each is not None]


def _living(pid: int, common: bytes) -> Living | None:
    folder = PROC / str(pid)
    try:
        arguments = (folder / "cmdline").read_bytes().split(b"\0")
        if b"ccc.host" in arguments and common in arguments:
            where = arguments.index(common)
            session, run = arguments[where + 1].decode(), arguments[where + 2].decode()
            return Living(pid, _parent(folder), processes.identity(pid), "host", session, run, "/")
        return _marked(pid, folder, arguments, common)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None


def _marked(pid: int, folder: Path, arguments: list[bytes], common: bytes) -> Living | None:
    """A process that an agent is, or has started: its environment says for which run, its folder where."""
    marks = [each for each in (folder / "environ").read_bytes().split(b"\0") if each.startswith(MARK)]
    if not marks or arguments == [b""]:
        return None
    session, _, run = marks[0].removeprefix(MARK).decode().partition(".")
    if not (Path(os.fsdecode(common)) / "ccc" / "runs" / session).is_dir():
        return None
    kind = "agent" if b"--input-format" in arguments and b"stream-json" in arguments else "other"
    where = str((folder / "cwd").readlink())
    return Living(pid, _parent(folder), processes.identity(pid), kind, session, run, where)


def _parent(folder: Path) -> int:
    return int((folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
