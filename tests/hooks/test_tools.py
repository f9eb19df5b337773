"""The real husky, lefthook, pre-commit and git-lfs: in a session's worktree their hooks run and refuse."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ccc.git import hookfiles
from tests.hooks import gits, tools
from tests.hooks.making import ADMIN, BRANCH, forget, install, lines, make_tree
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

GUARD = "! git diff --cached --name-only | grep -q '^forbidden$'"
LEFTHOOK = f'pre-commit:\n  jobs:\n    - name: guard\n      run: "{GUARD}"\n'
PRE_COMMIT = f"""\
repos:
- repo: local
  hooks:
  - id: guard
    name: guard
    language: system
    always_run: true
    pass_filenames: false
    entry: bash -c "{GUARD}"
"""
PRE_COMMIT_INSTALL = [sys.executable, "-m", "pre_commit", "install"]


@pytest.fixture(params=["shims", "configuration"])
def way(request: pytest.FixtureRequest, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """How hooks reach sessions here; the fixture `wish` has said shims."""
    if request.param == "configuration":
        config = sealed / ".gitconfig"
        config.write_text(config.read_text().replace("hooks = shims", "hooks = configuration"))
        gits.user(sealed, monkeypatch)(gits.find(new=True))
    return str(request.param)


def run(repo: Repo, *command: str) -> subprocess.CompletedProcess[str]:
    """Runs a tool as a user would, quietly."""
    env = {**os.environ, "NO_COLOR": "1", "PRE_COMMIT_COLOR": "never", "LEFTHOOK_QUIET": "meta"}
    return subprocess.run(command, cwd=repo.path, env=env, capture_output=True, text=True, timeout=60)


def made(repo: Repo, *command: str) -> None:
    done = run(repo, *command)
    assert done.returncode == 0, done.stdout + done.stderr


def refusal(repo: Repo) -> str:
    """What a commit of the forbidden file ends with, and what is said of it; paths and times taken out."""
    before = repo.oid()
    repo.write("forbidden", "1")
    repo.git("add", "forbidden")
    done = run(repo, "git", "commit", "-m", "Forbidden")
    assert done.returncode == 1
    assert repo.oid() == before
    repo.git("rm", "--quiet", "--cached", "forbidden")
    (repo.path / "forbidden").unlink()
    said = (done.stdout + done.stderr).replace(str(repo.path), "TOP")
    return re.sub(r"[0-9.]+ ?s(?:econds)?\b|0m[0-9.]+s", "TIME", said)


def works(repo: Repo, word: str) -> Repo:
    """A session's worktree; commits are let through, noted once, and refused as in the main checkout."""
    hookfiles.refresh(repo.common)
    tree = make_tree(repo, "backend-x")
    hookfiles.refresh(repo.common)
    still_works(repo, tree, word)
    return tree


def still_works(repo: Repo, tree: Repo, word: str) -> None:
    forget(repo)
    done = run(tree, "git", "commit", "--allow-empty", "-m", "Allowed")
    assert done.returncode == 0, done.stderr
    assert lines(repo) == [f"1 post-commit {ADMIN} {tree.oid()} - {BRANCH}"]
    mine = refusal(tree)
    assert word in mine
    assert mine == refusal(repo)
    assert len(lines(repo)) == 1


def with_husky(repo: Repo) -> Path:
    program = tools.husky() / "bin.js"
    made(repo, "node", str(program))
    repo.commit("Use husky", {".husky/pre-commit": f"{GUARD}\n"})
    return program


def test_husky(repo: Repo, way: str) -> None:
    install(repo)
    program = with_husky(repo)
    tree = works(repo, "husky - pre-commit script failed")
    assert tree.git("status", "--porcelain") == ""
    shutil.rmtree(tree.path / ".husky" / "_")
    made(tree, "node", str(program))
    hookfiles.refresh(repo.common)
    still_works(repo, tree, "husky - pre-commit script failed")


def test_a_hooks_folder_that_is_ignored_comes_along_and_one_that_git_keeps_does_not(
    repo: Repo, way: str
) -> None:
    install(repo)
    with_husky(repo)
    ignored, kept = repo.path / ".husky" / "_", repo.path / ".husky"
    tree = make_tree(repo, "backend-x")
    shutil.rmtree(tree.path / ".husky")
    repo.git("config", "core.hooksPath", kept.name)
    hookfiles.refresh(repo.common)
    assert not (tree.path / ".husky").exists()
    repo.git("config", "core.hooksPath", f"{kept.name}/{ignored.name}")
    assert hookfiles.refresh(repo.common)
    assert {path.name for path in (tree.path / ".husky").iterdir()} == {"_"}
    assert os.access(tree.path / ".husky" / "_" / "pre-commit", os.X_OK)
    assert not hookfiles.refresh(repo.common)


