"""Retention: closed sessions leave the state and never come back; the diary tells all of them."""

from __future__ import annotations

from tests.audit.conftest import AGENT, Spawns
from tests.support.program import RunsCcc
from tests.support.repository import Repo

NOW = ("--older-than", "0s")


def tree_of(repo: Repo) -> list[str]:
    """The files in the tree of refs/ccc."""
    return repo.git("ls-tree", "-r", "--name-only", "refs/ccc").splitlines()


def names(ccc: RunsCcc) -> list[str]:
    return [each["name"] for each in ccc("status", "--all", "--json", exit=0).json["sessions"]]


def test_a_retired_session_leaves_the_state_and_stays_in_the_diary(
    ready: Repo, spawn: Spawns, ccc_inline: RunsCcc
) -> None:
    session = spawn("Old work")
    session.tree.commit("Work", {"old.txt": "a\n"})
    ccc_inline("note", "found it", "--session", session.name, exit=0)
    ccc_inline("close", session.name, exit=0)
    asked = ccc_inline("retire", *NOW)
    assert (asked.exit, asked.stdout.split(",")[0]) == (3, f"would leave   {session.name}")
    assert names(ccc_inline) == [session.name]
    before = ready.oid("refs/ccc")
    assert ccc_inline("retire", *NOW, "--yes", exit=0).stdout.startswith(f"retired {session.name}, closed ")
    assert names(ccc_inline) == []
    assert [path for path in tree_of(ready) if path.endswith(".md")] == []
    gone = ccc_inline("show", session.name, exit=1).stderr
    assert f"{session.name} was retired 2" in gone
    assert "by Developer <developer@example.com>" in gone
    assert "git ccc log " in gone
    types = [each["type"] for each in ccc_inline("log", session.name, "--json", exit=0).json["events"]]
    assert types[0] == "session.retired"
    assert {"session.spawned", "note.added", "session.closed"} <= set(types)
    was = ccc_inline("show", session.name, "--at", before, "--json", exit=0).json
    assert (was["name"], was["notes"][0]["text"]) == (session.name, "found it")
    undone = ccc_inline("undo", session.name, exit=1).stderr
    assert "was retired" in undone
    assert "refs/ccc-backup/" in undone
    assert ready.git("for-each-ref", "refs/ccc-backup/") != ""
    assert ccc_inline("fsck", exit=0).stdout.startswith("whole")


def test_an_agent_may_not_retire(ready: Repo, spawn: Spawns, ccc_inline: RunsCcc) -> None:
    session = spawn("Old work")
    ccc_inline("close", session.name, exit=0)
    ccc_inline("retire", *NOW, "--yes", env=AGENT, exit=3)
    assert names(ccc_inline) == [session.name]
    (refused,) = ccc_inline("log", "--type", "decision.refused", "--json", exit=0).json["events"]
    assert "retiring sessions needs a person" in refused["text"]
