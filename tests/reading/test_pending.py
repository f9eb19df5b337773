"""What waits to be recorded costs a reader next to nothing, however much it is."""

from __future__ import annotations

import os
from pathlib import Path

from ccc.ops.init import init
from ccc.ops.spawn import Request, spawn
from ccc.ops.workspace import Workspace
from tests.support.program import RunsCcc
from tests.support.repository import Repo

UNHOOKED = ("-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--allow-empty")


READING = (("status",), ("log",), ("inbox",), ("show", "backend-part"))


def test_many_unrecorded_branches_take_a_reader_no_more_gits_than_one(
    repo: Repo, ccc_inline: RunsCcc
) -> None:
    workspace = Workspace.open(repo.path, os.environ)
    init(workspace, files=False)
    made = spawn(workspace, Request("backend", "Part", count=6, start=False))
    first, *others = [Repo(Path(str(each.session.worktree))) for each in made]

    def gits() -> dict[str, int]:
        traced = {command[0]: ccc_inline(*command, env={"CCC_TRACE": "1"}, exit=0) for command in READING}
        return {command: done.stderr.count("git ") for command, done in traced.items()}

    first.git(*UNHOOKED, "--message=One")
    first.git(*UNHOOKED, "--message=Two")
    few = gits()
    for tree in others:
        tree.git(*UNHOOKED, "--message=One")
    assert all(0 < count <= few[command] + 1 for command, count in gits().items())
