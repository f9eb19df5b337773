"""What the real program costs: every token that the stub said, once, through kills and resumes."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from ccc.demo import answers
from ccc.demo.stub import Request, Stub
from tests.claude.conftest import RunsIn
from tests.claude.speaking import bash, until_there
from tests.support.agents import Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

HELP = {"description": "look around", "prompt": "[[script:aside]] look", "subagent_type": "general-purpose"}
HELP |= {"model": "haiku"}
FIGURES = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def usage(*figures: int) -> dict[str, Any]:
    return {"usage": dict(zip(FIGURES, figures, strict=True))}


def said(stub: Stub, request: Request) -> tuple[str, dict[str, int]]:
    """The model that was asked, and what its answer cost."""
    step = answers.step_of(stub.scripts, request.place, "/")
    message = answers.answer_of(step, request.body, request.number, 1).whole()
    return request.body["model"], message["usage"]


def expected(stub: Stub) -> dict[str, tuple[int, int, int, int]]:
    """By model: input with its cache, output, read from a cache, written to it."""
    sums: dict[str, Counter[str]] = {}
    for request in stub.requests():
        model, told = said(stub, request)
        sums.setdefault(model, Counter()).update({name: told[name] for name in FIGURES})
    return {
        model: (
            sum(found[name] for name in FIGURES if name != "output_tokens"),
            found["output_tokens"],
            found["cache_read_input_tokens"],
            found["cache_creation_input_tokens"],
        )
        for model, found in sums.items()
    }


def figures(row: dict[str, Any]) -> tuple[int, int, int, int]:
    found = [int(row["tokens"][name] or 0) for name in ("input", "output", "cache_read", "cache_write")]
    return found[0], found[1], found[2], found[3]


def counted(run: RunsIn, by: str = "model") -> dict[str | None, tuple[int, int, int, int]]:
    return {
        row["key"]: figures(row) for row in run("metrics", "cost", "--by", by, "--json", exit=0).json["rows"]
    }


def until_counted(run: RunsIn, stub: Stub) -> None:
    """Waits until what is recorded is what was said."""
    try:
        until(lambda: counted(run) == expected(stub), "the figures")
    except AssertionError:
        assert counted(run) == expected(stub)
        raise


def priced(agent: Agent) -> float:
    """The dollars of all turns that ended, as the program itself told them in all runs."""
    lines = [
        json.loads(line)
        for log in (agent.runs / agent.id).glob("*/engine.log")
        for line in log.read_bytes().splitlines()
        if line.startswith(b"{")
    ]
    told = [line["model_usage_since_last_result"] for line in lines if line.get("type") == "result"]
    return sum(float(model["costUSD"]) for models in told for model in models.values())


def until_at_rest(run: RunsIn, stub: Stub, agent: Agent) -> dict[str, Any]:
    """The total, once nothing goes on that a reminder of ccc's own began."""

    def look() -> dict[str, Any] | None:
        total, status = run("metrics", "cost", "--json", exit=0).json["total"], agent.status()
        same = (status["tokens"]["input"], status["cost"]) == (total["tokens"]["input"], total["cost"])
        settled = total["cost"]["usd"] == pytest.approx(priced(agent), abs=1e-5)
        return total if same and settled and counted(run) == expected(stub) else None

    found: dict[str, Any] = until(look, "status, cost and program that say the same")
    return found


def unpriced(agent: Agent) -> int:
    """The tokens that its host knows of and has not recorded, for which no price was told yet."""
    spent = (agent.life().get("untold") or {}).get("spent.1") or {}
    return int(spent.get("unpriced") or 0)


def test_every_token_that_was_said_is_counted_once_with_its_model(
    ready: Repo, spawn: Callable[..., Agent], stub: Stub, ccc: RunsCcc
) -> None:
    go, run = ready.path / "go", RunsIn(ccc, ready.path)
    stub.scripts = {
        "*": [
            {**bash("git status --short"), **usage(100, 10, 20, 30)},
            {"tools": [{"name": "Agent", "input": HELP}], **usage(1000, 11, 2000, 0)},
            {"text": "That was all.", **usage(2000, 12, 4000, 5)},
        ],
        "aside": [{"text": "Nothing to see.", **usage(7, 3, 0, 0)}],
        "killed": [
            {**bash(until_there(go)), **usage(300, 30, 0, 1)},
            {"text": "Back.", **usage(50, 5, 0, 0)},
        ],
        "later": [{"text": "Later.", **usage(400, 40, 3, 2)}],
    }
    agent = spawn("backend", "Say a word")
    agent.becomes("idle")
    until_counted(run, stub)
    before = until_at_rest(run, stub, agent)
    assert before["tokens"]["unpriced"] == 0
    assert min(counted(run).values()) == (7, 3, 0, 0)

    run("send", agent.name, "[[script:killed]] wait", exit=0)
    until(lambda: unpriced(agent), "the use of the turn that goes on")
    os.kill(agent.pid("agent"), signal.SIGKILL)
    agent.becomes("idle")
    run("stop", agent.name, exit=0)
    run("resume", agent.name, exit=0)
    run("send", agent.name, "[[script:later]] and now", exit=0)
    until(lambda: stub.requests("later"), "the next turn")
    agent.becomes("idle")
    until_counted(run, stub)
    assert list(counted(run, "person").values()) == list(counted(run, "role").values())

    after = until_at_rest(run, stub, agent)
    assert after["tokens"]["unpriced"] == 331


def test_a_session_that_goes_on_from_another_does_not_pay_for_it_again(
    ready: Repo, spawn: Callable[..., Agent], stub: Stub, ccc: RunsCcc
) -> None:
    run = RunsIn(ccc, ready.path)
    stub.scripts = {"*": [{"text": "One.", **usage(1000, 100, 0, 0)}, {"text": "Two.", **usage(10, 1, 0, 0)}]}
    first = spawn("backend", "Say a word")
    first.becomes("idle")
    second = spawn("backend", "Say more", "--from", first.name)
    second.becomes("idle")

    def is_whole() -> bool:
        """A reminder of ccc's own may have begun one more turn."""
        by_session = counted(run, "session")
        total = run("metrics", "cost", "--json", exit=0).json["total"]["cost"]["usd"]
        same = sum(tokens for tokens, *_ in by_session.values()) == expected(stub).popitem()[1][0]
        paid = total == pytest.approx(priced(first) + priced(second), abs=1e-5)
        return len(by_session) == 2 and same and paid

    until(is_whole, "what both used, once")
