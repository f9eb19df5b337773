"""`git ccc watch`: every activity of every session once, as it happens, at little cost."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from ccc.domain.hues import hue, rgb, sgr
from ccc.ops.watch import Activity, Watcher
from ccc.ops.workspace import Workspace
from ccc.views.styling import Plain
from ccc.views.watch import activity_text
from tests.agents.conftest import Starts, ready, start
from tests.reading.test_following import Running
from tests.support.agents import Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

__all__ = ["ready", "start"]

AT = "2026-10-03T12:04:01.002Z"


def test_neighbours_never_look_alike_and_every_colour_can_be_read() -> None:
    for one, two in pairwise(range(100)):
        apart = abs(hue(one) - hue(two))
        assert min(apart, 1 - apart) > 0.3
    first = [hue(number) for number in range(8)]
    assert min(min(abs(a - b), 1 - abs(a - b)) for a in first for b in first if a != b) > 0.05
    for number in range(100):
        red, green, blue = rgb(hue(number))
        assert 60 < 0.3 * red + 0.59 * green + 0.11 * blue < 230
        assert sgr(number, 1 << 24) == f"38;2;{red};{green};{blue}"
        assert 16 <= int(sgr(number, 256).removeprefix("38;5;")) < 232
        assert int(sgr(number, 8)) in range(31, 37)


@pytest.mark.parametrize(
    ("activity", "line"),
    [
        (Activity(AT, "7f", "backend-a", 0, "text", "Two\n lines"), "Two lines"),
        (Activity(AT, "7f", "backend-a", 0, "tool", "git status", "Bash"), "Bash git status"),
        (Activity(AT, "7f", "backend-a", 0, "result", "no\x1b[2J", ok=False), "= failed: no\\x1b[2J"),
        (Activity(AT, None, "main", None, "event", "approved x", "merge.approved"), "approved x"),
        (Activity(AT, "7f", "backend-a", 0, "text", "x" * 900), "x" * 400),
    ],
)
def test_an_activity_is_one_line(activity: Activity, line: str) -> None:
    assert activity_text(activity, Plain(), None) == f"12:04:01 {activity.name:24} {line}"
    assert len(activity_text(activity, Plain(), 50)) <= 50


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (50, "12:04:01 backend-jwt-auth         paused: its bud…"),
        (45, "12:04:01 backend-jwt-auth         paused: it…"),
        (44, "backend-jwt-auth         paused: its budget…"),
        (36, "backend-jwt-auth         paused: it…"),
        (25, "backend-jwt-… paused: it…"),
        (20, "backend… paused: it…"),
        (10, "ba… pause…"),
    ],
)
def test_on_a_narrow_terminal_name_and_status_stay(columns: int, line: str) -> None:
    said = "paused: its budget of 60000 tokens is used up"
    activity = Activity(AT, "7f", "backend-jwt-auth", 0, "status", said, "session.paused")
    assert activity_text(activity, Plain(), columns) == line


def words(name: str, *numbers: int) -> list[dict[str, Any]]:
    """Says its numbers one after the other, with a pause now and then."""
    steps: list[dict[str, Any]] = []
    for number in numbers:
        steps.append({"say": f"{name} {number}"})
        if number % 7 == 0:
            steps.append({"wait": {"seconds": 0.05}})
    return steps


def end(watching: Running) -> None:
    """Ends it, if it is still there."""
    watching.process.kill()
    watching.process.wait(30)
    for stream in (watching.process.stdout, watching.process.stderr):
        assert stream is not None
        stream.close()


def until_said(watching: Running, seen: list[dict[str, Any]], wanted: str) -> None:
    while not any(each["text"] == wanted for each in seen):
        seen.append(json.loads(watching.line()))


@pytest.mark.slow
@pytest.mark.cold
def test_sessions_that_begin_die_and_go_on_are_followed_without_a_gap_or_a_repeat(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    old = start(words("old", 0), words("old", *range(1, 40)), task="Old")
    old.becomes("idle")
    until(lambda: "idle" in ccc("log", old.name, exit=0).stdout, "its record")
    watching = Running(ready, "watch", "--json", "-n", "1")
    seen: list[dict[str, Any]] = [json.loads(watching.line())]
    try:
        ccc("note", "watching", exit=0)
        crash = {"crash": {"signal": "KILL"}}
        commit = [{"edit": {"path": "a.txt", "content": "a\n"}}, {"commit": {"message": "A part"}}]
        steps = [*words("young", *range(20)), crash, *words("young", *range(20, 40)), *commit]
        young = start(steps, task="Young")
        ccc("send", old.name, "Go on", exit=0)
        until_said(watching, seen, "young 39")
        until_said(watching, seen, "old 39")
        ccc("stop", old.name, exit=0)
        ccc("resume", old.name, exit=0)
        ccc("send", old.name, "And again", exit=0)
        until_idle_again(watching, seen, young)
        watching.process.send_signal(signal.SIGINT)
        assert watching.process.wait(30) == 130
    finally:
        end(watching)
    said = [each["text"] for each in seen if each["kind"] == "text"]
    assert [each for each in said if each.startswith("young ")] == [f"young {n}" for n in range(40)]
    assert [each for each in said if each.startswith("old ")] == [f"old {n}" for n in range(1, 40)]
    events = Counter((each["what"], each["at"], each["text"]) for each in seen if each["role"] is None)
    assert set(events.values()) == {1}
    kinds = {each["kind"] for each in seen}
    assert {"text", "tool", "status", "commit", "message", "event", "note"} <= kinds
    assert {each["format"] for each in seen} == {1}
    assert all(len(each["tip"]) == 40 for each in seen)


def until_idle_again(watching: Running, seen: list[dict[str, Any]], agent: Agent) -> None:
    """Until the new session has committed and ended its turn, and the old one has got its third message."""
    wanted = {("session.idle", agent.name), ("session.committed", agent.name)}
    while not (
        wanted <= {(each["what"], each["name"]) for each in seen}
        and sum(each["what"] == "message.delivered" for each in seen) >= 2
    ):
        seen.append(json.loads(watching.line()))


@pytest.mark.slow
@pytest.mark.cold
def test_it_begins_with_what_was_last_shows_only_what_is_asked_for_and_ends_with_its_reader(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    one, two = start(words("one", 0), task="One"), start(words("two", 0), task="Two")
    one.becomes("idle")
    two.becomes("idle")
    until(lambda: "idle" in ccc("log", one.name, exit=0).stdout, "its record")
    watching = Running(ready, "watch", one.name, "-n", "2")
    try:
        lines = [watching.line() for _ in range(2)]
        assert [line.split()[1] for line in lines] == [one.name] * 2
        assert "idle: turn 1 ended" in lines[-1]
        assert watching.process.stdout is not None
        watching.process.stdout.close()
        assert watching.process.wait(30) == 0
        assert watching.process.stderr is not None
        assert watching.process.stderr.read() == b""
    finally:
        end(watching)
    assert ccc("watch", "nobody").exit == 1


@pytest.mark.slow
@pytest.mark.cold
def test_twelve_quiet_sessions_cost_less_than_a_hundredth_of_a_processor(ready: Repo, start: Starts) -> None:
    agents = [start(words("part", 0), task=f"Part {number}") for number in range(12)]
    for agent in agents:
        agent.becomes("idle")
    watcher = Watcher(Workspace.open(ready.path, os.environ))
    watcher.before()
    until(lambda: not watcher.news(), "quiet")
    looks, begun = 60, time.process_time()
    found = [activity for _ in range(looks) for activity in watcher.news()]
    used = (time.process_time() - begun) / looks
    print(f"{1000 * used:.2f} ms a look")
    assert found == []
    assert used < 0.003, "more than 1 % at a look each 0.3 s"
