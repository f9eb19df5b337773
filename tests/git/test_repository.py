"""What is found around a directory, and what a repository says of itself."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from ccc.errors import GitFailed, GitLocked, NotARepository
from ccc.git import repository as repositories
from ccc.git import version
from ccc.git.command import SAFE, Begun, Git
from ccc.git.repository import RefMoved, RefUpdate, Repository, discover
from tests.support.repository import Repo


def found(directory: Path) -> Repository:
    return discover(directory, os.environ)


def test_a_checkout_is_found_from_any_folder_in_it(repo: Repo) -> None:
    for directory in (repo.path, repo.path / "src"):
        seen = found(directory)
        assert (seen.common, seen.git_dir, seen.top) == (repo.path / ".git", repo.path / ".git", repo.path)
        assert (seen.bare, seen.main_top, seen.worktree_id) == (False, repo.path, None)
        assert seen.object_format == "sha1"


def test_a_linked_worktree_knows_the_main_one(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "-b", "linked", str(tmp_path / "linked"))
    seen = found(tmp_path / "linked")
    assert (seen.common, seen.top, seen.main_top) == (repo.common, tmp_path / "linked", repo.path)
    assert (seen.worktree_id, seen.git_dir) == ("linked", repo.common / "worktrees/linked")
    assert repositories.branch_at(seen) == "refs/heads/linked"
    assert repositories.branch_at(found(repo.path)) == "refs/heads/main"


@pytest.mark.parametrize("place", ["bare.git", ".git"])
def test_a_bare_repository_has_no_checkout(repo: Repo, tmp_path: Path, place: str) -> None:
    bare = tmp_path / "project" / place
    subprocess.run(["git", "clone", "-q", "--bare", repo.path, bare], check=True)
    seen = found(bare)
    assert (seen.bare, seen.top, seen.main_top, seen.common) == (True, None, None, bare)
    subprocess.run(["git", "worktree", "add", "-q", tmp_path / "linked", "main"], cwd=bare, check=True)
    linked = found(tmp_path / "linked")
    assert (linked.bare, linked.top, linked.main_top) == (True, tmp_path / "linked", None)


def test_inside_the_git_directory_the_checkout_is_known(repo: Repo) -> None:
    seen = found(repo.path / ".git" / "refs")
    assert (seen.bare, seen.top, seen.main_top) == (False, None, repo.path)


def test_a_separate_git_directory_is_found(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    work = Repo(tmp_path / "work")
    work.git("init", "-q", f"--separate-git-dir={tmp_path / 'elsewhere'}")
    work.commit("One", {"a": "1\n"})
    assert (found(work.path).common, found(work.path).main_top) == (tmp_path / "elsewhere", work.path)
    work.git("worktree", "add", "-q", "-b", "linked", str(tmp_path / "linked"))
    seen = found(tmp_path / "linked")
    assert (seen.bare, seen.main_top, seen.common) == (False, None, tmp_path / "elsewhere")


def test_a_checkout_configured_elsewhere_is_found(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "-b", "linked", str(tmp_path / "linked"))
    (repo.path.parent / "other").mkdir()
    repo.git("config", "core.worktree", "../../other")
    assert found(tmp_path / "linked").main_top == repo.path.parent / "other"


def test_discovery_is_one_git_process(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.git("worktree", "add", "-q", "-b", "linked", str(tmp_path / "linked"))
    ran: list[str] = []
    begin = Git.begin

    def counted(git: Git, *words: str, **named: Any) -> Begun:
        ran.append(words[0])
        return begin(git, *words, **named)

    monkeypatch.setattr(Git, "begin", counted)
    found(repo.path)
    found(tmp_path / "linked")
    assert ran == ["rev-parse", "rev-parse"]


def test_git_dir_of_the_user_is_honoured_once(repo: Repo, outside: Path) -> None:
    where = {"GIT_DIR": str(repo.path / ".git"), "GIT_WORK_TREE": str(repo.path)}
    seen = discover(outside, {**os.environ, **where})
    assert (seen.common, seen.top) == (repo.common, repo.path)
    assert seen.git.directory == repo.common


def test_no_repository_is_said_in_words(outside: Path) -> None:
    with pytest.raises(NotARepository, match="is not in a git repository") as refused:
        found(outside)
    assert "git init" in refused.value.hint


def test_a_folder_that_is_not_there_is_said_in_words(outside: Path) -> None:
    with pytest.raises(NotARepository, match="is not a directory"):
        found(outside / "gone")


def wrapper(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts a `git` in front of the real one."""
    script = folder / "git"
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_a_repository_of_another_owner_is_said_in_words(
    repo: Repo, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    wrapper(outside, f'GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {real} "$@"', monkeypatch)
    with pytest.raises(NotARepository, match="belongs to another user") as refused:
        found(repo.path)
    assert refused.value.hint == f"git config --global --add safe.directory {repo.path}"


def test_a_git_that_is_too_old_is_said_in_words(
    repo: Repo, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapper(
        outside,
        'case "$*" in *version*) echo git version 2.17.1;; '
        f'*) shift {len(SAFE) + 1}; printf "%s\\n" "$@";; esac',
        monkeypatch,
    )
    with pytest.raises(NotARepository, match="too old"):
        found(repo.path)
    with pytest.raises(GitFailed, match=r"git 2\.17\.1 is too old"):
        version.require(Git(repo.path))


def test_the_git_of_these_tests_is_new_enough(repo: Repo) -> None:
    assert version.require(Git(repo.path)) >= (2, 39)


@pytest.mark.parametrize(
    ("key", "value"), [("extensions.fromTheFuture", "1"), ("core.repositoryFormatVersion", "7")]
)
def test_a_format_git_does_not_know_is_said_in_words(repo: Repo, key: str, value: str) -> None:
    repo.git("config", "core.repositoryFormatVersion", "1")
    repo.git("config", key, value)
    with pytest.raises(NotARepository, match="git cannot read this repository"):
        found(repo.path)


def test_a_bare_repository_that_must_be_named_is_said_in_words(repo: Repo, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "-q", "--bare", repo.path, tmp_path / "bare"], check=True)
    repo.git("config", "--global", "safe.bareRepository", "explicit")
    with pytest.raises(NotARepository, match=r"safe\.bareRepository"):
        found(tmp_path / "bare")
    assert discover(tmp_path / "bare", {"GIT_DIR": str(tmp_path / "bare")}).bare


def test_a_newline_in_the_path_is_said_in_words(repo: Repo, tmp_path: Path) -> None:
    for name in ("new\nline", "at the end\n"):
        repo.path = repo.path.rename(tmp_path / name)
        with pytest.raises(NotARepository, match="newline"):
            found(repo.path)


def test_a_revision_resolves_to_its_commit(repo: Repo, repository: Repository) -> None:
    repo.git("tag", "-a", "-m", "One", "v1")
    for revision in ("HEAD", "main", "v1", repo.oid()[:9], "HEAD^{/Document}"):
        assert repositories.resolve(repository.git, revision) == repo.oid()


@pytest.mark.parametrize(
    "revision",
    ["nope", "", "--all", "-h", "--git-dir=/", "HEAD:README.md", "HEAD..main", "a b", "x\0y", "\udce9"],
)
def test_what_names_no_commit_resolves_to_none(repository: Repository, revision: str) -> None:
    assert repositories.resolve(repository.git, revision) is None


def test_a_detached_head_and_an_unborn_branch_are_told_apart(repo: Repo, repository: Repository) -> None:
    assert not repositories.is_unborn(repository)
    repo.git("checkout", "-q", "--detach")
    assert repositories.branch_at(repository) is None
    assert not repositories.is_unborn(repository)
    repo.git("checkout", "-q", "--orphan", "fresh")
    assert repositories.branch_at(repository) == "refs/heads/fresh"
    assert repositories.is_unborn(repository)


def test_the_identity_is_the_configured_one(repo: Repo, repository: Repository) -> None:
    assert repositories.identity(repository) == ("Developer", "developer@example.com")
    repo.git("config", "user.name", "  Owner <of> this.  ")
    assert repositories.identity(repository) == ("Owner of this", "developer@example.com")
    repo.git("config", "user.email", "")
    assert repositories.identity(repository) is None


def test_no_identity_is_guessed(repo: Repo, repository: Repository) -> None:
    repo.git("config", "--global", "--unset", "user.email")
    assert repositories.identity(repository) is None


def test_the_identity_of_a_session_worktree_is_not_the_persons(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "-b", "linked", str(tmp_path / "ccc-one"))
    (tmp_path / "other").write_text("[user]\n\tname = Session\n")
    repo.git("config", "includeIf.gitdir:**/worktrees/ccc-*.path", str(tmp_path / "other"))
    assert Repo(tmp_path / "ccc-one").git("config", "user.name") == "Session"
    assert repositories.identity(found(tmp_path / "ccc-one")) == ("Developer", "developer@example.com")


def test_a_configured_value_is_the_last_one(repo: Repo, repository: Repository) -> None:
    repo.git("config", "--add", "some.key", "one")
    repo.git("config", "--add", "some.key", "two")
    assert repositories.config(repository, "some.key") == "two"
    assert repositories.config(repository, "no.such") is None


def test_references_of_any_name_are_listed(repo: Repo, repository: Repository) -> None:
    for name in ("refs/heads/caf\udce9", "refs/heads/line\u2028separator", "refs/heads/a/b"):
        repo.git("update-ref", name, "HEAD")
    assert set(repositories.refs(repository.git, "refs/heads/")) == {
        "refs/heads/main",
        "refs/heads/caf\udce9",
        "refs/heads/line\u2028separator",
        "refs/heads/a/b",
    }
    assert repositories.refs(repository.git, "refs/heads/a/b") == {"refs/heads/a/b": repo.oid()}


def test_several_references_move_together_or_not_at_all(repo: Repo, repository: Repository) -> None:
    new, old = repo.oid(), repo.oid("HEAD~")
    repo.git("branch", "one", old)
    repo.git("branch", "gone", old)
    wrong = RefUpdate("refs/heads/gone", None, new)
    with pytest.raises(RefMoved, match="refs/heads/gone"):
        repositories.update_refs(
            repository.git,
            [RefUpdate("refs/heads/one", new, old), RefUpdate("refs/heads/two", new, None), wrong],
            "x",
        )
    assert repositories.refs(repository.git, "refs/heads/") == {
        "refs/heads/main": new,
        "refs/heads/one": old,
        "refs/heads/gone": old,
    }
    right = RefUpdate("refs/heads/gone", None, old)
    repositories.update_refs(
        repository.git,
        [RefUpdate("refs/heads/one", new, old), RefUpdate("refs/heads/two", new, None), right],
        "why",
    )
    assert repositories.refs(repository.git, "refs/heads/") == dict.fromkeys(
        ["refs/heads/main", "refs/heads/one", "refs/heads/two"], new
    )
    assert repo.git("log", "-g", "-1", "--format=%gs", "one") == "why"


@pytest.mark.parametrize("old", ["HEAD~2", None])
def test_a_reference_at_another_value_is_not_moved(
    repo: Repo, repository: Repository, old: str | None
) -> None:
    repo.git("branch", "one", "HEAD~")
    update = RefUpdate("refs/heads/one", repo.oid(), repo.oid(old) if old else None)
    with pytest.raises(RefMoved):
        repositories.update_refs(repository.git, [update], "x")
    with pytest.raises(RefMoved):
        repositories.update_refs(repository.git, [RefUpdate("refs/heads/one", None, update.old)], "x")
    assert repo.oid("one") == repo.oid("HEAD~")


def test_other_failures_of_a_move_are_not_called_moves(repo: Repo, repository: Repository) -> None:
    (repo.common / "refs/heads/one.lock").touch()
    for name, new in [
        ("refs/heads/one", repo.oid()),
        ("refs/heads/main/sub", repo.oid()),
        ("refs/heads/two", "1" * 40),
    ]:
        with pytest.raises(GitFailed) as failed:
            repositories.update_refs(repository.git, [RefUpdate(name, new, None)], "x")
        assert not isinstance(failed.value, RefMoved)


def test_of_many_who_move_one_reference_each_move_counts_once(repo: Repo, repository: Repository) -> None:
    commits = [repo.git("commit-tree", "-m", f"{number}", "HEAD^{tree}", "-p", "HEAD") for number in range(8)]
    won: list[str] = []

    def move(oid: str) -> None:
        try:
            repositories.update_refs(repository.git, [RefUpdate("refs/heads/main", oid, repo_tip)], "race")
        except RefMoved:
            return
        won.append(oid)

    repo_tip = repo.oid()
    threads = [threading.Thread(target=move, args=(oid,)) for oid in commits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert won == [repo.oid("main")]


def test_a_git_that_fails_is_named_by_its_command(repo: Repo) -> None:
    with pytest.raises(GitFailed, match=r"^git merge: merge: nowhere"):
        Git(repo.path).run("-c", "maintenance.auto=false", "--no-pager", "merge", "nowhere")
    with pytest.raises(GitFailed, match=r"^git show: "):
        Git(repo.path).run("-C", ".", "show", "nowhere")


def test_a_lock_that_stands_is_named_with_what_to_do(repo: Repo) -> None:
    lock = repo.common / "index.lock"
    lock.touch()
    with pytest.raises(GitLocked) as failed:
        Git(repo.path).run("read-tree", "HEAD")
    assert failed.value.message == f"{lock} is there: another git is at work"
    assert failed.value.hint == f"where no git runs: rm {lock}"
