"""Limits with the real program: exactly one hand-back turn and no request after it; parked at rate limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccc.demo.stub import Stub
from ccc.ops.tending import REMINDER
from tests.claude.conftest import RunsIn
from tests.claude.speaking import bash, until_there, used_up, write
from tests.support.agents import Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

Spawns = Callable[..., Agent]
QUIET_SECONDS = 3.0
"""How long nothing may be asked of the stub after the hand-back."""


def step(made: dict[str, Any], tokens: int) -> dict[str, Any]:
    return {**made, "usage": {"input_tokens": tokens, "output_tokens": 10}}


def asked_no_more(stub: Stub, seconds: float = QUIET_SECONDS) -> None:
    """Nothing more is spent: the number of requests stays as it is for a while, a fixed one at the end."""
    count, end = len(stub.requests()), time.monotonic() + seconds
    while time.monotonic() < end:
        assert len(stub.requests()) == count, stub.requests()[-1].said[-500:]
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ("20ktok", "its budget of 20000 tokens is used up: 2"),
        ("0.05usd", "its budget of 0.05 usd is used up"),
    ],
)
def test_a_budget_reached_in_mid_turn_is_one_hand_back_turn_and_then_nothing(
    ready: Repo, spawn: Spawns, stub: Stub, ccc: RunsCcc, tmp_path: Path, budget: str, words: str
) -> None:
    run = RunsIn(ccc, ready.path)
    works = [
        step(write("@CWD@/half.py", "half = 1\n"), 8000),
        step(bash(until_there(tmp_path / "never")), 14000),
    ]
    hands_back = [bash("git add -A && git commit -q -m 'Hand back'"), {"text": "handed back"}]
    # The hand-back has no marker: it goes on in the script, behind the tool that was broken off.
    stub.scripts = {"*": [*works, *hands_back, *[{"text": "more"}] * 5]}
    agent = spawn("backend", "The half", "--budget", budget)
    now = agent.becomes("paused", patience=90)
    assert now["evidence"][0]["what"].startswith(words)
    asked = len(stub.requests())
    assert asked == 4
    assert [each.said.count("This is your last turn") for each in stub.requests()] == [0, 0, 1, 1]
    assert ready.git("log", "-1", "--format=%s", now["branch"]) == "Hand back"
    (item,) = [each for each in run("inbox", "--json").json["items"] if each["kind"] == "budget"]
    assert item["command"].startswith(f"git ccc resume {agent.name} --budget +")
    run("send", agent.name, "Go on", exit=0)
    run("drain", exit=0)
    assert run("resume", agent.name).exit == 1
    asked_no_more(stub)
    assert len(stub.requests()) == asked
    assert agent.processes() == []
    run("resume", agent.name, "--budget", "+1usd", "--budget", "+1mtok", exit=0)
    until(lambda: any("Go on" in each.said for each in stub.requests()), "the message that waited")


def test_money_of_a_day_is_seen_in_mid_turn(ready: Repo, spawn: Spawns, stub: Stub, tmp_path: Path) -> None:
    """Though the session has no limit of its own, and the turn would not end for a long time."""
    ready.commit("Configure", **{".ccc/config.toml": '[limits.day]\nmoney = "0.05usd"\n'})
    works = [
        step(write("@CWD@/half.py", "half = 1\n"), 8000),
        step(bash(until_there(tmp_path / "no")), 14000),
    ]
    stub.scripts = {"*": [*works, bash("git add -A && git commit -qm 'Hand back'"), {"text": "handed back"}]}
    agent = spawn("backend", "The half")
    why = agent.becomes("paused", patience=90)["evidence"][0]["what"]
    assert " usd of 0.05 usd" in why
    assert len(stub.requests()) == 4


def test_a_rate_limit_that_outlasts_the_retries_parks_the_session_until_it_is_over(
    ready: Repo, spawn: Spawns, stub: Stub, ccc: RunsCcc
) -> None:
    ready.write(".ccc/config.toml", '[limits]\nrate_wait = "4s"\nstagger = "1s"\n')
    limited = {"status": 429, "headers": {"retry-after": "0"}}
    stub.scripts = {"*": [bash("git status"), {"fail": [limited] * 3, "text": "at last"}, {"text": "on"}]}
    agent = spawn("backend", "Go")
    now = agent.becomes("limited", patience=60)
    until(lambda: agent.life()["agent"] is None and agent.life()["phase"] == "limited", "the rest")
    now = agent.status()
    if now["status"] == "limited":
        assert any("until 20" in each["what"] for each in now["evidence"])
    conversation = {each.session for each in stub.requests()}
    now = agent.becomes("idle", patience=60)
    assert {each.session for each in stub.requests()} == conversation
    assert "You were parked: its rate limit is used up. You go on now" in stub.requests()[-1].said
    assert agent.life()["restarts"] == 0


def test_a_subscription_that_is_used_up_waits_for_the_reset_that_it_names(
    ready: Repo, spawn: Spawns, stub: Stub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And its status goes to limited and back, each time with what proves it."""
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.setenv("CLAUDE_CODE_OAUTH_TOKEN", "dummy")
    ready.write(".ccc/config.toml", '[limits]\nrate_wait = "1h"\nstagger = "1s"\n')
    reset = int(time.time()) + 20
    refused = {"status": 429, "headers": used_up(reset)}
    after = {"fail": [refused], **bash(until_there(tmp_path / "go"))}
    stub.scripts = {"*": [bash("git status"), after, {"text": "on"}]}
    agent = spawn("backend", "Go")
    agent.becomes("limited", patience=60)
    until(lambda: agent.life()["agent"] is None, "the rest")
    asked, now = len(stub.requests()), agent.status()
    evidence = [each["what"] for each in now["evidence"]]
    assert (now["status"], evidence[0]) == ("limited", "parked: its rate limit is used up")
    assert evidence[1].startswith("until 20"), evidence
    until(lambda: len(stub.requests()) > asked, "a request")
    assert time.time() >= reset
    now = agent.becomes("running")
    evidence = [each["what"] for each in now["evidence"]]
    assert any(what.startswith("claude pid ") for what in evidence), evidence
    assert not any("limit" in what for what in evidence), evidence
    (tmp_path / "go").touch()
    agent.becomes("idle")

    def said() -> list[str]:
        return ready.git("log", "--reverse", "--format=%s", "refs/ccc").splitlines()

    until(lambda: f"{agent.name}: resumed claude" in said(), "the record of its resumption")
    parked = next(n for n, line in enumerate(said()) if "limited: parked: its rate limit is used up" in line)
    assert f"{agent.name}: resumed claude" in said()[parked:]
    own = [each for each in stub.requests() if REMINDER not in each.said]
    assert (len(own), agent.life()["restarts"]) == (asked + 2, 0)


