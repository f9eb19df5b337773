"""Adoptions killed anywhere, and the whole way of an adopted worktree by commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ccc.errors import CccError, Refused
from ccc.git import admins
from ccc.git import repository as repositories
from ccc.ops.work import drain
from tests.support.agents import DONE, Agent
from tests.support.program import PROJECT, RunsCcc
from tests.support.repository import Repo
from tests.upkeep.adopting import names_in, take
from tests.upkeep.conftest import Place, content_of, status_of

RENAMING = ("adopt-written", "adopt-renamed", "adopt-linked")
MAKING = ("worktree-folder", "worktree-linked", "worktree-registered", "worktree-filled")
BOTH = ("adopt-claimed", "adopt-made")


class Killed(BaseException):
    """Stands for the end of the process at a step."""


@pytest.mark.parametrize("step", RENAMING)
def test_a_renaming_that_ends_anywhere_is_given_back(place: Place, by_hand: Repo, step: str) -> None:
    repository = repositories.discover(place.repo.path, {})
    before = content_of(by_hand.path), status_of(by_hand)

    def die(reached: str) -> None:
        if reached == step:
            raise Killed

    with pytest.raises(Killed):
        admins.rename(repository, by_hand.path, "login", "ccc-a", die)
    for _ in range(2):
        admins.give_back(repository, by_hand.path, "login", "ccc-a")
        assert (content_of(by_hand.path), status_of(by_hand)) == before
        assert names_in(place.repo.common / "worktrees") == ["login"]
        assert sorted(path.name for path in by_hand.path.glob(".git*")) == [".git", ".gitignore"]


def test_a_giving_back_that_was_killed_is_finished(place: Place, by_hand: Repo) -> None:
    repository = repositories.discover(place.repo.path, {})
    before = content_of(by_hand.path), status_of(by_hand)
    admins.rename(repository, by_hand.path, "login", "ccc-a")
    (place.repo.common / "worktrees" / "ccc-a").rename(place.repo.common / "worktrees" / "login")
    admins.give_back(repository, by_hand.path, "login", "ccc-a")
    assert (content_of(by_hand.path), status_of(by_hand)) == before


@pytest.mark.slow
def test_an_adoption_that_cannot_be_recorded_leaves_nothing(place: Place, by_hand: Repo) -> None:
    place.repo.git("branch", "topic")
    before = content_of(by_hand.path), status_of(by_hand)
    (place.repo.common / "refs" / "ccc.lock").touch()
    for what in ("feature/login", "topic"):
        with pytest.raises(CccError):
            take(place, what)
    assert (content_of(by_hand.path), status_of(by_hand)) == before
    assert names_in(place.repo.common / "worktrees") == ["login"]
    assert names_in(place.repo.common / "ccc" / "worktrees") == []
    assert place.repo.oid("topic") == place.repo.oid("main")
    (place.repo.common / "refs" / "ccc.lock").unlink()
    assert [take(place, what).name for what in ("feature/login", "topic")] == [
        "implementation-login",
        "implementation-topic",
    ]


def test_a_name_that_git_knows_already_changes_nothing(place: Place, by_hand: Repo) -> None:
    (place.repo.common / "worktrees" / "ccc-a").mkdir()
    repository = repositories.discover(place.repo.path, {})
    with pytest.raises(Refused, match="exists already"):
        admins.rename(repository, by_hand.path, "login", "ccc-a")
    assert by_hand.git("symbolic-ref", "HEAD") == "refs/heads/feature/login"


@pytest.mark.slow
@pytest.mark.parametrize("point", [*RENAMING, *BOTH])
def test_a_killed_adoption_of_a_worktree_changes_nothing(place: Place, by_hand: Repo, point: str) -> None:
    before = content_of(by_hand.path), status_of(by_hand)
    place.killed_at(point, "adopt", "feature/login")
    drain(place.workspace)
    assert "login" in names_in(place.repo.common / "worktrees")
    assert (content_of(by_hand.path), status_of(by_hand)) == before
    assert take(place, "feature/login").name == "implementation-login"
    assert (content_of(by_hand.path), status_of(by_hand)) == before


@pytest.mark.slow
@pytest.mark.parametrize("point", [*MAKING, *BOTH])
def test_a_killed_adoption_of_a_branch_leaves_the_branch_alone(place: Place, point: str) -> None:
    tip = place.repo.oid("main")
    place.repo.git("branch", "topic")
    place.killed_at(point, "adopt", "topic")
    spawned = place.spawn()
    assert place.repo.oid("topic") == tip
    assert names_in(Path(spawned.worktree or "").parent) == [spawned.name]
    assert take(place, "topic").name == "implementation-topic"


@pytest.mark.slow
@pytest.mark.parametrize("point", ["swapped", "marked-done", "adopt-recorded"])
def test_an_adoption_killed_after_it_was_recorded_is_whole(place: Place, by_hand: Repo, point: str) -> None:
    before = content_of(by_hand.path), status_of(by_hand)
    place.killed_at(point, "adopt", "feature/login")
    place.spawn()
    session = place.session("implementation-login")
    assert (content_of(by_hand.path), status_of(by_hand)) == before
    by_hand.commit("Go on", {"more.txt": "more\n"})
    assert place.session(session.name).head == by_hand.oid()


@pytest.mark.slow
def test_of_many_adoptions_at_once_one_wins(place: Place, by_hand: Repo) -> None:
    place.repo.git("branch", "topic")
    calls = [
        subprocess.Popen(
            [sys.executable, "-m", "ccc", "adopt", what],
            cwd=place.repo.path,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for what in ("topic", "feature/login") * 3
    ]
    codes = [call.wait(timeout=60) for call in calls]
    assert [sorted(codes[start::2])[0] for start in (0, 1)] == [0, 0]
    assert set(codes) <= {0, 1, 4}
    assert codes.count(0) == 2
    assert len([text for text in place.subjects() if ": adopted branch " in text]) == 2
    assert place.session("implementation-topic").branch == "topic"
    assert by_hand.git("symbolic-ref", "HEAD") == "refs/heads/feature/login"


@pytest.mark.slow
def test_an_adopted_worktree_is_checked_approved_and_landed_by_commands(
    place: Place, by_hand: Repo, ccc: RunsCcc
) -> None:
    role = '---\ndescription: writes\nchecks: ["test -f done.txt"]\n---\nWrite.\n'
    place.repo.commit("A role", {".ccc/roles/writer.md": role})
    by_hand.git("reset", "-q", "--hard")
    ccc("adopt", str(by_hand.path), "--role", "writer", exit=0)
    by_hand.commit("Finish\n\nCcc-Status: done", {"done.txt": "yes\n"})
    waited = ccc("wait", "writer-login", "--timeout", "30", "--json", exit=0).json
    assert len(waited["done"]) == 1
    shown = ccc("show", "writer-login", "--json", exit=0).json
    assert shown["status"] == "verified"
    ccc("merge", "writer-login", "--yes", exit=0)
    assert (place.repo.path / "done.txt").read_text() == "yes\n"
    ccc("close", "writer-login", exit=0)
    assert not by_hand.path.exists()


@pytest.mark.slow
def test_an_agent_can_be_started_in_an_adopted_worktree(
    place: Place, by_hand: Repo, ccc: RunsCcc, tmp_path: Path
) -> None:
    script = tmp_path / "script.yml"
    script.write_text(yaml.safe_dump({"turns": [{"steps": DONE}]}), encoding="utf-8")
    by_hand.git("reset", "-q", "--hard")
    made = ccc("adopt", "feature/login", "--json", exit=0).json["sessions"][0]
    agent = Agent(made["name"], made["id"], by_hand.path, ccc, place.repo.common / "ccc" / "runs")
    try:
        ccc("start", agent.name, "--engine", f"rehearsal:{script}", exit=0)
        agent.becomes("unchecked", "verified")
        assert by_hand.git("log", "-1", "--format=%s") == "Do the part"
        assert (by_hand.path / "idea.txt").read_text() == "untracked\n"
    finally:
        agent.end()
