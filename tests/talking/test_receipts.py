"""Who waits for receipts, what acknowledges a message, and what becomes of one that cannot arrive."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from ccc.ops.send import send
from ccc.ops.workspace import Workspace
from tests.agents.conftest import Starts as Starts
from tests.agents.conftest import start
from tests.support.agents import DONE, Agent, until
from tests.support.program import PROJECT, RunsCcc
from tests.support.repository import Repo
from tests.talking.conftest import Spawns, items

__all__ = ["start"]

pytestmark = [pytest.mark.slow, pytest.mark.cold]
"""Real processes, a second each."""

Diary = Callable[[], list[str]]
HEARS = {"wait": {"message": True}}
FAILS = """
[engines.failing]
command = ["sh", "-c", "until test -e go; do sleep 0.05; done; exit 3"]
"""


def ids(outcome: Any) -> list[str]:
    return [item["id"] for item in items(outcome)]


class Sending:
    """`git ccc send --wait` as a process of its own."""

    def __init__(self, where: Repo, *arguments: str) -> None:
        command = [sys.executable, "-m", "ccc", "send", "--json", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
        self.process = subprocess.Popen(
            command, cwd=where.path, env=environment, stdout=subprocess.PIPE, text=True
        )

    def end(self) -> tuple[int, str]:
        said, _ = self.process.communicate(timeout=60)
        return self.process.returncode, said


def test_who_waits_for_delivery_is_told_into_which_turn(start: Starts, ccc_inline: RunsCcc) -> None:
    agent = start([HEARS, *DONE])
    agent.becomes("running")
    sent = ccc_inline(
        "send", agent.name, "Mind it", "--wait", "delivered", "--timeout", "40", "--json", exit=0
    )
    (message,) = sent.json["messages"]
    assert (message["state"], message["how"], sent.json["timed_out"]) == (
        "delivered",
        "it has it in turn 1",
        False,
    )
    agent.becomes("unchecked")


def test_an_agent_acknowledges_what_entered_its_conversation_by_its_id(
    ready: Repo, start: Starts, ccc_inline: RunsCcc, diary: Diary
) -> None:
    agent = start([HEARS, {"wait": {"file": "go"}}, *DONE])
    agent.becomes("running")
    sending = Sending(ready, agent.name, "Mind it", "--wait", "ack", "--timeout", "50")
    line = until(lambda: [each for each in diary() if "delivered message" in each], "the delivery")[0]
    short = line.split()[3]
    assert sending.process.poll() is None
    inside = ("inbox", "--ack", short)
    assert ccc_inline(*inside, cwd=agent.path, exit=0).stdout.startswith(f"seen: {short} message from Devel")
    code, said = sending.end()
    assert (code, '"state": "acknowledged"' in said) == (0, True)
    ccc_inline(*inside, cwd=agent.path, exit=0)
    assert diary().count(f"{agent.name}: acknowledged message {short}") == 1
    other = ccc_inline("inbox", "--ack", short, exit=1).stderr
    assert other.startswith(f"error: no item {short} in the inbox")
    (agent.path / "go").touch()
    agent.becomes("unchecked")


def test_who_answers_acknowledges_what_it_had_got_and_nothing_else(
    spawn: Spawns, ccc_inline: RunsCcc, diary: Diary
) -> None:
    first, second, third = spawn("One"), spawn("Two"), spawn("Three")
    for text in ("Which port?", "Which host?"):
        first("send", second.name, text)
    third("send", second.name, "Hello")
    shown = ids(second("inbox", "--json"))
    first("send", second.name, "And which path?")
    second("send", first.name, "8080 on localhost")
    said = [line for line in diary() if "acknowledged" in line]
    assert said == [f"{second.name}: acknowledged message {each[:8]} by its answer" for each in shown[:2]]
    left = [item["text"] for item in items(second("inbox", "--json"))]
    assert left == ["Hello", "And which path?"]
    ccc_inline("send", second.name, "How is it going?", exit=0)
    second("inbox")
    second("send", "all", "I am at it")
    assert len([line for line in diary() if "acknowledged" in line]) == 2
    second("send", "orchestrator", "Well")
    assert len([line for line in diary() if "acknowledged" in line]) == 3


def test_who_waits_in_vain_is_told_at_the_time_limit(spawn: Spawns, ccc_inline: RunsCcc) -> None:
    session = spawn("One")
    waited = ccc_inline("send", session.name, "Hello", "--wait", "ack", "--timeout", "0.2s", "--json", exit=4)
    assert waited.json["timed_out"] is True
    assert waited.json["messages"][0]["state"] == "queued"
    told = ccc_inline("send", session.name, "Hello", "--wait", "delivered", "--timeout", "0.2s", exit=4)
    overdue = f"time limit of 0.2s reached: not delivered to {session.name}; the message stays on its way\n"
    assert told.stderr == overdue
    assert len(told.stdout.splitlines()) == 1
    assert told.stdout.endswith(f" to {session.name}: git ccc inbox shows it in its worktree\n")
    assert ccc_inline("send", session.name, "Hello", "--timeout", "1", exit=2).stderr.startswith(
        "error: --timeout is for --wait"
    )


def test_a_message_to_one_that_fails_bounces_to_a_session_a_person_and_who_waits_for_it(
    ready: Repo, spawn: Spawns, ccc: RunsCcc, ccc_inline: RunsCcc, diary: Diary
) -> None:
    ready.write(".ccc/config.toml", FAILS)
    ready.commit("Configure an engine")
    sender = spawn("Ask")
    made = ccc("spawn", "backend", "Fail", "--engine", "failing", "--json", exit=0).json["sessions"][0]
    failing = Agent(made["name"], made["id"], ready.path, ccc, ready.path / ".git" / "ccc" / "runs")
    try:
        failing.becomes("running", "starting")
        sender("send", failing.name, "Mind the gap")
        waiting = Sending(ready, failing.name, "Hurry", "--wait", "ack", "--timeout", "50")
        until(lambda: len([line for line in diary() if "message from" in line]) == 2, "both messages")
        Repo(ready.path.parent / made["worktree"]).write("go", "")
        assert waiting.end()[0] == 1
    finally:
        failing.end()
    (notice,) = until(lambda: items(sender("inbox", "--json")), "the notice")
    assert notice["title"] == "message from ccc"
    assert f" did not arrive, {failing.name} has failed: failing did not start: exit 3" in notice["text"]
    told = [each for each in items(ccc_inline("inbox", "--json")) if each["kind"] == "message"]
    assert [each["title"] for each in told] == [f"a message to {failing.name} did not arrive"]
    assert len([line for line in diary() if " bounced: " in line]) == 2


def test_what_a_closed_session_had_sent_bounces_on_record_only(
    spawn: Spawns, ccc_inline: RunsCcc, diary: Diary
) -> None:
    sender, receiver = spawn("One"), spawn("Two")
    sender("send", receiver.name, "Mind the gap")
    for each in (sender, receiver):
        ccc_inline("close", each.name, exit=0)
    assert [line for line in diary() if f" bounced: {receiver.name} was closed" in line]
    assert not [line for line in diary() if "message from ccc" in line]


def test_mail_of_one_that_was_stopped_waits_for_its_resumption(
    start: Starts, ccc_inline: RunsCcc, diary: Diary
) -> None:
    agent = start([{"wait": {"file": "go"}}, HEARS, *DONE])
    agent.becomes("running")
    ccc_inline("pause", agent.name, exit=0)
    ccc_inline("send", agent.name, "Mind the umlauts", exit=0)
    ccc_inline("stop", agent.name, exit=0)
    ccc_inline("drain", exit=0)
    (agent.path / "go").touch()
    ccc_inline("resume", agent.name, exit=0)
    agent.becomes("unchecked")
    until(lambda: [line for line in diary() if "delivered message" in line], "the receipt")
    assert not [line for line in diary() if " bounced: " in line]
    assert len([line for line in diary() if "delivered message" in line]) == 1


def test_a_flood_arrives_whole_and_in_order(ready: Repo, start: Starts) -> None:
    agent = start([{"wait": {"file": "go"}}, *[HEARS] * 20, *DONE])
    agent.becomes("running")
    workspace = Workspace.open(ready.path, os.environ)
    sent = [send(workspace, [agent.name], f"Number {number}")[0] for number in range(20)]
    workspace.reader.close()
    (agent.path / "go").touch()
    agent.becomes("unchecked")
    run = agent.runs / agent.id / "1" / "engine.log"
    received = [json.loads(line)["id"] for line in run.read_text().splitlines() if '"received"' in line]
    assert [each for each in received if each] == [each.id for each in sent]


def test_who_waits_for_one_that_is_stopped_then_is_told_by_whom(
    ready: Repo, start: Starts, ccc_inline: RunsCcc
) -> None:
    agent = start([{"wait": {"seconds": 300}}])
    agent.becomes("running")
    sending = Sending(ready, agent.name, "Mind it", "--wait", "ack", "--timeout", "50")
    until(lambda: agent.status()["unread"] == 1, "the message")
    ccc_inline("stop", agent.name, exit=0)
    code, said = sending.end()
    told = json.loads(said)
    assert (code, told["timed_out"], told["messages"][0]["state"]) == (1, False, "queued")
    assert told["messages"][0]["how"].startswith(f"{agent.name} was stopped by Developer")
