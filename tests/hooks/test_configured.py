"""Hooks through git's configuration (2.54 and newer): ours and the user's run side by side, unchained."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ccc.domain.hooknotes import HOOKS
from ccc.git import hookfiles, hookway
from ccc.git.command import Git
from tests.hooks import gits
from tests.hooks.making import ADMIN, BRANCH, forget, hook, install, lines, make_tree
from tests.support.repository import Repo

gits.find(new=True)
ROOT_FILES = {"gitconfig", "gits", "hook-note", "journal", "worktrees"}


@pytest.fixture
def hooked(new_git: str, repo: Repo) -> Repo:
    """The repository with hooks in its configuration and no drain."""
    install(repo)
    return repo


def refused(repo: Repo, *arguments: str) -> str:
    """What a command that must fail printed."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        repo.git(*arguments)
    return "\n".join(caught.value.__notes__)


def test_a_session_has_hooks_without_a_hooks_path(tree: Repo, hooked: Repo) -> None:
    assert {path.name for path in (hooked.common / "ccc").iterdir()} == ROOT_FILES
    assert tree.git("config", "--get-regexp", "^hook[.].*[.]event$").splitlines() == [
        f"hook.ccc-{event}.event {event}" for event in HOOKS
    ]
    with pytest.raises(subprocess.CalledProcessError):
        tree.git("config", "core.hooksPath")
    with pytest.raises(subprocess.CalledProcessError):
        hooked.git("config", "--get-regexp", "^hook[.]")


def test_every_event_is_noted_once(tree: Repo, hooked: Repo) -> None:
    first = tree.commit("One", one="1")
    tree.git("commit", "--quiet", "--amend", "--message=Uno")
    amended = tree.oid()
    hooked.commit("Main moves", moved="1")
    tree.git("merge", "--quiet", "--no-edit", "main")
    merged = tree.oid()
    tree.git("checkout", "--quiet", "--detach")
    hooked.commit("To apply", apply="1")
    tree.git("am", "--quiet", stdin=hooked.git("format-patch", "--stdout", "-1") + "\n")
    assert lines(hooked) == [
        f"1 post-commit {ADMIN} {first} - {BRANCH}",
        f"1 post-commit {ADMIN} {amended} - {BRANCH}",
        f"1 post-rewrite {ADMIN} {amended} amend {BRANCH}",
        f"1 post-merge {ADMIN} {merged} - {BRANCH}",
        f"1 post-checkout {ADMIN} {merged} 1 -",
        f"1 post-applypatch {ADMIN} {tree.oid()} - -",
    ]


def test_the_users_hooks_run_and_refuse_from_the_moment_they_are_there(tree: Repo, hooked: Repo) -> None:
    seen = hooked.common / "seen"
    hook(hooked.common / "hooks", "pre-commit", 'echo "$0 in $PWD"; exit 1')
    hook(hooked.common / "hooks", "post-commit", f"cat >>'{seen}'; echo \"$0 $#\" >>'{seen}'; exit 1")
    where = f"{hooked.common}/hooks"
    assert f"{where}/pre-commit in {tree.path}\n" in refused(tree, "commit", "--allow-empty", "-m", "x")
    assert lines(hooked) == []
    (hooked.common / "hooks" / "pre-commit").unlink()
    tree.git("commit", "--quiet", "--allow-empty", "-m", "x")
    assert seen.read_text() == f"{where}/post-commit 0\n"
    assert len(lines(hooked)) == 1


def test_hooks_of_the_users_own_configuration_run_in_order_before_those_in_files(
    tree: Repo, hooked: Repo
) -> None:
    seen = hooked.common / "seen"
    for name in ("first", "second"):
        hooked.git("config", "--global", f"hook.{name}.event", "post-commit")
        hooked.git("config", "--global", f"hook.{name}.command", f"echo {name} >>'{seen}'")
    hook(
        hooked.common / "hooks",
        "post-commit",
        f"echo file >>'{seen}'; ls '{hooked.common}/ccc/journal/new' >>'{seen}'",
    )
    tree.git("commit", "--quiet", "--allow-empty", "-m", "x")
    *told, note = seen.read_text().splitlines()
    assert told == ["first", "second", "file"]
    assert (hooked.common / "ccc" / "journal" / "new" / note).exists()
    hooked.git("config", "--global", "hook.no.event", "pre-commit")
    hooked.git("config", "--global", "hook.no.command", "echo no; exit 1")
    assert "no\n" in refused(tree, "commit", "--allow-empty", "-m", "x")


