"""A fetch beside another one, of an editor or of a person: it is done again, or told in the words of git."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.sync.conftest import Clones


def lock_of(clone_common: Path, name: str) -> Path:
    """The lock that a git holds that writes what another clone shares."""
    lock = clone_common / "refs" / "ccc-remotes" / "origin" / f"{name}.0.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.touch()
    return lock


def test_what_another_fetch_is_writing_is_fetched_once_it_has(sharing: Clones) -> None:
    one, other = sharing("one"), sharing("other")
    one.note("new here")
    one("sync")
    lock = lock_of(other.repo.common, one.replica)
    writer = threading.Timer(0.6, lock.unlink)  # git itself waits for 0.1 s
    writer.start()
    other("sync")
    writer.join()
    assert "new here" in other.notes()


def test_a_lock_that_stays_is_told_in_gits_words(sharing: Clones, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccc.git.transport.LOCK_SECONDS", 0.1)
    one, other = sharing("one"), sharing("other")
    one.note("new here")
    one("sync")
    lock = lock_of(other.repo.common, one.replica)
    words = other("sync", exit=1).stderr
    assert words.startswith(f"error: origin: cannot lock ref 'refs/ccc-remotes/origin/{one.replica}.0'")
    lock.unlink()
    other("sync")
