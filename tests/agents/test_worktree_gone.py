"""A worktree deleted or moved under its agent: who works in nothing is ended, and every hint works."""

from __future__ import annotations

import shutil

import pytest

from tests.agents.conftest import Starts
from tests.support.agents import until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

WORK = [{"say": "begin"}, {"wait": {"seconds": 600}}]


@pytest.mark.slow
def test_an_agent_whose_worktree_is_deleted_is_ended_and_one_whose_is_moved_goes_on(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    moved, gone = start(WORK, task="Moved"), start(WORK, task="Gone")
    moved.becomes("running")
    gone.becomes("running")
    pid = moved.pid("agent")
    ready.git("worktree", "move", str(moved.path), str(moved.path.with_name("elsewhere")))
    shutil.rmtree(gone.path)
    until(lambda: gone.processes() == [], "its agent ended")
    assert f"its worktree was gone: {gone.path}" in str(gone.becomes("lost")["evidence"])
    for command in (("resume", gone.name), ("send", gone.name, "hello")):
        refused = ccc(*command, exit=1).stderr
        assert f"the worktree of {gone.name} is gone\nhint: git ccc close {gone.name}\n" in refused
    [item] = [each for each in ccc("inbox", "--json").json["items"] if each["session"] == gone.id]
    assert item["command"] == f"git ccc close {gone.name}"
    ccc("close", gone.name, exit=0)
    assert pid in moved.processes()
    ccc("doctor", "--fix")
    assert moved.becomes("running")["worktree"] == str(moved.path.with_name("elsewhere"))
    assert moved.pid("agent") == pid
