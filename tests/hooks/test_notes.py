"""What the hooks of a session's worktree note, and where they note nothing."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from ccc.git import hookfiles
from tests.hooks.making import ADMIN, BRANCH, forget, hook, journal, lines, make_tree, shim
from tests.support.repository import Repo

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_a_commit_is_one_file_with_one_line(tree: Repo, hooked: Repo) -> None:
    oid = tree.commit("One", one="1")
    (file,) = journal(hooked).iterdir()
    text = file.read_text()
    pid = text.split(" ")[4]
    assert text == f"1 post-commit {ADMIN} {oid} {pid} - {BRANCH}\n"
    assert pid.isdigit()
    assert UUID.fullmatch(file.name)


def test_amending_notes_commit_and_rewrite(tree: Repo, hooked: Repo) -> None:
    tree.git("commit", "--quiet", "--amend", "--message=Uno")
    oid = tree.oid()
    assert lines(hooked) == [
        f"1 post-commit {ADMIN} {oid} - {BRANCH}",
        f"1 post-rewrite {ADMIN} {oid} amend {BRANCH}",
    ]


def test_a_merge_is_noted(tree: Repo, hooked: Repo) -> None:
    tree.commit("One", one="1")
    hooked.commit("Main moves", moved="1")
    forget(hooked)
    tree.git("merge", "--quiet", "--no-edit", "main")
    assert lines(hooked) == [f"1 post-merge {ADMIN} {tree.oid()} - {BRANCH}"]


def test_a_rebase_notes_each_pick_detached_and_the_rewrite_on_the_branch(tree: Repo, hooked: Repo) -> None:
    tree.commit("One", one="1")
    main = hooked.commit("Main moves", moved="1")
    forget(hooked)
    tree.git("rebase", "--quiet", "main")
    assert lines(hooked) == [
        f"1 post-checkout {ADMIN} {main} 1 -",
        f"1 post-commit {ADMIN} {tree.oid()} - -",
        f"1 post-rewrite {ADMIN} {tree.oid()} rebase {BRANCH}",
    ]


def test_a_rebase_with_the_apply_backend_notes_the_rewrite_while_detached(tree: Repo, hooked: Repo) -> None:
    tree.commit("One", one="1")
    hooked.commit("Main moves", moved="1")
    forget(hooked)
    tree.git("rebase", "--quiet", "--apply", "main")
    assert lines(hooked)[-1] == f"1 post-rewrite {ADMIN} {tree.oid()} rebase -"
    assert branch(tree) == BRANCH


def test_a_cherry_pick_is_noted_as_a_commit(tree: Repo, hooked: Repo) -> None:
    hooked.commit("To pick", pick="1")
    tree.git("cherry-pick", "main")
    assert lines(hooked) == [f"1 post-commit {ADMIN} {tree.oid()} - {BRANCH}"]


def test_applied_mail_is_noted_patch_by_patch(tree: Repo, hooked: Repo) -> None:
    hooked.commit("First", first="1")
    hooked.commit("Second", second="2")
    tree.git("am", "--quiet", stdin=hooked.git("format-patch", "--stdout", "-2") + "\n")
    first, second = tree.oid("HEAD~1"), tree.oid()
    assert lines(hooked) == [
        f"1 post-applypatch {ADMIN} {first} - {BRANCH}",
        f"1 post-applypatch {ADMIN} {second} - {BRANCH}",
    ]


def test_a_stash_notes_nothing(tree: Repo, hooked: Repo) -> None:
    tree.write("README.md", "changed")
    tree.git("stash", "--quiet")
    tree.git("stash", "pop", "--quiet")
    assert lines(hooked) == []
    assert tree.git("diff", "--name-only") == "README.md"


def test_checkouts_tell_branches_files_and_detached_heads_apart(tree: Repo, hooked: Repo) -> None:
    oid = tree.oid()
    tree.git("checkout", "--quiet", "-b", "other/näme")
    tree.git("checkout", "--quiet", "HEAD", "--", "README.md")
    tree.git("checkout", "--quiet", "--detach")
    assert lines(hooked) == [
        f"1 post-checkout {ADMIN} {oid} 1 refs/heads/other/näme",
        f"1 post-checkout {ADMIN} {oid} 0 refs/heads/other/näme",
        f"1 post-checkout {ADMIN} {oid} 1 -",
    ]


def test_an_unborn_branch_has_no_commit(tree: Repo, hooked: Repo) -> None:
    tree.git("checkout", "--quiet", "--orphan", "fresh")
    assert lines(hooked) == [f"1 post-checkout {ADMIN} - 1 refs/heads/fresh"]


def test_a_packed_branch_is_noted_with_its_commit(tree: Repo, hooked: Repo) -> None:
    tree.git("checkout", "--quiet", "-b", "packed")
    forget(hooked)
    tree.git("pack-refs", "--all")
    tree.git("checkout", "--quiet", "packed", "--")
    assert lines(hooked) == [f"1 post-checkout {ADMIN} {tree.oid()} 1 refs/heads/packed"]


def test_a_branch_that_is_a_symbolic_ref_is_noted_with_its_commit(tree: Repo, hooked: Repo) -> None:
    tree.git("symbolic-ref", "refs/heads/alias", BRANCH)
    tree.git("symbolic-ref", "HEAD", "refs/heads/alias")
    oid = tree.commit("One", one="1")
    assert lines(hooked) == [f"1 post-commit {ADMIN} {oid} - refs/heads/alias"]


def test_thirty_two_commits_at_once_are_each_noted(hooked: Repo) -> None:
    trees = [make_tree(hooked, f"backend-{number}") for number in range(32)]
    command = ["git", "commit", "-q", "--allow-empty", "-m", "Now"]
    running = [subprocess.Popen(command, cwd=each.path) for each in trees]
    assert [process.wait(60) for process in running] == [0] * 32
    expected = {f"1 post-commit ccc-{each.path.name} {each.oid()} - {branch(each)}" for each in trees}
    assert set(lines(hooked)) == expected
    assert len(lines(hooked)) == 32


def branch(repo: Repo) -> str:
    return repo.git("symbolic-ref", "HEAD")


def test_without_the_kernels_uuid_a_taken_name_is_left_alone(tree: Repo, hooked: Repo) -> None:
    script, note = shim(hooked, "post-commit"), hooked.common / "ccc" / "hook-note"
    note.write_text(note.read_text().replace("/proc/sys/kernel/random/uuid", "/proc/none"))
    taken = '"$1/ccc-backend-x.post-commit.$$"'
    words = ["sh", "-c", f'echo theirs >{taken}; exec "$0"', str(script), str(journal(hooked))]
    admin = hooked.common / "worktrees" / ADMIN
    subprocess.run(words, cwd=tree.path, env={"GIT_DIR": str(admin), "PATH": "/usr/bin:/bin"}, check=True)
    first, second = sorted(journal(hooked).iterdir())
    assert (first.read_text(), second.name) == ("theirs\n", f"{first.name}.1")
    assert second.read_text().startswith(f"1 post-commit {ADMIN} {tree.oid()} ")


def test_the_humans_checkout_notes_nothing_and_runs_no_shim(tree: Repo, hooked: Repo) -> None:
    for path in (hooked.common / "ccc" / "hooks").iterdir():
        hook(path.parent, path.name, 'echo "$0" >>"${0%/*}/../ran"')
    marker = hooked.common / "ccc" / "ran"
    hooked.commit("By the human", human="1")
    hooked.git("checkout", "--quiet", "-b", "topic")
    hooked.git("worktree", "add", "--quiet", str(hooked.path.parent / "theirs"))
    Repo(hooked.path.parent / "theirs").commit("In a worktree of theirs", theirs="1")
    assert not marker.exists()
    tree.commit("By the session", session="1")
    assert marker.read_text() == f"{shim(hooked, 'post-commit')}\n"
    assert lines(hooked) == []


def test_a_worktree_of_the_users_own_that_looks_like_ours_notes_nothing(hooked: Repo) -> None:
    hook(hooked.common / "hooks", "post-commit", 'echo ran >>"$(git rev-parse --git-common-dir)/seen"')
    make_tree(hooked, "mine", listed=False).commit("Mine", mine="1")
    assert lines(hooked) == []
    assert (hooked.common / "seen").read_text() == "ran\n"


def test_a_worktree_added_from_a_session_is_not_the_sessions(
    tree: Repo, hooked: Repo, tmp_path: Path
) -> None:
    tree.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    Repo(tmp_path / "side").commit("Aside", aside="1")
    assert lines(hooked) == []


@pytest.mark.parametrize("kind", ["bare", "submodule"])
def test_other_kinds_of_repository_note_commits(repo: Repo, tmp_path: Path, kind: str) -> None:
    if kind == "bare":
        repo.git("clone", "--quiet", "--bare", str(repo.path), str(tmp_path / "other.git"))
        other = Repo(tmp_path / "other.git")
    else:
        (tmp_path / "outer").mkdir()
        outer = Repo(tmp_path / "outer")
        outer.git("init", "--quiet")
        outer.git("submodule", "--quiet", "add", str(repo.path), "part")
        other = Repo(outer.path / "part")
    hookfiles.install(other.common, "/gone/python")
    tree = make_tree(other, "backend-x")
    oid = tree.commit("One", one="1")
    assert lines(other) == [f"1 post-commit {ADMIN} {oid} - {BRANCH}"]
