"""Hooks in a session's worktree: what they note, and that every hook the user has still runs and refuses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ccc.domain.hooknotes import HookNote, parse_hook_note
from ccc.git import hookfiles
from ccc.git.hookfiles import SessionIdentity
from tests.support.repository import Repo

Notes = Callable[[], list[HookNote]]


@pytest.fixture
def hooked(repo: Repo) -> Repo:
    """The repository with hooks installed and no drain to take the notes away."""
    hookfiles.install(repo.common, sys.executable)
    (repo.common / "ccc" / "drain").unlink()
    return repo


@pytest.fixture
def tree(hooked: Repo) -> Repo:
    """A session's worktree called `backend-x`, made by plain git."""
    return make_tree(hooked, "backend-x")


def make_tree(repo: Repo, name: str, *, listed: bool = True) -> Repo:
    waiting, path = repo.path.parent / "making" / f"ccc-{name}", repo.path.parent / name
    repo.git("worktree", "add", "--quiet", "-b", f"ccc/{name}", str(waiting))
    repo.git("worktree", "move", str(waiting), str(path))
    if listed:
        (repo.common / "ccc" / "worktrees" / name).write_text("0" * 32 + "\n")
    return Repo(path)


@pytest.fixture
def notes(hooked: Repo) -> Notes:
    """The notes in the journal, in the order of their times."""

    def read() -> list[HookNote]:
        files = (hooked.common / "ccc" / "journal" / "new").iterdir()
        return [parse_hook_note(line(file)) for file in sorted(files, key=lambda each: each.stat().st_mtime_ns)]

    return read


def line(file: Path) -> str:
    text = file.read_text()
    assert text.endswith("\n")
    return text[:-1]


