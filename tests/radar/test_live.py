"""Two agents edit the same function, nothing committed: both and the human hear of it while it is cheap."""

from __future__ import annotations

import time

import pytest

from ccc.host.polling import Polling
from ccc.host.watched import Watched
from ccc.layout import Layout
from ccc.runs import drain, lookout
from tests.agents.conftest import Starts
from tests.flow.conftest import Spawns
from tests.support.agents import Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = [pytest.mark.slow, pytest.mark.cold]

TOLD_SECONDS = 5.0
SOURCE = "def total(rows):\n    count = 0\n    for row in rows:\n        count += row\n    return count\n"
STAYS = [{"wait": {"seconds": 300}}]


def conflicts_of(ccc: RunsCcc) -> list[str]:
    waiting = ccc("inbox", "--json", exit=0).json["items"]
    return [each["title"] for each in waiting if each["kind"] == "conflict"]


def mail_of(agent: Agent) -> list[str]:
    """What its host was given to deliver, or has delivered."""
    folder = agent.runs / agent.id
    return [path.read_text() for name in ("mail", "told") for path in (folder / name).glob("*.json")]


def test_both_agents_and_the_human_are_told_within_seconds_of_the_save(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    ready.commit("Base", {"shop/total.py": SOURCE})
    one, two = start(STAYS, task="One"), start(STAYS, task="Two")
    one.becomes("running")
    two.becomes("running")
    radar = ready.common / "ccc" / "radar"
    until(lambda: lookout.watched(Layout(ready.common)) == {one.name, two.name}, "both watched")
    (one.path / "shop/total.py").write_text(SOURCE.replace("count += row", "count += row.price"))
    until(lambda: (radar / "present").exists(), "the first round")
    (two.path / "shop/total.py").write_text(SOURCE.replace("count += row", "count += row * 2"))
    saved = time.monotonic()
    until(lambda: mail_of(one) and mail_of(two), "mail for both")
    both = time.monotonic() - saved
    until(lambda: conflicts_of(ccc), "the human's inbox")
    took = time.monotonic() - saved
    print(f"agents told after {both:.2f} s, the human after {took:.2f} s")
    assert took < TOLD_SECONDS
    ccc("stop", "--all", exit=0)
    until(
        lambda: not drain.held(lookout.lock_of(Layout(ready.common))), "the lookout ends behind the last host"
    )


def test_without_any_host_commits_are_enough(ready: Repo, spawn: Spawns, ccc: RunsCcc) -> None:
    ready.commit("Base", {"shop/total.py": SOURCE})
    one, two = spawn("backend", "One"), spawn("backend", "Two")
    one.tree.commit("One", {"shop/total.py": SOURCE.replace("count += row", "count += row.price")})
    two.tree.commit("Two", {"shop/total.py": SOURCE.replace("count += row", "count += row * 2")})
    until(lambda: conflicts_of(ccc), "what a drain found that a hook started")
    assert conflicts_of(ccc) == [f"{one.name} and {two.name} conflict"]


def test_a_worktree_that_the_system_does_not_watch_is_looked_at_in_turn(ready: Repo, spawn: Spawns) -> None:
    one, two = spawn("backend", "One"), spawn("backend", "Two")
    watched = Watched(Layout(ready.common), None)
    assert set(watched.look_around()) == set(watched.polled) == {one.name, two.name}
    polling = Polling()
    for session in (one, two):
        for content in ("1\n", "2\n"):
            looked = {polling.look(watched.polled) for _ in range(2)}
            assert looked == {None}, "nothing has changed"
            (session.path / "new").write_text(content)
            name = until(lambda: polling.look(watched.polled), "the change")
            assert name == session.name
