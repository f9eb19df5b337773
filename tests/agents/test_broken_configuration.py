"""A slip in `.ccc/config.toml`, as in the middle of an edit: nothing is lost by it, and it is said."""

from __future__ import annotations

from typing import Any

import pytest

from tests.agents.conftest import Starts
from tests.agents.killing import at_work, kill, taken_up
from tests.support.agents import DONE, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

STAYS: list[dict[str, Any]] = [{"edit": {"path": "one", "content": "1"}}, {"wait": {"seconds": 300}}]
BROKEN, ONE = "[limits]\nparallel = one\n", "[limits]\nparallel = 1\n"
WHERE = ".ccc/config.toml:2: "


def items(ccc: RunsCcc) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ccc("inbox", "--json", exit=0).json["items"]
    return found


def test_whose_host_is_killed_meanwhile_is_brought_back_when_the_file_is_whole_again(
    start: Starts, ready: Repo, ccc: RunsCcc
) -> None:
    agent = start(STAYS)
    at_work(agent)
    ready.write(".ccc/config.toml", BROKEN)
    kill(agent)
    ccc("drain", "--recover", exit=0)
    assert agent.status()["status"] == "unknown"
    (item,) = items(ccc)
    assert (item["command"], item["text"][: len(WHERE)]) == ("git ccc doctor", WHERE)
    assert WHERE in ccc("doctor", exit=1).stdout
    ready.write(".ccc/config.toml", ONE)
    agent.becomes("running")
    taken_up(agent, 2)
    assert items(ccc) == []


def test_who_waits_for_room_says_what_it_waits_for_and_then_starts(
    start: Starts, ready: Repo, ccc: RunsCcc
) -> None:
    ready.write(".ccc/config.toml", ONE)
    first, second = start(STAYS, task="First"), start(STAYS, task="Second")
    at_work(first)
    ready.write(".ccc/config.toml", BROKEN)
    ccc("stop", first.name, exit=0)
    until(lambda: WHERE in str(second.status()["evidence"]), "the reason")
    assert [item["text"][: len(WHERE)] for item in items(ccc)] == [WHERE]
    ready.write(".ccc/config.toml", ONE)
    second.becomes("running")
    assert items(ccc) == []


def test_a_message_for_one_at_rest_that_cannot_be_taken_up_now_is_what_takes_it_up_later(
    start: Starts, ready: Repo, ccc: RunsCcc
) -> None:
    agent = start([{"say": "What now?"}], DONE)
    agent.becomes("idle")
    kill(agent)
    until(lambda: agent.status()["evidence"][0]["source"] == "exit", "its end on record")
    ready.write(".ccc/config.toml", BROKEN)
    refused = ccc("send", agent.name, "Do your part", exit=1).stderr
    assert f"recorded, and not delivered yet: {WHERE}" in refused
    assert agent.status()["status"] == "idle"
    ready.write(".ccc/config.toml", ONE)
    agent.becomes("unchecked")
    assert agent.status()["unread"] == 0
