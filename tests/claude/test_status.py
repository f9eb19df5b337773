"""What a session is while the real program works, waits for the API, or shortens its conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ccc.demo.stub import Stub
from tests.claude.conftest import RunsIn
from tests.claude.speaking import bash, until_there
from tests.support.agents import Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

Spawns = Callable[..., Agent]


def evidence(agent: Agent) -> list[str]:
    return [each["what"] for each in agent.status()["evidence"]]


def test_a_turn_that_waits_for_its_first_answer_is_running(
    ready: Repo, spawn: Spawns, stub: Stub, ccc: RunsCcc
) -> None:
    stub.scripts = {"*": [{"text": "My turn is over."}, {"text": "Again.", "delay": 600}]}
    agent = spawn("backend", "Anything")
    agent.becomes("idle")
    RunsIn(ccc, ready.path)("send", agent.name, "go on", exit=0)
    until(lambda: len(stub.requests()) == 2, "the second request")
    assert agent.becomes("running")["evidence"][0]["what"].startswith("turn 2")


def test_the_turn_after_a_background_task_is_running(ready: Repo, spawn: Spawns, stub: Stub) -> None:
    go = ready.path.parent / "go"
    task = {"command": until_there(go), "description": "a task", "run_in_background": True}
    begin = {"text": "on it", "tools": [{"name": "Bash", "input": task}]}
    stub.scripts = {"*": [begin, {"text": "My turn is over."}, {"text": "I heard of it.", "delay": 600}]}
    agent = spawn("backend", "Anything")
    until(lambda: evidence(agent)[0] == "turn 1 ended, 1 background task goes on", "the end of the turn")
    go.touch()
    until(lambda: len(stub.requests()) == 3, "the request of the next turn")
    assert agent.becomes("running")["evidence"][0]["what"] == "turn 2"


ASKING = """---
description: Asks before it acts
permission_mode: default
tools: [Agent]
---
Do it.
"""


def test_two_sub_agents_that_wait_for_a_permission_are_both_asked_for_though_the_turn_ended(
    ready: Repo, spawn: Spawns, stub: Stub, ccc: RunsCcc
) -> None:
    ready.commit("A role that asks", **{".ccc/roles/asking.md": ASKING})
    task = {"description": "a part", "subagent_type": "general-purpose", "run_in_background": True}
    helpers = [{"name": "Agent", "input": {**task, "prompt": f"Do it [[script:{name}]]"}} for name in "ab"]
    stub.scripts = {
        "two": [{"text": "helpers", "tools": helpers}, {"text": "over"}],
        "a": [bash("touch a"), {"text": "done"}],
        "b": [bash("touch b"), {"text": "done"}],
        "*": [{"text": "I heard of it."}],
    }
    run = RunsIn(ccc, ready.path)
    agent = spawn("asking", "Use helpers [[script:two]]")

    def waiting() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = run("inbox", "--json", exit=0).json["items"]
        return [each for each in found if each["kind"] == "permission"]

    until(lambda: len(waiting()) == 2, "both requests")
    until(lambda: "result" in (agent.runs / agent.id / "1" / "engine.log").read_text(), "the turn's end")
    assert agent.becomes("waiting")["evidence"][1]["what"] == "2 requests wait for an answer"
    first, second = waiting()
    run("answer", first["id"][:8], "allow", exit=0)
    assert [each["id"] for each in waiting()] == [second["id"]]
    assert agent.status()["status"] == "waiting"
    run("answer", second["id"][:8], "deny not this one", exit=0)
    until(lambda: (agent.path / "a").exists() != (agent.path / "b").exists(), "the one that was allowed")
    until(lambda: not waiting() and agent.status()["status"] in ("running", "idle"), "that it goes on")


def test_an_api_that_fails_is_seen_while_it_fails_and_since_when(
    ready: Repo, spawn: Spawns, stub: Stub
) -> None:
    fails: list[dict[str, Any]] = [{"status": 500}, {"status": 500}, {"hang": 600}]
    stub.scripts = {"*": [{"text": "never", "fail": fails}]}
    agent = spawn("backend", "Anything")
    words = "the API answered 500 server_error, attempt 2 of 2, since "
    until(lambda: any(words in each for each in evidence(agent)), "the second attempt")
    now = agent.status()
    assert now["status"] == "running"
    first = now["evidence"][0]
    assert (first["source"], first["what"]) == ("stream", f"{words}{first['at'][11:19]}")
    assert agent.status()["evidence"][0] == first


def test_a_compaction_is_in_the_diary(ready: Repo, spawn: Spawns, stub: Stub, ccc: RunsCcc) -> None:
    full = {"text": "hello " * 50, "usage": {"input_tokens": 990_000}}
    stub.scripts = {"*": [full, {"text": "more"}]}
    agent = spawn("backend", "Anything")
    agent.becomes("idle")
    RunsIn(ccc, ready.path)("send", agent.name, "go on", exit=0)

    def compacted() -> list[str]:
        subjects = ready.git("log", "--format=%s", "refs/ccc").splitlines()
        return [line for line in subjects if ": compacted its context from " in line]

    assert len(until(compacted, "the compaction")) == 1
