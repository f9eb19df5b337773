"""Agents resolve conflicts: their own when it is handed back, another's as a resolver; people approve."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.agents.conftest import Starts
from tests.support.agents import Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

TEXT = "1\n2\n3\n4\n5\n"
QUIET = "[radar]\non = false\n"
"""What the radar says to an agent that idles would begin the turn that the script has for the hand-back."""

BOTH = TEXT.replace("3", "both")
MERGE = [
    {"run": {"command": "git merge --quiet main", "expect": [1]}},
    {"edit": {"path": "numbers", "content": BOTH}},
    {"commit": {"message": "Keep both", "status": "done"}},
]


def says(line: str) -> list[dict[str, Any]]:
    return [
        {"edit": {"path": "numbers", "content": TEXT.replace("3", line)}},
        {"commit": {"message": f"Say {line}", "status": "done"}},
    ]


@pytest.fixture
def conflicting(ready: Repo, ccc: RunsCcc, start: Starts) -> Callable[..., Agent]:
    """An agent that is done, and in conflict with what another one landed."""

    def make(*turns: list[dict[str, Any]]) -> Agent:
        ready.commit("Numbers", {"numbers": TEXT, ".ccc/config.toml": QUIET})
        landed = start(says("theirs"), task="Say theirs")
        agent = start(says("ours"), *turns, task="Say ours")
        for each in (landed, agent):
            each.becomes("unchecked")
        ccc("merge", landed.name, "--yes", exit=0)
        return agent

    return make


def test_a_conflict_handed_back_is_resolved_by_its_agent_and_lands_once_approved(
    ready: Repo, ccc: RunsCcc, conflicting: Callable[..., Agent], diary: Callable[[], list[str]]
) -> None:
    agent = conflicting(MERGE)
    assert ccc("merge", agent.name, "--yes", exit=3).stderr.splitlines()[0] == (
        "error: backend-say-ours: 1 file is in conflict with main"
    )
    told = ccc("resolve", agent.name, "--hand-back", exit=0).stdout
    assert told.startswith("handed back 1 file to backend-say-ours: its agent gets it")
    assert "conflict" not in [each["kind"] for each in ccc("inbox", "--json", exit=0).json["items"]]
    until(lambda: any("resolved as" in line for line in diary()), "the fact that it is resolved")
    agent.becomes("unchecked")
    (message,) = ccc("log", agent.name, "--type", "message.sent", "--json", exit=0).json["events"]
    assert "Your work does not merge into main" in message["text"]
    shown = ccc("resolve", agent.name, "--json", exit=0).json
    head = Repo(agent.path).oid()
    assert shown["conflicts"] == []
    assert (shown["resolution"]["state"], shown["resolution"]["commit"]) == ("resolved", head)
    assert ccc("merge", agent.name, exit=3).exit == 3
    ccc("merge", agent.name, "--yes", exit=0)
    assert ready.git("show", "main:numbers") == BOTH.strip()
    remembered = list((ready.common / "ccc" / "rerere").iterdir())
    assert len(remembered) == 1


def test_a_resolver_makes_a_proposal_on_the_branch_that_a_person_approves(
    ready: Repo, ccc: RunsCcc, conflicting: Callable[..., Agent], tmp_path: Path
) -> None:
    agent = conflicting()
    head = Repo(agent.path).oid()
    script = tmp_path / "resolver.yml"
    steps = [{"run": "git rev-parse --verify --quiet MERGE_HEAD"}, *MERGE[1:]]
    script.write_text(yaml.safe_dump({"turns": [{"steps": steps}]}), encoding="utf-8")
    engine = ("--session", "backend", "--engine", f"rehearsal:{script}")
    for step in ("resolver-spawned", "resolver-merging"):
        killed = ccc("resolve", agent.name, *engine, env={"CCC_TEST_STOP_AT": step})
        assert killed.exit == -signal.SIGKILL
    made = ccc("resolve", agent.name, *engine, exit=0).stdout
    name = made.split()[0]
    assert made.splitlines()[0] == f"{name} resolves 1 file for backend-say-ours"
    runs = ready.common / "ccc" / "runs"
    found = ccc("status", name, "--json", exit=0).json["sessions"][0]
    resolver = Agent(name, found["id"], Path(found["worktree"]), ccc, runs)
    try:
        resolver.becomes("completed")
        agent.becomes("unchecked")
    finally:
        resolver.end()
    again = ccc("resolve", agent.name, exit=0).stdout
    assert "it merges cleanly into main" in again
    commit = Repo(agent.path).oid()
    assert Repo(agent.path).git("log", "-1", "--format=%P") == f"{head} {ready.oid('main')}"
    assert Repo(agent.path).git("status", "--porcelain") == ""
    assert not (agent.path / ".ccc" / "sessions" / name).exists()
    shown = ccc("review", agent.name, "--json", exit=0).json
    assert (shown["entry"]["head"], shown["why_not"]) == (
        commit,
        ["approval by a person is missing (0 of 1)"],
    )
    ccc("merge", agent.name, "--yes", exit=0)
    assert ready.git("show", "main:numbers") == BOTH.strip()
    ccc("fsck", exit=0)


def test_a_branch_whose_agent_is_in_a_turn_is_not_moved(
    ready: Repo, ccc: RunsCcc, conflicting: Callable[..., Agent]
) -> None:
    agent = conflicting([{"wait": {"seconds": 300}}])
    place = Path(ccc("resolve", agent.name, "--here", exit=0).stdout.strip())
    (item,) = ccc("inbox", "--json", exit=0).json["items"]
    assert (item["kind"], item["command"]) == ("conflict", f"git ccc resolve {agent.name} --here --done")
    ccc("send", agent.name, "go on", exit=0)
    until(lambda: agent.life()["phase"] == "running", "the next turn")
    (place / "numbers").write_text(BOTH)
    Repo(place).git("add", "numbers")
    refused = ccc("resolve", agent.name, "--here", "--done", exit=4).stderr
    assert "the agent of backend-say-ours is in the middle of a turn" in refused
    ccc("stop", agent.name, exit=0)
    ccc("resolve", agent.name, "--here", "--done", exit=0)
    assert (agent.path / "numbers").read_text() == BOTH
