"""`wait` tells each thing once: nothing is seen twice, nothing is missed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ccc.layout import Layout
from ccc.store import cursors
from ccc.store.cursors import Cursor
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.talking.conftest import Session, Spawns, items
from tests.views import shapes

pytestmark = pytest.mark.slow
"""Real processes, a second each."""

WAITED = {
    **shapes.DOCUMENT,
    "done": [shapes.ID],
    "failed": [shapes.ID],
    "needs_you": [shapes.ITEM],
    "open": [shapes.ID],
    "messages": [shapes.ITEM],
    "timed_out": shapes.truth,
    "cursor": shapes.or_null(shapes.text),
}
TOLD = ("done", "failed", "needs_you", "messages")

Waits = Callable[..., Mapping[str, Any]]


@pytest.fixture
def wait(ccc_inline: RunsCcc) -> Waits:
    """`wait --any` after a cursor, with what it told: names of lists that are not empty."""

    def run(*arguments: str, since: str | None = None, timeout: str = "0", exit: int | None = None) -> Any:
        cursor = () if since is None else ("--since", since)
        document = ccc_inline(
            "wait", "--json", "--timeout", timeout, *cursor, *(arguments or ("--any",)), exit=exit
        ).json
        assert shapes.faults(document, WAITED) == []
        return document

    return run


def report(session: Session, text: str = "Looked at it") -> None:
    session("report", "--done", "--summary", text)


def told(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in TOLD if document[name]}


def test_a_finished_session_is_told_once_and_the_next_one_is_not_missed(spawn: Spawns, wait: Waits) -> None:
    first, second = spawn("One"), spawn("Two")
    report(first)
    found = wait(exit=0, timeout="60")
    assert (told(found), found["open"]) == ({"done": [first.id]}, [second.id])
    again = wait(since=found["cursor"], exit=4)
    assert (told(again), again["open"], again["timed_out"]) == ({}, [second.id], True)
    report(second)
    found = wait(since=again["cursor"], exit=0, timeout="60")
    assert told(found) == {"done": [second.id]}
    assert told(wait(since=found["cursor"], exit=4)) == {}


def test_an_old_cursor_tells_what_came_after_it(spawn: Spawns, wait: Waits) -> None:
    first, second = spawn("One"), spawn("Two")
    report(first)
    cursor = wait(exit=0, timeout="60")["cursor"]
    report(second)
    for _ in range(2):
        assert told(wait(since=cursor, exit=0, timeout="60")) == {"done": [second.id]}


def test_a_session_made_meanwhile_is_waited_for(spawn: Spawns, wait: Waits) -> None:
    first = spawn("One")
    report(first)
    cursor = wait(exit=0, timeout="60")["cursor"]
    second = spawn("Two")
    assert wait(since=cursor, exit=4)["open"] == [second.id]


def test_a_question_and_a_message_end_the_waiting_once_each(
    spawn: Spawns, wait: Waits, ccc_inline: RunsCcc
) -> None:
    session = spawn("One")
    session("ask", "Here?")
    asked = wait(exit=3)
    assert [item["text"] for item in told(asked)["needs_you"]] == ["Here?"]
    assert told(wait(since=asked["cursor"], exit=4)) == {}
    session("send", "orchestrator", "By the way")
    said = wait(since=asked["cursor"], exit=0)
    assert [item["text"] for item in told(said)["messages"]] == ["By the way"]
    assert told(wait(since=said["cursor"], exit=4)) == {}
    session("ask", "Now?")
    asked = wait(since=said["cursor"], exit=3)
    assert [item["text"] for item in told(asked)["needs_you"]] == ["Now?"]


def test_who_waits_behind_one_that_needs_a_person_keeps_nobody_waiting(
    spawn: Spawns, wait: Waits, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    script = tmp_path / "script.yml"
    script.write_text("turns: [{steps: [{say: Hello}]}]", encoding="utf-8")
    engine = ("--engine", f"rehearsal:{script}", "--json")
    first = spawn("First")
    made = [
        ccc_inline("spawn", "backend", task, "--after", f"backend-{after}", *engine, exit=0).json
        for task, after in (("Second", "first"), ("Third", "second"))
    ]
    second, third = (each["sessions"][0]["id"] for each in made)
    assert wait("--all", exit=4)["open"] == [first.id, second, third]
    first("ask", "Here?")
    for names in ((), ("backend-second",), ("backend-third",), ("backend-third", "--any")):
        found = wait(*(names or ("--all",)), timeout="60", exit=3)
        assert [item["text"] for item in found["needs_you"]] == ["Here?"]
    said = ccc_inline("wait", "backend-third", "--timeout", "60", exit=3).stdout.splitlines()
    assert said[0].startswith("backend-third: queued (waits for backend-second")
    assert said[1].startswith("needs you: backend-first asks; git ccc answer ")
    assert wait("--all", since=found["cursor"], exit=4)["needs_you"] == []


def test_a_message_does_not_end_the_waiting_for_all(spawn: Spawns, wait: Waits) -> None:
    session = spawn("One")
    session("send", "orchestrator", "By the way")
    waiting = wait("--all", exit=4)
    assert (waiting["open"], len(waiting["messages"])) == ([session.id], 1)
    session("ask", "Here?")
    assert wait("--all", exit=3)["timed_out"] is False


def test_waiting_for_all_ends_though_some_were_told_before(spawn: Spawns, wait: Waits) -> None:
    first, second = spawn("One"), spawn("Two")
    report(first)
    cursor = wait(exit=0, timeout="60")["cursor"]
    report(second)
    assert told(wait("--all", since=cursor, exit=0, timeout="60")) == {"done": [second.id]}


def test_one_that_was_closed_before_it_came_to_anything_is_not_waited_for(
    spawn: Spawns, wait: Waits, ccc_inline: RunsCcc
) -> None:
    session = spawn("One")
    ccc_inline("close", session.name, exit=0)
    assert told(wait(session.name, exit=1, timeout="60")) == {"failed": [session.id]}
    assert told(wait(session.name, "--for", "closed", exit=0, timeout="60")) == {"done": [session.id]}


def test_a_message_is_no_status_that_is_waited_for(spawn: Spawns, wait: Waits) -> None:
    session = spawn("One")
    session("send", "orchestrator", "By the way")
    assert wait("--any", "--for", "paused", exit=4)["timed_out"] is True


def test_when_all_is_told_and_over_there_is_nothing_to_wait_for(
    spawn: Spawns, wait: Waits, ccc_inline: RunsCcc
) -> None:
    session = spawn("One")
    report(session)
    cursor = wait(exit=0, timeout="60")["cursor"]
    ccc_inline("close", session.name, exit=0)
    refused = ccc_inline("wait", session.name, "--any", "--since", cursor, exit=1).stderr
    assert refused.startswith("error: there is nothing more to wait for: all of it was told\n")
    assert told(wait(session.name, exit=0)) == {"done": [session.id]}


def test_done_again_after_a_rejection_is_told_again(spawn: Spawns, wait: Waits, ccc_inline: RunsCcc) -> None:
    session = spawn("One")
    session.tree.commit("One\n\nCcc-Status: done", one="1")
    cursor = wait(exit=0, timeout="60")["cursor"]
    ccc_inline("reject", session.name, "--why", "Say more", exit=0)
    assert told(wait(since=cursor, exit=4)) == {}
    report(session)
    assert told(wait(since=cursor, exit=0, timeout="60")) == {"done": [session.id]}


def test_a_cursor_says_how_to_go_on_and_is_taken_by_other_commands(
    spawn: Spawns, ccc_inline: RunsCcc
) -> None:
    first = spawn("One")
    report(first)
    waited = ccc_inline("wait", "--any", "--timeout", "60", exit=0)
    command = waited.stderr.splitlines()[-1].partition("go on with: git ccc ")[2].split()
    assert command[:3] == ["wait", "--any", "--since"]
    spawn("Two")
    log = ccc_inline("log", "--since", command[3], "--json", exit=0).json["events"]
    assert [event["subject"] for event in log] == ["backend-two"]
    status = ccc_inline("status", "--since", command[3], "--json", exit=0).json["sessions"]
    assert [each["name"] for each in status] == ["backend-two"]


@pytest.mark.parametrize("since", ["refs/ccc", "2h ago"])
def test_commits_and_times_are_taken_as_cursors(spawn: Spawns, wait: Waits, since: str, ready: Repo) -> None:
    first = spawn("One")
    report(first)
    wait(exit=0, timeout="60")
    fresh = told(wait(since=since, timeout="0"))
    assert fresh == ({"done": [first.id]} if since == "2h ago" else {})


def test_an_unknown_cursor_is_not_found(spawn: Spawns, ccc_inline: RunsCcc) -> None:
    spawn("One")
    refused = ccc_inline("wait", "--any", "--since", "0123456789ab", exit=1).stderr
    assert refused.startswith("error: 0123456789ab is no ")


def test_cursors_are_kept_for_a_week_and_broken_ones_are_none(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    old, fresh = (cursors.write(layout, Cursor(None, frozenset({"a"}))) for _ in range(2))
    file = layout.root / "cursors" / old
    os.utime(file, (0, 0))
    broken = cursors.write(layout, Cursor("f" * 40, frozenset()))
    assert not file.exists()
    assert cursors.read(layout, fresh) == Cursor(None, frozenset({"a"}))
    (layout.root / "cursors" / broken).write_text("{", encoding="ascii")
    assert [cursors.read(layout, each) for each in (old, broken, "../../HEAD", "")] == [None] * 4


def test_where_no_cursor_can_be_written_the_tip_is_one(
    ready: Repo, spawn: Spawns, wait: Waits, ccc_inline: RunsCcc
) -> None:
    session = spawn("One")
    (Layout(ready.common).root / "cursors").write_text("in the way", encoding="ascii")
    session("ask", "Here?")
    waited = wait(exit=3)
    assert waited["cursor"] == waited["tip"]
    assert items(ccc_inline("inbox", "--json"))[0]["text"] == "Here?"