def test_an_api_that_is_away_parks_the_session_until_it_is_back(
    ready: Repo, spawn: Spawns, stub: Stub, ccc: RunsCcc
) -> None:
    """Nobody listens where its first prompt goes; then somebody does."""
    ready.write(".ccc/config.toml", '[limits]\nrate_wait = "3s"\nstagger = "1s"\n')
    stub.scripts = {"*": [{"text": "at last"}, {"text": "on"}]}
    port = stub.port
    stub.stop()
    agent = spawn("backend", "Go")
    now = agent.becomes("limited", patience=60)
    why = "the API cannot be reached: Connection refused"
    evidence = [each["what"] for each in now["evidence"]]
    assert evidence[0].startswith(f"parked: {why}"), evidence
    assert any(what.startswith("until 20") for what in evidence), evidence
    run = RunsIn(ccc, ready.path)
    (item,) = until(lambda: run("inbox", "--json").json["items"], "the item")  # while it is tried again: none
    assert item["title"] == f"{agent.name} is limited, and goes on by itself"
    assert item["text"].startswith(f"parked: {why}")
    stub.start(port)
    agent.becomes("idle", patience=90)
    assert f"You were parked: {why}" in stub.requests()[-1].said
    assert len({each.session for each in stub.requests()}) == 1
    assert agent.life()["restarts"] == 0


def test_an_api_that_stays_away_is_given_up_in_the_end(
    ready: Repo, spawn: Spawns, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After six times in a row; an answer in between begins the count anew."""
    monkeypatch.setenv("CLAUDE_CODE_MAX_RETRIES", "0")
    ready.write(".ccc/config.toml", '[limits]\nrate_wait = "0.02s"\nstagger = "0.1s"\n')
    cut: dict[str, Any] = {"drop": "before"}
    works = {"fail": [cut], **bash("git status")}
    stub.scripts = {"*": [works, works, {"fail_always": cut}]}
    agent = spawn("backend", "Go")
    now = agent.becomes("failed", patience=120)
    why = now["evidence"][0]["what"]
    assert why.startswith("the API cannot be reached: Connection dropped (ECONNRESET)"), why
    assert "; tried again 6 times since 20" in why

    def parked() -> int:
        said = ready.git("log", "--format=%s", "refs/ccc")
        return said.count("limited: parked: the API cannot be reached")

    until(lambda: parked() == 1 + 1 + 6, "the diary of each time")
    assert agent.processes() == []
