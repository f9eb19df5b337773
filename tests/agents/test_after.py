"""`--after`: who begins on whose work, what blocks, and what mends it; real agents, real commits."""

from __future__ import annotations

import signal
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from tests.agents.conftest import Starts
from tests.agents.test_capacity import configure, part
from tests.support.agents import Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow


def after(*agents: Agent) -> tuple[str, ...]:
    """The options that make a session wait for these."""
    return tuple(word for agent in agents for word in ("--after", agent.name))


def head(agent: Agent) -> str:
    return str(agent.status()["head"])


def items(ccc: RunsCcc, kind: str) -> list[dict[str, Any]]:
    return [each for each in ccc("inbox", "--json", exit=0).json["items"] if each["kind"] == kind]


GO = {"wait": {"file": "../go"}}
FAILS = [{"fail": "no way"}]


def go(ready: Repo) -> None:
    (ready.path.with_name("repo.ccc") / "go").touch()


def test_a_chain_of_five_each_on_the_commit_of_the_one_before(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    agents = [start(part("0.txt", GO), task="Link 0")]
    for number in range(1, 5):
        agents.append(start(part(f"{number}.txt"), task=f"Link {number}", options=after(agents[-1])))
    waiting = [agent.status() for agent in agents[1:]]
    assert [each["status"] for each in waiting] == ["queued"] * 4
    assert [each["after"] for each in waiting] == [[agent.id] for agent in agents[:-1]]
    go(ready)
    for before, agent in pairwise(agents):
        agent.becomes("unchecked", patience=90)
        assert agent.status()["base"] == head(before)
        assert ready.git("merge-base", "--is-ancestor", head(before), head(agent)) == ""
    assert sorted(path.name for path in agents[4].path.glob("?.txt")) == [f"{n}.txt" for n in range(5)]
    brief = (agents[4].path / ".ccc" / "sessions" / agents[4].name / "brief.md").read_text()
    assert f"### {agents[3].name} at `{head(agents[3])[:7]}`, not landed on main yet" in brief
    refused = ccc("merge", agents[1].name, "--yes", exit=1)
    words = f"it carries work of {agents[0].name} that has not landed; first: git ccc merge {agents[0].name}"
    assert words in refused.stderr
    ccc("queue", agents[1].name, exit=0)
    ccc("queue", agents[0].name, exit=0)
    ccc("merge", "--yes", exit=0)
    assert sorted(path.name for path in ready.path.glob("?.txt")) == ["0.txt", "1.txt"]


def test_a_diamond_one_failing_and_mended(ready: Repo, start: Starts, ccc: RunsCcc) -> None:
    top = start(part("top.txt", GO), task="Top")
    left = start(part("left.txt"), task="Left", options=after(top))
    right = start(FAILS, part("right.txt"), task="Right", options=after(top))
    bottom = start(part("bottom.txt"), task="Bottom", options=after(left, right))
    last = start(part("last.txt"), task="Last", options=after(bottom))
    go(ready)
    right.becomes("failed", patience=90)
    for held in (bottom, last):
        assert held.becomes("blocked")["evidence"][0]["what"] == f"{right.name} failed"
    left.becomes("unchecked", patience=90)
    found = [each for each in items(ccc, "failure") if "cannot begin" in each["title"]]
    assert [each["title"] for each in found] == [
        f"{bottom.name}, {last.name} cannot begin: {right.name} failed"
    ]
    refused = ccc("start", bottom.name, exit=1)
    assert f"git ccc start {bottom.name} --now" in refused.stderr
    ccc("resume", right.name, exit=0)
    ccc("send", right.name, "go on", exit=0)
    for agent in (right, bottom, last):
        agent.becomes("unchecked", patience=90)
    assert {path.name for path in last.path.glob("*.txt")} == {
        *("top.txt", "left.txt", "right.txt", "bottom.txt", "last.txt")
    }
    base = bottom.status()["base"]
    assert ready.git("show", "-s", "--format=%P", base).split() == [head(left), head(right)]
    assert not [each for each in items(ccc, "failure") if "cannot begin" in each["title"]]


def test_the_reason_of_who_waits_in_vain_is_that_of_this_moment(start: Starts, ccc: RunsCcc) -> None:
    """Said the same by status and inbox right after each command, whatever was recorded before."""
    first = start([{"wait": {"file": "never"}}], task="First")
    held = start(part("held.txt"), task="Held", options=after(first))
    for command, words in (
        ("stop", "is stopped"),
        ("close", "was closed without landing"),
        ("undo", "is stopped"),
    ):
        ccc(command, first.name, exit=0)
        now = held.status()
        why = f"{first.name} {words}"
        assert (now["status"], now["evidence"][0]["what"]) == ("blocked", why)
        titles = [each["title"] for each in items(ccc, "failure")]
        assert f"{held.name} cannot begin: {why}" in titles


def test_what_conflicts_blocks_until_one_of_them_moves_on(ready: Repo, start: Starts, ccc: RunsCcc) -> None:
    def same(text: str) -> list[dict[str, Any]]:
        edit = {"edit": {"path": "same.txt", "content": text}}
        return [edit, {"commit": {"message": f"Say {text}", "status": "done"}}]

    ready.commit("Nobody is told", {".ccc/config.toml": "[radar]\non = false\n"})
    one = start(same("one\n"), task="One")
    other = start(same("other\n"), same("one\n"), task="Other")
    for agent in (one, other):
        agent.becomes("unchecked", patience=90)
    both = start(part("both.txt"), task="Both", options=after(one, other))
    assert "in same.txt" in both.becomes("blocked")["evidence"][0]["what"]
    conflict = items(ccc, "conflict")
    assert [each["session"] for each in conflict] == [both.id]
    assert head(one)[:7] in conflict[0]["text"]
    assert head(other)[:7] in conflict[0]["text"]
    ccc("send", other.name, "say the same", exit=0)
    both.becomes("unchecked", patience=90)
    assert (both.path / "same.txt").read_text() == "one\n"


def test_one_that_has_landed_is_built_on_through_its_target(ready: Repo, start: Starts, ccc: RunsCcc) -> None:
    first = start(part("first.txt"), task="First")
    first.becomes("unchecked")
    ccc("merge", first.name, "--yes", exit=0)
    tip = ready.oid("main")
    second = start(part("second.txt"), task="Second", options=after(first))
    assert second.becomes("unchecked", patience=90)["base"] == tip
    assert not (second.path / ".ccc" / "sessions" / first.name).exists()


def test_who_begun_on_an_older_commit_is_told_and_shown(ready: Repo, start: Starts, ccc: RunsCcc) -> None:
    first = start(part("first.txt"), part("more.txt"), task="First")
    first.becomes("unchecked")
    old = head(first)
    told = [{"wait": {"message": True}}]
    second = start([*told, *part("second.txt")], task="Second", options=after(first))
    second.becomes("running", patience=90)
    ccc("send", first.name, "more", exit=0)
    until(lambda: head(first) != old, "the next commit")
    second.becomes("unchecked", patience=90)
    words = f"builds on {first.name} at {old[:7]}, which is at {head(first)[:7]} now"
    assert words in [each["what"] for each in second.status()["evidence"]]
    assert words in ccc("review", second.name, "--json", exit=0).json["warnings"]


def test_a_start_that_dies_while_it_moves_the_branch_is_finished(
    ready: Repo,
    start: Starts,
    ccc: RunsCcc,
    diary: Callable[[], list[str]],
) -> None:
    first = start(part("first.txt"), task="First")
    first.becomes("unchecked")
    configure(ready, "[limits]\nfree_memory = 99999999999999\n")
    second = start(part("second.txt"), task="Second", options=after(first))
    assert second.status()["status"] == "queued"
    killed = ccc("start", second.name, "--now", env={"CCC_TEST_STOP_AT": "stack-moved"})
    assert killed.exit == -signal.SIGKILL
    configure(ready, "")
    ccc("drain", exit=0)
    second.becomes("unchecked", patience=90)
    assert second.status()["base"] == head(first)
    assert "## What you build on" in ccc("show", second.name, "--brief", exit=0).stdout
    assert sum("begins at" in line and "on the work of" in line for line in diary()) == 1


def test_itself_and_nobody_cannot_be_waited_for(ready: Repo, ccc: RunsCcc) -> None:
    ccc("spawn", "backend", "Part", "--no-start", "--after", "backend-part", exit=1)
    ccc("spawn", "backend", "Part", "--no-start", "--name", "x", "--after", "backend-x", exit=1)
    assert ccc("status", "--json", exit=0).json["sessions"] == []


def by_hand(ready: Repo, ccc: RunsCcc, name: str, *options: str) -> tuple[Repo, list[str]]:
    """A session that nobody starts, and what `spawn` says of those it is after."""
    said = ccc("spawn", "backend", f"Task {name}", "--no-start", "--name", name, *options, exit=0).stdout
    lines = [line.removeprefix("  after     ") for line in said.splitlines() if line.startswith("  after ")]
    return Repo(ready.path.with_name("repo.ccc") / f"backend-{name}"), lines


def test_a_session_worked_by_hand_begins_at_once_on_work_that_is_done(ready: Repo, ccc: RunsCcc) -> None:
    first, said = by_hand(ready, ccc, "first")
    assert said == []
    waiting, said = by_hand(ready, ccc, "waiting", "--after", "backend-first")
    start, now = ready.git("rev-parse", "--short=7", "main"), "until: git ccc start backend-waiting"
    assert said == [f"waits for backend-first; it is at main {start}, {now}"]
    done = first.commit("Work\n\nCcc-Status: done", {"first.txt": "1\n"})
    ccc("wait", "backend-first", exit=0)
    assert not (waiting.path / "first.txt").exists()
    second, said = by_hand(ready, ccc, "second", "--after", "backend-first")
    assert said == [f"it begins at {done[:7]}, on the work of backend-first"]
    assert (second.path / "first.txt").read_text() == "1\n"
    assert second.git("status", "--porcelain") == ""
    assert second.git("rev-parse", "HEAD~1") == done
    shown = ccc("show", "backend-second", "--brief", exit=0).stdout
    assert f"### backend-first at `{done[:7]}`, not landed on main yet" in shown
    second.commit("More\n\nCcc-Status: done", {"second.txt": "2\n"})
    ccc("wait", "backend-second", exit=0)
    assert "it carries work of backend-first" in ccc("merge", "backend-second", "--yes", exit=1).stderr
    ccc("merge", "backend-first", "--yes", exit=0)
    _, said = by_hand(ready, ccc, "third", "--after", "backend-first")
    assert said == [
        f"it begins at {ready.git('rev-parse', '--short=7', 'main')}, on the work of backend-first"
    ]


def test_who_is_worked_by_hand_is_not_said_to_begin_by_itself(ready: Repo, ccc: RunsCcc) -> None:
    by_hand(ready, ccc, "first")
    held, _ = by_hand(ready, ccc, "held", "--after", "backend-first")
    ccc("close", "backend-first", exit=0)
    item = items(ccc, "failure")[0]
    assert item["title"] == "no work to build on for backend-held: backend-first was closed without landing"
    mended = "once backend-first is verified, unchecked or landed, git ccc start ID begins there"
    assert item["text"] == f"made with --no-start, so not by itself: {mended}"
    held.commit("Without it\n\nCcc-Status: done", {"held.txt": "1\n"})
    ccc("wait", "backend-held", exit=0)
    assert items(ccc, "failure") == []
