"""Retention: closed sessions leave the state and never come back; the diary tells all of them."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest

from ccc.ops.retire import plan
from ccc.ops.retire import retire as retire_planned
from ccc.ops.workspace import Workspace
from tests.audit.conftest import AGENT, Session, Spawns
from tests.support.program import RunsCcc
from tests.support.repository import Repo, copy_repository

ALL = ("retire", "--older-than", "0s", "--yes")


def retire(ccc: RunsCcc) -> dict[str, Any]:
    """Retires what can be; the document."""
    found: dict[str, Any] = ccc(*ALL, "--json", exit=0).json
    return found


def named(found: list[dict[str, Any]]) -> list[str]:
    return [each["name"] for each in found]


def listed(ccc: RunsCcc) -> list[str]:
    return named(ccc("status", "--all", "--json", exit=0).json["sessions"])


def kept(repo: Repo, identifier: str) -> dict[str, set[str]]:
    """The fields that the state has of what has this id, by kind of stream."""
    found = {}
    for path in repo.git("ls-tree", "-r", "--name-only", "refs/ccc").splitlines():
        if f"/{identifier}/" in path:
            fields = json.loads(repo.git("show", f"refs/ccc:{path}")) if path.endswith(".json") else {path}
            found[path.partition("/")[0]] = set(fields) - {"~"}
    return found


def close(ccc: RunsCcc, *sessions: Session) -> None:
    ccc("close", *(each.name for each in sessions), exit=0)


def test_a_retired_session_leaves_the_state_and_stays_in_the_diary(
    ready: Repo, spawn: Spawns, ccc_inline: RunsCcc
) -> None:
    session = spawn("Old work")
    session.tree.commit("Work", {"old.txt": "a\n"})
    ccc_inline("note", "found it", "--session", session.name, exit=0)
    close(ccc_inline, session)
    asked = ccc_inline("retire", "--older-than", "0s", exit=3)
    assert asked.stdout.startswith(f"would leave   {session.name}, closed ")
    assert "nobody agreed" in asked.stderr
    assert listed(ccc_inline) == [session.name]
    close(ccc_inline, spawn("More old work"))
    retired = ccc_inline(*ALL, exit=0).stdout.splitlines()
    assert [line.partition(", closed ")[0] for line in retired] == [
        f"retired {session.name}",
        "retired backend-more-old-work",
    ]
    assert listed(ccc_inline) == []
    fields = {"name", "alias", "branch", "by", "closed_at", "backup"}
    assert kept(ready, session.id) == {"sessions": {"reaped"}, "retired": fields}
    gone = ccc_inline("show", session.name, exit=1).stderr
    assert f"{session.name} was retired 2" in gone
    assert " by Developer <developer@example.com>" in gone
    log, show = (words.partition(" tells")[0] for words in gone.partition("hint: ")[2].split(", git ccc "))
    told = ccc_inline(*shlex.split(log)[2:], "--json", exit=0).json["events"]
    assert told[0]["type"] == "session.retired"
    assert {"session.spawned", "note.added", "session.closed"} <= {each["type"] for each in told}
    was = ccc_inline(*shlex.split(show.partition(" what")[0]), "--json", exit=0).json
    assert (was["name"], was["status"], was["notes"][0]["text"]) == (session.name, "closed", "found it")
    assert was["brief"]
    assert ccc_inline("fsck", exit=0).stdout.startswith("whole")


@pytest.mark.slow
def test_what_takes_back_or_names_a_retired_session_says_so(
    ready: Repo, spawn: Spawns, ccc_inline: RunsCcc
) -> None:
    session = spawn("Old work")
    session.tree.commit("Work", {"old.txt": "a\n"})
    close(ccc_inline, session)
    backups = ready.git("for-each-ref", "refs/ccc-backup/")
    retire(ccc_inline)
    undone = ccc_inline("undo", session.name, exit=1).stderr
    assert f"{session.name} was retired" in undone
    assert f"its work is kept under refs/ccc-backup/{session.name}/" in undone
    assert ready.git("for-each-ref", "refs/ccc-backup/") == backups != ""
    taken = ccc_inline("spawn", "backend", "x", "--no-start", "--name", "old-work", exit=1).stderr
    assert f"the name {session.name} is taken" in taken
    assert spawn("Old work").name == f"{session.name}-2"
    (audited,) = ccc_inline("log", "--audit", "--type", "session.retired", "--json", exit=0).json["events"]
    assert (audited["who"], audited["session"]) == ("Developer <developer@example.com>", session.id)


def test_an_agent_may_not_retire(ready: Repo, spawn: Spawns, ccc_inline: RunsCcc) -> None:
    session = spawn("Old work")
    close(ccc_inline, session)
    ccc_inline(*ALL, env=AGENT, exit=3)
    assert listed(ccc_inline) == [session.name]
    (refused,) = ccc_inline("log", "--type", "decision.refused", "--json", exit=0).json["events"]
    assert "retiring sessions needs a person" in refused["text"]


@pytest.mark.slow
def test_by_default_and_before_its_time_nothing_leaves(
    ready: Repo, spawn: Spawns, ccc_inline: RunsCcc
) -> None:
    spawn("Open work")
    close(ccc_inline, closed := spawn("Closed work"))
    assert "retention.sessions is not set" in ccc_inline("retire", exit=0).stdout
    assert "closed for 90 d" in ccc_inline("retire", "--older-than", "90d", "--yes", exit=0).stdout
    ready.write(".ccc/config.toml", "[retention]\nsessions = 0.001\n")
    found = ccc_inline("retire", "--json", exit=3).json
    assert (found["done"], named(found["sessions"]), found["staying"]) == (False, [closed.name], [])
    assert ccc_inline("retire", "--older-than", "soon", exit=2).stderr.startswith("error: soon is not")


@pytest.mark.slow
def test_what_is_open_keeps_a_session(ready: Repo, spawn: Spawns, ccc_inline: RunsCcc) -> None:
    parent, asks, speaks, done = spawn("Parent"), spawn("Asks"), spawn("Speaks"), spawn("Done")
    ccc_inline("spawn", "backend", "Child", "--no-start", cwd=parent.tree.path, exit=0)
    ccc_inline("ask", "Which one?", cwd=asks.tree.path, exit=0)
    ccc_inline("send", "orchestrator", "It is odd", cwd=speaks.tree.path, exit=0)
    close(ccc_inline, parent, asks, speaks, done)
    found = retire(ccc_inline)
    assert named(found["sessions"]) == [done.name]
    assert {each["name"]: each["why"] for each in found["staying"]} == {
        parent.name: "backend-child stays, which names it",
        asks.name: "it asked what nobody answered",
        speaks.name: "nobody acknowledged a message from it",
    }
    (item,) = (
        each for each in ccc_inline("inbox", "--json", exit=0).json["items"] if "says" in each["title"]
    )
    ccc_inline("inbox", "--ack", item["id"], exit=0)
    ccc_inline("close", "backend-child", exit=0)
    assert named(retire(ccc_inline)["sessions"]) == [parent.name, speaks.name, "backend-child"]
    assert kept(ready, item["id"]) == {"messages": {"reaped"}}
    assert ccc_inline("fsck", exit=0).stdout.startswith("whole")


@pytest.mark.slow
def test_messages_between_two_stay_until_both_leave(ready: Repo, spawn: Spawns, ccc_inline: RunsCcc) -> None:
    one, two = spawn("One"), spawn("Two")
    ccc_inline("send", two.name, "Mind the umlauts", cwd=one.tree.path, exit=0)
    (item,) = ccc_inline("inbox", "--json", cwd=two.tree.path, exit=0).json["items"]
    close(ccc_inline, one)
    assert item["id"] not in json.dumps(retire(ccc_inline))
    assert kept(ready, item["id"])["messages"] > {"text", "delivered"}
    close(ccc_inline, two)
    assert f"messages/{item['id']}" in retire(ccc_inline)["sessions"][0]["streams"]
    assert kept(ready, item["id"]) == {"messages": {"reaped"}}


@pytest.mark.slow
def test_old_logs_of_closed_sessions_are_deleted_and_nothing_else(
    ready: Repo, spawn: Spawns, ccc_inline: RunsCcc
) -> None:
    opened, closed = spawn("Work"), spawn("Work")
    assert closed.name == f"{opened.name}-2"
    here = ready.common / "ccc"
    for session in (opened, closed):
        run = here / "runs" / session.id / "1"
        run.mkdir(parents=True)
        for name in ("engine.log", "engine.log.1", "errors.log", "host.log", "order.json", "exit.json"):
            (run / name).write_text("{}")
        for name in (f"{session.name}-abcdef0-{session.id[:8]}", f"setup-{session.name}"):
            (here / "logs" / f"{name}-1.log").write_text("x")
        for end in ("base-2", "0123abcd-2", "0123abcd-2-again1"):
            (here / "logs" / f"gate-{session.name}-abcdef0-{end}.log").write_text("x")
    close(ccc_inline, closed)
    ready.write(".ccc/config.toml", '[retention]\nlogs = "1d"\n')
    assert ccc_inline("retire", "--json", exit=0).json["logs"] == []
    ready.write(".ccc/config.toml", "[retention]\nlogs = 0.001\n")
    found = ccc_inline("retire", "--yes", "--json", exit=0).json
    assert [(each["name"], each["files"]) for each in found["logs"]] == [(closed.name, 9)]
    assert named(found["sessions"]) == []
    assert listed(ccc_inline) == [opened.name, closed.name]
    left = {path.name for path in (here / "runs" / closed.id / "1").iterdir()}
    assert left == {"order.json", "exit.json"}
    assert {path.name for path in (here / "logs").iterdir()} == {
        f"{opened.name}-abcdef0-{opened.id[:8]}-1.log",
        f"setup-{opened.name}-1.log",
        *(f"gate-{opened.name}-abcdef0-{end}.log" for end in ("base-2", "0123abcd-2", "0123abcd-2-again1")),
    }
    assert len(list((here / "runs" / opened.id / "1").iterdir())) == 6


@pytest.mark.slow
def test_as_many_bundles_are_kept_as_configured(ready: Repo, spawn: Spawns, ccc_inline: RunsCcc) -> None:
    ready.write(".ccc/config.toml", "[retention]\nbundles = 2\n")
    for number in range(4):
        close(ccc_inline, spawn(f"Part {number}"))
    retire(ccc_inline)
    names = sorted(
        path.name.rpartition("-")[2] for path in (ready.common / "ccc" / "bundles").glob("*.bundle")
    )
    assert names == ["close.bundle", "retire.bundle"]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["git", "libgit"])
def test_an_export_of_what_was_retired_gives_the_same_tree(
    backend: str, ready: Repo, spawn: Spawns, ccc_inline: RunsCcc, repo_template: Path, tmp_path: Path
) -> None:
    chosen = {"CCC_BACKEND": backend}
    session, stays = spawn("Old work"), spawn("New work")
    session.tree.commit("Report\n\nCcc-Status: done", {"a.txt": "a\n"})
    ccc_inline("drain", exit=0, env=chosen)
    ccc_inline("merge", session.name, "--yes", exit=0, env=chosen)
    close(ccc_inline, session)
    assert named(ccc_inline(*ALL, "--json", exit=0, env=chosen).json["sessions"]) == [session.name]
    assert set(kept(ready, session.id)) == {"sessions", "merges", "retired"}
    target = tmp_path / "all.jsonl"
    ccc_inline("export", "-o", str(target), exit=0)
    other = copy_repository(repo_template, tmp_path / "other")
    ccc_inline("init", cwd=other.path, exit=0)
    ccc_inline("import", str(target), cwd=other.path, exit=0, env=chosen)
    assert stays.name in json.dumps(ccc_inline("status", "--json", cwd=other.path, exit=0).json)
    kinds = ("sessions", "merges", "retired", "targets")
    trees = [[each.git("rev-parse", f"refs/ccc:{kind}") for kind in kinds] for each in (ready, other)]
    assert trees[0] == trees[1]
    for each in (ready, other):
        assert ccc_inline("fsck", cwd=each.path, exit=0).stdout.startswith("whole")
    assert "was moved outside" not in ccc_inline("inbox", cwd=ready.path, exit=0).stdout


@pytest.mark.slow
def test_what_was_reopened_before_the_person_agreed_stays_whole(
    ready: Repo, spawn: Spawns, ccc_inline: RunsCcc
) -> None:
    session = spawn("Old work")
    log = ready.common / "ccc" / "logs" / f"setup-{session.name}-1.log"
    log.write_text("x")
    ready.write(".ccc/config.toml", "[retention]\nsessions = 0.001\nlogs = 0.001\n")
    session.tree.write("new.txt", "a\n")
    close(ccc_inline, session)
    workspace = Workspace.open(ready.path, os.environ)
    planned = plan(workspace)
    assert (len(planned.leaving), len(planned.logs)) == (1, 1)
    ccc_inline("undo", session.name, exit=0)
    done = retire_planned(Workspace.open(ready.path, os.environ), planned, yes=True)
    assert (done.leaving, done.logs) == ((), ())
    assert log.exists()
    assert listed(ccc_inline) == [session.name]
