"""State shared through a remote: convergence, adoption, consent, and what is left alone."""

from __future__ import annotations

from tests.support.repository import Repo
from tests.sync.conftest import Clones


def test_work_on_both_sides_becomes_one_history(hub: Repo, sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    one.note("found on one")
    two.note("found on two")
    one("sync")
    two("sync")
    one("sync")
    assert one.tip == two.tip
    assert one.notes() == {"found on one", "found on two"}
    shared = hub.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/ccc-sync/").splitlines()
    assert shared == sorted(f"refs/ccc-sync/{each.replica}.0 {one.tip}" for each in (one, two))
    one("fsck")


def test_fresh_clone_goes_on_with_the_same_tip(clone: Clones, sharing: Clones) -> None:
    one = sharing("one")
    one.note("before anybody else came")
    one("sync")
    by_init, by_enabling = clone("two"), clone("three")
    words = by_init("init").stderr
    assert "goes on with the state that origin shares" in words
    by_enabling("sync", "origin", "--enable", "--yes")
    assert one.tip == by_init.tip == by_enabling.tip
