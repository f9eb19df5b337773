"""Session worktrees: like git's own, made beside others without races, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccc.errors import CccError, Refused
from ccc.git import worktrees
from ccc.git.repository import Repository, discover
from ccc.git.worktrees import Worktree
from tests.support.program import PROJECT
from tests.support.repository import Repo


def place(repo: Repo, name: str = "one") -> Path:
    return repo.path.with_name(f"{repo.path.name}.ccc") / name


def add(repository: Repository, path: Path, name: str = "one", commit: str = "") -> Repo:
    worktrees.add(
        repository,
        name=name,
        path=path,
        branch=f"ccc/{name}",
        commit=commit or repository.git.text("rev-parse", "HEAD"),
        lock=contextlib.nullcontext(),
    )
    return Repo(path)


def remains(repo: Repo) -> dict[str, object]:
    """Everything an `add` could have left behind."""
    beside = repo.path.with_name(f"{repo.path.name}.ccc")
    temporary = repo.common / "ccc" / "tmp"
    return {
        "branches": repo.git("for-each-ref", "--format=%(refname)", "refs/heads/ccc"),
        "admin": sorted(entry.name for entry in (repo.common / "worktrees").glob("*")),
        "folder": sorted(str(path) for path in beside.rglob("*")) if beside.exists() else None,
        "temporary": sorted(str(path) for path in temporary.glob("*")),
    }


NOTHING: dict[str, object] = {"branches": "", "admin": [], "folder": None, "temporary": []}


def test_a_worktree_is_what_git_itself_would_make(repo: Repo, repository: Repository) -> None:
    made = add(repository, place(repo))
    repo.git("worktree", "add", "-q", "-b", "gits", str(place(repo, "gits")))
    theirs = Repo(place(repo, "gits"))
    assert made.git("ls-files", "-s") == theirs.git("ls-files", "-s")
    assert made.git("status", "--porcelain", "--ignored") == ""
    assert made.git("symbolic-ref", "HEAD") == "refs/heads/ccc/one"
    assert made.git("log", "-g", "--format=%H", "HEAD") == repo.oid()
    assert (repo.common / "worktrees/ccc-one").stat().st_mode == (
        repo.common / "worktrees/gits"
    ).stat().st_mode
    assert repo.git("worktree", "list", "--porcelain").count("prunable") == 0
    repo.git("worktree", "prune", "--expire=now")
    assert made.oid() == repo.oid()
    repo.git("fsck", "--strict")


def test_git_can_move_lock_and_remove_it(repo: Repo, repository: Repository, tmp_path: Path) -> None:
    add(repository, place(repo))
    repo.git("worktree", "lock", "--reason", "mine", str(place(repo)))
    repo.git("worktree", "unlock", str(place(repo)))
    repo.git("worktree", "move", str(place(repo)), str(tmp_path / "moved"))
    repo.git("worktree", "remove", str(tmp_path / "moved"))
    assert remains(repo)["admin"] == []


@pytest.mark.parametrize("name", ["with blank", 'quote"s', "emoji \N{ROCKET}", "caf\udce9", "'$(x)'"])
def test_any_path_of_repository_and_worktree_works(repo: Repo, tmp_path: Path, name: str) -> None:
    repo.path = repo.path.rename(tmp_path / name)
    made = add(discover(repo.path, os.environ), tmp_path / f"{name}.ccc" / name)
    assert made.oid() == repo.oid()
    assert made.git("status", "--porcelain") == ""
    assert worktrees.listed(discover(made.path, os.environ))[1].path == made.path


def test_a_worktree_can_be_made_from_inside_another(repo: Repo, repository: Repository) -> None:
    first = add(repository, place(repo))
    second = add(discover(first.path, os.environ), place(repo, "two"), "two")
    assert second.git("status", "--porcelain") == ""


def test_a_bare_repository_has_worktrees(repo: Repo, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "-q", "--bare", repo.path, tmp_path / "bare.git"], check=True)
    bare = discover(tmp_path / "bare.git", os.environ)
    made = add(bare, tmp_path / "bare.ccc" / "one")
    assert made.git("status", "--porcelain") == ""
    inside = discover(made.path, os.environ)
    assert (inside.bare, inside.main_top, inside.worktree_id) == (True, None, "ccc-one")


def test_a_sparse_checkout_is_as_sparse_as_the_main_one(repo: Repo, repository: Repository) -> None:
    repo.git("update-index", "-q", "--refresh")
    repo.git("sparse-checkout", "set", "docs")
    made = add(repository, place(repo))
    assert sorted(path.name for path in made.path.iterdir()) == [".git", ".gitignore", "README.md", "docs"]
    assert made.git("status", "--porcelain") == ""
    assert made.git("sparse-checkout", "list") == ".ccc\ndocs"


@pytest.mark.parametrize("bare", [True, False])
def test_configuration_by_worktree_is_taken_over_but_not_bareness(
    repo: Repo, tmp_path: Path, bare: bool
) -> None:
    if bare:
        subprocess.run(["git", "clone", "-q", "--bare", repo.path, tmp_path / "bare.git"], check=True)
        repo = Repo(tmp_path / "bare.git")
        repo.git("config", "--unset", "core.bare")
    repo.git("config", "extensions.worktreeConfig", "true")
    repo.git("config", "--worktree", "core.bare", str(bare).lower())
    repo.git("config", "--worktree", "my.key", "value")
    made = add(discover(repo.path, os.environ), place(repo))
    assert made.git("status", "--porcelain") == ""
    assert made.git("config", "my.key") == "value"
    inside = discover(made.path, os.environ)
    assert inside.bare is bare
    assert (inside.main_top is None) is bare


def test_a_superproject_and_its_submodule_both_have_worktrees(repo: Repo, tmp_path: Path) -> None:
    library = Repo(tmp_path / "library")
    library.path.mkdir()
    library.git("init", "-q")
    library.commit("One", {"code": "1\n"})
    repo.git("submodule", "--quiet", "add", str(library.path), "lib")
    repo.commit("Add the library")
    above = add(discover(repo.path, os.environ), place(repo))
    assert above.git("status", "--porcelain") == ""
    above.git("submodule", "--quiet", "update", "--init")
    assert (above.path / "lib/code").read_text() == "1\n"
    below = discover(repo.path / "lib", os.environ)
    made = add(below, place(repo, "inner"), "inner")
    assert made.git("status", "--porcelain") == ""
    assert discover(made.path, os.environ).main_top == repo.path / "lib"


def test_line_ends_and_filters_are_those_of_a_checkout(repo: Repo, repository: Repository) -> None:
    repo.git("config", "core.autocrlf", "true")
    repo.git("config", "filter.upper.smudge", "tr a-z A-Z")
    repo.git("config", "filter.upper.clean", "tr A-Z a-z")
    repo.commit("Filter", {".gitattributes": "*.up filter=upper\n", "a.up": "loud\n"})
    made = add(repository, place(repo))
    assert (made.path / "README.md").read_bytes() == b"# Example\r\n"
    assert (made.path / "a.up").read_bytes() == b"LOUD\r\n"
    assert made.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("key", "value"), [("worktree.useRelativePaths", "true"), ("core.sharedRepository", "group")]
)
def test_where_settings_shape_the_halves_git_makes_them(
    repo: Repo, repository: Repository, key: str, value: str
) -> None:
    repo.git("config", key, value)
    made = add(repository, place(repo))
    assert made.git("symbolic-ref", "HEAD") == "refs/heads/ccc/one"
    assert made.git("status", "--porcelain") == ""
    assert [tree.admin for tree in worktrees.listed(repository)] == [None, "ccc-one"]
    assert sorted(path.name for path in place(repo).parent.iterdir()) == ["one"]
    worktrees.remove(repository, "one", place(repo))
    repo.git("branch", "-D", "ccc/one")
    assert remains(repo) == NOTHING


def test_no_hook_runs(repo: Repo, repository: Repository) -> None:
    hook = repo.common / "hooks" / "post-checkout"
    hook.write_text("#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    assert not (add(repository, place(repo)).path / "ran").exists()


def test_a_path_that_exists_is_refused_and_left_alone(repo: Repo, repository: Repository) -> None:
    place(repo).mkdir(parents=True)
    (place(repo) / "mine").write_text("work\n")
    with pytest.raises(Refused, match="exists already"):
        add(repository, place(repo))
    assert (place(repo) / "mine").read_text() == "work\n"
    assert remains(repo)["branches"] == ""


def test_a_branch_that_exists_is_refused_and_left_alone(repo: Repo, repository: Repository) -> None:
    repo.git("branch", "ccc/one", "HEAD~")
    with pytest.raises(Refused, match="branch ccc/one is taken"):
        add(repository, place(repo))
    assert repo.oid("ccc/one") == repo.oid("HEAD~")
    assert not place(repo).parent.exists()


def test_an_admin_directory_that_exists_is_refused_and_left_alone(
    repo: Repo, repository: Repository, tmp_path: Path
) -> None:
    repo.git("worktree", "add", "-q", "-b", "mine", str(tmp_path / "ccc-one"))
    with pytest.raises(Refused, match="exists already"):
        add(repository, place(repo))
    assert Repo(tmp_path / "ccc-one").git("status", "--porcelain") == ""
    assert remains(repo) == {**NOTHING, "admin": ["ccc-one"]}


def test_a_filter_that_fails_leaves_nothing(repo: Repo, repository: Repository) -> None:
    repo.commit("Filter", {".gitattributes": "*.up filter=upper\n", "a.up": "loud\n"})
    repo.git("config", "filter.upper.required", "true")
    repo.git("config", "filter.upper.smudge", "false")
    with pytest.raises(CccError, match="external filter 'false' failed"):
        add(repository, place(repo))
    assert remains(repo) == NOTHING


def test_an_interrupt_leaves_nothing(repo: Repo, repository: Repository) -> None:
    for step in STEPS:

        def stop(reached: str, at: str = step) -> None:
            if reached == at:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            worktrees.add(
                repository,
                name="one",
                path=place(repo),
                branch="ccc/one",
                commit=repo.oid(),
                lock=contextlib.nullcontext(),
                steps=stop,
            )
        assert {**remains(repo), "step": step} == {**NOTHING, "step": step}


def test_a_parent_that_is_a_file_is_refused(repo: Repo, repository: Repository) -> None:
    place(repo).parent.write_text("in the way\n")
    with pytest.raises(Refused, match="cannot be written"):
        add(repository, place(repo))
    assert repo.git("branch", "--list", "ccc/*") == ""


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A small file system at a folder; skips where that is not permitted (needs root)."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("mounting needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_an_unwritable_parent_is_refused_in_words(repo: Repo, repository: Repository, tmp_path: Path) -> None:
    with mounted(tmp_path / "readonly", "ro,size=64k") as folder:
        with pytest.raises(
            Refused, match=r"cannot be written: (Read-only file system|Permission denied)"
        ) as refused:
            add(repository, folder / "trees" / "one")
        assert "worktree_dir" in refused.value.hint
    assert remains(repo) == NOTHING


def test_a_disk_that_fills_during_the_checkout_is_named_and_left_clean(
    repo: Repo, repository: Repository, tmp_path: Path
) -> None:
    for number in range(40):
        repo.write(f"many/{number}", f"{number}" * 20_000)
    repo.commit("Much")
    with mounted(tmp_path / "small", "size=512k") as folder:
        with pytest.raises(Refused, match="no space left on device"):
            add(repository, folder / "trees" / "one")
        assert list(folder.iterdir()) == []
    assert remains(repo) == NOTHING


def test_a_disk_out_of_inodes_is_named_and_left_clean(
    repo: Repo, repository: Repository, tmp_path: Path
) -> None:
    for number in range(40):
        repo.write(f"many/{number}", "x")
    repo.commit("Many")
    with mounted(tmp_path / "small", "size=8m,nr_inodes=20") as folder:
        with pytest.raises(Refused, match="no space left on device"):
            add(repository, folder / "trees" / "one")
        assert list(folder.iterdir()) == []
    assert remains(repo) == NOTHING


PROGRAM = """
import contextlib, os, sys
from pathlib import Path
from ccc.git import worktrees
from ccc.git.repository import discover
from ccc.store.crashpoints import reached
repository = discover(Path(sys.argv[1]), os.environ)
if len(sys.argv) > 4:
    sys.stdin.readline()
