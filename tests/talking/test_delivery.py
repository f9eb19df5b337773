"""Messages, questions and permissions of agents that really work, by rehearsed ones."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.agents.conftest import Starts as Starts
from tests.agents.conftest import start
from tests.support.agents import DONE, Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.talking.conftest import Spawns, items

__all__ = ["start"]

Diary = Callable[[], list[str]]
HEARS = {"wait": {"message": True}}
WAITS = {"wait": {"file": "go"}}


def said(agent: Agent, diary: Diary, what: str) -> str:
    """The diary's line of the agent that contains `what`, once it is there."""
    found: str = until(
        lambda: next((line for line in diary() if line.startswith(agent.name) and what in line), None), what
    )
    return found


def go(agent: Agent) -> None:
    (agent.path / "go").write_text("", encoding="utf-8")


def waiting_item(ccc: RunsCcc, kind: str) -> dict[str, Any]:
    """The one item of a kind, once it is there."""
    found: list[dict[str, Any]] = until(
        lambda: [each for each in items(ccc("inbox", "--json", exit=0)) if each["kind"] == kind], kind
    )
    assert len(found) == 1
    return found[0]


@pytest.mark.slow
def test_a_working_agent_gets_a_message_at_its_next_step_and_the_receipt_says_where(
    start: Starts, ccc_inline: RunsCcc, diary: Diary
) -> None:
    agent = start([HEARS, *DONE])
    agent.becomes("running")
    told = ccc_inline("send", agent.name, "Mind the umlauts", exit=0).stdout
    short = told.split()[1]
    assert said(agent, diary, "delivered message") == f"{agent.name}: delivered message {short} in turn 1"
    assert agent.becomes("unchecked", "verified")["unread"] == 0


@pytest.mark.slow
def test_an_idle_agent_gets_a_message_as_its_next_turn(
    start: Starts, ccc_inline: RunsCcc, diary: Diary
) -> None:
    agent = start([{"say": "I wait"}], DONE)
    agent.becomes("idle")
    told = ccc_inline("send", agent.name, "Go on", "--json", exit=0).json["messages"][0]
    assert (told["state"], told["how"]) == ("delivered", "it has it")
    assert said(agent, diary, "delivered message").endswith(" in turn 2")
    agent.becomes("unchecked")


@pytest.mark.slow
def test_an_agent_at_rest_is_taken_up_again_for_a_message(
    ready: Repo, start: Starts, ccc_inline: RunsCcc, diary: Diary
) -> None:
    ready.write(".ccc/config.toml", '[session]\nrest = "1s"\n')
    agent = start([{"say": "I wait"}], DONE)
    until(lambda: agent.life()["phase"] == "ended", "its rest")
    before = agent.life()
    told = ccc_inline("send", agent.name, "Go on", exit=0).stdout
    assert told.endswith(": its agent is taken up again for it\n")
    assert said(agent, diary, "delivered message")
    agent.becomes("unchecked")
    assert agent.life()["host"] != before["host"]
    assert f"{agent.name}: resumed rehearsal" in diary()


@pytest.mark.slow
def test_messages_sent_at_once_to_an_agent_at_rest_all_arrive_and_one_agent_is_started(
    ready: Repo, start: Starts, ccc: RunsCcc, diary: Diary
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    ready.write(".ccc/config.toml", '[session]\nrest = "1s"\n')
    agent = start([{"say": "I wait"}], [HEARS, HEARS, HEARS, *DONE])
    until(lambda: agent.life()["phase"] == "ended", "its rest")
    ready.write(".ccc/config.toml", '[session]\nrest = "5m"\n')  # or it rests again before a late one is sent
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: ccc("send", agent.name, f"Message {n}", exit=0), range(4)))
    agent.becomes("unchecked")
    until(lambda: len([line for line in diary() if "delivered message" in line]) == 4, "all receipts")
    assert len([line for line in diary() if line == f"{agent.name}: resumed rehearsal"]) == 1


@pytest.mark.slow
def test_a_message_that_the_killed_agent_had_not_taken_is_delivered_after_the_restart(
    start: Starts, ccc_inline: RunsCcc, diary: Diary
) -> None:
    agent = start([WAITS, HEARS, *DONE])
    agent.becomes("running")
    ccc_inline("pause", agent.name, exit=0)
    told = ccc_inline("send", agent.name, "Mind the umlauts", exit=0).stdout
    assert told.endswith(": it is paused, and gets it when it goes on\n")
    assert agent.status()["unread"] == 1
    os.kill(agent.pid("agent"), signal.SIGKILL)
    go(agent)
    ccc_inline("resume", agent.name)
    agent.becomes("unchecked")
    assert said(agent, diary, "delivered message")
    assert len([line for line in diary() if "delivered message" in line]) == 1


