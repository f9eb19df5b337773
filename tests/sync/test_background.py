"""Sharing in the background: soon after whatever happened, where `sync.auto` asks for it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.support.repository import Repo
from tests.sync.conftest import Clone, Clones

pytestmark = pytest.mark.slow
PATIENCE_SECONDS = 20


def is_shared(hub: Repo, clone: Clone) -> bool:
    return hub.oid(f"refs/ccc-sync/{clone.replica}.0") == clone.tip


def eventually(what: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE_SECONDS
    while not (done := what()) and time.monotonic() < until:
        time.sleep(0.02)
    return done


@pytest.fixture
def one(clone: Clones) -> Clone:
    made = clone("one")
    made("init")
    made.repo.commit("Share", {".ccc/config.toml": '[sync]\nauto = "1s"\n'})
    made("sync", "origin", "--enable", "--yes")
    return made


def test_what_a_person_does_is_shared_soon_after(hub: Repo, one: Clone) -> None:
    one.note("something")
    assert one.notes() == {"something"}
    assert eventually(lambda: is_shared(hub, one))
    one("spawn", "backend", "Add login", "--no-start")
    assert eventually(lambda: is_shared(hub, one))


def test_nothing_is_started_where_it_is_not_asked_for_any_more(hub: Repo, one: Clone) -> None:
    one.repo.commit("Do not share", {".ccc/config.toml": ""})
    one("sync")
    one.note("something")
    one("status")
    assert not (one.repo.common / "ccc" / "sync.auto.asked").exists()
    assert not (one.repo.common / "ccc" / "sync.auto.started").exists()
    assert not is_shared(hub, one)
