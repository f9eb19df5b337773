"""Whoever may commit may merge its target: the tools of each role that comes along, in the real program."""

from __future__ import annotations

import pytest

from ccc.config.roles import RoleSet, built_in
from ccc.demo.stub import Stub
from ccc.resources import resource_dir
from tests.claude.speaking import Speaks, bash, kind
from tests.support.repository import Repo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

EXAMPLE = {path.name: path.read_bytes() for path in (resource_dir("example") / "roles").glob("*.md")}
TOOLS = {
    **{name: role.front.tools for name, role in built_in().items()},
    **{f"example {name}": role.front.tools for name, role in RoleSet.load(EXAMPLE, where="x").own.items()},
}


@pytest.mark.parametrize("role", sorted(TOOLS))
def test_a_role_may_merge_as_a_conflict_that_is_handed_back_asks_for(
    speak: Speaks, stub: Stub, repo: Repo, worktree: Repo, role: str
) -> None:
    repo.commit("Theirs", numbers="theirs\n")
    worktree.commit("Ours", numbers="ours\n")
    stub.scripts = {"merge": [bash("git merge --quiet main"), {"text": "merged"}]}
    talk = speak("--allowedTools", ",".join(TOOLS[role]))
    talk.say("do it [[script:merge]]")
    result = talk.result()
    assert (kind(result), result["permission_denials"]) == ("result:success", [])
    assert talk.close() == 0
    assert worktree.git("ls-files", "-u") != "", "git itself says what is in conflict"
