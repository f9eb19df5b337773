"""Agents on a full disk: who fills it can be stopped, and no dead process is called running."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents.conftest import Starts
from tests.support.agents import until
from tests.support.program import RunsCcc
from tests.support.repository import Repo, copy_repository

WORK = [{"say": "begin"}, {"wait": {"seconds": 600}}]


class Disk:
    """A file system of 12 MB that a test fills up and empties."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Takes whatever is free now."""
        with contextlib.suppress(OSError), (self.folder / "filler").open("ab", buffering=0) as file:
            while file.write(b"x" * 4096) == 4096:
                continue

    def make_room(self) -> None:
        (self.folder / "filler").unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def repo(disk: Disk, repo_template: Path) -> Repo:
    return copy_repository(repo_template, disk.folder / "repo")


def alive(pid: int) -> str:
    """The letter of a process's state, empty for one that is gone."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0].strip("ZX")
    except OSError:
        return ""


@pytest.mark.slow
def test_on_a_full_disk_agents_are_halted_and_ended_and_it_is_recorded_once_there_is_room(
    disk: Disk, start: Starts, ccc: RunsCcc
) -> None:
    first, second, orphan = (start(WORK, task=f"Part {number}") for number in range(3))
    pids = {}
    for agent in (first, second, orphan):
        agent.becomes("running")
        pids[agent.name] = agent.pid("agent")
    disk.fill()
    assert ccc("pause", second.name, exit=0).stdout == f"paused {second.name}\n"
    assert alive(pids[second.name]) == "T"
    assert second.status()["status"] == "paused"
    os.kill(orphan.pid("host"), signal.SIGKILL)
    disk.fill()
    said = ccc("stop", "--all", exit=0).stdout
    assert {line.split(":")[0] for line in said.splitlines()} == {
        f"stopped {each.name}" for each in (first, second, orphan)
    }
    assert "No space left on device" in said
    assert [alive(pid) for pid in pids.values()] == ["", "", ""]
    assert {each.status()["status"] for each in (first, second, orphan)} == {"stopped"}
    disk.make_room()
    until(lambda: not (alive(first.pid("host")) or alive(second.pid("host"))), "hosts that are done")

    def recorded() -> bool:
        ccc("drain", "--background", exit=0)
        events = ccc("log", "--type", "session.stopped", "--json", exit=0).json["events"]
        return {each["session"] for each in events} == {first.id, second.id, orphan.id}

    until(recorded, "stopped in the diary")
    assert {each.status()["status"] for each in (first, second, orphan)} == {"stopped"}


@pytest.mark.slow
def test_an_agent_that_is_gone_is_not_running_while_its_host_cannot_write(start: Starts) -> None:
    agent = start(WORK, WORK)
    agent.becomes("running")
    host, pid = agent.pid("host"), agent.pid("agent")
    limit = resource.prlimit(host, resource.RLIMIT_FSIZE)
    resource.prlimit(host, resource.RLIMIT_FSIZE, (0, limit[1]))
    os.kill(pid, signal.SIGKILL)
    seen = agent.becomes("unknown")
    assert f"rehearsal pid {pid} is gone; host pid {host} lives" in str(seen["evidence"])
    resource.prlimit(host, resource.RLIMIT_FSIZE, limit)
    agent.becomes("running")
