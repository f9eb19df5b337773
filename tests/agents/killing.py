"""What tests of recovery do and look at: kills, runs, orders."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

from ccc.platform import table
from tests.support.agents import Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.support.settling import until_none


def order(agent: Agent, run: int) -> dict[str, Any]:
    """What was ordered for a run."""
    found: dict[str, Any] = json.loads((agent.runs / agent.id / str(run) / "order.json").read_bytes())
    return found


def runs_of(agent: Agent) -> list[int]:
    """The numbers of its runs."""
    return sorted(int(path.name) for path in (agent.runs / agent.id).iterdir() if path.name.isdecimal())


def at_work(agent: Agent) -> None:
    """Waits until the file that its first step writes is there."""
    until((agent.path / "one").exists, "the first step")


def kill(agent: Agent, who: str = "host") -> None:
    """kill -9 of its host (its agent dies with it) or its agent; returns when that is gone."""
    pid = agent.pid(who)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not lives(pid), "its end")


def strand(agent: Agent, repo: Repo) -> None:
    """kill -9 of the only host of a repository, when nobody else of ccc is there to bring its session back.

    Halted first, for it would start another lookout, whose drain would be at it before the test is.
    """
    os.kill(agent.pid("host"), signal.SIGSTOP)
    no_lookout_is_left(repo)
    kill(agent)


def no_lookout_is_left(repo: Repo) -> None:
    """Ends who watches the worktrees, and waits until no drain is left that it may have started."""

    def left() -> list[int]:
        found = lookouts_of(repo)
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        return found + drains_of(repo)

    until_none(left, "the end of the lookout, and of the drains that it started")


def no_drain_is_left(repo: Repo) -> None:
    """Waits until every background drain has ended."""
    until_none(lambda: drains_of(repo), "the end of every drain")


def lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def drains_of(repo: Repo) -> list[int]:
    """The background drains of a repository."""
    return _of(repo, b"drain")


def lookouts_of(repo: Repo) -> list[int]:
    """Who watches the worktrees of a repository: one process, which outlives the last host by seconds."""
    return _of(repo, b"--lookout")


def _of(repo: Repo, word: bytes) -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    lines = {pid: table.command(pid) for pid in pids}
    return [pid for pid, line in lines.items() if word in line and str(repo.common).encode() in line]


def taken_up(agent: Agent, run: int) -> None:
    """Waits until a run's agent has spoken."""
    until(lambda: (agent.runs / agent.id / str(run) / "life.json").exists(), f"run {run}")
    until(lambda: agent.life(run)["agent"] and agent.life(run)["spoke"], f"the agent of run {run}")


def ended(agent: Agent, ccc: RunsCcc, run: int = 1) -> dict[str, Any]:
    """The exit record of a run, once somebody has seen to it."""
    ccc("drain", "--recover", exit=0)
    path = agent.runs / agent.id / str(run) / "exit.json"
    until(path.exists, f"the end of run {run}")
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


OTHER_BOOT = "00000000-1111-4222-8333-444444444444\n"


def rebooted(other: Path, *command: str) -> list[str]:
    """A command line that sees another boot id, which the file `other` gets; needs root."""
    other.write_text(OTHER_BOOT, encoding="ascii")
    script = 'mount --bind "$1" /proc/sys/kernel/random/boot_id && shift && exec "$@"'
    return ["unshare", "-m", "sh", "-c", script, "sh", str(other), *command]
