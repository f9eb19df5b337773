"""A session retired on one machine, of which another one, not knowing, still tells something."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ccc.domain import landings, sessions
from ccc.domain.canonical import Value
from ccc.domain.cells import REAPED, Cells
from ccc.domain.events import Draft
from ccc.ops.workspace import Workspace
from tests.support.repository import Repo
from tests.sync.conftest import Clone, Clones

pytestmark = pytest.mark.slow

VIEWS = (
    *(("status", "--all"), ("log",), ("log", "--audit"), ("inbox",), ("handoff",), ("note",), ("queue",), ()),
    *(("retire",), ("export",), ("fsck",)),
)


def closed(clone: Clone, task: str) -> dict[str, Any]:
    """A session with a note, closed."""
    made: dict[str, Any] = clone("spawn", "backend", task, "--no-start", "--json").json["sessions"][0]
    clone("note", "found it", "--session", made["name"])
    clone("close", made["name"])
    return made


def exchange(*clones: Clone) -> None:
    for clone in (*clones, *clones):
        clone("sync")


def tell(clone: Clone, *drafts: Draft) -> None:
    Workspace.open(clone.repo.path, os.environ).store.transact(lambda _: drafts)


def stream(clone: Clone, name: str) -> Cells:
    return Workspace.open(clone.repo.path, os.environ).reader.state().stream(name)


def test_what_another_machine_tells_later_does_not_bring_it_back(sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    made = closed(one, "Old work")
    name, own = made["name"], sessions.stream_of(made["id"])
    exchange(one, two)
    (note,) = two("note", "--json").json["notes"]
    assert two("show", name, "--json").json["name"] == name
    one("retire", "--older-than", "0s", "--yes")
    entry = landings.stream_of(made["id"])
    queued: dict[str, Value] = {"queued": {"priority": 0, "target": "main"}}
    run: dict[str, Value] = {"run.1": {"status": "ended", "why": ""}}
    tell(
        two,
        Draft("session.told", name, "progress", {own: {"progress": 40, "closed": None}}, session=made["id"]),
        Draft("session.told", name, "run", {own: run}),
        Draft("note.told", name, "note", {f"notes/{note['id']}": {"why": "because"}}),
        Draft("merge.queued", name, "queue", {entry: queued}),
    )
    assert two("show", name, "--json").json["progress"] == 40
    exchange(one, two)
    assert one.tip == two.tip
    for clone in (one, two):
        for view in VIEWS:
            clone(*view)
        assert clone("status", "--all", "--json").json["sessions"] == []
        assert clone("note", "--json").json["notes"] == []
        assert name not in clone("queue", "--json").stdout
        assert stream(clone, own).keys() == {REAPED, "progress", "closed", "run.1"}
        assert "was retired" in clone("show", name, exit=1).stderr
        types = {each["type"] for each in clone("log", name, "--json").json["events"]}
        assert {"session.spawned", "session.closed", "session.retired", "session.told"} <= types


def test_a_session_is_retired_only_where_it_lives(sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    made = closed(one, "Old work")
    exchange(one, two)
    (stays,) = two("retire", "--older-than", "0s", "--json").json["staying"]
    assert (stays["name"], stays["why"][:30]) == (made["name"], "it lives in another copy of th")
    assert two("retire", "--older-than", "0s", "--yes", "--json").json["sessions"] == []


def test_what_a_retired_session_landed_is_still_no_move_by_somebody_else(sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    two("spawn", "backend", "New work", "--no-start")
    made = one("spawn", "backend", "Old work", "--no-start", "--json").json["sessions"][0]
    Repo(Path(made["worktree"])).commit("Work\n\nCcc-Status: done", {"a.txt": "a\n"})
    one("merge", made["name"], "--yes")
    one.repo.git("push", "-q", "origin", "main")
    two.repo.git("pull", "-q", "--ff-only", "origin", "main")
    two("drain")
    one("close", made["name"])
    assert one("retire", "--older-than", "0s", "--yes", "--json").json["sessions"] != []
    exchange(one, two)
    for clone in (one, two):
        titles = [each["title"] for each in clone("inbox", "--json").json["items"]]
        assert "main was moved outside ccc" not in titles
    assert "target.moved" in two("log", "--json").stdout