@pytest.mark.slow
def test_who_was_stopped_or_has_failed_takes_no_messages(
    start: Starts, ccc_inline: RunsCcc, diary: Diary
) -> None:
    agent = start([WAITS])
    agent.becomes("running")
    ccc_inline("stop", agent.name, exit=0)
    before = diary()
    refused = ccc_inline("send", agent.name, "Hello", exit=1).stderr.splitlines()
    assert refused[0].startswith(f"error: {agent.name} was stopped by Developer")
    assert refused[1] == f"hint: git ccc resume {agent.name}, then send again"
    failed = start([{"fail": "it is broken"}], task="Other")
    failed.becomes("failed")
    refused = ccc_inline("send", failed.name, "Hello", exit=1).stderr.splitlines()
    assert refused[0].startswith(f"error: {failed.name} has failed: it is broken")
    item = waiting_item(ccc_inline, "failure")
    assert item["command"] == f"git ccc resume {failed.name}"
    assert not [line for line in diary() if "message from" in line]
    assert set(before) <= set(diary())


@pytest.mark.slow
def test_a_question_of_an_agent_is_answered_and_it_goes_on(
    start: Starts, ccc_inline: RunsCcc, diary: Diary
) -> None:
    agent = start([{"ask": {"text": "Which?", "choices": ["HS256", "RS256"]}}, *DONE])
    item = waiting_item(ccc_inline, "question")
    assert (item["text"], item["choices"]) == ("Which?", ["HS256", "RS256"])
    assert ccc_inline("wait", agent.name, "--timeout", "10").exit == 3
    ccc_inline("answer", agent.name, "--choice", "2", exit=0)
    agent.becomes("unchecked")
    assert said(agent, diary, "delivered message")


@pytest.mark.slow
def test_a_question_of_an_agent_that_was_stopped_is_answered_for_when_it_is_resumed(
    start: Starts, ccc_inline: RunsCcc, diary: Diary
) -> None:
    agent = start([{"ask": {"text": "Which?", "choices": ["HS256", "RS256"]}}, *DONE])
    question = waiting_item(ccc_inline, "question")["id"]
    ccc_inline("stop", agent.name, exit=0)
    assert items(ccc_inline("inbox", "--json", exit=0)) == []
    asks = f"  asks       Which? (1 HS256, 2 RS256): git ccc answer {question[:8]} --choice N"
    assert asks in ccc_inline("show", agent.name, exit=0).stdout.splitlines()
    (shown,) = ccc_inline("show", agent.name, "--json", exit=0).json["questions"]
    assert (shown["id"], shown["text"], shown["choices"]) == (question, "Which?", ["HS256", "RS256"])
    told = ccc_inline("answer", agent.name, "--choice", "2", exit=0).stdout
    waits = f"it is stopped, and gets it when somebody resumes it: git ccc resume {agent.name}"
    assert told == f"answered {agent.name}: RS256 ({waits})\n"
    assert said(agent, diary, "was answered: RS256")
    assert agent.status()["status"] == "stopped"
    assert ccc_inline("show", agent.name, "--json", exit=0).json["questions"] == []
    assert "asks nothing" in ccc_inline("answer", agent.name, "--choice", "1", exit=1).stderr
    ccc_inline("resume", agent.name, exit=0)
    agent.becomes("unchecked")
    assert said(agent, diary, "delivered message")
    assert agent.status()["unread"] == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "choices", "given"),
    [
        ("permission", ["allow", "deny"], "allow"),
        ("permission", [], "deny not here"),
        ("question", [], "the left one"),
    ],
)
def test_what_the_engine_itself_asks_is_answered_through_it(
    start: Starts, ccc_inline: RunsCcc, diary: Diary, kind: str, choices: list[str], given: str
) -> None:
    agent = start([{"request": {"kind": kind, "text": "May I?", "choices": choices}}, *DONE])
    item = waiting_item(ccc_inline, kind)
    offered = ["allow", "deny"] if kind == "permission" else []
    assert (item["session"], item["text"], item["choices"]) == (agent.id, "May I?", offered)
    refused = ccc_inline("answer", item["id"], given, env={"CLAUDECODE": "1"}, exit=3).stderr
    assert f"ask the human to run, in the main checkout: git ccc answer {item['id'][:8]} " in refused
    if kind == "permission":
        for vague in ("yes", "alow", "maybe", "Allow it", "denying"):
            refused = ccc_inline("answer", item["id"], vague, exit=2).stderr
            assert refused.startswith(f"error: {vague} neither allows nor denies it\n")
    words = ("--choice", "1") if choices else given.split()
    told = ccc_inline("answer", item["id"][:8], *words, exit=0).stdout
    assert told == f"answered {agent.name}: {given} (it goes on)\n"
    agent.becomes("unchecked")
    assert f"{agent.name}: was answered: {given}" in diary()