worktrees.add(
    repository, name=sys.argv[2], path=Path(sys.argv[3]), branch=f"ccc/{sys.argv[2]}",
    commit=repository.git.text("rev-parse", "HEAD"), lock=contextlib.nullcontext(), steps=reached,
)
"""
STEPS = ["worktree-branched", "worktree-folder", "worktree-linked", "worktree-registered", "worktree-filled"]


def killed(repo: Repo, step: str) -> None:
    environment = {**os.environ, "CCC_TEST_STOP_AT": step}
    command = [sys.executable, "-c", PROGRAM, str(repo.path), "one", str(place(repo))]
    done = subprocess.run(command, cwd=PROJECT, env=environment, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL


def repair(repository: Repository, repo: Repo) -> bool:
    path, commit = place(repo), repo.oid()
    return worktrees.repair(repository, name="one", path=path, branch="ccc/one", commit=commit)


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_is_repaired(repo: Repo, repository: Repository, step: str) -> None:
    killed(repo, step)
    repo.git("worktree", "list")
    repo.git("worktree", "add", "-q", "--detach", str(repo.path.with_name("beside")))
    repo.git("worktree", "remove", str(repo.path.with_name("beside")))
    whole = repair(repository, repo)
    assert whole is (step in STEPS[3:])
    for _ in range(2):
        assert repair(repository, repo) is whole
    if whole:
        assert Repo(place(repo)).git("status", "--porcelain") == ""
        assert Repo(place(repo)).oid("HEAD") == repo.oid()
    else:
        assert remains(repo) == NOTHING
        add(repository, place(repo))


def test_repair_finishes_a_checkout_that_was_cut_off(repo: Repo, repository: Repository) -> None:
    killed(repo, "worktree-registered")
    (place(repo) / "README.md").write_text("half")
    (repo.common / "worktrees/ccc-one/index.lock").touch()
    assert repair(repository, repo)
    assert Repo(place(repo)).git("status", "--porcelain") == ""


def test_repair_leaves_work_and_a_branch_that_moved_on(repo: Repo, repository: Repository) -> None:
    made = add(repository, place(repo))
    made.write("README.md", "work\n")
    assert repair(repository, repo)
    assert (made.path / "README.md").read_text() == "work\n"
    moved_on = made.commit("More")
    worktrees.remove(repository, "one", place(repo))
    assert not repair(repository, repo)
    assert repo.oid("ccc/one") == moved_on


def test_repair_leaves_a_folder_of_somebody_else(repo: Repo, repository: Repository) -> None:
    place(repo).mkdir(parents=True)
    (place(repo) / "mine").write_text("work\n")
    assert not repair(repository, repo)
    assert (place(repo) / "mine").exists()


def test_sixteen_at_once_beside_gits_own_all_succeed(repo: Repo, repository: Repository) -> None:
    names = [f"n{number}" for number in range(16)]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(repo.path), name, str(place(repo, name)), "wait"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    stop = threading.Event()
    failures: list[str] = []

    def user() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            path = repo.path.with_name(f"users-{number}")
            for words in (("worktree", "add", "-q", "--detach", str(path)), ("worktree", "list")):
                done = subprocess.run(
                    ["git", *words], cwd=repo.path, capture_output=True, text=True, check=False
                )
                failures.extend([done.stderr] if done.returncode else [])
            worktrees.listed(repository)

    beside = threading.Thread(target=user)
    beside.start()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    ends = [(process.communicate(timeout=60)[1], process.returncode) for process in started]
    stop.set()
    beside.join(timeout=60)
    assert ends == [("", 0)] * 16
    assert failures == []
    for name in names:
        assert Repo(place(repo, name)).git("status", "--porcelain") == ""
    listed = {tree.admin for tree in worktrees.listed(repository)}
    assert {f"ccc-{name}" for name in names} <= listed


def test_of_two_with_one_name_exactly_one_succeeds(repo: Repo, repository: Repository) -> None:
    command = [sys.executable, "-c", PROGRAM, str(repo.path), "one", str(place(repo))]
    started = [subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.DEVNULL) for _ in range(4)]
    assert sorted(process.wait(timeout=60) for process in started) == [0, 1, 1, 1]
    assert Repo(place(repo)).git("status", "--porcelain") == ""


def test_attach_brings_a_worktree_back_on_its_branch_or_detached(repo: Repo, repository: Repository) -> None:
    made = add(repository, place(repo))
    tip = made.commit("Work", {"new": "1\n"})
    for branch in ("refs/heads/ccc/one", None):
        worktrees.remove(repository, "one", place(repo))
        worktrees.attach(
            repository, name="one", path=place(repo), commit=tip, branch=branch, lock=contextlib.nullcontext()
        )
        assert made.oid() == tip
        assert made.git("status", "--porcelain") == ""
        assert worktrees.listed(repository)[1].branch == branch


def test_remove_takes_everything_away_and_may_be_repeated(repo: Repo, repository: Repository) -> None:
    made = add(repository, place(repo))
    made.write("deep/file", "1\n")
    (made.path / "deep").chmod(0o500)
    (made.path / "link").symlink_to("/")
    for _ in range(2):
        worktrees.remove(repository, "one", place(repo))
    assert remains(repo) == {**NOTHING, "branches": "refs/heads/ccc/one"}


def test_remove_of_a_folder_that_is_not_the_worktree_is_refused(repo: Repo, repository: Repository) -> None:
    made = add(repository, place(repo))
    moved = made.path.rename(made.path.with_name("moved"))
    place(repo).mkdir()
    (place(repo) / "mine").touch()
    with pytest.raises(Refused, match="is not the worktree of one"):
        worktrees.remove(repository, "one", place(repo))
    assert (place(repo) / "mine").exists()
    assert (moved / "README.md").exists()


def test_listed_tells_branch_head_lock_and_loss(repo: Repo, repository: Repository, tmp_path: Path) -> None:
    add(repository, place(repo))
    repo.git("worktree", "add", "-q", "--detach", str(tmp_path / "a"), "HEAD~")
    repo.git("worktree", "lock", "--reason", "on a stick", str(tmp_path / "a"))
    repo.git("worktree", "add", "-q", "-b", "gone", str(tmp_path / "b"))
    shutil.rmtree(tmp_path / "b")
    (repo.common / "worktrees" / "half").mkdir()
    assert worktrees.listed(repository) == [
        Worktree(repo.path, None, "refs/heads/main"),
        Worktree(tmp_path / "a", "a", None, head=repo.oid("HEAD~"), locked="on a stick"),
        Worktree(tmp_path / "b", "b", "refs/heads/gone", prunable=True),
        Worktree(place(repo), "ccc-one", "refs/heads/ccc/one"),
    ]


def test_a_worktree_moved_by_hand_is_found(repo: Repo, repository: Repository) -> None:
    made = add(repository, place(repo))
    assert worktrees.find_moved(repository, "ccc-one") == made.path
    for goal in (
        place(repo, "other"),
        place(repo).parent.with_name("up"),
        repo.path.with_name("trees") / "deep",
    ):
        goal.parent.mkdir(exist_ok=True)
        shutil.move(made.path, goal)
        assert worktrees.find_moved(repository, "ccc-one") == goal
        shutil.move(goal, made.path)
    worktrees.remove(repository, "one", made.path)
    assert worktrees.find_moved(repository, "ccc-one") is None
