"""A radar that is killed at any step: the next round tells each side once, and leaves nothing behind."""

from __future__ import annotations

import signal

import pytest

from tests.flow.conftest import Spawns
from tests.radar.test_check import edit, looked, pair, told, workspace_of
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.support.settling import alone

pytestmark = pytest.mark.slow

POINTS = (
    *("radar-snapshots-taken", "radar-snapshots-kept", "radar-looked"),
    *("wal-written", "swapped", "radar-recorded"),
)


@pytest.mark.parametrize("point", POINTS)
def test_a_radar_killed_anywhere_tells_each_side_once(
    ready: Repo, spawn: Spawns, ccc: RunsCcc, point: str
) -> None:
    one, two = pair(ready, spawn)
    edit(one, 3, "mine")
    edit(two, 3, "theirs")
    killed = ccc("conflicts", "--now", env={"CCC_TEST_STOP_AT": point})
    assert killed.exit == -signal.SIGKILL
    assert [each.pair for each in looked(ready)] == [(one.id, two.id)]
    assert [to for to, _ in told(ready)] == sorted([one.id, two.id])
    # as `git checkout`, whose hook would start a drain that looks first, and leaves nothing to record
    one.tree.git("checkout-index", "--force", "--index", "app.py")
    alone(ready)
    assert ccc("conflicts", "--now", env={"CCC_TEST_STOP_AT": point}).exit == -signal.SIGKILL
    assert looked(ready) == []
    assert len(told(ready)) == 4
    left = {path.name for path in workspace_of(ready).layout.radar.iterdir()}
    assert {name for name in left if name.startswith(("index-", "merges-", "."))} == set()
