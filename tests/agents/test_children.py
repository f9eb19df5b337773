"""An agent at rest goes on when it is told what came of the sessions that it spawned; once for each thing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ccc.domain.status import seconds_between
from ccc.ops.agent_items import SETTLE_SECONDS
from tests.agents.conftest import Starts
from tests.support.agents import DONE, Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow


@pytest.fixture
def child_of(ready: Repo, ccc: RunsCcc, tmp_path: Path) -> Iterator[object]:
    """Spawns a session from the worktree of another one."""
    made: list[Agent] = []

    def make(parent: Agent, steps: list[dict[str, object]]) -> Agent:
        script = tmp_path / f"child-{len(made)}.yml"
        script.write_text(yaml.safe_dump({"turns": [{"steps": steps}]}), encoding="utf-8")
        engine = ("--engine", f"rehearsal:{script}")
        found = ccc("spawn", "backend", "A part", *engine, "--json", cwd=parent.path, exit=0)
        (session,) = found.json["sessions"]
        runs = ready.path / ".git" / "ccc" / "runs"
        made.append(Agent(session["name"], session["id"], Path(session["worktree"]), ccc, runs))
        return made[-1]

    yield make
    for agent in made:
        agent.end()


def test_a_parent_goes_on_once_when_its_child_is_done(
    start: Starts, ccc: RunsCcc, child_of: object, ready: Repo
) -> None:
    assert callable(child_of)
    parent = start([{"say": "I wait"}], [{"say": "thanks"}], task="Lead")
    parent.becomes("idle")
    child = child_of(parent, DONE)
    child.becomes("unchecked")
    until(lambda: parent.life()["turn"] == 2, "the next turn of the parent")
    parent.becomes("idle")
    for _ in range(2):
        ccc("drain", "--background", exit=0)
    assert parent.life()["turn"] == 2
    turns = ccc("log", parent.name, "--type", "message.sent", "--json", exit=0).json["events"]
    assert len(turns) == 1
    assert f"News of {child.name}" in turns[0]["text"]


def test_people_are_not_asked_for_the_report_of_one_whose_child_works(
    start: Starts, ccc: RunsCcc, child_of: object
) -> None:
    def asked() -> list[str]:
        return [each["title"] for each in ccc("inbox", "--json", exit=0).json["items"]]

    assert callable(child_of)
    parent = start([{"say": "I wait"}], [{"say": "thanks"}], task="Lead")
    parent.becomes("idle")
    child = child_of(parent, [{"wait": {"seconds": 300}}])
    child.becomes("running")
    ended = parent.life()["at"]
    until(lambda: seconds_between(ended, parent.status()["as_of"]) > SETTLE_SECONDS + 1, "time enough")
    assert asked() == []
    ccc("stop", child.name, exit=0)
    until(lambda: asked() == [f"{parent.name} ended its turn without a report"], "the question for people")


def test_a_parent_that_stops_its_child_is_not_told_so(
    start: Starts, ccc: RunsCcc, child_of: object, ready: Repo
) -> None:
    assert callable(child_of)
    parent = start([{"say": "I wait"}], task="Lead")
    parent.becomes("idle")
    child = child_of(parent, [{"wait": {"seconds": 300}}])
    child.becomes("running")
    ccc("stop", child.name, cwd=parent.path, exit=0)
    ccc("drain", "--background", exit=0)
    assert child.status()["status"] == "stopped"
    assert ccc("log", parent.name, "--type", "message.sent", "--json", exit=0).json["events"] == []
