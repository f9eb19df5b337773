"""Landing by push: the remote's target moves first, by exactly what was tested, and the local one follows."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ccc.layout import Layout
from ccc.ops.intents import LAND_LOCK
from ccc.store.lock import locked
from tests.flow.conftest import Spawns, Worked
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.support.settling import alone, unattended

BEFORE = ("land-committed", "land-turned", "land-intended")
AFTER = ("land-pushed", "land-swapped", "land-bringing", "land-recorded", "land-advanced")


@pytest.fixture
def remote(ready: Repo, tmp_path: Path) -> Repo:
    """A bare repository that landings on main are pushed to."""
    ready.commit("By push", {".ccc/config.toml": '[land]\nlanding = "push"\n'})
    ready.git("init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "remote.git"))
    ready.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    ready.git("push", "--quiet", "origin", "main")
    return Repo(tmp_path / "remote.git")


@pytest.fixture
def session(ready: Repo, remote: Repo, spawn: Spawns) -> Worked:
    with unattended(ready):
        made = spawn("backend", "Pushed")
        made.tree.commit("One\n\nCcc-Status: done", one="1")
    return made


def refuse_pushes(remote: Repo, words: str = "main is protected") -> Path:
    hook = remote.path / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 1\n")
    hook.chmod(0o755)
    return hook


def test_the_remote_gets_what_was_tested_and_the_local_target_follows(
    ready: Repo, remote: Repo, ccc: RunsCcc, session: Worked
) -> None:
    before = ready.oid("main")
    ccc("merge", session.name, "--yes", exit=0)
    assert remote.oid("main") == ready.oid("main") == ready.oid("origin/main") != before
    assert ready.oid("main~1") == before
    assert (ready.path / "one").exists()
    assert ccc("status", "--json", exit=0).json["sessions"][0]["status"] == "completed"


@pytest.mark.slow
def test_what_the_remote_refuses_does_not_land_here_either(
    ready: Repo, remote: Repo, ccc: RunsCcc, session: Worked
) -> None:
    before = ready.oid("main")
    hook = refuse_pushes(remote)
    told = ccc("merge", session.name, "--yes", exit=1).stderr
    assert "so nothing was landed: " in told
    assert "main is protected" in told
    assert 'land.landing = "pull-request"' in told
    assert ready.oid("main") == remote.oid("main") == before
    hook.unlink()
    ccc("merge", session.name, "--yes", exit=0)
    assert remote.oid("main") == ready.oid("main")


@pytest.mark.slow
def test_a_remote_that_is_ahead_or_behind_stops_the_landing(
    ready: Repo, remote: Repo, ccc: RunsCcc, session: Worked, tmp_path: Path
) -> None:
    ready.commit("Not pushed", local="1")
    told = ccc("merge", session.name, "--yes", exit=1).stderr
    assert "main here has commits that origin has not" in told
    ready.git("push", "--quiet", "origin", "main")
    ready.git("clone", "--quiet", str(remote.path), str(tmp_path / "other"))
    other = Repo(tmp_path / "other")
    other.git("config", "user.name", "Somebody")
    other.git("config", "user.email", "somebody@example.com")
    other.commit("Elsewhere", elsewhere="1")
    other.git("push", "--quiet", "origin", "main")
    before = ready.oid("main")
    told = ccc("merge", session.name, "--yes", exit=3).stderr
    assert "hint: bring main up to date: git pull --ff-only origin main" in told
    assert ready.oid("main") == before
    ready.git("pull", "--quiet", "--ff-only", "origin", "main")
    ccc("merge", session.name, "--yes", exit=0)
    assert remote.oid("main") == ready.oid("main")


@pytest.mark.slow
@pytest.mark.parametrize("step", [*BEFORE, *AFTER])
def test_a_landing_by_push_killed_at_any_step_is_finished_or_never_was(
    ready: Repo, remote: Repo, ccc: RunsCcc, session: Worked, step: str
) -> None:
    killed = ccc("merge", session.name, "--yes", env={"CCC_TEST_STOP_AT": step})
    assert killed.exit == -signal.SIGKILL
    ccc("drain", exit=0)
    assert remote.oid("main") == ready.oid("main")
    assert (ready.path / "one").exists() == (step in AFTER)
    assert ready.git("status", "--porcelain") == ""
    if step in BEFORE:
        ccc("merge", session.name, "--yes", exit=0)
    assert ccc("status", "--json", exit=0).json["sessions"][0]["status"] == "completed"
    session.tree.commit("More\n\nCcc-Status: done", more="2")
    ccc("merge", session.name, "--yes", exit=0)
    assert remote.oid("main") == ready.oid("main")
    ccc("fsck", exit=0)


@pytest.mark.slow
def test_a_drain_that_is_asked_for_waits_for_whoever_is_mending_already(
    ready: Repo, remote: Repo, ccc: RunsCcc, session: Worked
) -> None:
    killed = ccc("merge", session.name, "--yes", env={"CCC_TEST_STOP_AT": "land-pushed"})
    assert killed.exit == -signal.SIGKILL
    with ThreadPoolExecutor(1) as beside:
        with locked(Layout(ready.common).root / LAND_LOCK):
            asked = beside.submit(lambda: ccc("drain", exit=0))
            with pytest.raises(TimeoutError):
                asked.result(timeout=1.5)
        asked.result(timeout=30)
    assert remote.oid("main") == ready.oid("main")
    assert (ready.path / "one").exists()


@pytest.mark.slow
def test_a_pushed_landing_is_reverted_by_push(
    ready: Repo, remote: Repo, ccc: RunsCcc, session: Worked
) -> None:
    ccc("merge", session.name, "--yes", exit=0)
    landed = ready.oid("main")
    ccc("undo", session.name, exit=0)
    assert ready.oid("main~1") == landed
    assert remote.oid("main") == ready.oid("main")
    assert not (ready.path / "one").exists()


@pytest.mark.slow
def test_without_the_remote_nothing_lands_and_trying_again_helps(
    ready: Repo, remote: Repo, ccc: RunsCcc, session: Worked
) -> None:
    away = remote.path.with_name("away")
    remote.path.rename(away)
    before = ready.oid("main")
    told = ccc("merge", session.name, "--yes", exit=4).stderr
    assert "nothing was landed" in told
    assert ready.oid("main") == before
    away.rename(remote.path)
    ccc("merge", session.name, "--yes", exit=0)


@pytest.mark.slow
@pytest.mark.parametrize("step", ["undo-intended", "undo-pushed", "undo-swapped", "undo-recorded"])
def test_a_revert_by_push_killed_at_any_step_is_finished_or_never_was(
    ready: Repo, remote: Repo, ccc: RunsCcc, session: Worked, step: str
) -> None:
    ccc("merge", session.name, "--yes", exit=0)
    alone(ready)
    killed = ccc("undo", session.name, env={"CCC_TEST_STOP_AT": step})
    assert killed.exit == -signal.SIGKILL
    ccc("drain", exit=0)
    assert remote.oid("main") == ready.oid("main")
    if step == "undo-intended":
        ccc("undo", session.name, exit=0)
    assert remote.oid("main") == ready.oid("main")
    assert not (ready.path / "one").exists()
    assert ready.git("status", "--porcelain") == ""
    ccc("fsck", exit=0)