@pytest.mark.slow
def test_a_parent_may_not_grant_its_child_a_permission(
    start: Starts, spawn: Spawns, ccc_inline: RunsCcc
) -> None:
    parent = spawn("Plan")
    os.environ["CCC_SESSION"] = parent.id
    try:
        agent = start([{"request": {"kind": "permission", "text": "May I?", "choices": ["allow", "deny"]}}])
    finally:
        del os.environ["CCC_SESSION"]
    item = waiting_item(ccc_inline, "permission")
    assert [each["id"] for each in items(parent("inbox", "--json"))] == [item["id"]]
    parent("answer", item["id"], "allow", exit=3)
    assert agent.status()["status"] == "waiting"


@pytest.mark.slow
def test_a_denied_tool_is_shown_until_it_is_seen_and_ends_no_wait_for_all(
    start: Starts, ccc_inline: RunsCcc
) -> None:
    agent = start([{"deny": {"tool": "Bash", "what": "curl example.com"}}, WAITS, *DONE])
    item = waiting_item(ccc_inline, "message")
    assert (item["title"], item["text"]) == (f"{agent.name} was denied Bash", "curl example.com")
    waited = ccc_inline("wait", "--any", "--json", "--timeout", "10", exit=0).json
    assert [each["id"] for each in waited["messages"]] == [item["id"]]
    assert ccc_inline("wait", "--timeout", "0").exit == 4
    ccc_inline("inbox", "--ack", item["id"], exit=0)
    assert items(ccc_inline("inbox", "--json")) == []
    go(agent)
    agent.becomes("unchecked")


@pytest.mark.slow
def test_a_limit_ends_a_wait_for_any_once(start: Starts, ccc_inline: RunsCcc) -> None:
    agent = start([{"limit": {"seconds": 300, "until": "2026-12-24T18:00:00Z"}}])
    agent.becomes("limited")
    waited = ccc_inline("wait", "--any", "--json", "--timeout", "10", exit=0).json
    (item,) = waited["messages"]
    assert (item["title"], item["text"].partition(", ")[2]) == (
        f"{agent.name} is limited, and goes on by itself",
        "until 2026-12-24 18:00 UTC",
    )
    again = ccc_inline("wait", "--any", "--json", "--timeout", "1", "--since", waited["cursor"], exit=4).json
    assert again["messages"] == []


@pytest.mark.slow
def test_a_turn_that_ends_in_silence_asks_for_a_word_and_is_told_once(
    start: Starts, ccc_inline: RunsCcc
) -> None:
    agent = start([{"say": "What now?"}], DONE)
    agent.becomes("idle")
    waited = ccc_inline("wait", "--any", "--json", "--timeout", "20", exit=3).json
    (item,) = waited["needs_you"]
    assert (item["title"], item["command"]) == (
        f"{agent.name} ended its turn without a report",
        f"git ccc send {agent.name} TEXT",
    )
    again = ccc_inline("wait", "--any", "--json", "--timeout", "1", "--since", waited["cursor"], exit=4).json
    assert again["needs_you"] == []
    assert ccc_inline("answer", agent.name, "Do your part", exit=0).exit == 0
    waited = ccc_inline("wait", "--any", "--json", "--timeout", "40", "--since", again["cursor"], exit=0).json
    assert waited["done"] == [agent.id]


@pytest.mark.slow
def test_a_child_s_words_reach_the_agent_that_spawned_it(
    start: Starts, ccc_inline: RunsCcc, diary: Diary
) -> None:
    parent = start([HEARS, *DONE], task="Plan")
    parent.becomes("running")
    os.environ["CCC_SESSION"] = parent.id
    try:
        child = start([{"run": "git ccc send orchestrator 'I have begun'"}, *DONE], task="Build")
    finally:
        del os.environ["CCC_SESSION"]
    assert said(parent, diary, "message from") == f"{parent.name}: message from {child.name}: I have begun"
    assert said(parent, diary, "delivered message")
    parent.becomes("unchecked")
    child.becomes("unchecked")
    assert {each["kind"] for each in items(ccc_inline("inbox", "--json"))} == {"approval"}
