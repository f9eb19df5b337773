"""Scratch work trees hold exactly what they were asked for, whatever earlier users did."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ccc.errors import GitFailed
from ccc.git.repository import Repository
from ccc.git.scratch import OCCUPIED, scratch
from ccc.layout import Layout
from tests.support.program import PROJECT
from tests.support.repository import Repo


@pytest.fixture
def layout(repository: Repository) -> Layout:
    return Layout(repository.common)


def files(top: Path) -> set[str]:
    return {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file() and path.name != ".git"}


WHOLE = {".gitignore", "README.md", "docs/guide.md", "src/app.py", "src/util.py"}


def test_a_commit_is_there_detached_and_clean(repo: Repo, repository: Repository, layout: Layout) -> None:
    with scratch(repository, layout, repo.oid("HEAD~")) as top:
        inside = Repo(top)
        assert inside.oid() == repo.oid("HEAD~")
        assert files(top) == WHOLE - {"docs/guide.md", "src/util.py"}
        assert inside.git("status", "--porcelain") == ""
        with pytest.raises(subprocess.CalledProcessError):
            inside.git("symbolic-ref", "-q", "HEAD")
        assert Path(inside.git("rev-parse", "--absolute-git-dir")).name == "cccscratch-1"


def test_a_tree_is_committed_on_its_parents(repo: Repo, repository: Repository, layout: Layout) -> None:
    tree, parents = repo.oid("HEAD~2^{tree}"), [repo.oid(), repo.oid("HEAD~")]
    with scratch(repository, layout, tree, parents=parents) as top:
        assert Repo(top).oid("HEAD^{tree}") == tree
        assert Repo(top).git("log", "-1", "--format=%P").split() == parents
    assert repo.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_an_annotated_tag_is_its_commit(repo: Repo, repository: Repository, layout: Layout) -> None:
    repo.git("tag", "-a", "-m", "One", "v1")
    with scratch(repository, layout, "v1") as top:
        assert Repo(top).oid() == repo.oid("HEAD")


def spoil(top: Path) -> None:
    (top / "README.md").write_text("spoiled\n")
    (top / "build.log").write_text("ignored\n")
    inner = Repo(top / "inner")
    inner.path.mkdir()
    inner.git("init", "-q")
    inner.commit("Inside", {"a": "1\n"})
    (top / "closed").mkdir()
    (top / "closed/file").touch()
    (top / "closed").chmod(0o500)
    Repo(top).git("checkout", "-q", "-b", "mine")
    Repo(top).git("add", "README.md")


def hide(top: Path) -> None:
    """Changes a file so that git takes it for unchanged."""
    Repo(top).git("update-index", "--assume-unchanged", "README.md", "src/app.py")
    (top / "README.md").write_text("# Spoiled\n")
    (top / "src/app.py").write_text("raise SystemExit(0)\n")


def hide_by_sparse_patterns(top: Path) -> None:
    Repo(top).git("update-index", "--skip-worktree", "src/app.py")
    (top / "src/app.py").unlink()


def exclude(top: Path) -> None:
    admin = Path(Repo(top).git("rev-parse", "--absolute-git-dir"))
    (admin / "info").mkdir(exist_ok=True)
    (admin / "info/sparse-checkout").write_text("/docs/\n")
    (admin / "index.lock").touch()


def forge_times(top: Path) -> None:
    """The same size, the same time of change, and the configuration told to look no further."""
    repo, file = Repo(top), top / "README.md"
    before = file.stat()
    while int(time.time()) == int(before.st_ctime):
        # git compares whole seconds, so a change in the same one shows by content only.
        time.sleep(0.01)
    file.write_bytes(b"# exampl!\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    repo.git("config", "core.trustctime", "false")
    repo.git("config", "core.checkStat", "minimal")
    # As if the index had been written long after the file: else git would compare content.
    later = before.st_mtime + 10
    os.utime(top.parent / "1.index", (later, later))


def go_elsewhere(top: Path) -> None:
    other = Repo(top.parent / "other")
    other.path.mkdir()
    other.git("init", "-q")
    (top / ".git").write_text(f"gitdir: {other.path}/.git\n")


def take_away_git(top: Path) -> None:
    (top / ".git").unlink()


@pytest.mark.parametrize(
    "deed", [spoil, hide, hide_by_sparse_patterns, exclude, forge_times, go_elsewhere, take_away_git]
)
def test_nothing_of_an_earlier_user_is_left(
    repo: Repo, repository: Repository, layout: Layout, deed: Callable[[Path], None]
) -> None:
    with scratch(repository, layout, repo.oid()) as top:
        deed(top)
    with scratch(repository, layout, repo.oid()) as again:
        assert again == top
        assert files(again) == WHOLE
        for path in WHOLE:
            assert (again / path).read_text().rstrip("\n") == repo.git("show", f"HEAD:{path}")
        assert Repo(again).git("status", "--porcelain", "--ignored") == ""


def test_a_used_work_tree_is_not_written_again(repo: Repo, repository: Repository, layout: Layout) -> None:
    with scratch(repository, layout, repo.oid()) as top:
        inode = (top / "README.md").stat().st_ino
    with scratch(repository, layout, repo.oid("HEAD~")) as top:
        assert (top / "README.md").stat().st_ino == inode
        assert not (top / "docs").exists()


def test_two_at_once_have_places_of_their_own(repo: Repo, repository: Repository, layout: Layout) -> None:
    with scratch(repository, layout, "HEAD") as one, scratch(repository, layout, "HEAD~") as other:
        assert one != other
        assert files(one) == WHOLE
        assert not (other / "docs").exists()


HOLD = """
import os, sys
from pathlib import Path
from ccc.git.repository import discover
from ccc.git.scratch import OCCUPIED, scratch
from ccc.layout import Layout
repository = discover(Path(sys.argv[1]), os.environ)
with scratch(repository, Layout(repository.common), "HEAD") as top:
    print(top, flush=True)
    sys.stdin.read()
"""


def test_the_place_of_a_killed_process_is_used_again(
    repo: Repo, repository: Repository, layout: Layout
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, repo.path],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    held = Path(process.stdout.readline().strip())
    with scratch(repository, layout, "HEAD") as beside:
        assert beside != held
    (held / "left").write_text("over\n")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    with scratch(repository, layout, "HEAD") as top:
        assert top == held
        assert files(top) == WHOLE


def test_a_revision_that_is_not_there_fails(repository: Repository, layout: Layout) -> None:
    with pytest.raises(GitFailed), scratch(repository, layout, "1" * 40):
        pass


def test_who_was_left_by_an_earlier_user_is_ended(repo: Repo, repository: Repository, layout: Layout) -> None:
    with scratch(repository, layout, repo.oid()) as top:
        left = subprocess.Popen(["sleep", "100"], cwd="/", env={**os.environ, OCCUPIED: str(top)})
    with scratch(repository, layout, repo.oid()) as again:
        assert again == top
        assert left.poll() is not None


def test_who_works_there_unasked_keeps_the_folder(repo: Repo, repository: Repository, layout: Layout) -> None:
    with scratch(repository, layout, repo.oid()) as top:
        working = subprocess.Popen(["sleep", "100"], cwd=top / "src")
    with scratch(repository, layout, repo.oid()) as other:
        assert (other.name, working.poll()) == ("cccscratch-2", None)
    working.kill()
    working.wait()
    with scratch(repository, layout, repo.oid()) as again:
        assert again == top