def test_a_hooks_path_of_the_users_own_counts_at_once(tree: Repo, hooked: Repo) -> None:
    hooked.git("config", "core.hooksPath", str(hooked.path.parent / "theirs"))
    hook(hooked.path.parent / "theirs", "pre-commit", "exit 1")
    hookfiles.install(hooked.common, "/bin/sh")
    assert hookfiles.problems(hooked.common) == []
    refused(tree, "commit", "--allow-empty", "-m", "x")


def test_the_humans_checkout_and_a_worktree_like_ours_note_nothing(tree: Repo, hooked: Repo) -> None:
    hooked.commit("By the human", human="1")
    make_tree(hooked, "mine", listed=False).commit("Mine", mine="1")
    assert lines(hooked) == []


def test_runs_of_our_own_run_no_hook(tree: Repo, hooked: Repo, new_git: str) -> None:
    """Git 2.54 can be told only by name, so there the user's own hooks in configuration do run."""
    seen = hooked.common / "seen"
    hooked.git("config", "hook.theirs.event", "post-commit")
    hooked.git("config", "hook.theirs.command", f"echo theirs >>'{seen}'")
    Git(tree.path).run("commit", "--quiet", "--allow-empty", "--message=x")
    assert lines(hooked) == []
    if hookway.choose(hooked.common, None).why.startswith("git 2.54"):
        assert seen.read_text() == "theirs\n"
    else:
        assert not seen.exists()


@pytest.mark.parametrize("gone", ["hook-note", "."])
def test_what_is_missing_does_no_harm(tree: Repo, hooked: Repo, gone: str) -> None:
    path = hooked.common / "ccc" / gone
    path.rename(hooked.common / "elsewhere")
    done = subprocess.run(
        ["git", "checkout", "-q", "--detach"], cwd=tree.path, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_a_repository_that_was_moved_does_no_harm_and_is_mended(tree: Repo, hooked: Repo) -> None:
    moved = Repo(hooked.path.rename(hooked.path.with_name("elsewhere")))
    moved.git("worktree", "repair", str(tree.path))
    tree.git("checkout", "--quiet", "--detach")
    assert "ccc/gitconfig is missing, or names the hooks of another place" in hookfiles.problems(moved.common)
    hookfiles.refresh(moved.common)
    tree.commit("One", one="1")
    assert len(lines(moved)) == 1


STRANGE: list[dict[str, str | None]] = [
    {"PATH": "/nonexistent"},
    {"SHELLOPTS": "errexit:nounset:noglob:noclobber"},
    {"IFS": "/ct", "ccc_root": "/nonexistent", "ccc_common": "/nonexistent", "ccc_name": "x"},
]


def test_in_a_strange_environment_a_commit_is_noted_without_a_word(
    tree: Repo, hooked: Repo, new_git: str
) -> None:
    for changes in STRANGE:
        env = {key: value for key, value in {**os.environ, **changes}.items() if value is not None}
        command = [new_git, "commit", "--quiet", "--allow-empty", "-m", "x"]
        done = subprocess.run(command, cwd=tree.path, env=env, capture_output=True, text=True, timeout=20)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert lines(hooked) == [f"1 post-commit {ADMIN} {tree.oid()} - {BRANCH}"]
        forget(hooked)


@pytest.mark.parametrize("folder", ["a b", 'it\'s "quoted"', "$HOME `x`", "#;=", "tab\there\nline"])
def test_any_path_of_a_repository_works(new_git: str, repo: Repo, tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    moved = Repo(repo.path.rename(tmp_path / folder / "repo"))
    install(moved)
    tree = make_tree(moved, "backend-x")
    tree.commit("One", one="1")
    assert len(lines(moved)) == 1


def test_uninstalling_leaves_nothing(hooked: Repo) -> None:
    hookfiles.uninstall(hooked.common)
    assert {path.name for path in (hooked.common / "ccc").iterdir()} == {"journal", "worktrees"}
