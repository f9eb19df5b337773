"""What halts an agent where it stands: memory, processes, and going round in circles."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from ccc.engines.protocol import Did
from ccc.host.loops import Loops
from tests.agents.conftest import Starts
from tests.support.agents import until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

Diary = Callable[[], list[str]]

GREEDY = "import time; kept = bytearray(300_000_000); time.sleep(300)"
MANY = "import subprocess, time; [subprocess.Popen(['sleep', '300']) for _ in range(30)]; time.sleep(300)"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "budget", "words", "more"),
    [
        (GREEDY, "200MB", "its limit of 200 MB of memory is exceeded: ", "+1GB"),
        (MANY, "20procs", "its limit of 20 processes is exceeded: ", "+50procs"),
    ],
)
def test_who_is_above_a_limit_of_the_moment_is_halted_until_a_person_gives_more(
    start: Starts, ccc: RunsCcc, code: str, budget: str, words: str, more: str
) -> None:
    agent = start([{"run": [sys.executable, "-c", code]}], options=("--budget", budget))
    until(lambda: agent.status()["evidence"][0]["what"].startswith(words), words)
    assert agent.status()["status"] == "paused"
    (item,) = [each for each in ccc("inbox", "--json", exit=0).json["items"] if each["kind"] == "budget"]
    assert item["command"] == f"git ccc resume {agent.name} --budget {more}"
    assert agent.processes() != []
    ccc("resume", agent.name, "--budget", more, exit=0)
    agent.becomes("running")


@pytest.mark.slow
def test_a_circle_is_a_word_to_the_agent_and_then_a_pause(
    start: Starts, ccc: RunsCcc, ready: Repo, diary: Diary
) -> None:
    ready.write(".ccc/config.toml", "[limits]\nrepeats = 4\n")
    poll = {"again": {"call": "make check", "times": 50, "changes": True}}
    same = {"again": {"call": "make test", "times": 4}}
    agent = start([poll, same, {"wait": {"message": True}}, same, {"wait": {"seconds": 300}}])
    why = "it goes round in circles, and went on after it was told: Bash make test"
    until(lambda: agent.status()["evidence"][0]["what"] == why, why)
    assert agent.status()["status"] == "paused"
    until(lambda: f"{agent.name}: halted: {why}" in diary(), "the fact")
    words = [line for line in diary() if "message from ccc: You go round in circles" in line]
    assert len(words) == 1
    (item,) = [each for each in ccc("inbox", "--json", exit=0).json["items"] if each["kind"] == "budget"]
    assert (item["title"], item["command"]) == (
        f"{agent.name} goes round in circles",
        f"git ccc resume {agent.name}",
    )
    ccc("resume", agent.name, exit=0)
    agent.becomes("running")


def found(marks: list[str], repeats: int = 12) -> int | None:
    """With how many doings a circle was found."""
    loops = Loops(repeats)
    for number, mark in enumerate(marks, 1):
        loops.did(Did("", mark, mark))
        if loops.found is not None:
            return number
    return None


def test_the_same_call_and_cycles_of_two_and_three_are_circles() -> None:
    assert found(["a"] * 20) == 12
    assert found(["a", "b"] * 20) == 24
    assert found(["a", "b", "c"] * 20) == 36
    assert found(["words", "a"] * 20) == 24


def test_a_poll_whose_answer_changes_is_no_circle() -> None:
    assert found([f"poll {number}" for number in range(1000)]) is None
    assert found([each for number in range(500) for each in ("words", f"poll {number}")]) is None
    assert found((["a"] * 11 + ["b"]) * 11) is None
    assert found(["a"] * 1000, repeats=0) is None
