"""Kinds of repositories: each function makes one of an ordinary one, and says where its day happens."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.kinds.days import Place
from tests.support.repository import Repo

Makes = Callable[[Repo, Path], Place]
"""(an ordinary repository, a folder for more) → the place of the day."""


def bare(repo: Repo, folder: Path) -> Place:
    """A bare repository without any checkout."""
    copy = _bare(repo, folder / "shared.git")
    return Place(copy, copy.path, None, parent=folder / "shared.git.ccc")


def bare_with_worktrees(repo: Repo, folder: Path) -> Place:
    """A bare repository whose target is checked out in a worktree, where commands are started."""
    copy = _bare(repo, folder / "shared.git")
    copy.git("worktree", "add", "-q", str(folder / "work tree"), "main")
    tree = Repo(folder / "work tree")
    return Place(tree, tree.path, tree, parent=folder / "shared.git.ccc")


def bare_in_a_dot_folder(repo: Repo, folder: Path) -> Place:
    """The layout `project/.bare` with `project/.git` pointing at it and worktrees beside."""
    project = folder / "project"
    project.mkdir()
    copy = _bare(repo, project / ".bare")
    (project / ".git").write_text("gitdir: ./.bare\n", encoding="utf-8")
    copy.git("worktree", "add", "-q", str(project / "main"), "main")
    return Place(copy, project, Repo(project / "main"))


def _bare(repo: Repo, path: Path) -> Repo:
    repo.git("clone", "-q", "--bare", "--template=", str(repo.path), str(path))
    return Repo(path)


def linked(repo: Repo, folder: Path) -> Place:
    """Commands are started in a linked worktree on another branch."""
    repo.git("worktree", "add", "-q", "-b", "topic", str(folder / "linked"))
    return Place(repo, folder / "linked" / "src", repo, parent=folder / "repo.ccc")


def target_in_linked(repo: Repo, folder: Path) -> Place:
    """The target is checked out in a linked worktree only."""
    repo.git("worktree", "add", "-q", "-b", "release", str(folder / "release"))
    tree = Repo(folder / "release")
    return Place(tree, repo.path, tree, target="release")


def submodule(repo: Repo, folder: Path) -> Place:
    """A submodule of a submodule's superproject; sessions are the submodule's."""
    top = _superproject(repo, folder)
    return _in_submodule(Repo(top.path / "lib" / "part"), folder / "whole-lib-part.ccc")


def _in_submodule(part: Repo, parent: Path) -> Place:
    part.git("checkout", "-q", "main")
    return Place(part, part.path / "src", part, parent=parent)


def superproject(repo: Repo, folder: Path) -> Place:
    """A repository that contains submodules."""
    top = _superproject(repo, folder)
    return Place(top, top.path, top, parent=folder / "whole.ccc")


def _superproject(repo: Repo, folder: Path) -> Repo:
    whole = Repo(folder / "whole")
    whole.path.mkdir()
    whole.git("init", "-q", "--template=")
    whole.git("submodule", "--quiet", "add", str(repo.path), "lib/part")
    whole.commit("Begin", {"README.md": "# Whole\n"})
    return whole


def shallow(repo: Repo, folder: Path) -> Place:
    """A clone of depth 1: the target's history is cut at its tip."""
    repo.git("clone", "-q", "--template=", "--depth=1", f"file://{repo.path}", str(folder / "shallow"))
    copy = Repo(folder / "shallow")
    assert copy.git("rev-parse", "--is-shallow-repository") == "true"
    return Place.of(copy)


def partial(repo: Repo, folder: Path) -> Place:
    """A clone without blobs: git fetches what it needs when it needs it."""
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("config", "uploadpack.allowAnySHA1InWant", "true")
    asked = ("clone", "-q", "--template=", "--filter=blob:none", f"file://{repo.path}")
    repo.git(*asked, str(folder / "partial"))
    copy = Repo(folder / "partial")
    assert copy.git("config", "remote.origin.promisor") == "true"
    return Place.of(copy)


