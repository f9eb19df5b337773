"""A session hears once what comes of those that it spawned."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from ccc.ops.work import tell_everybody
from ccc.ops.workspace import Workspace
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.talking.conftest import Session, Spawns, items

pytestmark = pytest.mark.slow
"""Real processes, a second each."""


@pytest.fixture
def tell(ready: Repo) -> Callable[[], None]:
    """What a background drain does at its end."""
    return lambda: tell_everybody(Workspace.open(ready.path, dict(os.environ)))


def news(parent: Session) -> list[str]:
    """The messages in a session's inbox; looking at them delivers them."""
    return [each["text"] for each in items(parent("inbox", "--json")) if each["kind"] == "message"]


def test_a_parent_is_told_once_what_its_child_asks_and_that_it_is_done(
    spawn: Spawns, tell: Callable[[], None], ccc_inline: RunsCcc, diary: Callable[[], list[str]]
) -> None:
    parent = spawn("Lead")
    child = spawn("Part", by=parent)
    child("ask", "Which store?")
    for _ in range(2):
        tell()
    (text,) = news(parent)
    assert text.splitlines()[:3] == [
        f"News of {child.name}, which you spawned:",
        f"- {child.name} asks",
        "  > Which store?",
    ]
    (item,) = [each for each in items(parent("inbox", "--json")) if each["kind"] == "question"]
    parent("answer", item["id"][:8], "git")
    tell()
    child("report", "--done", "--summary", "Done")
    ccc_inline("drain", "--work", exit=0)
    for _ in range(2):
        tell()
    assert f"- {child.name} is unchecked" in news(parent)[-1]
    told = [line for line in diary() if " knows that it is " in line]
    assert told == [
        f"{child.name}: {parent.name} knows that it is waiting: told",
        f"{child.name}: {parent.name} knows that it is unchecked: told",
    ]


def test_the_newest_news_of_a_child_replaces_what_was_not_read(
    spawn: Spawns, tell: Callable[[], None]
) -> None:
    parent = spawn("Lead")
    first, second = spawn("One", by=parent), spawn("Two", by=parent)
    for number in (1, 2):
        first("ask", f"Question {number}?")
        second("ask", f"Question {number}?")
        tell()
    found = news(parent)
    assert len(found) == 2
    for text in found:
        assert text.count("Question 1?") == text.count("Question 2?") == 1


def test_what_a_parent_heard_by_its_own_wait_it_is_not_told_again(
    spawn: Spawns, tell: Callable[[], None]
) -> None:
    parent = spawn("Lead")
    child = spawn("Part", by=parent)
    child("ask", "Which store?")
    waited = parent("wait", child.name, "--json", exit=3).json
    assert [each["text"] for each in waited["needs_you"]] == ["Which store?"]
    tell()
    assert news(parent) == []
    child("ask", "And which table?")
    tell()
    assert len(news(parent)) == 1


def test_nobody_else_is_told(spawn: Spawns, tell: Callable[[], None], ccc_inline: RunsCcc) -> None:
    other, parent = spawn("Other"), spawn("Lead")
    child = spawn("Part", by=parent)
    child("ask", "Which store?")
    ccc_inline("close", parent.name, exit=0)
    tell()
    assert news(other) == []
