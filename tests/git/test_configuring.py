"""The shared configuration, changed by many at the same moment."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from ccc.errors import GitLocked
from ccc.git import hookconfig, hookfiles
from ccc.git.command import Git
from ccc.git.configuring import configure
from tests.support.repository import Repo

MANY = 8


def test_who_writes_waits_until_the_other_has_written(repo: Repo) -> None:
    lock = repo.path / ".git" / "config.lock"
    lock.touch()
    ends = threading.Timer(0.2, lock.unlink)
    ends.start()
    configure(Git(repo.path), "--local", "some.key", "value")
    ends.join()
    assert repo.git("config", "some.key") == "value"


def test_a_lock_that_stays_is_named_with_the_way_out(repo: Repo) -> None:
    lock = repo.path / ".git" / "config.lock"
    lock.touch()
    with pytest.raises(GitLocked, match=r"config\.lock is there: another git is at work") as caught:
        configure(Git(repo.path), "--local", "some.key", "value", patience=0.1)
    assert str(caught.value.hint).endswith("config.lock")


def _install(common: Path, ready: Barrier) -> None:
    ready.wait()
    for _ in range(3):
        hookfiles.install(common, sys.executable)
        hookfiles.refresh(common)


@pytest.mark.slow
def test_hooks_installed_by_many_at_once_are_included_once(repo: Repo) -> None:
    common, context = repo.path / ".git", multiprocessing.get_context("fork")
    ready = context.Barrier(MANY)
    at_work = [context.Process(target=_install, args=(common, ready)) for _ in range(MANY)]
    for each in at_work:
        each.start()
    for each in at_work:
        each.join()
    assert [each.exitcode for each in at_work] == [0] * MANY
    assert hookconfig.read_settings(common).includes == 1