def test_lefthook(repo: Repo, way: str) -> None:
    install(repo)
    program = tools.lefthook()
    repo.commit("Use lefthook", {"lefthook.yml": LEFTHOOK})
    made(repo, *program, "install")
    tree = works(repo, "guard")
    for options in ([], ["--force"]):
        made(tree, *program, "install", *options)
        hookfiles.refresh(repo.common)
        still_works(repo, tree, "guard")


def test_pre_commit(repo: Repo, way: str) -> None:
    install(repo)
    repo.commit("Use pre-commit", {".pre-commit-config.yaml": PRE_COMMIT})
    made(repo, *PRE_COMMIT_INSTALL)
    tree = works(repo, "guard....")
    done = run(tree, *PRE_COMMIT_INSTALL)
    if way == "shims":
        assert "Cowardly refusing" in done.stdout
    else:
        assert done.returncode == 0
    hookfiles.refresh(repo.common)
    still_works(repo, tree, "guard....")


def test_pre_commit_can_be_installed_in_the_users_own_checkouts_while_there_are_sessions(
    repo: Repo, way: str
) -> None:
    install(repo)
    repo.commit("Use pre-commit", {".pre-commit-config.yaml": PRE_COMMIT})
    tree = make_tree(repo, "backend-x")
    repo.git("worktree", "add", "--quiet", str(repo.path.parent / "mine"))
    for place in (Repo(repo.path.parent / "mine"), repo):
        made(place, *PRE_COMMIT_INSTALL)
    hookfiles.refresh(repo.common)
    still_works(repo, tree, "guard....")


def test_git_lfs(repo: Repo, way: str, tmp_path: Path) -> None:
    """pre-push brings objects along and refuses without them; files that can be locked become read-only."""
    if shutil.which("git-lfs") is None:
        pytest.skip("git-lfs is not installed")
    install(repo)
    repo.git("lfs", "install", "--local")
    repo.git("lfs", "track", "--lockable", "*.bin")
    repo.commit("Use LFS", {"one.bin": "one\n"})
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(tmp_path / "remote.git"))
    repo.git("remote", "add", "origin", f"file://{tmp_path}/remote.git")
    hookfiles.refresh(repo.common)
    tree = make_tree(repo, "backend-x")
    hookfiles.refresh(repo.common)
    for number, place in enumerate((repo, tree)):
        forget(repo)
        name = f"new-{number}.bin"
        place.commit("A large file", {name: f"large {number}\n"})
        assert len(lines(repo)) == (place is tree)
        assert not (place.path / name).stat().st_mode & 0o222, "post-commit has made it read-only"
        oid = re.search(r"oid sha256:(\w+)", place.git("show", f"HEAD:{name}"))
        assert oid is not None
        kept = repo.common / "lfs" / "objects" / oid[1][:2] / oid[1][2:4] / oid[1]
        aside = kept.rename(tmp_path / "aside")
        (place.path / name).unlink()
        done = run(place, "git", "push", "--quiet", "origin", "HEAD")
        assert done.returncode == 1
        assert "missing" in done.stdout + done.stderr
        aside.rename(kept)
        made(place, "git", "push", "--quiet", "origin", "HEAD")
        assert list((tmp_path / "remote.git" / "lfs").rglob(oid[1]))
    run(tree, "git", "lfs", "update", "--force")
    hookfiles.refresh(repo.common)
    forget(repo)
    tree.git("checkout", "--quiet", "--", ".")
    tree.commit("Another", {"other.bin": "other\n"})
    assert [line.split()[1] for line in lines(repo)] == ["post-checkout", "post-commit"]
    assert not (tree.path / "other.bin").stat().st_mode & 0o222


def test_a_session_that_ccc_makes_has_husky_from_its_first_commit(repo: Repo, ccc: RunsCcc, way: str) -> None:
    ccc("init", exit=0)
    with_husky(repo)
    made_now = ccc("spawn", "backend", "Do it", "--no-start", "--json", exit=0).json["sessions"][0]
    tree = Repo(Path(made_now["worktree"]))
    assert "husky - pre-commit script failed" in refusal(tree)
    oid = tree.commit("Allowed", allowed="1")
    assert tree.git("show", "--stat", "--format=", "HEAD").count("|") == 1
    ccc("drain", exit=0)
    events = ccc("log", "--type", "session.committed", "--json", exit=0).json["events"]
    assert sum(oid[:7] in event["text"] for event in events) == 1
