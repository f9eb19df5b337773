"""A branch that somebody deleted: the words name the very command that brings it back."""

from __future__ import annotations

import pytest

from tests.support.program import RunsCcc
from tests.upkeep.conftest import Place


@pytest.mark.parametrize("command", ["review", "merge"])
@pytest.mark.parametrize("which", ["session's", "target"])
def test_the_hint_brings_the_branch_back(place: Place, ccc_inline: RunsCcc, command: str, which: str) -> None:
    session = place.spawn()
    place.tree(session).commit("Add login", login="one\n")
    place.repo.git("checkout", "-q", "--detach")
    branch = session.branch if which == "session's" else "main"
    head = place.session(session.name).head if which == "session's" else place.repo.oid("main")
    place.repo.git("update-ref", "-d", f"refs/heads/{branch}")
    for _ in range(2):  # before and after its loss is recorded
        failed = ccc_inline(command, session.name, exit=1)
        hint = f"git branch {branch} {head}"
        assert failed.stderr == f"error: the {which} branch {branch} is gone\nhint: {hint}\n"
        place.workspace.store.drain()
    place.repo.git(*hint.split()[1:])
    ccc_inline("review", session.name, exit=0)