def sparse_cone(repo: Repo, folder: Path) -> Place:
    """A main checkout that has only one folder, in cone mode."""
    del folder
    repo.git("update-index", "--refresh", "-q")
    repo.git("sparse-checkout", "set", "--cone", "src")
    assert not (repo.path / "docs").exists()
    return Place.of(repo)


def sparse_patterns(repo: Repo, folder: Path) -> Place:
    """A main checkout that has what some patterns say, not in cone mode."""
    del folder
    repo.git("update-index", "--refresh", "-q")
    repo.git("sparse-checkout", "set", "--no-cone", "/*", "!/docs/")
    assert not (repo.path / "docs").exists()
    return Place.of(repo)


def referring(repo: Repo, folder: Path) -> Place:
    """A clone that borrows objects from another repository (alternates)."""
    copy = _bare(repo, folder / "store.git")
    asked = ("clone", "-q", "--template=", "--reference", str(copy.path), f"file://{repo.path}")
    repo.git(*asked, str(folder / "referring"))
    return Place.of(Repo(folder / "referring"))


def separate(repo: Repo, folder: Path) -> Place:
    """The git directory lies elsewhere."""
    asked = ("clone", "-q", "--template=", "--separate-git-dir", str(folder / "data.git"))
    repo.git(*asked, str(repo.path), str(folder / "tree"))
    tree = Repo(folder / "tree")
    return Place(tree, tree.path, tree, parent=folder / "tree.ccc")


def git_dir_set(repo: Repo, folder: Path) -> Place:
    """The user names git directory and work tree; neither is where they stand."""
    outside = folder / "outside"
    outside.mkdir()
    shutil.move(repo.path / ".git", folder / "data.git")
    where = {"GIT_DIR": str(folder / "data.git"), "GIT_WORK_TREE": str(repo.path)}
    home = Repo(repo.path, {**os.environ, **where})
    return Place(home, outside, home, environment=where)


def strange_path(name: str) -> Makes:
    """The repository lies in a folder with this name, and is reached through a symbolic link to it."""

    def make(repo: Repo, folder: Path) -> Place:
        goal = folder / name
        repo.path.rename(goal)
        (folder / "link").symlink_to(goal)
        moved = Repo(goal)
        return Place(moved, folder / "link" / "src", moved)

    return make


def line_ends(repo: Repo, folder: Path) -> Place:
    """Files are checked out with carriage returns."""
    del folder
    repo.git("config", "core.autocrlf", "true")
    repo.commit("Say line ends", {".gitattributes": "*.txt text eol=crlf\n*.md -text\n"})
    repo.git("rm", "-rq", "--cached", ".")
    repo.git("reset", "-q", "--hard")
    return Place.of(repo)


def settings(repo: Repo, folder: Path) -> Place:
    """Hooks elsewhere, the identity by a conditional include, signing without a key, and more like it."""
    hooks = folder / "team hooks"
    hooks.mkdir()
    (hooks / "post-commit").write_text("#!/bin/sh\ntrue\n", encoding="utf-8")
    (hooks / "post-commit").chmod(0o755)
    own = folder / "work.gitconfig"
    own.write_text("[user]\n\tname = Worker\n\temail = worker@example.com\n", encoding="utf-8")
    repo.git("config", "--global", f"includeIf.gitdir:{folder}/.path", str(own))
    repo.git("config", "--global", "--unset", "user.name")
    repo.git("config", "--global", "--unset", "user.email")
    for key, value in {"core.hooksPath": str(hooks), **SETTINGS}.items():
        repo.git("config", key, value)
    return Place.of(repo)


SETTINGS = {
    "core.fileMode": "false",
    "core.symlinks": "false",
    "core.ignoreCase": "true",
    "core.quotePath": "false",
    "commit.gpgSign": "true",
    "tag.gpgSign": "true",
    "user.signingKey": "nobody",
    "merge.ff": "only",
    "status.showUntrackedFiles": "no",
    "diff.noprefix": "true",
    "log.showSignature": "true",
}


def detached(repo: Repo, folder: Path) -> Place:
    """HEAD of the main checkout is detached."""
    del folder
    repo.git("checkout", "-q", "--detach")
    return Place(repo, repo.path, None)
