"""The work that is not committed, beside `git add --all` in an index of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ccc.git.command import Git
from ccc.git.mergetree import quarantined
from ccc.git.unsaved import NotNow, Place, forget, unsaved
from tests.support.repository import Repo

Meddling = Callable[[Repo], object]


@pytest.fixture
def tree(repo: Repo, tmp_path: Path) -> Repo:
    """A linked worktree with some files."""
    repo.commit(
        "Files",
        {
            "one": "1\n",
            "two": "2\n",
            "deep/er/three": "3\n",
            "deep/four": "4\n",
            "was/in": "5\n",
            "tool": "6\n",
        },
    )
    repo.git("worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    return Repo(tmp_path / "tree")


def look(tree: Repo, folder: Path) -> tuple[str | None, Git]:
    common = Path(tree.git("rev-parse", "--path-format=absolute", "--git-common-dir"))
    admin = Path(tree.git("rev-parse", "--absolute-git-dir"))
    git = quarantined(Git(tree.path), folder / "objects", common)
    return unsaved(Place(tree.path, admin), git, folder), git


def added(tree: Repo, folder: Path) -> str:
    """The tree of everything, by git itself."""
    admin = Path(tree.git("rev-parse", "--absolute-git-dir"))
    index = folder / "beside"
    index.write_bytes((admin / "index").read_bytes())
    os.utime(index, ns=(0, (admin / "index").stat().st_mtime_ns))
    tree.git("add", "--all", GIT_INDEX_FILE=str(index))
    return tree.git("write-tree", GIT_INDEX_FILE=str(index))


def _folder_for_file(tree: Repo) -> None:
    (tree.path / "one").unlink()
    tree.write("one/inside", "now\n")


def _file_for_folder(tree: Repo) -> None:
    tree.git("rm", "-rq", "--cached", "deep")
    for path in ("deep/er/three", "deep/four"):
        (tree.path / path).unlink()
    (tree.path / "deep/er").rmdir()
    (tree.path / "deep").rmdir()
    tree.write("deep", "now\n")


def _link(tree: Repo) -> None:
    (tree.path / "two").unlink()
    (tree.path / "two").symlink_to("one")


def _line_ends(tree: Repo) -> None:
    tree.write(".gitattributes", "*.txt text\n")
    tree.write("lines.txt", "a\r\nb\r\n")


def _staged_and_changed(tree: Repo) -> None:
    tree.write("one", "staged\n")
    tree.git("add", "one")
    tree.write("one", "changed\n")


def _kept_by_hand(tree: Repo) -> None:
    tree.git("config", "core.fileMode", "false")
    tree.git("update-index", "--chmod=+x", "tool")
    tree.write("tool", "changed\n")


def _submodule(tree: Repo) -> None:
    (tree.path / "sub/module").mkdir(parents=True)
    tree.git("update-index", "--add", "--cacheinfo", f"160000,{tree.oid()},sub/module")


def _all_gone(tree: Repo) -> None:
    tree.git("rm", "-rqf", ".")


MEDDLING: dict[str, Meddling] = {
    "changed": lambda tree: tree.write("deep/er/three", "changed\n"),
    "new": lambda tree: tree.write("new/folder/file", "new\n"),
    "not UTF-8": lambda tree: tree.write("caf\udce9", "new\n"),
    "deleted": lambda tree: (tree.path / "was/in").unlink(),
    "deletion staged": lambda tree: tree.git("rm", "-q", "was/in"),
    "staged": lambda tree: (tree.write("one", "staged\n"), tree.git("add", "one")),
    "staged and changed": _staged_and_changed,
    "staged, then deleted": lambda tree: (
        tree.write("fresh", "staged\n"),
        tree.git("add", "fresh"),
        (tree.path / "fresh").rename(tree.path / "elsewhere"),
    ),
    "meant to be added": lambda tree: (tree.write("fresh", "new\n"), tree.git("add", "-N", "fresh")),
    "renamed": lambda tree: tree.git("mv", "deep", "deeper"),
    "executable": lambda tree: (tree.path / "tool").chmod(0o755),
    "executable, and git does not look": _kept_by_hand,
    "a link": _link,
    "a folder for a file": _folder_for_file,
    "a file for a folder": _file_for_folder,
    "line ends": _line_ends,
    "a submodule": _submodule,
    "ignored": lambda tree: (tree.write(".gitignore", "*.o\n"), tree.write("a.o", ""), tree.write("b", "")),
    "all gone": _all_gone,
}


@pytest.mark.parametrize("meddling", MEDDLING.values(), ids=MEDDLING.keys())
def test_it_is_what_adding_and_committing_everything_would_give(
    tree: Repo, tmp_path: Path, meddling: Meddling
) -> None:
    meddling(tree)
    before = tree.git("status", "--porcelain", "-z")
    index = Path(tree.git("rev-parse", "--absolute-git-dir")) / "index"
    content, stored = index.read_bytes(), tree.git("count-objects")
    found, git = look(tree, tmp_path)
    assert found is not None
    assert (index.read_bytes(), tree.git("count-objects")) == (content, stored)
    assert git.text("rev-parse", f"{found}^{{tree}}", f"{found}^") == f"{added(tree, tmp_path)}\n{tree.oid()}"
    assert git.run("fsck", "--strict", found).code == 0
    assert tree.git("status", "--porcelain", "-z") == before
    assert look(tree, tmp_path)[0] == found


@pytest.mark.parametrize(
    "meddling",
    [
        lambda _: None,
        lambda tree: os.utime(tree.path / "one"),
        lambda tree: tree.git("rm", "-q", "--cached", "one"),
    ],
    ids=["nothing", "touched", "deletion staged, file kept"],
)
def test_where_nothing_is_new_there_is_none(tree: Repo, tmp_path: Path, meddling: Meddling) -> None:
    meddling(tree)
    assert look(tree, tmp_path)[0] is None


def test_a_sparse_checkout_lacks_nothing(tree: Repo, tmp_path: Path) -> None:
    tree.git("config", "extensions.worktreeConfig", "true")
    tree.git("sparse-checkout", "set", "deep")
    tree.write("deep/four", "changed\n")
    found, git = look(tree, tmp_path)
    assert found is not None
    assert git.text("diff", "--name-status", "HEAD", found) == "M\tdeep/four"


def test_what_is_in_conflict_says_nothing(tree: Repo, tmp_path: Path) -> None:
    oid = tree.oid("HEAD:one")
    tree.git("update-index", "--index-info", stdin=f"0 {'0' * 40}\tone\n100644 {oid} 2\tone\n")
    with pytest.raises(NotNow):
        look(tree, tmp_path)


def test_git_reads_no_file_again_that_it_has_seen_unchanged(tree: Repo, tmp_path: Path) -> None:
    admin = Path(tree.git("rev-parse", "--absolute-git-dir"))
    past = admin.stat().st_mtime_ns - 10**10
    for path in (*(tree.path / name for name in tree.git("ls-files").splitlines()), admin / "index"):
        os.utime(path, ns=(past, past))  # no older than the index: git cannot tell by the time
    assert look(tree, tmp_path)[0] is None
    (kept,) = (tmp_path / "indexes" / admin.name).iterdir()
    assert kept.stat().st_mtime_ns > past
    written = kept.stat().st_mtime_ns
    tree.write("one", "x\n")
    found, git = look(tree, tmp_path)
    assert found is not None
    assert git.text("diff", "--name-status", "HEAD", found) == "M\tone"
    assert kept.stat().st_mtime_ns == written


def test_what_is_kept_goes_with_the_index_and_the_worktree(tree: Repo, tmp_path: Path) -> None:
    look(tree, tmp_path)
    folder = tmp_path / "indexes"
    (first,) = folder.glob("*/*")
    first.with_name(f"{first.name}.lock").touch()
    assert look(tree, tmp_path)[0] is None
    assert [*folder.glob("*/*")] == [first]
    tree.write("one", "staged\n")
    tree.git("add", "one")
    assert look(tree, tmp_path)[0] is not None
    (second,) = folder.glob("*/*")
    assert second != first
    forget(tmp_path, [second.parent.name])
    assert second.exists()
    forget(tmp_path, ["ccc-another"])
    assert not second.parent.exists()
