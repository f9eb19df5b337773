"""Limits of the configuration: for one session, and those that sessions have together for a day."""

from __future__ import annotations

import sys

import pytest

from tests.agents.conftest import Starts
from tests.support.agents import until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

STAYS = {"wait": {"seconds": 300}}
SESSION = '[limits.session]\ntokens = "{}"\nprocesses = {}\n'
DAY = '[limits.day]\ntokens = "2ktok"\n'
ROLE = "---\ndescription: A role of one's own\nbudget: 300ktok\n---\nDo it.\n"


def test_of_the_target_and_the_main_checkout_the_stricter_value_counts(
    start: Starts, ready: Repo, ccc: RunsCcc
) -> None:
    files = {".ccc/config.toml": SESSION.format("1mtok", 100), ".ccc/roles/own.md": ROLE}
    ready.commit("Configure", files)
    ready.write(".ccc/config.toml", SESSION.format("2mtok", 50))
    told = ccc("config", "limits.session", "--show-origin", exit=0).stdout
    assert "limits.session.tokens" in told
    assert ".ccc/config.toml" in told
    agent = start([STAYS])
    now = agent.becomes("running")
    until(lambda: agent.status()["limits"]["tokens"] == 1_000_000, "what the commit says")
    assert agent.status()["limits"]["processes"] == 50
    own = start([STAYS], role="own", task="Own")
    until(lambda: own.status()["limits"]["tokens"] == 300_000, "what its role says")
    given = start([STAYS], task="Given", options=("--budget", "5mtok"))
    until(lambda: given.status()["limits"]["tokens"] == 5_000_000, "what a person said")
    assert now["status"] == "running"


def test_an_agent_gives_a_session_of_its_own_no_more_than_is_usual(
    start: Starts, ready: Repo, ccc: RunsCcc
) -> None:
    ready.commit("Configure", {".ccc/config.toml": SESSION.format("1mtok", 100)})
    words = (sys.executable, "-E", "-P", "-m", "ccc", "spawn", "backend", "Child", "--no-start")
    agent = start([{"run": {"command": [*words, "--budget", "9mtok", "--budget", "7usd"]}}, STAYS])

    def child() -> list[dict[str, dict[str, float]]]:
        shown = ccc("status", "--json", exit=0).json["sessions"]
        return [each for each in shown if each["parent"] == agent.id]

    (found,) = until(child, "the session that it spawned")
    assert (found["limits"]["tokens"], found["limits"]["usd"]) == (1_000_000, 7.0)


def test_what_sessions_have_together_for_a_day_ends_all_of_them_and_starts_nobody(
    start: Starts, ready: Repo, ccc: RunsCcc
) -> None:
    ready.commit("Configure", {".ccc/config.toml": DAY})
    one = start([{"use": {"input": 1700}}, {"wait": {"message": True}}, STAYS], task="One")
    until(
        lambda: "of what this repository may use today are used" in str(_said(ccc)),
        "the word at 80 percent",
    )
    two = start([{"wait": {"message": True}}, {"use": {"input": 500}}, STAYS], task="Two")
    for agent in (one, two):
        now = agent.becomes("paused")
        why = now["evidence"][0]["what"]
        assert why.startswith("what this repository may use a day was used up on "), why
        assert why.endswith(": 2200 of 2000 tokens")
    three = ccc("spawn", "backend", "Three", "--engine", _engine(one.status()), "--json", exit=0).json
    late = three["sessions"][0]
    assert late["status"] == "queued"
    assert "may use today is used up" in late["evidence"][0]["what"]
    refused = ccc("resume", one.name, exit=1).stderr
    assert "may use today is used up" in refused
    assert f"git ccc resume {one.name} --now goes past it" in refused
    wishes = [each for each in ccc("inbox", "--json", exit=0).json["items"] if each["kind"] == "budget"]
    ways = {f"git ccc resume {each.name} --now" for each in (one, two)}
    assert {each["command"] for each in wishes} == ways
    ready.commit("More", {".ccc/config.toml": DAY.replace("2ktok", "9ktok")})
    ccc("resume", one.name, exit=0)
    assert one.becomes("running", "idle", "starting")["status"] != "paused"
    ccc("stop", late["name"], exit=0)


def _said(ccc: RunsCcc) -> list[str]:
    return [each["text"] for each in ccc("log", "--type", "message.sent", "--json", exit=0).json["events"]]


def _engine(status: dict[str, str]) -> str:
    return status["engine"]
