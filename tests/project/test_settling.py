"""Waiting for the background misses nobody, and who is to come first does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ccc.layout import Layout
from ccc.store.lock import locked
from tests.flow.conftest import Spawns, ready, spawn
from tests.support.agents import until
from tests.support.program import PROJECT, RunsCcc
from tests.support.repository import Repo
from tests.support.settling import alone, stand_in_line, unattended

__all__ = ["ready", "spawn"]

CHAIN = """
import os, sys, time
for _ in range(30):
    time.sleep(0.03)
    if os.fork():
        os._exit(0)
open(sys.argv[2], "w").close()
"""
"""Goes on from process to process: each starts the next one and ends."""

HOLDS = """
import sys, time
from pathlib import Path
from ccc.store.lock import locked
with locked(Path(sys.argv[1]), timeout=60), open(sys.argv[2], "a") as file:
    file.write(sys.argv[3])
"""


def started(*arguments: str) -> subprocess.Popen[str]:
    nowhere = subprocess.DEVNULL
    return subprocess.Popen([sys.executable, "-c", *arguments], cwd=PROJECT, stdout=nowhere, text=True)


def test_who_is_started_by_one_that_ends_is_waited_for(repo: Repo, tmp_path: Path) -> None:
    end = tmp_path / "end"
    started(CHAIN, str(repo.common), str(end)).wait(60)
    alone(repo)
    assert end.exists()


def test_who_this_process_keeps_is_not_waited_for(repo: Repo) -> None:
    command = ["git", f"--git-dir={repo.common}", "cat-file", "--batch"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as kept:
        alone(repo)
        assert kept.poll() is None


@pytest.mark.slow
def test_what_is_started_in_the_background_has_done_its_work_and_ended(
    ready: Repo, ccc: RunsCcc, spawn: Spawns
) -> None:
    with unattended(ready):
        session = spawn("backend", "Part")
        session.tree.commit("Do it\n\nCcc-Status: done", done="1")
    assert "Do it" in ready.git("log", "--format=%s", "refs/ccc")
    assert not (Layout(ready.common).root / "drain.pid").exists(), "nobody stays"


def test_who_stands_in_line_comes_before_who_comes_later(repo: Repo, tmp_path: Path) -> None:
    lock, order = tmp_path / "lock", tmp_path / "order"
    with locked(lock):
        first = started(HOLDS, str(lock), str(order), "1")
        stand_in_line(first, lock)
        second = started(HOLDS, str(lock), str(order), "2")
        stand_in_line(second, lock)
    assert [each.wait(60) for each in (first, second)] == [0, 0]
    assert order.read_text() == "12"


def test_who_ends_instead_of_waiting_is_told(repo: Repo, tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with locked(lock):
        process = started("raise SystemExit(3)")
        until(lambda: process.poll() is not None, "its end")
        with pytest.raises(AssertionError, match="it ended with 3"):
            stand_in_line(process, lock)
