"""Processes of ccc that tests fork from a warm one are what users start, but sooner."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ccc.layout import Layout
from ccc.platform import processes
from ccc.store.lock import locked
from tests.support.agents import until
from tests.support.program import PROJECT, Program
from tests.support.repository import Repo
from tests.support.warm import Warm

CALLS = [
    (("--version",), ""),
    (("status",), ""),
    (("status", "--json", "--frob"), ""),
    (("show", "nobody"), ""),
    (("import", "-"), "no event\r\n"),
    (("-C", "nowhere", "status"), ""),
    ((), ""),
]


@pytest.mark.parametrize(("arguments", "stdin"), CALLS, ids=[" ".join(words) or "none" for words, _ in CALLS])
def test_it_answers_and_ends_as_one_that_is_started(
    repo: Repo, warm: Warm, arguments: tuple[str, ...], stdin: str
) -> None:
    cold = Program(repo.path)
    cold("init", exit=0)
    answers = [run(*arguments, stdin=stdin) for run in (Program(repo.path, warm), cold)]
    assert answers[0] == answers[1]


def test_it_is_killed_alone(repo: Repo, warm: Warm) -> None:
    run = Program(repo.path, warm)
    assert run("init", env={"CCC_TEST_STOP_AT": "swapped"}).exit == -9
    run("init", exit=0)


def test_its_folder_and_variables_are_its_own(repo: Repo, warm: Warm, tmp_path: Path) -> None:
    run = Program(tmp_path, warm)
    (tmp_path / "empty").touch()
    environment = {"GIT_CONFIG_GLOBAL": str(tmp_path / "empty"), "HOME": str(tmp_path)}
    run("init", cwd=repo.path, exit=0)
    assert "no user identity" in run("checkpoint", "--sign", cwd=repo.path, env=environment).stderr
    assert "not in a git repository" in run("status", exit=1).stderr


def test_its_mask_of_permissions_is_that_of_whoever_asks(repo: Repo, warm: Warm) -> None:
    run, before = Program(repo.path, warm), os.umask(0o077)
    try:
        run("init", exit=0)
    finally:
        os.umask(before)
    assert (Layout(repo.common).root / "replica").stat().st_mode & 0o077 == 0


def test_one_that_takes_too_long_is_ended(repo: Repo, warm: Warm) -> None:
    Program(repo.path, warm)("init", exit=0)
    with locked(Layout(repo.common).lock), pytest.raises(subprocess.TimeoutExpired):
        warm.run(["note", "waits for the lock"], repo.path, dict(os.environ), "", 0.5)


def test_it_goes_with_whoever_started_it() -> None:
    code = (
        "import os, pathlib; from tests.support.warm import Warm; warm = Warm()\n"
        "warm.run(['--version'], pathlib.Path.cwd(), dict(os.environ), '', 60)\n"
        "print(warm._server.pid, flush=True); os._exit(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=60, check=True
    )
    server = int(done.stdout)
    until(lambda: not processes.start_of(server), "the end of the server")
