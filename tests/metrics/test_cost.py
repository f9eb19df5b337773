"""`git ccc metrics cost`: of real runs, killed, restarted and resumed, each figure once."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.metrics.conftest import Starts
from tests.support.agents import Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo


def use(tokens: int, usd: float) -> dict[str, Any]:
    return {"use": {"input": tokens, "output": 1, "usd": usd}}


def figures(row: dict[str, Any]) -> tuple[int, int, float | None]:
    return row["tokens"]["input"], row["tokens"]["output"], row["cost"]["usd"]


def rows(ccc: RunsCcc, by: str, *options: str) -> dict[str | None, tuple[int, int, float | None]]:
    found = ccc("metrics", "cost", "--by", by, "--json", *options, exit=0).json
    sums = [figures(row) for row in found["rows"]]
    assert figures(found["total"])[:2] == (sum(one for one, _, _ in sums), sum(two for _, two, _ in sums))
    return {row["name"]: figures(row) for row in found["rows"]}


def test_before_anything_was_used_nothing_is_made_up(repo: Repo, ccc_inline: RunsCcc) -> None:
    assert ccc_inline("metrics", "cost").exit == 1
    ccc_inline("init", exit=0)
    assert ccc_inline("metrics", "cost", exit=0).stdout == "nothing is recorded\n"
    found = ccc_inline("metrics", "cost", "--by", "plan", "--json", exit=0).json
    assert (found["rows"], found["total"]["cost"], found["format"]) == ([], {"usd": None}, 1)
    alone = ccc_inline("metrics", "--json", exit=0).json
    nothing = {"count": 0, "median": None, "p95": None}
    assert (alone["counts"], alone["delivery_seconds"], alone["waiting_seconds"]) == ({}, nothing, nothing)
    assert (alone["worked_seconds"], alone["restarts"], alone["bounced"]) == (0, 0, 0)
    assert ccc_inline("metrics", "top", "--by", "day").exit == 2
    assert ccc_inline("metrics", "cost", "-w").exit == 2
    assert ccc_inline("metrics", "--since", "1d").exit == 2
    assert ccc_inline("metrics", "cost", "--since", "nonsense").exit == 1


def test_what_waits_for_people_is_counted(repo: Repo, ccc_inline: RunsCcc) -> None:
    ccc_inline("init", exit=0)
    made = ccc_inline("spawn", "backend", "A part", "--no-start", "--json", exit=0).json["sessions"][0]
    ccc_inline("report", "--blocked", "No key", "--session", made["id"], exit=0)
    found = ccc_inline("metrics", "--json", exit=0).json
    assert found["waiting_seconds"]["count"] == 1
    assert 0 <= found["waiting_seconds"]["median"] < 300
    assert "people     1 wait for them; median " in ccc_inline("metrics", exit=0).stdout


@pytest.mark.slow
def test_kills_restarts_and_resumes_neither_lose_nor_repeat_anything(start: Starts, ccc: RunsCcc) -> None:
    crash = {"crash": {"signal": "KILL"}}
    one = start([use(100, 0.5), crash, use(200, 0.25)], [use(400, 1.0)])
    other = start([use(1000, 2.0)], role="frontend")
    one.becomes("idle")
    assert one.status()["restarts"] == 1
    ccc("stop", one.name, exit=0)
    ccc("resume", one.name, exit=0)
    ccc("send", one.name, "Go on", exit=0)
    until(lambda: one.status()["tokens"]["input"] == 700, "its second turn")
    other.becomes("idle")
    until(lambda: other.status()["tokens"]["input"], "what it used")
    mine, theirs = (700, 3, 1.75), (1000, 1, 2.0)
    assert rows(ccc, "session") == {other.name: theirs, one.name: mine}
    assert rows(ccc, "role") == {"frontend": theirs, "backend": mine}
    assert list(rows(ccc, "person").values()) == list(rows(ccc, "day").values()) == [(1700, 4, 3.75)]
    assert rows(ccc, "plan") == rows(ccc, "model") == {None: (1700, 4, 3.75)}
    assert rows(ccc, "role", "--since", "now").keys() == {"backend", "frontend"}
    assert rows(ccc, "role", "--since", "2999-01-01") == {}
    text = ccc("metrics", "cost", exit=0).stdout.splitlines()
    assert text[-1].split() == ["total", "2", "1,700", "?", "4", "3.7500"]
    assert "3.7500 usd" in ccc("metrics", exit=0).stdout
    plans = ccc("metrics", "cost", "--by", "plan", exit=0).stdout.splitlines()
    assert plans[1].startswith("(no plan)")
    assert plans[-1] == "no session belongs to a plan, and this ccc makes none yet: all of it is in one row"


@pytest.mark.slow
def test_what_a_killed_host_had_not_recorded_is_counted_by_who_finds_it(start: Starts, ccc: RunsCcc) -> None:
    agent = start([use(100, 0.5), {"wait": {"file": "never"}}])
    until(lambda: "spent.1" in agent.life().get("untold", ()), "what it used in its pulse")
    assert rows(ccc, "session") == {}
    os.kill(agent.pid("host"), signal.SIGKILL)
    until(
        lambda: agent.status() and rows(ccc, "session") == {agent.name: (100, 1, 0.5)},
        "its figures",
    )


@pytest.mark.slow
def test_an_engine_that_tells_nothing_is_named_and_not_counted_as_nothing(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    (ready.path / ".ccc").mkdir(exist_ok=True)
    (ready.path / ".ccc" / "config.toml").write_text('[engines.mute]\ncommand = ["true"]\n', encoding="utf-8")
    ready.git("add", ".ccc")
    ready.git("commit", "-qm", "an engine")
    (ready.path / ".ccc" / "config.toml").write_text(
        '[engines.mute]\ncommand = ["sh", "-c", "echo working"]\n', encoding="utf-8"
    )
    agent: Agent = start(options=("--engine", "mute"))
    until(lambda: agent.status()["status"] not in ("starting", "running"), "its end")
    found = ccc("metrics", "cost", "--json", exit=0).json
    assert (found["rows"], found["untold"][0]["name"]) == ([], agent.name)
    assert "no engine has told what these used" in ccc("metrics", "cost", exit=0).stdout
