"""What a newer ccc wrote is read as far as it can be, never written to and never deleted."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ccc.domain.cells import Cells
from ccc.git.libgit import LibGit
from ccc.layout import Layout
from ccc.store import tips
from ccc.store.celltree import CellTreeWriter
from ccc.store.lock import locked
from ccc.store.protocol import META, REF
from tests.kinds.conftest import Spawns
from tests.kinds.days import Place
from tests.support.agents import Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

NEWER = "20991231T000000.000+000.newer"
WORDS = "error: refs/ccc is written in format 2, this ccc writes format 1\n"
HINT = "hint: upgrade ccc to write here; reading works\n"


@pytest.fixture
def place(repo: Repo) -> Place:
    return Place.of(repo)


def upgrade(place: Place) -> str:
    """Does what a newer ccc would: an event of an unknown shape, after which the state is of format 2."""
    layout = Layout(place.home.common)
    with locked(layout.lock):
        parent = place.home.oid(REF)
        clock = place.home.git("log", "-1", "--format=%(trailers:key=Ccc-Clock,valueonly)", REF).strip()
        stamp = f"{clock[:-5]}zzzzz"
        cells: dict[str, Cells] = {
            META: {"format": (stamp, 2), "shape": (stamp, {"of": ["tomorrow"]})},
            "moons/1": {"phase": (stamp, "full")},
        }
        tree = CellTreeWriter(LibGit(layout.common)).apply(place.home.oid(f"{REF}^{{tree}}"), cells)
        event = {"id": stamp, "sub": "ccc", "type": "meta.upgraded", "set": {}, "tomorrow": {"new": [1]}}
        message = f"ccc: format 2\n\nCcc-Event: {json.dumps(event)}\nCcc-Clock: {stamp}\n"
        commit = place.home.git("commit-tree", tree, "-p", parent, stdin=message)
        place.home.git("update-ref", REF, commit, parent)
        tips.append(layout, commit)
        return commit


def pending(place: Place) -> list[bytes]:
    """Everything acknowledged and not recorded."""
    folder = place.home.common / "ccc" / "journal"
    kept = [*(folder / "new").rglob("*"), *(folder / "claimed").rglob("*")]
    return sorted(path.read_bytes() for path in kept if path.is_file())


READING: tuple[list[str], ...] = (
    *(["status"], ["status", "--all", "--json"], ["show", "backend-a-part"], ["log"], ["log", "--json"]),
    *(["handoff"], ["inbox"], ["review", "backend-a-part"], [], ["roles"], ["config"], ["queue"]),
)
WRITING: tuple[list[str], ...] = (
    *(["spawn", "backend", "More", "--no-start"], ["merge", "backend-a-part", "--yes"]),
    *(["close", "backend-a-part"], ["handoff", "--write"], ["note", "Something"], ["undo", "backend-a-part"]),
    *(["approve", "backend-a-part"], ["reject", "backend-a-part", "--why", "no"]),
    *(["send", "backend-a-part", "hello"], ["drain"], ["redact", "20261121"]),
)


@pytest.mark.slow
def test_an_older_ccc_reads_a_newer_format_and_refuses_to_write(
    place: Place, ccc_inline: RunsCcc, spawned: Spawns
) -> None:
    tree = spawned(place)
    tree.commit("Do it\n\nCcc-Status: done", {"part.txt": "1\n"})
    place.run(ccc_inline, "wait", "--timeout", "30")
    tip, refs = upgrade(place), place.home.git("for-each-ref")
    tree.commit("Do more", {"more.txt": "1\n"})
    refs = place.home.git("for-each-ref")
    for words in READING:
        place.run(ccc_inline, *words)
    for words in WRITING:
        refused = place.run(ccc_inline, *words, exit=None)
        assert (words, refused.exit, refused.stderr[-len(WORDS + HINT) :]) == (words, 1, WORDS + HINT)
    assert place.home.oid(REF) == tip
    assert place.home.git("for-each-ref") == refs
    assert len(pending(place)) == 1
    assert not list((place.home.common / "ccc" / "worktrees").glob("*more*"))
    place.untouched()


@pytest.mark.slow
def test_what_was_approved_before_the_upgrade_does_not_land_by_the_older_ccc(
    place: Place, ccc_inline: RunsCcc, spawned: Spawns
) -> None:
    tree = spawned(place)
    tree.commit("Do it\n\nCcc-Status: done", {"part.txt": "1\n"})
    place.run(ccc_inline, "wait", "--timeout", "30")
    place.run(ccc_inline, "approve", "backend-a-part")
    until(lambda: pending(place) == [], "everything recorded")
    upgrade(place)
    target = place.home.oid("main")
    for words in (["drain"], ["merge", "backend-a-part", "--yes"], ["undo", "backend-a-part"]):
        assert place.run(ccc_inline, *words, exit=1).stderr.endswith(WORDS + HINT)
    assert place.home.oid("main") == target
    assert not (place.home.common / "ccc" / "landing.json").exists()


@pytest.mark.slow
def test_an_agent_of_the_older_ccc_works_on_and_loses_nothing(
    place: Place, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    place.run(ccc_inline, "init")
    steps = [{"wait": {"file": "go"}}, {"edit": {"path": "part.txt", "content": "1\n"}}]
    steps += [{"commit": {"message": "Do it", "status": "done"}}]
    script = tmp_path / "script.yml"
    script.write_text(json.dumps({"turns": [{"steps": steps}]}), encoding="utf-8")
    options = ("--engine", f"rehearsal:{script}", "--json")
    made = place.run(ccc_inline, "spawn", "backend", "A part", *options).json["sessions"][0]
    path = Path(made["worktree"])
    agent = Agent(made["name"], made["id"], path, ccc_inline, place.home.common / "ccc" / "runs")
    try:
        agent.becomes("running")
        until(lambda: pending(place) == [], "everything recorded")
        tip = upgrade(place)
        (path / "go").write_text("", encoding="utf-8")
        until(lambda: agent.status()["head"] != made["head"], "its commit in the status")
        until(lambda: len(pending(place)) >= 2, "what host and hook noted")
        assert place.home.oid(REF) == tip
        place.run(ccc_inline, "stop", agent.name)
        until(lambda: agent.processes() == [], "the end of its processes")
        downgrade_for_reading(place)
        place.run(ccc_inline, "drain")
        assert any("committed" in line and "Do it" in line for line in place.diary())
    finally:
        agent.end()


def downgrade_for_reading(place: Place) -> None:
    """Lets this ccc play the newer one, which drains what waited: the state is of our format again."""
    layout, parent = Layout(place.home.common), place.home.git("rev-parse", f"{REF}^")
    with locked(layout.lock):
        place.home.git("update-ref", REF, parent)
        layout.tips.write_text(f"{parent}\n", encoding="ascii")


def test_a_batch_that_a_newer_ccc_left_is_not_touched(place: Place, ccc_inline: RunsCcc) -> None:
    place.run(ccc_inline, "init")
    batch = place.home.common / "ccc" / "wal" / f"{NEWER}.json"
    batch.write_text('{"format":2,"pages":["tomorrow"]}\n', encoding="utf-8")
    refused = place.run(ccc_inline, "note", "Something", exit=1)
    assert refused.stderr.startswith("error: a newer ccc was ended while it recorded (")
    assert refused.stderr.endswith(HINT)
    place.run(ccc_inline, "status")
    assert batch.exists()


@pytest.mark.slow
def test_a_journal_entry_of_a_newer_ccc_waits_for_one(place: Place, ccc_inline: RunsCcc) -> None:
    place.run(ccc_inline, "init")
    entry = b'{"format":2,"type":"moon.rises","pages":[1]}\n'
    (place.home.common / "ccc" / "journal" / "new" / "tomorrow").write_bytes(entry)
    for text in ("One", "Two"):
        place.run(ccc_inline, "note", text)
    place.run(ccc_inline, "status")
    assert pending(place) == [entry]
    assert not list((place.home.common / "ccc").glob("journal/bad/*"))
    assert [line for line in place.diary() if "could not be read" in line] == []
    place.sound(ccc_inline)


@pytest.mark.slow
@pytest.mark.parametrize(
    "life",
    [
        {"format": 2, "state": {"phase": "thinking"}},
        {"phase": "dreaming", "why": "of a newer ccc", "at": "2026-01-01T00:00:00.000Z", "engine": "claude"},
        {"phase": "running", "why": 3, "at": None, "engine": "x", "host": "1 2 3", "request": {"new": 1}},
        {"phase": "running", "why": "w", "at": "x", "engine": "x", "host": "h", "denied": [{"tool": "t"}]},
    ],
)
def test_runs_of_a_newer_host_are_shown_without_a_fault(
    place: Place, ccc_inline: RunsCcc, spawned: Spawns, life: dict[str, object]
) -> None:
    spawned(place)
    session = place.run(ccc_inline, "status", "--json").json["sessions"][0]["id"]
    folder = place.home.common / "ccc" / "runs" / session / "1"
    folder.mkdir(parents=True)
    mine = {**life, "host": life.get("host", _own_identity())}
    (folder / "life.json").write_text(json.dumps(mine), encoding="utf-8")
    (folder / "order.json").write_text('{"format":2,"pages":[]}', encoding="utf-8")
    for words in (["status"], ["status", "--json"], ["show", session], ["log"], ["inbox"], ["handoff"]):
        place.run(ccc_inline, *words)
    assert (folder / "life.json").exists()


def _own_identity() -> str:
    from ccc.platform import processes

    return processes.identity(os.getpid()) or ""


@pytest.mark.slow
def test_a_newer_configuration_is_refused_by_file_line_and_key(place: Place, ccc_inline: RunsCcc) -> None:
    place.run(ccc_inline, "init")
    place.home.write(".ccc/config.toml", 'target = "main"\n\n[moon]\nphase = "full"\n')
    refused = place.run(ccc_inline, "spawn", "backend", "A part", "--no-start", exit=1)
    assert ".ccc/config.toml:3: " in refused.stderr
    assert "moon" in refused.stderr
    place.run(ccc_inline, "status")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "value"), [("core.repositoryFormatVersion", "9"), ("extensions.moonPhases", "full")]
)
@pytest.mark.parametrize("words", [["init"], ["status"], []])
def test_a_repository_git_itself_cannot_read_is_said_in_words(
    place: Place, ccc_inline: RunsCcc, key: str, value: str, words: list[str]
) -> None:
    place.run(ccc_inline, "init")
    if key.startswith("extensions"):
        place.home.git("config", "core.repositoryFormatVersion", "1")
    place.home.git("config", key, value)
    refused = place.run(ccc_inline, *words, exit=1)
    assert refused.stderr.startswith("error: git cannot read this repository: ")
    assert refused.stderr.endswith("hint: use a newer git\n")
