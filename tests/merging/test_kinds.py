"""Conflicts without lines are told in words that name both sides, by git's own verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ccc.git import mergetree
from ccc.git.command import Git
from ccc.ops.landing.combine import Combined
from ccc.ops.resolving.kinds import words_of
from tests.support.repository import Repo
from tests.views.making import conflict_review

Change = Callable[[Repo], object]


def commit(repo: Repo, **files: str) -> None:
    repo.commit("Change", files)


def rename(repo: Repo, new: str) -> None:
    repo.git("mv", "plain", new)
    repo.commit(f"Call it {new}")


def remove(repo: Repo) -> None:
    repo.git("rm", "-q", "plain")
    repo.commit("Remove")


def module(repo: Repo, oid: str) -> None:
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{oid},module")
    repo.git("commit", "-q", "-m", "Module")


CASES: list[tuple[Change, Change, dict[str, str]]] = [
    (
        lambda r: commit(r, plain="ours\n"),
        lambda r: commit(r, plain="theirs\n"),
        {"plain": "both changed the same lines"},
    ),
    (
        lambda r: commit(r, fresh="ours\n"),
        lambda r: commit(r, fresh="theirs\n"),
        {"fresh": "both added it, each with its own content"},
    ),
    (lambda r: commit(r, plain="ours\n"), remove, {"plain": "main changed it, NAME deleted it"}),
    (remove, lambda r: commit(r, plain="theirs\n"), {"plain": "NAME changed it, main deleted it"}),
    (
        lambda r: commit(r, data="a\0ours"),
        lambda r: commit(r, data="a\0theirs"),
        {"data": "a binary file that both changed: one side must be taken whole, or made anew"},
    ),
    (
        lambda r: module(r, "1" * 40),
        lambda r: module(r, "2" * 40),
        {"module": "a submodule that main moved to 1111111 and NAME to 2222222"},
    ),
    (
        lambda r: rename(r, "one"),
        lambda r: rename(r, "two"),
        dict.fromkeys(("one", "plain", "two"), "plain renamed to one in main and to two in NAME."),
    ),
]


@pytest.mark.parametrize(("ours", "theirs", "expected"), CASES)
def test_each_kind_says_who_did_what(
    repo: Repo, ours: Change, theirs: Change, expected: dict[str, str]
) -> None:
    repo.commit("Base", {"plain": "base\n" * 5, "data": "a\0b"})
    repo.git("branch", "other")
    ours(repo)
    base = repo.oid()
    repo.git("reset", "-q", "--hard")
    repo.git("checkout", "-q", "-f", "other")
    theirs(repo)
    head = repo.oid()
    combined: Combined = replace(conflict_review().combined, base=base, head=head, target="main")
    name = combined.session.name
    git = Git(repo.common, {"GIT_DIR": str(repo.common)})
    found = mergetree.merge(git, base, head).conflicts
    assert {file.path: words_of(file, combined).replace(name, "NAME") for file in found} == expected
