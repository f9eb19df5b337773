"""A circle of `--after` that two clones closed without knowing of each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ccc.domain.events import Draft
from ccc.domain.sessions import stream_of
from ccc.ops.workspace import Workspace
from tests.agents.test_capacity import part
from tests.support.agents import Agent, until
from tests.sync.conftest import Clone, Clones

pytestmark = pytest.mark.slow


@pytest.fixture
def pair(sharing: Clones, tmp_path: Path) -> Iterator[list[tuple[Clone, Agent]]]:
    """Two clones, each with a session of its own that both know and that has not begun."""
    found = []
    for name in ("one", "two"):
        clone, script = sharing(name), tmp_path / f"{name}.yml"
        script.write_text(yaml.safe_dump({"turns": [{"steps": part(name)}]}), encoding="utf-8")
        options = ("--no-start", "--engine", f"rehearsal:{script}", "--json")
        made: dict[str, Any] = clone("spawn", "backend", f"Part {name}", *options).json["sessions"][0]
        runs = clone.repo.common / "ccc" / "runs"
        found.append((clone, Agent(made["name"], made["id"], Path(made["worktree"]), clone, runs)))
    exchange(found)
    yield found
    for _, agent in found:
        agent.end()


def exchange(pair: list[tuple[Clone, Agent]]) -> None:
    for _ in range(2):
        for clone, _ in pair:
            clone("sync")


def waits(clone: Clone, agent: Agent, other: Agent) -> None:
    """What no command of this ccc says of a session that is there already, but a later one may."""
    change = {stream_of(agent.id): {"after": [other.id]}}
    text = f"waits for {other.name}"
    draft = Draft("session.after", agent.name, text, change, session=agent.id, by="somebody")
    Workspace.open(clone.repo.path, os.environ).store.transact(lambda _: (draft,))


def test_a_circle_of_two_clones_is_named_and_nobody_waits_for_ever(pair: list[tuple[Clone, Agent]]) -> None:
    (one, first), (two, second) = pair
    waits(one, first, second)
    waits(two, second, first)
    exchange(pair)
    title = f"{second.name} waits for itself through {first.name}"
    for clone, _ in pair:
        items = clone("inbox", "--json").json["items"]
        assert [(each["title"], each["session"]) for each in items] == [(title, second.id)]
    one("start", first.name)
    assert first.status()["status"] == "queued"
    assert first.status()["evidence"][0]["what"] == f"waits for {second.name}"
    two("start", second.name)
    done = second.becomes("unchecked")
    exchange(pair)
    words = f"{second.name} is done at {done['head'][:7]}, which is not in this copy: git fetch REMOTE"
    until(lambda: first.status()["evidence"][0]["what"].startswith(words), "what is missing")
    assert first.status()["status"] == "queued"
    one.repo.git("fetch", "-q", f"file://{two.repo.path}", done["branch"])
    assert first.becomes("unchecked")["base"] == done["head"]
