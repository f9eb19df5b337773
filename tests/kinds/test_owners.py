"""Repositories of somebody else: words and a next step, never a fault, and nothing written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kinds.conftest import Spawns
from tests.kinds.days import Place
from tests.support.program import PROJECT, Outcome, RunsCcc
from tests.support.repository import Repo, copy_repository
from tests.support.settling import alone

pytestmark = pytest.mark.slow

STRANGER = 65534
MAY_NOT = ("cannot be written", "ermission denied", "belongs to another user")
RunsAsStranger = Callable[..., Outcome]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own are closed again whenever another pytest starts."""
    path = Path(tempfile.mkdtemp(prefix="ccc-owners-", dir="/var/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def repo(repo_template: Path, folder: Path) -> Repo:
    return copy_repository(repo_template, folder / "repo")


@pytest.fixture
def stranger(repo: Repo, folder: Path) -> RunsAsStranger:
    """Runs ccc as another user, with a HOME of its own, in the repository."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can become another user")
    home = folder / "home of another"
    home.mkdir()
    os.chown(home, STRANGER, STRANGER)

    def run(*arguments: str) -> Outcome:
        command = ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", sys.executable]
        own = {"HOME": str(home), "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"), "PYTHONPATH": str(PROJECT)}
        own |= {"PYTHONDONTWRITEBYTECODE": "1", "XDG_STATE_HOME": str(home), "TMPDIR": str(home)}
        done = subprocess.run(
            [*command, "-m", "ccc", *arguments],
            cwd=repo.path,
            env={**os.environ, **own},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Outcome(arguments, done.returncode, done.stdout, done.stderr)

    probe = subprocess.run(
        ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", sys.executable, "-c", ""],
        capture_output=True,
        check=False,
    )
    if probe.returncode != 0:
        pytest.skip("another user cannot start this Python")
    return run


def trust(repo: Repo, folder: Path) -> None:
    """Does what the hint says."""
    (folder / "home of another" / ".gitconfig").write_text(
        f"[safe]\n\tdirectory = {repo.path}\n[user]\n\tname = Other\n\temail = other@example.com\n"
    )


def everything_in(folder: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.parametrize("words", [["init"], ["status"], [], ["spawn", "backend", "x", "--no-start"]])
def test_a_repository_of_another_owner_names_the_command_that_trusts_it(
    repo: Repo, stranger: RunsAsStranger, words: list[str]
) -> None:
    refused = stranger(*words).expect(1)
    assert refused.stderr == (
        f"error: the repository around {repo.path} belongs to another user\n"
        f"hint: git config --global --add safe.directory {repo.path}\n"
    )


def test_a_repository_that_may_only_be_read_is_read(
    repo: Repo, stranger: RunsAsStranger, ccc_inline: RunsCcc, spawned: Spawns, folder: Path
) -> None:
    place = Place.of(repo)
    tree = spawned(place)
    tree.commit("Do it\n\nCcc-Status: done", {"part.txt": "1\n"})
    place.run(ccc_inline, "wait", "--timeout", "30")
    trust(repo, folder)
    alone(repo)
    before = everything_in(repo.path)
    for reading in (["status"], ["show", "backend-a-part"], ["log"], ["handoff"], [], ["inbox"]):
        assert "backend-a-part" in stranger(*reading).expect(0).stdout
    for writing in (
        ["spawn", "backend", "More", "--no-start"],
        ["merge", "backend-a-part", "--yes"],
        ["note", "Something"],
        ["close", "backend-a-part"],
        ["handoff", "--write"],
    ):
        refused = stranger(*writing).expect(1)
        error, hint = refused.stderr.splitlines()[-2:]
        assert any(words in error for words in MAY_NOT), refused
        assert hint.startswith("hint: ")
    assert everything_in(repo.path) == before


def test_init_in_a_repository_that_may_only_be_read_is_refused(
    repo: Repo, stranger: RunsAsStranger, folder: Path
) -> None:
    trust(repo, folder)
    refused = stranger("init").expect(1)
    assert "ermission denied" in refused.stderr
    assert "hint: " in refused.stderr
    assert not (repo.path / ".git" / "ccc").exists()
