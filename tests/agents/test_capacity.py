"""How many agents live at once, and who comes next: what is counted is processes, never what is recorded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.agents.conftest import Starts
from tests.agents.killing import no_drain_is_left
from tests.support.agents import until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

PLAYER = b"ccc.engines.rehearsal"


def living(runs: Path) -> set[str]:
    """Ids of the sessions below `runs` whose agents are processes now, as the system says."""
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            if PLAYER not in (entry / "cmdline").read_bytes():
                continue
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        marks = [each[8:].decode().partition(".")[0] for each in environment if each.startswith(b"CCC_RUN=")]
        found |= {mark for mark in marks if (runs / mark).is_dir()}
    return found


class Watch:
    """Counts living agents again and again until it is ended."""

    def __init__(self, runs: Path) -> None:
        self.runs, self.most, self.seen = runs, 0, [set[str]()]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._count, daemon=True)

    def _count(self) -> None:
        """Once more after the end: on a busy machine it had no turn since, and what lives now is seen."""
        over = False
        while not over:
            over = self._over.is_set()
            now = living(self.runs)
            self.most = max(self.most, len(now))
            if now != self.seen[-1]:
                self.seen.append(now)
            self._over.wait(0.02)

    @property
    def order(self) -> list[str]:
        """Session ids in the order in which their agents were first seen."""
        return list(dict.fromkeys(each for now in self.seen for each in sorted(now)))

    @contextmanager
    def counting(self) -> Iterator[Watch]:
        """Counts while the block runs."""
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._thread.join(10)


def part(path: str, *before: dict[str, Any]) -> list[dict[str, Any]]:
    """Steps of an agent that adds a file and says that it is done."""
    edit = {"edit": {"path": path, "content": f"{path}\n"}}
    return [*before, edit, {"commit": {"message": f"Add {path}", "status": "done"}}]


def configure(ready: Repo, text: str) -> None:
    ready.write(".ccc/config.toml", text)


STAYS = [{"wait": {"file": "../go"}}]
"""Steps of an agent that keeps its place until `go` lets it on."""


def go(ready: Repo) -> None:
    (ready.path.with_name("repo.ccc") / "go").touch()


def script(tmp_path: Path, steps: list[dict[str, Any]]) -> tuple[str, str]:
    """The options that let these steps be played."""
    path = tmp_path / "many.yml"
    path.write_text(yaml.safe_dump({"turns": [{"steps": steps}]}), encoding="utf-8")
    return "--engine", f"rehearsal:{path}"


def sessions(ccc: RunsCcc) -> dict[str, dict[str, Any]]:
    """All sessions as they are now, by id."""
    return {each["id"]: each for each in ccc("status", "--all", "--json", exit=0).json["sessions"]}


def ordered_at(runs: Path, identifier: str) -> int:
    """When a session's place was taken; two that start together are seen in any order."""
    return (runs / identifier / "1" / "order.json").stat().st_mtime_ns


@pytest.mark.long
@pytest.mark.timeout(400)
def test_fifty_wait_and_start_by_priority_in_turns_and_within_every_limit(
    ready: Repo, start: Starts, ccc: RunsCcc, tmp_path: Path
) -> None:
    configure(ready, "[limits]\nparallel = 3\nper_role = { testing = 1 }\n")
    holders = [start(part(f"h{n}.txt", *STAYS), task=f"Hold {n}") for n in range(3)]
    engine = script(tmp_path, part("part.txt"))
    ccc("spawn", "backend", "Of one", *engine, "--count", "22", exit=0)
    ready.git("config", "user.name", "Reviewer")
    ccc("spawn", "backend", "Of another", *engine, "--count", "21", exit=0)
    ready.git("config", "user.name", "Maintainer")
    ccc("spawn", "testing", "Test", *engine, "--count", "4", "--priority", "1", exit=0)
    ccc("spawn", "review", "Review", *engine, "--count", "3", "--priority", "5", exit=0)
    known = sessions(ccc)
    queued = [each for each in known.values() if each["status"] == "queued"]
    assert len(queued) == 50
    assert sorted(each["position"] for each in queued) == list(range(1, 51))
    held = ", ".join(agent.name for agent in holders)
    assert {each["evidence"][0]["what"].partition(": ")[2] for each in queued} == {f"3 of 3 may run: {held}"}
    watch = Watch(ready.path / ".git" / "ccc" / "runs")
    with watch.counting():
        go(ready)
        until(lambda: len(watch.order) >= 14, "eleven of those that waited", 300)
        stopping = time.time_ns()
        ccc("stop", "--all", exit=0)
        until(lambda: not living(watch.runs), "the end of all")
    assert watch.most == 3
    roles = [[known[each]["role"] for each in now].count("testing") for now in watch.seen]
    assert max(roles) == 1
    at = {each: ordered_at(watch.runs, each) for each in watch.order}
    begun = [known[each] for each in sorted(at, key=lambda each: at[each])[3:] if at[each] < stopping]
    assert [each["role"] for each in begun[:4]] == ["review", "review", "review", "testing"]
    tasks = [each["task"] for each in begun if each["role"] == "backend"]
    ahead = accumulate(1 if each == "Of one" else -1 for each in tasks)
    assert max(map(abs, ahead)) <= 2, tasks  # two that start at once may write their orders either way round
    assert {each["status"] for each in sessions(ccc).values()} <= {"stopped", "unchecked", "reported", "idle"}


