"""Uncommitted work comes back byte for byte, staged work staged."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccc.git import snapshot
from ccc.git.command import Git, Result
from tests.support.repository import Repo, copy_repository


def contents(top: Path) -> dict[str, tuple[str, bytes]]:
    """Path → (mode, content) of every file and link outside `.git`."""
    found = {}
    for folder, folders, files in os.walk(top):
        for name in [*files, *(each for each in folders if (Path(folder) / each).is_symlink())]:
            file = Path(folder) / name
            if ".git" in file.relative_to(top).parts:
                continue
            if file.is_symlink():
                found[str(file.relative_to(top))] = ("link", os.fsencode(file.readlink()))
            else:
                mode = "program" if file.stat().st_mode & 0o100 else "file"
                found[str(file.relative_to(top))] = (mode, file.read_bytes())
    return found


def index(top: Path) -> str:
    done = subprocess.run(["git", "ls-files", "-s", "-z"], cwd=top, capture_output=True, check=True)
    return done.stdout.decode("utf-8", "surrogateescape")


def there_and_back(repo: Repo, tmp_path: Path) -> None:
    """Takes a snapshot, puts it back over a fresh work tree, compares files and index."""
    before = (repo.path / ".git" / "index").read_bytes()
    taken = snapshot.take(repo.path)
    assert (repo.path / ".git" / "index").read_bytes() == before
    assert taken is not None
    assert taken.skipped == ()
    fresh = tmp_path / "fresh"
    repo.git("worktree", "add", "-q", "--detach", str(fresh), f"{taken.commit}^1")
    snapshot.restore(fresh, taken.commit)
    assert contents(fresh) == contents(repo.path)
    assert index(fresh) == index(repo.path)


def test_staged_changed_and_untracked_files_come_back(repo: Repo, tmp_path: Path) -> None:
    repo.write("README.md", "staged\n")
    repo.write("new-and-staged", "1\n")
    repo.git("add", "README.md", "new-and-staged")
    repo.write("README.md", "staged, then changed\n")
    (repo.path / "src/app.py").unlink()
    repo.git("rm", "-q", "docs/guide.md")
    repo.write("deep/down/untracked", "2\n")
    there_and_back(repo, tmp_path)


def test_links_modes_and_names_that_are_not_utf8_come_back(repo: Repo, tmp_path: Path) -> None:
    (repo.path / "link").symlink_to("caf\udce9/nowhere")
    (repo.path / "README.md").chmod(0o755)
    repo.write("caf\udce9", "latin\n")
    repo.write('quote" and\nnewline\t', "odd\n")
    repo.write(" begins with a blank", "odd\n")
    repo.write("-n", "like an option\n")
    repo.write(":(top)magic", "like a pathspec\n")
    (repo.path / "nul").write_bytes(b"\0\xff\r\n")
    there_and_back(repo, tmp_path)


def test_files_and_folders_that_trade_places_come_back(repo: Repo, tmp_path: Path) -> None:
    (repo.path / "README.md").unlink()
    repo.write("README.md/inside", "1\n")
    shutil.rmtree(repo.path / "src")
    repo.write("src", "now a file\n")
    shutil.rmtree(repo.path / "docs")
    (repo.path / "docs").symlink_to("README.md")
    there_and_back(repo, tmp_path)


def test_a_folder_replaced_by_a_link_to_its_like_is_not_read_through_the_link(
    repo: Repo, tmp_path: Path
) -> None:
    (repo.path / "docs").rename(repo.path / "elsewhere")
    (repo.path / "docs").symlink_to("elsewhere")
    there_and_back(repo, tmp_path)


@pytest.mark.parametrize("staged", [True, False])
def test_line_ends_that_git_would_change_come_back(repo: Repo, tmp_path: Path, staged: bool) -> None:
    repo.git("config", "core.autocrlf", "true")
    repo.git("rm", "-rq", ".")
    repo.git("reset", "-q", "--hard")
    (repo.path / "README.md").write_bytes(b"one\r\ntwo\r\n")
    (repo.path / "mixed").write_bytes(b"one\r\ntwo\n")
    if staged:
        repo.git("-c", "core.safecrlf=false", "add", ".")
    there_and_back(repo, tmp_path)


def test_content_that_a_filter_would_change_is_kept_as_it_is(repo: Repo, tmp_path: Path) -> None:
    repo.git("config", "filter.upper.clean", "tr a-z A-Z")
    repo.git("config", "filter.upper.smudge", "tr A-Z a-z")
    repo.commit("Filter", {".gitattributes": "*.txt filter=upper\n", "a.txt": "one\n"})
    repo.write("a.txt", "Two\n")
    repo.write("b.txt", "Three\n")
    there_and_back(repo, tmp_path)


def test_nothing_to_keep_is_none(repo: Repo) -> None:
    assert snapshot.take(repo.path) is None
    os.utime(repo.path / "README.md", (1, 1))
    assert snapshot.take(repo.path) is None


def test_a_touched_file_with_other_line_ends_is_nothing_to_keep(repo: Repo) -> None:
    repo.git("config", "core.autocrlf", "true")
    (repo.path / "README.md").unlink()
    repo.git("checkout", "README.md")
    assert b"\r\n" in (repo.path / "README.md").read_bytes()
    os.utime(repo.path / "README.md", (1, 1))
    assert snapshot.take(repo.path) is None


def test_ignored_files_are_kept_on_request_only(repo: Repo) -> None:
    repo.write("debug.log", "ignored\n")
    assert snapshot.take(repo.path) is None
    taken = snapshot.take(repo.path, ignored=True)
    assert taken is not None
    assert repo.git("show", f"{taken.commit}:debug.log") == "ignored"


def test_the_parents_are_head_and_the_index(repo: Repo) -> None:
    repo.write("README.md", "staged\n")
    repo.git("add", "README.md")
    repo.write("README.md", "changed\n")
    taken = snapshot.take(repo.path)
    assert taken is not None
    assert repo.oid(f"{taken.commit}^1") == repo.oid()
    assert repo.git("show", f"{taken.commit}^2:README.md") == "staged"
    assert repo.git("show", f"{taken.commit}:README.md") == "changed"


def test_whoever_holds_the_index_lock_is_not_disturbed(repo: Repo) -> None:
    repo.write("README.md", "changed\n")
    (repo.path / ".git/index.lock").touch()
    assert snapshot.take(repo.path) is not None
    assert (repo.path / ".git/index.lock").exists()


@pytest.mark.parametrize("commits", [True, False])
def test_a_repository_inside_is_named_as_not_kept(repo: Repo, commits: bool) -> None:
    inner = Repo(repo.path / "vendor/inner")
    inner.path.mkdir(parents=True)
    inner.git("init", "-q")
    inner.write("file", "work\n")
    if commits:
        inner.commit("Inside")
    taken = snapshot.take(repo.path)
    assert taken is not None
    assert taken.skipped == ("vendor/inner/",)
    assert repo.git("ls-tree", "-r", "--name-only", taken.commit, "vendor") == ""


@pytest.fixture
def with_submodule(repo: Repo, tmp_path: Path) -> Repo:
    library = Repo(tmp_path / "library")
    library.path.mkdir()
    library.git("init", "-q")
    library.commit("One", {"code": "1\n"})
    library.commit("Two", {"code": "2\n"})
    repo.git("submodule", "--quiet", "add", str(library.path), "lib")
    repo.commit("Add the library")
    return repo


def test_where_a_submodule_stands_is_kept(with_submodule: Repo) -> None:
    repo, inner = with_submodule, Repo(with_submodule.path / "lib")
    inner.git("checkout", "-q", "HEAD~")
    taken = snapshot.take(repo.path)
    assert taken is not None
    assert taken.skipped == ()
    assert repo.git("rev-parse", f"{taken.commit}:lib") == inner.oid()


def commit_inside(inner: Repo) -> None:
    inner.commit("Only here", {"code": "3\n"})


def commit_on_a_branch(inner: Repo) -> None:
    inner.git("checkout", "-q", "-b", "mine")
    commit_inside(inner)
    inner.git("checkout", "-q", "main")


def edit_inside(inner: Repo) -> None:
    inner.write("code", "edited\n")


def stash_inside(inner: Repo) -> None:
    edit_inside(inner)
    inner.git("stash", "-q")


@pytest.mark.parametrize("work", [commit_inside, commit_on_a_branch, edit_inside, stash_inside])
def test_work_inside_a_submodule_is_named_as_not_kept(
    with_submodule: Repo, work: Callable[[Repo], None]
) -> None:
    work(Repo(with_submodule.path / "lib"))
    taken = snapshot.take(with_submodule.path)
    assert taken is not None
    assert taken.skipped == ("lib",)


def test_a_conflict_keeps_its_files_and_settles_the_index_as_ours(repo: Repo, tmp_path: Path) -> None:
    repo.git("branch", "other")
    repo.commit("Ours", {"README.md": "ours\n"})
    repo.git("checkout", "-q", "other")
    repo.commit("Theirs", {"README.md": "theirs\n", "theirs": "new\n"})
    repo.git("checkout", "-q", "main")
    with pytest.raises(subprocess.CalledProcessError):
        repo.git("merge", "other")
    taken = snapshot.take(repo.path)
    assert taken is not None
    assert "<<<<<<<" in repo.git("show", f"{taken.commit}:README.md")
    assert repo.git("show", f"{taken.commit}^2:README.md") == "ours"
    assert repo.git("show", f"{taken.commit}^2:theirs") == "new"


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_changes_hidden_from_git_status_are_kept(repo: Repo, flag: str) -> None:
    repo.git("update-index", flag, "README.md")
    repo.write("README.md", "hidden\n")
    assert repo.git("status", "--porcelain") == ""
    taken = snapshot.take(repo.path)
    assert taken is not None
    assert repo.git("show", f"{taken.commit}:README.md") == "hidden"


def test_a_sparse_checkout_is_not_taken_for_deletions(repo: Repo, tmp_path: Path) -> None:
    repo.git("update-index", "-q", "--refresh")
    repo.git("sparse-checkout", "set", "docs")
    assert not (repo.path / "src").exists()
    assert snapshot.take(repo.path) is None
    repo.write("docs/guide.md", "changed\n")
    taken = snapshot.take(repo.path)
    assert taken is not None
    assert repo.git("diff", "--name-only", "HEAD", taken.commit) == "docs/guide.md"
    repo.git("checkout", "-q", "docs/guide.md")
    snapshot.restore(repo.path, taken.commit)
    assert repo.git("status", "--porcelain") == "M docs/guide.md".rjust(16)


def test_work_on_a_branch_without_commits_is_kept(repo: Repo) -> None:
    repo.git("checkout", "-q", "--orphan", "fresh")
    taken = snapshot.take(repo.path)
    assert taken is not None
    assert repo.git("show", f"{taken.commit}^2:README.md") == "# Example"
    assert repo.git("ls-tree", f"{taken.commit}^1") == ""


def test_many_files_are_kept_by_few_processes(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(300):
        repo.write(f"many/{number}", f"{number}\n")
    ran: list[str] = []
    run = Git.run

    def counted(git: Git, *words: str, **named: Any) -> Result:
        ran.append(words[0])
        return run(git, *words, **named)

    monkeypatch.setattr(Git, "run", counted)
    taken = snapshot.take(repo.path)
    assert taken is not None
    assert len(ran) < 25
    assert len(repo.git("ls-tree", "-r", "--name-only", taken.commit, "many/").splitlines()) == 300


def test_restoring_a_commit_that_is_no_snapshot_changes_nothing(repo: Repo) -> None:
    before = contents(repo.path)
    snapshot.restore(repo.path, repo.oid("HEAD"))
    assert contents(repo.path) == before


NAMES = st.sampled_from(
    ["README.md", "src/app.py", "docs/guide.md", "docs", "src", "new", "a b/c", "x\udcff"]
)
ACTIONS = st.tuples(
    st.sampled_from(["write", "add", "delete", "link", "program", "rm"]), NAMES, st.binary(max_size=5)
)


def act(repo: Repo, action: str, name: str, content: bytes) -> None:
    file = repo.path / name
    if any(parent.is_symlink() or parent.is_file() for parent in file.parents):
        return
    if action == "add":
        subprocess.run(["git", "add", "-A", "--", name], cwd=repo.path, capture_output=True, check=False)
    elif action == "rm":
        subprocess.run(
            ["git", "rm", "-rq", "--cached", "--", name], cwd=repo.path, capture_output=True, check=False
        )
    elif action == "program" and file.is_file() and not file.is_symlink():
        file.chmod(0o755)
    elif action in ("write", "link", "delete"):
        shutil.rmtree(file) if file.is_dir() and not file.is_symlink() else file.unlink(missing_ok=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        if action == "write":
            file.write_bytes(content)
        elif action == "link":
            file.symlink_to("to/" + content.hex())


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=st.lists(ACTIONS, max_size=8))
def test_whatever_was_done_comes_back(
    actions: list[tuple[str, str, bytes]], repo_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("any")
    repo = copy_repository(repo_template, place / "repo")
    for action, name, content in actions:
        act(repo, action, name, content)
    if snapshot.take(repo.path) is None:
        assert repo.git("status", "--porcelain") == ""
    else:
        there_and_back(repo, place)


def test_a_change_in_the_second_of_the_last_add_is_kept(repo: Repo) -> None:
    repo.git("config", "core.trustctime", "false")
    file, index = repo.write("same", "one\n"), repo.path / ".git/index"
    moment = (1_790_000_000, 1_790_000_000)
    os.utime(file, moment)
    repo.commit("Add it")
    file.write_text("two\n")
    os.utime(file, moment)
    os.utime(index, moment)
    taken = snapshot.take(repo.path)
    assert taken is not None
    assert repo.git("show", f"{taken.commit}:same") == "two"
