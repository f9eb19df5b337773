"""Trees changed on one path only."""

from __future__ import annotations

import pytest

from ccc.git import surgery
from ccc.git.objects import MissingObject
from ccc.git.repository import Repository
from tests.support.repository import Repo


def paths(repo: Repo, tree: str) -> list[str]:
    return repo.git("ls-tree", "-r", "--name-only", tree).splitlines()


@pytest.fixture
def tree(repo: Repo) -> str:
    repo.commit(
        "Session", {".ccc/sessions/one/brief.md": "1\n", ".ccc/config.toml": "", "src/caf\udce9": "1\n"}
    )
    return repo.oid("HEAD^{tree}")


def test_a_folder_is_taken_out(repo: Repo, repository: Repository, tree: str) -> None:
    stripped = surgery.without(repository.git, tree, ".ccc/sessions")
    assert paths(repo, stripped) == [path for path in paths(repo, tree) if "sessions" not in path]
    assert repo.git("diff", "--name-status", tree, stripped) == "D\t.ccc/sessions/one/brief.md"


def test_folders_emptied_by_that_go_too(repo: Repo, repository: Repository, tree: str) -> None:
    rest = surgery.without(
        repository.git, surgery.without(repository.git, tree, ".ccc/config.toml"), ".ccc/sessions"
    )
    assert not any(path.startswith(".ccc") for path in paths(repo, rest))
    repo.git("fsck", "--strict")


@pytest.mark.parametrize(
    "path", ["nope", "nope/deeper", "README.md/below", ".ccc/nope", ".ccc/sessions/one/brief.md/x"]
)
def test_without_what_is_not_there_the_tree_stays(repository: Repository, tree: str, path: str) -> None:
    assert surgery.without(repository.git, tree, path) == tree


@pytest.mark.parametrize(
    "path", [".ccc/sessions", ".ccc", "src", "nope/deeper", "README.md/below", "README.md"]
)
def test_the_ids_of_several_are_those_of_each(
    repo: Repo, repository: Repository, tree: str, path: str
) -> None:
    git = repository.git
    repo.git("rm", "-rqf", ".ccc/config.toml")
    repo.commit("No configuration")
    only = surgery.with_subtree(git, repo.git("mktree", stdin=""), path, tree)
    trees = [tree, repo.oid("HEAD^{tree}"), only, repo.oid("HEAD~2^{tree}"), tree]
    before = repo.git("count-objects")
    found = surgery.ids_without(git, trees, path)
    assert repo.git("count-objects") == before
    assert found == [surgery.without(git, each, path) for each in trees]
    assert surgery.ids_without(git, [], path) == []


def test_without_everything_the_tree_is_empty(repo: Repo, repository: Repository, tree: str) -> None:
    only = surgery.with_subtree(repository.git, repo.git("mktree", stdin=""), "a/b", tree)
    assert paths(repo, surgery.without(repository.git, only, "a/b")) == []


def test_a_subtree_is_found(repo: Repo, repository: Repository, tree: str) -> None:
    git = repository.git
    assert surgery.subtree(git, tree, ".ccc/sessions") == repo.oid(f"{tree}:.ccc/sessions")
    assert surgery.subtree(git, tree, "src") == repo.oid(f"{tree}:src")
    for path in ("nope", "README.md", ".ccc/nope/x", ".ccc/config.toml"):
        assert surgery.subtree(git, tree, path) is None


@pytest.mark.parametrize(
    "path", [".ccc/sessions/two", "new/deep/down", "src", "README.md", "README.md/in the way", "caf\udce9"]
)
def test_a_subtree_is_put_in_and_found_again(
    repo: Repo, repository: Repository, tree: str, path: str
) -> None:
    inner = repo.oid(f"{tree}:.ccc/sessions/one")
    changed = surgery.with_subtree(repository.git, tree, path, inner)
    assert surgery.subtree(repository.git, changed, path) == inner
    top = path.split("/")[0]
    kept = [each for each in paths(repo, tree) if each.split("/")[0] != top]
    assert [
        each for each in paths(repo, changed) if each.split("/")[0] != top and not each.startswith('"')
    ] == [each for each in kept if not each.startswith('"')]
    repo.git("fsck", "--strict")


def test_what_was_taken_out_and_put_back_gives_the_same_tree(repository: Repository, tree: str) -> None:
    git = repository.git
    inner = surgery.subtree(git, tree, ".ccc/sessions")
    assert inner is not None
    assert (
        surgery.with_subtree(git, surgery.without(git, tree, ".ccc/sessions"), ".ccc/sessions", inner) == tree
    )


def test_modes_links_and_submodules_beside_it_stay(repo: Repo, repository: Repository, tree: str) -> None:
    (repo.path / ".ccc/link").symlink_to("config.toml")
    (repo.path / ".ccc/config.toml").chmod(0o755)
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.oid()},.ccc/module")
    repo.git("add", ".ccc/link", ".ccc/config.toml")
    tree = repo.git("write-tree")
    stripped = surgery.without(repository.git, tree, ".ccc/sessions")
    assert repo.git("diff", "--raw", tree, stripped).split("\t")[1] == ".ccc/sessions/one/brief.md"


def test_a_tree_that_is_not_stored_is_an_error_and_not_an_absent_name(
    repo: Repo, repository: Repository, tree: str
) -> None:
    lost = repo.oid(f"{tree}:.ccc")
    (repo.common / "objects" / lost[:2] / lost[2:]).unlink()
    for oid in ("1" * 40, tree):
        with pytest.raises(MissingObject):
            surgery.without(repository.git, oid, ".ccc/sessions")
