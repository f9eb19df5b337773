"""What `git ccc` alone says in each state, and that its commands are the ones to run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow.conftest import Spawns
from tests.reading.conftest import Done
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.views import shapes

BEGIN = 'git ccc spawn backend "WHAT TO DO" --no-start'


def orient(ccc: RunsCcc) -> dict[str, Any]:
    document: dict[str, Any] = ccc("--json", exit=0).json
    assert shapes.faults(document, shapes.ORIENT) == []
    return document


def test_before_init_and_without_sessions(repo: Repo, ccc: RunsCcc) -> None:
    first = orient(ccc)
    assert (first["initialised"], first["tip"], first["next"]) == (False, None, ["git ccc init"])
    ccc("init", exit=0)
    second = orient(ccc)
    assert (second["initialised"], second["next"]) == (True, [BEGIN, "git ccc roles"])
    assert second["branch"] == "main"


def test_outside_a_repository_is_said_with_1(tmp_path: Any, ccc: RunsCcc) -> None:
    away = tmp_path / "away"
    away.mkdir()
    assert ccc("--json", cwd=away, exit=1).json["error"]["kind"] == "not_a_repository"


@pytest.mark.slow
def test_from_created_to_landed(ready: Repo, ccc: RunsCcc, spawn: Spawns) -> None:
    session = spawn("backend", "One")
    assert orient(ccc)["next"] == [f"cd {session.path}"]
    session.tree.commit("One", one="1")
    assert orient(ccc)["next"] == ["git ccc wait"]
    session.tree.commit("Done\n\nCcc-Status: done", one="2")
    ccc("wait", "--timeout", "60", exit=0)
    checked = orient(ccc)
    assert (checked["counts"], checked["next"]) == ({"unchecked": 1}, ["git ccc merge backend-one"])
    assert [item["kind"] for item in checked["waiting_for_you"]] == ["approval"]
    ccc("approve", session.name, exit=0)
    approved = orient(ccc)
    assert [item["title"] for item in approved["waiting_for_you"]] == ["backend-one is approved"]
    assert approved["next"] == ["git ccc merge backend-one"]
    ccc("merge", session.name, exit=0)
    assert orient(ccc)["next"] == ["git ccc close backend-one", BEGIN]
    ccc("close", session.name, exit=0)
    assert orient(ccc)["next"] == [BEGIN, "git ccc roles"]


@pytest.mark.slow
def test_a_conflict_comes_first(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    ready.commit("Routes", routes="one\n")
    first, second = done("backend", "Tokens", routes="tokens\n"), done("frontend", "Login", routes="login\n")
    ccc("merge", first.name, "--yes", exit=0)
    assert orient(ccc)["next"][0] == f"git ccc review {second.name}"


def test_agents_are_those_on_path(ready: Repo, ccc: RunsCcc, tmp_path: Any, monkeypatch: Any) -> None:
    program = tmp_path / "bin" / "codex"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    assert "codex" not in orient(ccc)["agents"]
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    now = orient(ccc)
    assert "codex" in now["agents"]
    assert now["next"][0] == BEGIN
    program.rename(program.with_name("claude"))
    now = orient(ccc)
    assert "claude" in now["agents"]
    assert now["next"][0] == BEGIN.removesuffix(" --no-start")


def test_a_worktree_with_a_blank_in_its_path_can_be_copied_into_a_shell(
    repo: Repo, ccc: RunsCcc, tmp_path: Any
) -> None:
    odd = tmp_path / "my shop"
    repo.git("clone", "--quiet", str(repo.path), str(odd))
    ccc("init", cwd=odd, exit=0)
    ccc("spawn", "backend", "One", "--no-start", cwd=odd, exit=0)
    assert ccc("--json", cwd=odd, exit=0).json["next"] == [f"cd '{tmp_path}/my shop.ccc/backend-one'"]
