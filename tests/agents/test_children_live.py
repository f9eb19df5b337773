"""A session that an agent spawned is one like any other: what ends or halts its parent leaves it alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.agents.conftest import Starts
from tests.support.agents import Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

WAITS = [{"wait": {"seconds": 300}}]


def spawned(parent: Agent, ccc: RunsCcc) -> Agent:
    """The session that the parent's agent spawned, once it runs."""

    def other() -> list[dict[str, str]]:
        known = ccc("status", "--json", exit=0).json["sessions"]
        return [each for each in known if each["id"] != parent.id and each["status"] == "running"]

    found = until(other, "the child")[0]
    return Agent(found["name"], found["id"], Path(found["worktree"]), ccc, parent.runs)


def halted(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "T"


@pytest.mark.slow
def test_a_child_outlives_its_parent_and_is_not_halted_with_it(
    ready: Repo, start: Starts, ccc: RunsCcc, tmp_path: Path
) -> None:
    script = tmp_path / "child.yml"
    script.write_text(yaml.safe_dump({"turns": [{"steps": WAITS}]}), encoding="utf-8")
    command = f"git ccc spawn backend 'A smaller part' --engine rehearsal:{script}"
    parent = start([{"run": command}, *WAITS])
    child = spawned(parent, ccc)
    try:
        ccc("pause", parent.name, exit=0)
        assert halted(parent.pid("agent"))
        assert not halted(child.pid("agent"))
        assert not halted(child.pid("host"))
        ccc("resume", parent.name, exit=0)
        ccc("stop", parent.name, exit=0)
        now = child.status()
        assert (now["status"], now["restarts"]) == ("running", 0), now["evidence"]
    finally:
        child.end()
