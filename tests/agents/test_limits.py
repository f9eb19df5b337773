"""Limits of a session: a word, one hand-back turn, then a person; nothing starts another turn."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.agents.conftest import Starts
from tests.support.agents import Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

Diary = Callable[[], list[str]]

STAYS = {"wait": {"seconds": 300}}
WORKS = {"edit": {"path": "half.txt", "content": "half\n"}}
HANDS_BACK = [{"commit": {"message": "Hand back"}}, {"note": {"text": "the other half", "kind": "next"}}]
AFTER = [{"edit": {"path": "after.txt", "content": "after\n"}}]


def budget_item(ccc: RunsCcc) -> dict[str, Any]:
    """The one item of kind budget in the inbox."""
    (found,) = [each for each in ccc("inbox", "--json", exit=0).json["items"] if each["kind"] == "budget"]
    return dict(found)


def told(diary: Diary, agent: Agent, words: str) -> list[str]:
    """The diary lines of a session with these words."""
    return [line for line in diary() if line.startswith(f"{agent.name}: ") and words in line]


def hand_backs(diary: Diary, agent: Agent) -> int:
    return len(told(diary, agent, "hands back: its last turn begins"))


def test_tokens_used_up_in_mid_turn_end_in_one_hand_back_turn_and_a_question_to_people(
    start: Starts, ccc: RunsCcc, diary: Diary
) -> None:
    spends = [WORKS, {"use": {"input": 900, "output": 200, "usd": 0.5}}, STAYS]
    agent = start(spends, HANDS_BACK, AFTER, options=("--budget", "1ktok"))
    now = agent.becomes("paused")
    assert now["evidence"][0]["what"] == "its budget of 1000 tokens is used up: 1100"
    until(lambda: agent.status()["tokens"]["input"] == 900, "what it spent")
    now = agent.status()
    assert (now["limits"]["tokens"], now["cost"]["usd"], now["dirty"]) == (1000, 0.5, None)
    until(lambda: told(diary, agent, "committed"), "its commit")
    assert hand_backs(diary, agent) == 1
    assert agent.processes() == []
    item = budget_item(ccc)
    assert item["command"] == f"git ccc resume {agent.name} --budget +1ktok"
    assert ccc("wait", agent.name, "--timeout", "20").exit == 3
    sent = ccc("send", agent.name, "Go on", "--json", exit=0).json
    assert sent["messages"][0]["state"] == "queued"
    for command in (("resume",), ("start",), ("restart",)):
        refused = ccc(*command, agent.name, exit=1)
        assert "its budget of 1000 tokens is used up" in refused.stderr, command
    ccc("drain", exit=0)
    assert agent.status()["status"] == "paused"
    assert not (agent.path / "after.txt").exists()
    ccc("resume", agent.name, "--budget", "+1ktok", exit=0)
    until((agent.path / "after.txt").exists, "the turn that its waiting message begins")
    now = agent.becomes("idle")
    assert now["limits"]["tokens"] == 2100
    assert hand_backs(diary, agent) == 1
    assert [each["kind"] for each in ccc("inbox", "--json").json["items"]] != ["budget"]


def test_a_turn_that_ends_beyond_the_budget_is_followed_by_the_hand_back_alone(
    start: Starts, ccc: RunsCcc, diary: Diary
) -> None:
    agent = start(
        [WORKS, {"use": {"usd": 2.5, "input": 10}}],
        [{"use": {"usd": 0.5}}, *HANDS_BACK],
        AFTER,
        options=("--budget", "2usd"),
    )
    now = agent.becomes("paused")
    used = "its budget of 2.00 usd is used up: 2.50 usd; 3.00 usd with its hand-back"
    assert now["evidence"][0]["what"] == used
    assert budget_item(ccc)["command"] == f"git ccc resume {agent.name} --budget +1usd"
    assert hand_backs(diary, agent) == 1
    assert not (agent.path / "after.txt").exists()


def test_time_used_up_pauses_like_any_budget(start: Starts, ccc: RunsCcc, diary: Diary) -> None:
    agent = start([WORKS, STAYS], HANDS_BACK, options=("--timeout", "1s"))
    now = agent.becomes("paused")
    assert now["evidence"][0]["what"] == "its budget of 1 s is used up: 1 s"
    assert now["limits"]["seconds"] == 1
    assert hand_backs(diary, agent) == 1
    assert agent.processes() == []


def test_a_hand_back_that_does_not_end_is_cut_off(start: Starts, ready: Repo, diary: Diary) -> None:
    ready.write(".ccc/config.toml", '[limits]\nhandback = "1s"\n')
    agent = start([{"use": {"input": 1100}}, STAYS], [STAYS], AFTER, options=("--budget", "1ktok"))
    now = agent.becomes("paused")
    assert now["evidence"][0]["what"].endswith("; its hand-back took too long and was cut off")
    assert hand_backs(diary, agent) == 1


def test_a_hand_back_that_uses_too_much_is_cut_off_and_people_are_told(
    start: Starts, ready: Repo, ccc: RunsCcc, diary: Diary
) -> None:
    """But not before four answers: one that is longer than all it may use could not commit else."""
    ready.write(".ccc/config.toml", '[limits]\nhandback_tokens = "10ktok"\n')
    answer = {"use": {"input": 4000}}
    pause = {"wait": {"seconds": 0.2}}
    talks = [step for _ in range(3) for step in (answer, pause)]
    last = [*talks, *HANDS_BACK, answer, {"wait": {"file": "go"}}, answer, STAYS]
    agent = start([WORKS, {"use": {"input": 1100}}, STAYS], last, AFTER, options=("--budget", "1ktok"))
    until(lambda: told(diary, agent, "committed"), "its commit")
    (agent.path / "go").touch()
    now = agent.becomes("paused")
    words = "21100 with its hand-back; its hand-back was cut off after [45] answers and 20000 tokens"
    assert re.search(f"{words}$", now["evidence"][0]["what"]), now["evidence"]
    assert budget_item(ccc)["text"] == now["evidence"][0]["what"]
    assert hand_backs(diary, agent) == 1
    assert agent.processes() == []


def test_at_80_percent_the_agent_gets_one_word(start: Starts, ccc: RunsCcc, diary: Diary) -> None:
    waits = {"wait": {"message": True}}
    agent = start(
        [{"use": {"input": 850}}, waits, {"use": {"input": 50}}, {"wait": {"file": "go"}}],
        options=("--budget", "1ktok"),
    )
    until(lambda: told(diary, agent, "delivered message"), "the receipt of the word")
    (said,) = told(diary, agent, "message from ccc")
    assert "message from ccc: You have used 85 % of your budget of 1000 tokens: 850." in said
    until(lambda: "of its budget of 1000 tokens" in str(agent.status()["evidence"]), "the evidence")
    (agent.path / "go").touch()
    agent.becomes("idle")
    assert agent.status()["used"]["tokens"] == 900
    assert len(told(diary, agent, "message from ccc")) == 1


def test_a_host_killed_in_the_hand_back_gives_no_second_one(
    start: Starts, ccc: RunsCcc, diary: Diary
) -> None:
    last = [WORKS, {"wait": {"file": "go"}}]
    agent = start([{"use": {"input": 1100}}, STAYS], last, AFTER, AFTER, options=("--budget", "1ktok"))
    until((agent.path / "half.txt").exists, "the hand-back")
    os.kill(agent.pid("host"), signal.SIGKILL)
    agent.becomes("paused")
    until(lambda: list(agent.runs.glob(f"{agent.id}/1/exit.json")), "its exit record")
    until(lambda: budget_item(ccc)["session"] == agent.id, "the item")
    ccc("drain", exit=0)
    assert agent.status()["status"] == "paused"
    assert hand_backs(diary, agent) == 1
    assert not (agent.path / "after.txt").exists()


def test_a_host_killed_before_the_hand_back_leaves_exactly_one_to_the_next(
    start: Starts, ready: Repo, diary: Diary
) -> None:
    """Its agent is deaf to the interruption, so the last turn is owed for a while."""
    ready.write(".ccc/config.toml", '[limits]\nhandback = "2s"\n')
    agent = start([{"use": {"input": 1100}}, {"hang": {}}], AFTER, AFTER, options=("--budget", "1ktok"))
    until(lambda: told(diary, agent, "limit reached"), "the fact")
    assert hand_backs(diary, agent) == 0
    os.kill(agent.pid("host"), signal.SIGKILL)
    until(lambda: agent.status() and hand_backs(diary, agent), "the hand-back of another run")
    now = agent.becomes("paused")
    assert "; its hand-back took too long and was cut off" in now["evidence"][0]["what"]
    assert hand_backs(diary, agent) == 1
    assert agent.life()["host"] != agent.life(1)["host"]


def test_a_message_that_it_has_in_its_hands_is_not_its_hand_back_and_waits(
    start: Starts, ready: Repo, ccc: RunsCcc, diary: Diary
) -> None:
    """Interrupted, the agent would take the message up as its next turn: a new process gets the hand-back."""
    ready.write(".ccc/config.toml", '[limits]\nhandback = "2s"\n')
    deaf = [WORKS, {"run": ["sleep", "300"]}]
    agent = start(deaf, AFTER, options=("--timeout", "3s"))
    until((agent.path / "half.txt").exists, "its work")
    ccc("send", agent.name, "Go on", exit=0)
    now = agent.becomes("paused")
    assert "; its hand-back took too long and was cut off" in now["evidence"][0]["what"]
    assert hand_backs(diary, agent) == 1
    assert not (agent.path / "after.txt").exists()
    assert len(told(diary, agent, "delivered message")) == 1


def test_an_agent_cannot_raise_its_own_limit(start: Starts, ready: Repo, diary: Diary) -> None:
    """The attacks: the command itself, without its variables, a configuration of its own."""
    config = "mkdir -p .ccc && printf '[session]\\ntimeout=\"9d\"\\n' > .ccc/config.toml; git add -A; true"
    raises = "{ccc} resume backend-a-part --budget +9mtok; echo $? >> {codes}"
    escape = "unset CCC_SESSION CLAUDECODE CCC_NAME CCC_ROLE CCC_RUN; cd /; "
    ccc, codes = f"{sys.executable} -E -P -m ccc -C {ready.path}", ready.path / "codes"
    attack = raises.format(ccc=ccc, codes=codes)
    agent = start(
        [
            {"run": ["sh", "-c", config]},
            {"run": ["sh", "-c", attack]},
            {"run": ["sh", "-c", escape + attack]},
            {"use": {"input": 1100}},
            STAYS,
        ],
        options=("--budget", "1ktok"),
    )
    agent.becomes("paused")
    assert codes.read_text(encoding="ascii").split() == ["3", "3"]
    assert agent.status()["limits"]["tokens"] == 1000
    assert told(diary, agent, "limit raised") == []