def hook(folder: Path, name: str, body: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{body}\n")
    (folder / name).chmod(0o755)


def told(notes: list[HookNote], name: str) -> list[tuple[str | None, str | None]]:
    return [(note.oid, note.argument) for note in notes if note.hook == name]


def test_a_commit_is_noted_with_work_tree_commit_and_branch(tree: Repo, notes: Notes) -> None:
    oid = tree.commit("One", one="1")
    found = notes()
    assert [(n.hook, n.worktree, n.oid, n.argument, n.ref) for n in found] == [
        ("post-commit", "ccc-backend-x", oid, None, "refs/heads/ccc/backend-x")
    ]


def test_a_commit_on_a_packed_branch_is_noted_with_its_id(tree: Repo, notes: Notes) -> None:
    tree.git("pack-refs", "--all")
    oid = tree.commit("One", one="1")
    assert notes()[-1].oid == oid


def test_amend_merge_rebase_pick_and_stash_note_what_git_tells(tree: Repo, notes: Notes, hooked: Repo) -> None:
    tree.commit("One", one="1")
    tree.git("commit", "--quiet", "--amend", "--message=Uno")
    amended = tree.oid()
    assert (amended, "amend") in told(notes(), "post-rewrite")
    hooked.commit("Main moves", moved="1")
    tree.git("merge", "--quiet", "--no-edit", "main")
    assert (tree.oid(), None) in told(notes(), "post-merge")
    hooked.commit("Main moves again", again="1")
    tree.git("rebase", "--quiet", "main")
    assert (tree.oid(), "rebase") in told(notes(), "post-rewrite")
    hooked.commit("To pick", pick="1")
    tree.git("cherry-pick", "main")
    assert (tree.oid(), None) in told(notes(), "post-commit")
    before = len(notes())
    tree.write("one", "changed")
    tree.git("stash", "--quiet")
    tree.git("stash", "pop", "--quiet")
    assert len(notes()) == before


def test_the_apply_backend_of_rebase_works(tree: Repo, notes: Notes, hooked: Repo) -> None:
    tree.commit("One", one="1")
    hooked.commit("Main moves", moved="1")
    tree.git("rebase", "--quiet", "--apply", "main")
    assert (tree.oid(), "rebase") in told(notes(), "post-rewrite")


def test_commits_in_the_humans_checkout_note_nothing(hooked: Repo, notes: Notes) -> None:
    hooked.commit("By the human", human="1")
    assert notes() == []


def test_a_users_own_worktree_that_is_not_listed_notes_nothing(hooked: Repo, notes: Notes) -> None:
    other = make_tree(hooked, "mine", listed=False)
    other.commit("Mine", mine="1")
    assert notes() == []


@pytest.mark.parametrize("place", ["plain", "absolute", "relative", "global"])
def test_the_users_hooks_run_and_refuse(hooked: Repo, notes: Notes, place: str, sealed: Path) -> None:
    folder = {
        "plain": hooked.common / "hooks",
        "absolute": hooked.path.parent / "their hooks",
        "relative": hooked.path / ".githooks",
        "global": sealed / "hooks",
    }[place]
    hook(folder, "pre-commit", '! git diff --cached --name-only | grep -q forbidden || { echo "no: $0" >&2; exit 1; }')
    hook(folder, "commit-msg", 'grep -q "^[A-Z]" "$1"')
    hook(folder, "post-commit", 'echo "after $PWD" >>"$(git rev-parse --git-common-dir)/seen"')
    if place == "absolute":
        hooked.git("config", "core.hooksPath", str(folder))
    if place == "global":
        hooked.git("config", "--global", "core.hooksPath", str(folder))
    if place == "relative":
        hooked.git("config", "core.hooksPath", ".githooks")
        hooked.commit("Hooks for everybody")
    hookfiles.install(hooked.common, sys.executable)
    (hooked.common / "ccc" / "drain").unlink()
    tree = make_tree(hooked, "backend-y")
    tree.commit("Allowed", allowed="1")
    assert (hooked.common / "seen").read_text().splitlines()[-1] == f"after {tree.path}"
    assert [note.hook for note in notes()][-1] == "post-commit"
    with pytest.raises(subprocess.CalledProcessError):
        tree.commit("lower case is refused", more="1")
    tree.git("reset", "--quiet", "--hard")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        tree.commit("Forbidden", forbidden="1")
    assert f"no: {folder if place != 'relative' else '.githooks'}" in "\n".join(refused.value.__notes__)


def test_a_hook_added_later_runs_after_a_refresh(tree: Repo, hooked: Repo) -> None:
    hook(hooked.common / "hooks", "pre-commit", "exit 1")
    assert hookfiles.refresh(hooked.common)
    with pytest.raises(subprocess.CalledProcessError):
        tree.commit("Refused", refused="1")


@pytest.mark.slow
def test_real_pre_commit_runs_and_refuses(hooked: Repo, notes: Notes) -> None:
    hooked.commit(
        "Use pre-commit",
        {
            ".pre-commit-config.yaml": "repos:\n- repo: local\n  hooks:\n  - id: guard\n    name: guard\n"
            "    language: system\n    entry: sh -c 'for f; do case $f in *forbidden*) exit 1;; esac; done' --\n"
        },
    )
    subprocess.run([sys.executable, "-m", "pre_commit", "install"], cwd=hooked.path, check=True, capture_output=True)
    hookfiles.refresh(hooked.common)
    tree = make_tree(hooked, "backend-z")
    tree.commit("Allowed", allowed="1")
    assert notes()[-1].oid == tree.oid()
    with pytest.raises(subprocess.CalledProcessError) as refused:
        tree.commit("Refused", forbidden="1")
    assert "guard....." in "\n".join(refused.value.__notes__)


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_hook_runs_in_every_shell(tree: Repo, hooked: Repo, notes: Notes, shell: str) -> None:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    script = hooked.common / "ccc" / "hooks" / "post-commit"
    script.write_text(script.read_text().replace("#!/bin/sh", f"#!{found}"))
    oid = tree.commit("One", one="1")
    assert notes()[-1].oid == oid


def test_a_broken_environment_never_fails_the_commit(tree: Repo, hooked: Repo) -> None:
    env = {"PATH": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    git = shutil.which("git")
    assert git is not None
    tree.write("one", "1")
    for arguments in (("add", "one"), ("-c", "user.name=D", "-c", "user.email=d@example.com", "commit", "-qm", "x")):
        done = subprocess.run([git, *arguments], cwd=tree.path, env=env, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_missing_journal_or_folder_never_fails_the_commit(tree: Repo, hooked: Repo) -> None:
    shutil.rmtree(hooked.common / "ccc" / "journal")
    tree.commit("One", one="1")
    shutil.rmtree(hooked.common / "ccc")
    tree.commit("Two", two="2")


def test_a_drain_whose_python_is_gone_never_fails_the_commit(tree: Repo, hooked: Repo, notes: Notes) -> None:
    script = hooked.common / "ccc" / "drain"
    script.write_text(hookfiles.drain_script(hooked.common, "/gone/python"))
    script.chmod(0o755)
    oid = tree.commit("One", one="1")
    assert notes()[-1].oid == oid


def test_whoever_reads_the_output_of_git_does_not_wait_for_the_drain(tree: Repo, hooked: Repo) -> None:
    script = hooked.common / "ccc" / "drain"
    script.write_text("#!/bin/sh\nexec sleep 20\n")
    script.chmod(0o755)
    tree.write("one", "1")
    tree.git("add", "one")
    done = subprocess.run(["git", "commit", "-m", "One"], cwd=tree.path, capture_output=True, timeout=10)
    assert done.returncode == 0


def test_thirty_two_commits_at_once_are_each_noted(hooked: Repo, notes: Notes) -> None:
    trees = [make_tree(hooked, f"backend-{number}") for number in range(8)]
    running = []
    for number in range(4):
        for each in trees:
            command = ["git", "commit", "-q", "--allow-empty", "-m", f"{number}"]
            running.append(subprocess.Popen(command, cwd=each.path, stderr=subprocess.PIPE))
        assert [process.wait(30) for process in running] == [0] * len(running)
        for process in running:
            assert process.stderr is not None
            process.stderr.close()
        running.clear()
    assert len(notes()) == 32


def test_repository_paths_with_spaces_quotes_and_globs_work(repo: Repo, tmp_path: Path) -> None:
    odd = tmp_path / "a b'c\"d [e] ü"
    odd.mkdir()
    shutil.move(repo.path, odd / "repo")
    moved = Repo(odd / "repo")
    hookfiles.install(moved.common, sys.executable)
    hookfiles.write_gitconfig(moved.common, [SessionIdentity("backend-q", 'D "x" \\ ; # (backend)')])
    (moved.common / "ccc" / "drain").unlink()
    tree = make_tree(moved, "backend-q")
    tree.commit("One", one="1")
    assert tree.git("log", "-1", "--format=%an") == 'D "x" \\ ; # (backend)'
    assert len(list((moved.common / "ccc" / "journal" / "new").iterdir())) == 1


def test_identities_belong_to_one_session_each(hooked: Repo) -> None:
    one, other = make_tree(hooked, "backend-a"), make_tree(hooked, "backend-a-2")
    hookfiles.write_gitconfig(
        hooked.common, [SessionIdentity("backend-a", "D (backend)"), SessionIdentity("backend-a-2", "D (frontend)")]
    )
    one.commit("One", one="1")
    other.commit("Two", two="2")
    hooked.commit("Main", main="3")
    names = [repo.git("log", "-1", "--format=%an <%ae>") for repo in (one, other, hooked)]
    mail = "<developer@example.com>"
    assert names == [f"D (backend) {mail}", f"D (frontend) {mail}", f"Developer {mail}"]


def test_installing_twice_changes_nothing(hooked: Repo) -> None:
    hookfiles.install(hooked.common, sys.executable)

    def content() -> dict[str, bytes]:
        files = [hooked.common / "config", *(hooked.common / "ccc").rglob("*")]
        return {str(file): file.read_bytes() for file in files if file.is_file()}

    before = content()
    hookfiles.install(hooked.common, sys.executable)
    assert content() == before


def test_a_hooks_path_set_after_the_include_is_found_and_mended(hooked: Repo) -> None:
    hookfiles.install(hooked.common, sys.executable)
    assert hookfiles.problems(hooked.common) == []
    with (hooked.common / "config").open("a") as file:
        file.write("[core]\n\thooksPath = elsewhere\n")
    assert hookfiles.problems(hooked.common) == ["core.hooksPath is set after ccc's include and hides it"]
    hookfiles.install(hooked.common, sys.executable)
    assert hookfiles.problems(hooked.common) == []


def test_uninstalling_leaves_the_configuration_as_it_was(repo: Repo) -> None:
    before = (repo.common / "config").read_bytes()
    hookfiles.install(repo.common, sys.executable)
    hookfiles.uninstall(repo.common)
    assert (repo.common / "config").read_bytes() == before
    assert not (repo.common / "ccc" / "hooks").exists()


def test_unset_home_and_odd_separator_do_no_harm(tree: Repo, notes: Notes) -> None:
    tree.write("one", "1")
    tree.git("add", "one")
    env = {key: value for key, value in os.environ.items() if key != "HOME"}
    subprocess.run(["git", "commit", "-qm", "x"], cwd=tree.path, env={**env, "IFS": "/"}, check=True)
    assert notes()[-1].oid == tree.oid()
