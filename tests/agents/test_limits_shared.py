"""Limits that many have together, of each scope and kind; and several limits that are reached at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.agents.conftest import Starts
from tests.agents.test_limits import Diary, budget_item, hand_backs
from tests.support.agents import until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

STAYS = {"wait": {"seconds": 300}}


def config(section: str, line: str) -> dict[str, str]:
    """The file that limits what many have together."""
    return {".ccc/config.toml": f"[limits.{section}]\n{line}\n"}


def test_time_of_a_day_ends_a_turn_that_uses_nothing_else(
    start: Starts, ready: Repo, ccc: RunsCcc, diary: Diary
) -> None:
    ready.commit("Configure", config("day", 'time = "3s"'))
    agent = start([STAYS])
    why = agent.becomes("paused")["evidence"][0]["what"]
    assert why.startswith("what this repository may use a day was used up on ")
    assert why.endswith(" s of 3 s")
    ccc("drain", exit=0)
    assert hand_backs(diary, agent) == 1


@pytest.mark.parametrize(
    ("section", "line", "use", "words"),
    [
        ("role.backend", 'money = "1usd"', {"usd": 1.5}, "role backend may use {}: 1.50 usd"),
        ("person", 'tokens = "1ktok"', {"input": 1100}, "> may use {}: 1100 of 1000"),
    ],
    ids=["role", "person"],
)
def test_what_a_role_or_a_person_has_used_up_stops_that_one_only(
    section: str, line: str, use: dict[str, Any], words: str, start: Starts, ready: Repo, ccc: RunsCcc
) -> None:
    ready.commit("Configure", config(section, line))
    agent = start([{"use": use}, STAYS])
    why = agent.becomes("paused")["evidence"][0]["what"]
    assert words.format(f"a day was used up on {datetime.now(UTC):%Y-%m-%d}") in why, why
    late = start([STAYS], task="Late")
    assert late.status()["status"] == "queued"
    assert words.format("today is used up") in late.status()["evidence"][0]["what"]
    if section == "person":
        ready.git("config", "user.name", "Another person")
        ready.git("config", "user.email", "another@example.com")
    free = start([STAYS], task="Free", role="testing")
    free.becomes("running")
    assert late.status()["status"] == "queued"
    ccc("stop", "--all", exit=0)


def test_two_limits_that_are_reached_together_end_in_one_hand_back_and_are_raised_together(
    start: Starts, ready: Repo, ccc: RunsCcc, diary: Diary
) -> None:
    ready.commit("Configure", config("day", 'tokens = "3ktok"'))
    both = ("--budget", "1ktok", "--budget", "2usd")
    spends = [{"edit": {"path": "half", "content": "1"}}, {"use": {"input": 3100, "usd": 2.5}}, STAYS]
    agent = start(spends, [{"commit": {"message": "Hand back"}}], [STAYS], options=both)
    agent.becomes("paused")
    ccc("drain", exit=0)
    assert agent.status()["status"] == "paused"
    assert hand_backs(diary, agent) == 1
    item = budget_item(ccc)
    assert item["command"] == f"git ccc resume {agent.name} --budget +1ktok --budget +1usd"
    refused = ccc("resume", agent.name, "--budget", "+2usd", exit=1).stderr
    assert "its budget of 1000 tokens is used up" in refused
    assert f"git ccc resume {agent.name} --budget +2usd --budget +1ktok" in refused
    refused = ccc(*item["command"].split(" ")[2:], exit=1).stderr
    assert "what this repository may use today is used up: 3100 of 3000 tokens" in refused
    ready.commit("More", config("day", 'tokens = "1mtok"'))
    ccc(*item["command"].split(" ")[2:], exit=0)
    agent.becomes("running", "idle")
    assert hand_backs(diary, agent) == 1


def test_a_person_lets_one_go_past_what_is_used_up_for_the_day_and_nobody_else(
    start: Starts, ready: Repo, ccc: RunsCcc, diary: Diary
) -> None:
    ready.commit("Configure", config("day", 'tokens = "1ktok"'))
    spends: dict[str, Any] = {"use": {"input": 1100}}
    agent = start([spends, STAYS], [{"commit": {"message": "Hand back"}}], [spends, spends, STAYS])
    agent.becomes("paused")
    late = start([STAYS], task="Late")
    item = budget_item(ccc)
    assert item["command"] == f"git ccc resume {agent.name} --now"
    ccc("send", agent.name, "Go on", exit=0)
    ccc(*item["command"].split(" ")[2:], exit=0)
    until(lambda: agent.status()["used"]["tokens"] >= 3300, "what it uses beyond")
    ccc("drain", exit=0)
    assert agent.status()["status"] == "running"
    assert hand_backs(diary, agent) == 1
    assert late.status()["status"] == "queued"
    ccc("start", late.name, "--now", exit=0)
    late.becomes("running")
    ccc("drain", exit=0)
    assert late.status()["status"] == "running"
    assert hand_backs(diary, late) == 0
    ccc("stop", "--all", exit=0)
