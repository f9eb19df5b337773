"""Which file decides: the main checkout's for what starts here, the target's commit for what decides."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ccc.errors import BadConfig
from ccc.ops.policy import Policy, local_policy, paths_at, target_policy
from ccc.ops.workspace import Workspace
from tests.support.program import RunsCcc
from tests.support.repository import Repo

ROLE = "---\ndescription: Ours\n---\nWork {}.\n"


def workspace(repo: Repo, **environment: str) -> Workspace:
    return Workspace.open(repo.path, {**os.environ, **environment})


def at_main(repo: Repo, **environment: str) -> Policy:
    return target_policy(workspace(repo, **environment), repo.oid("main"), "main")


def test_edits_count_here_and_commits_count_for_the_target(repo: Repo) -> None:
    repo.commit(
        "Configure", {".ccc/config.toml": "limits.parallel = 2\n", ".ccc/roles/own.md": ROLE.format(1)}
    )
    repo.write(".ccc/config.toml", "limits.parallel = 3\n")
    repo.write(".ccc/roles/own.md", ROLE.format(2))
    here, there = local_policy(workspace(repo)), at_main(repo)
    assert [policy.settings.values()["limits.parallel"] for policy in (here, there)] == [3, 2]
    assert [policy.roles.get("own").instructions for policy in (here, there)] == ["Work 2.\n", "Work 1.\n"]
    assert [policy.roles.get("own").where for policy in (here, there)] == [
        ".ccc/roles/own.md",
        "main:.ccc/roles/own.md",
    ]
    assert there.settings.origins["limits.parallel"] == "main:.ccc/config.toml"


def test_the_environment_counts_here_and_never_for_the_target(repo: Repo) -> None:
    override = {"CCC_APPROVAL_REQUIRED": "0"}
    assert local_policy(workspace(repo, **override)).settings.approvals_required == 0
    assert at_main(repo, **override).settings.approvals_required == 1


def test_only_files_directly_in_the_folder_of_roles_are_roles(repo: Repo) -> None:
    files = {f".ccc/roles/{name}": "no role" for name in ("README.md", "old/own.md", "notes.txt")}
    repo.commit("Roles", files)
    for policy in (local_policy(workspace(repo)), at_main(repo)):
        assert policy.roles.own == {}


def test_an_error_says_whether_the_file_or_the_commit_is_wrong(repo: Repo) -> None:
    repo.commit("Configure", {".ccc/config.toml": "\nlimits.parallel = 0\n"})
    words = ":2: limits.parallel: must be at least 1"
    with pytest.raises(BadConfig) as here:
        local_policy(workspace(repo))
    with pytest.raises(BadConfig) as there:
        at_main(repo)
    assert [caught.value.message for caught in (here, there)] == [
        f".ccc/config.toml{words}",
        f"main:.ccc/config.toml{words}",
    ]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (Path.mkdir, "is not a regular file"),
        (os.mkfifo, "is not a regular file"),
        (lambda path: path.symlink_to(path.name), "cannot be read: Too many levels of symbolic links"),
    ],
    ids=["directory", "fifo", "loop"],
)
def test_a_file_that_cannot_be_read_is_said(make: Callable[[Path], object], words: str, repo: Repo) -> None:
    path = repo.path / ".ccc/config.toml"
    path.parent.mkdir()
    make(path)
    with pytest.raises(BadConfig) as caught:
        local_policy(workspace(repo))
    assert caught.value.message == f"{path} {words}"


def test_paths_of_several_commits_are_listed_together(repo: Repo) -> None:
    first = repo.oid()
    repo.git("mv", "src/util.py", "src/größe.py")
    repo.commit("Move")
    listed = paths_at(workspace(repo).git, first, repo.oid())()
    assert {"src/util.py", "src/größe.py", "README.md"} <= listed


def test_several_problems_of_roles_are_all_listed(repo: Repo, ccc_inline: RunsCcc) -> None:
    for name in ("one", "two", "three"):
        repo.write(f".ccc/roles/{name}.md", ROLE.format("well"))
    found = ccc_inline("roles", "check", exit=1)
    assert found.stdout == ""
    assert found.stderr == (
        ".ccc/roles/three.md: one and three have the same instructions\n"
        ".ccc/roles/two.md: one and two have the same instructions\n"
        ".ccc/roles/two.md: three and two have the same instructions\n"
        "error: the roles have 3 problems\nhint: mend them, then: git ccc roles check\n"
    )
