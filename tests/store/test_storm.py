"""Storms of real processes: killed at any instant, beside a git that cleans up, with and without a lock.

The number of storms is multiplied by the environment variable CCC_TEST_SEEDS (default 1); seeds are printed.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccc.store.protocol import REF
from tests.store.simulation.kinds import FACTOR
from tests.store.simulation.place import quickest
from tests.store.simulation.proof import keys_in, prove_each_once, prove_sources_once
from tests.store.simulation.replica import store_of
from tests.store.simulation.storm import PATIENCE, Settings, command
from tests.store.tools import PROJECT, faults_of
from tests.support.repository import Repo, copy_repository

REFUSALS = (
    f"ccc.errors.StoreBusy: {REF} is locked by another program",
    *("ccc.errors.StoreBusy", "ccc.errors.StateBroken", "ccc.git.objects.MissingObject"),
)
"""Errors that a writer may meet: a lock that a killed one left on the reference; without a lock the others.

What raised was not promised.
"""


@pytest.fixture
def repo(backend: str, repo_template: Path, tmp_path: Path) -> Iterator[Repo]:
    """A copy of the template where a storm blows fastest."""
    with tempfile.TemporaryDirectory(prefix="ccc-storm-", dir=quickest(tmp_path)) as folder:
        yield copy_repository(repo_template, Path(folder) / "repo")


def storm(repo: Repo, settings: Settings) -> list[str]:
    """Lets it blow, and proves that all promises are kept; what went wrong in writers, last lines only."""
    common = repo.path / ".git"
    print(settings)
    repo.git("config", "core.fsync", "none")  # no power is cut here
    done = subprocess.run(
        command(common, settings),
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE + 30,
    )
    assert done.returncode == 0, done.stderr
    folder = common.parent / "storm"
    promised = [key for path in (folder / "acknowledged").iterdir() for key in whole_lines(path)]
    store = store_of(common)
    settle_lock(common)
    store.drain()
    missing = [fault for fault in faults_of(common) if fault.kind == "missing-object"]
    print(f"{len(missing)} objects that git took away from deep below, mended: {store.repair()}")
    keys = keys_in(store)
    print(
        f"{len(promised)} promised, {len(keys)} recorded by {len(list((folder / 'acknowledged').iterdir()))}"
    )
    assert len(promised) >= settings.promises // 20, "a busy machine makes fewer, but not that few"
    prove_each_once(keys, promised, str(settings))
    prove_sources_once(store, str(settings))
    assert faults_of(common) == []
    repo.git("rev-list", "--objects", "--quiet", REF)
    assert repo.git("fsck", "--strict", "--no-dangling", "--no-progress") == ""
    errors = [path.read_text(encoding="utf-8") for path in sorted((folder / "errors").iterdir())]
    print(*errors, sep="\n")
    return [text.splitlines()[-1] for text in errors]


def settle_lock(common: Path) -> None:
    """A killed writer may have left its lock on the reference; a minute later it counts as stale."""
    with contextlib.suppress(FileNotFoundError):
        os.utime(common / f"{REF}.lock", (0, 0))


def whole_lines(path: Path) -> list[str]:
    return path.read_text(encoding="ascii").split("\n")[:-1]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(FACTOR))
@pytest.mark.parametrize("locked", [True, False], ids=["locked", "without a lock"])
@pytest.mark.parametrize("kill", ["anywhere", "at-points"])
def test_killed_writers_beside_a_git_that_cleans_up_keep_every_promise(
    repo: Repo, kill: str, locked: bool, seed: int
) -> None:
    settings = Settings(seed=seed, writers=5, promises=1000, kill=kill, sweep=True, locked=locked)
    for words in storm(repo, settings):
        assert words.startswith(REFUSALS[:1] if locked else REFUSALS), words


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("seed", range(FACTOR))
def test_32_processes_writing_at_once_with_pauses_lose_nothing_and_all_come_to_an_end(
    repo: Repo, seed: int
) -> None:
    assert storm(repo, Settings(seed=seed, writers=32, promises=32 * 30, pause=0.05)) == []


def test_a_few_killed_writers_keep_every_promise(repo: Repo) -> None:
    assert storm(repo, Settings(seed=0, writers=2, promises=30, kill="anywhere")) == []