def test_sixteen_who_look_at_once_start_each_once_and_no_more_than_may(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    configure(ready, "[limits]\nparallel = 1\n")
    first = start(part("0.txt", *STAYS), task="Part 0")
    others = [start(part(f"{n}.txt", *STAYS), task=f"Part {n}") for n in range(1, 6)]
    watch = Watch(ready.path / ".git" / "ccc" / "runs")
    with watch.counting():
        configure(ready, "[limits]\nparallel = 4\n")
        command = [sys.executable, "-m", "ccc", "drain"]
        running = [subprocess.Popen(command, cwd=ready.path, env=os.environ) for _ in range(16)]
        assert [process.wait(120) for process in running] == [0] * 16
        until(lambda: len(living(watch.runs)) == 4, "four")
    assert watch.most == 4
    assert living(watch.runs) == {first.id, *(agent.id for agent in others[:3])}
    for agent in (first, *others[:3]):
        assert [path.name for path in (agent.runs / agent.id).iterdir() if path.name.isdecimal()] == ["1"]
    ccc("stop", "--all", exit=0)


@pytest.mark.parametrize("point", ["start-reserved", "start-launched"])
def test_a_starter_that_dies_gives_its_place_back_and_the_session_starts(
    ready: Repo, start: Starts, ccc: RunsCcc, point: str
) -> None:
    configure(ready, "[limits]\nparallel = 1\n")
    first = start(part("0.txt", *STAYS), task="Part 0")
    second = start(part("1.txt"), task="Part 1")
    assert second.status()["status"] == "queued"
    watch = Watch(first.runs)
    with watch.counting():
        first.becomes("running")
        configure(ready, "[limits]\nparallel = 1\nfree_memory = 99999999999999\n")  # for all but a person
        ccc("stop", first.name, exit=0)
        killed = ccc("start", second.name, "--now", env={"CCC_TEST_STOP_AT": point})
        assert killed.exit == -signal.SIGKILL
        configure(ready, "[limits]\nparallel = 1\n")
        second.becomes("unchecked", patience=60)
    assert watch.most == 1
    assert watch.order.count(second.id) == 1


def test_a_busy_machine_starts_nothing_until_it_is_free_and_nobody_has_to_ask(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    configure(ready, '[limits]\nfree_memory = "9999TB"\n')
    agent = start(part("0.txt"))
    assert "the machine is full" in agent.status()["evidence"][0]["what"]
    configure(ready, "[limits]\nload = 1000.0\n")
    file = agent.path / "0.txt"
    until(file.exists, "the start, without a command", 60)


def test_a_person_goes_beyond_the_limits_and_an_agent_does_not(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    configure(ready, "[limits]\nparallel = 1\n")
    first = start(STAYS, task="Part 0")
    second, third = (start(STAYS, task=f"Part {number}") for number in (1, 2))
    assert [agent.status()["position"] for agent in (second, third)] == [1, 2]
    refused = ccc("start", third.name, "--now", cwd=first.path, exit=3)
    assert f"git ccc start {third.name} --now" in refused.stderr
    ccc("start", third.name, exit=0)
    assert [agent.status()["position"] for agent in (second, third)] == [2, 1]
    ccc("start", second.name, "--now", exit=0)
    second.becomes("running")
    assert living(first.runs) == {first.id, second.id}
    ccc("stop", third.name, exit=0)
    assert third.status()["evidence"][0]["what"].startswith("taken out of the queue by ")
    ccc("stop", "--all", exit=0)


def test_who_wants_the_place_of_one_that_needs_a_person_keeps_nobody_waiting(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    """Nor does whoever is to begin after it. A place that becomes free by itself is waited for."""
    configure(ready, "[limits]\nparallel = 2\n")
    holds = [{"ask": {"text": "Which?"}}, *STAYS]
    first = start(holds, task="Part 0")
    first.becomes("waiting")
    working = start(STAYS, task="Part 1")
    third = start(part("3.txt"), task="Part 3")
    last = start(part("4.txt"), task="Part 4", options=("--after", third.name))
    assert (third.status()["position"], last.status()["status"]) == (1, "queued")
    found = ccc("wait", "--all", "--json", "--timeout", "1", exit=4).json
    assert len(found["open"]) == 4
    ccc("wait", last.name, "--timeout", "1", exit=4)
    ccc("stop", working.name, exit=0)
    until(lambda: third.status()["status"] == "unchecked", "the place of who was stopped", 60)
    configure(ready, "[limits]\nparallel = 1\n")
    fifth = start(part("5.txt"), task="Part 5")
    for names in ((fifth.name, last.name), (fifth.name,), (fifth.name, "--any")):
        found = ccc("wait", *names, "--json", "--timeout", "60", exit=3).json
        assert [item["text"] for item in found["needs_you"]] == ["Which?"], names
        assert fifth.id in found["open"]
    ccc("answer", found["needs_you"][0]["id"], "The first", exit=0)
    ccc("wait", fifth.name, "--timeout", "1", exit=4)
    ccc("stop", first.name, exit=0)
    ccc("wait", fifth.name, "--timeout", "60", exit=0)


def test_a_message_for_an_agent_at_rest_waits_for_room_and_is_not_lost(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    configure(ready, "[limits]\nparallel = 1\n")
    first = start(part("0.txt"), part("more.txt"), task="Part 0")
    first.becomes("unchecked")
    second = start(part("1.txt", *STAYS), task="Part 1")
    second.becomes("running", patience=60)
    sent = ccc("send", first.name, "more", exit=0)
    assert "when there is room" in sent.stdout
    shown = first.status()
    assert (shown["status"], shown["unread"], shown["position"]) == ("unchecked", 1, 1)
    go(ready)
    until((first.path / "more.txt").exists, "what the message asked for", 60)
    assert first.status()["unread"] == 0


ASKED = """#!/bin/sh
echo '2.9.9 (Claude Code)'
[ ! -e slow ] || {{ touch {asked}; until [ -e {go} ]; do sleep 0.05; done; }}
"""


def test_who_is_taken_out_of_the_queue_while_its_start_is_prepared_does_not_start(
    ready: Repo, start: Starts, ccc: RunsCcc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its program takes long to say its version, which is asked for before the place is taken."""
    asked, goes, slow = (tmp_path / name for name in ("asked", "goes", "slow"))
    program = tmp_path / "bin" / "claude"
    program.parent.mkdir()
    program.write_text(ASKED.format(asked=asked, go=goes).replace("-e slow", f"-e {slow}"), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    configure(ready, "[limits]\nparallel = 1\n")
    holder = start(STAYS, task="Hold")
    waiting = ccc("spawn", "backend", "Wait", "--engine", "claude", "--json", exit=0).json["sessions"][0]
    assert waiting["status"] == "queued"
    slow.touch()
    ccc("stop", holder.name, exit=0)
    until(asked.exists, "the start")
    stopped = ccc("stop", waiting["name"], exit=0).stdout
    goes.touch()
    assert stopped == f"stopped {waiting['name']}: it was in the queue\n"
    no_drain_is_left(ready)
    assert sessions(ccc)[waiting["id"]]["status"] == "stopped"
    assert not (holder.runs / waiting["id"] / "1").exists()
