"""Whoever may commit may merge its target: the tools of each shipped role, tried in the real program."""

from __future__ import annotations

import pytest

from ccc.config.roles import built_in
from ccc.demo.stub import Stub
from tests.claude.speaking import Speaks, bash, kind
from tests.support.repository import Repo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

COMMITTING = [name for name, role in built_in().items() if any("git" in tool for tool in role.front.tools)]


def test_every_shipped_role_may_commit() -> None:
    assert list(built_in()) == COMMITTING


@pytest.mark.parametrize("role", COMMITTING)
def test_a_role_may_resolve_its_conflict_as_a_hand_back_asks_for(
    speak: Speaks, stub: Stub, repo: Repo, worktree: Repo, role: str
) -> None:
    repo.commit("Theirs", numbers="theirs\n")
    worktree.commit("Ours", numbers="ours\n")
    script = [bash("git merge --quiet main"), {"text": "merged"}]
    stub.scripts = {"merge": script}
    talk = speak("--allowedTools", ",".join(built_in()[role].front.tools))
    talk.say("do it [[script:merge]]")
    result = talk.result()
    assert (kind(result), result["permission_denials"]) == ("result:success", [])
    assert talk.close() == 0
    assert worktree.git("ls-files", "-u") != "", "git itself says what is in conflict"
