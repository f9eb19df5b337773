"""What several branches got, asked of git at once."""

from __future__ import annotations

import pytest

from ccc.git.command import Git
from ccc.git.fresh import Fresh, fresh
from tests.support.repository import Repo

FOLDER = "reports"
NOWHERE = "0" * 39 + "1"


def looked(repo: Repo, *tips: str, known: str = "main") -> Fresh:
    return fresh(Git(repo.path), [repo.oid(tip) for tip in tips], [repo.oid(known)], FOLDER)


@pytest.fixture
def branched(repo: Repo) -> Repo:
    """Branches `one` (two commits, the first with a report) and `two` (one commit)."""
    repo.git("checkout", "-q", "-b", "one")
    repo.commit("First\n\nCcc-Progress: 50", {f"{FOLDER}/a b.md": "1\n", "x": "1\n"})
    repo.commit("Second", x="2")
    repo.git("checkout", "-q", "-b", "two", "main")
    repo.commit("Other", y="1")
    return repo


def test_commits_come_oldest_first_with_what_git_says_of_them(branched: Repo) -> None:
    found = looked(branched, "one", "two").between(branched.oid("main"), branched.oid("one"))
    assert found is not None
    assert [(one.oid, one.subject) for one in found] == [
        (branched.oid("one~1"), "First"),
        (branched.oid("one"), "Second"),
    ]
    assert found[0].trailers == {"Ccc-Progress": ["50"]}


def test_the_last_commit_that_touched_a_file_is_known(branched: Repo) -> None:
    found = looked(branched, "one", "two")
    commits = found.between(branched.oid("main"), branched.oid("one")) or []
    assert found.last_to_touch(commits, f"{FOLDER}/a b.md") == branched.oid("one~1")
    assert found.last_to_touch(commits, f"{FOLDER}/other.md") is None


@pytest.mark.parametrize(("old", "new"), [("two", "one"), ("one", "one~1"), ("main~1", "one")])
def test_what_did_not_simply_go_on_is_left_to_who_asks(branched: Repo, old: str, new: str) -> None:
    assert looked(branched, "one", "two").between(branched.oid(old), branched.oid(new)) is None


def test_a_merge_is_left_to_who_asks(branched: Repo) -> None:
    branched.git("merge", "-q", "--no-edit", "one")
    assert looked(branched, "two").between(branched.oid("main"), branched.oid("two")) is None


def test_ids_of_nothing_are_passed_over(branched: Repo) -> None:
    main, two = branched.oid("main"), branched.oid("two")
    found = fresh(Git(branched.path), [two, NOWHERE], [main, NOWHERE[::-1]], FOLDER)
    assert [one.subject for one in found.between(main, two) or ()] == ["Other"]


def test_nothing_new_is_nothing(branched: Repo) -> None:
    assert looked(branched, "one", known="one") == Fresh()
