"""A landing changes who conflicts with what: nobody need look for it to be said."""

from __future__ import annotations

import pytest

from ccc.layout import Layout
from ccc.store.lock import locked
from tests.flow.conftest import Spawns
from tests.support.agents import until
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.support.settling import alone

pytestmark = pytest.mark.slow


def pairs(ccc: RunsCcc) -> list[tuple[str, str]]:
    return [(each["a"], each["b"]) for each in ccc("conflicts", "--json").json["pairs"]]


@pytest.fixture
def conflict(ready: Repo, ccc: RunsCcc, spawn: Spawns) -> tuple[str, str]:
    """Two sessions that conflict, which is recorded; nothing is at work in the background."""
    ready.commit("Base", {"app.py": "base\n"})
    names = []
    for name in ("One", "Two"):
        made = spawn("backend", name)
        made.tree.commit(f"{name}\n\nCcc-Status: done", {"app.py": f"{name}\n"})
        names.append(made.name)
    one, two = names
    until(lambda: pairs(ccc) == [(one, two)], "the conflict, seen by itself")
    alone(ready)
    return one, two


def test_a_landing_makes_the_radar_look_though_nobody_watches(
    ready: Repo, ccc: RunsCcc, conflict: tuple[str, str]
) -> None:
    one, two = conflict
    ccc("merge", one, "--yes", exit=0)
    until(lambda: pairs(ccc) == [("main", two)], "what it conflicts with now")


def test_what_has_landed_conflicts_with_nobody_before_the_radar_looks(
    ready: Repo, ccc: RunsCcc, conflict: tuple[str, str]
) -> None:
    one, _ = conflict
    with locked(Layout(ready.common).root / "radar.lock"):
        ccc("merge", one, "--yes", exit=0)
        assert pairs(ccc) == []
        assert one not in " ".join(each["title"] for each in ccc("inbox", "--json", exit=0).json["items"])
        assert "conflict" not in ccc("status", "--all", exit=0).stdout
