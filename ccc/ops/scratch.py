"""Scratch work trees for checks and gates: an exact commit, without session hooks, used again and again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ccc.errors import GitFailed, StoreBusy
from ccc.git.command import Git
from ccc.git.repository import Repository
from ccc.layout import Layout
from ccc.store.lock import locked

ADMIN_PREFIX = "cccscratch-"
SLOTS = 64


@contextmanager
def scratch(
    repository: Repository, layout: Layout, revision: str, *, parents: Sequence[str] = ()
) -> Iterator[Path]:
    """A folder with exactly the content of a commit, or of a tree (then committed on `parents`, on no branch).

    Each user has a slot of its own; what earlier ones left is cleaned away, ignored files, too.
    """
    commit = _commit(repository.git, revision, parents)
    for number in range(1, SLOTS + 1):
        slot = ExitStack()
        try:
            slot.enter_context(locked(layout.scratch / f"{number}.lock", timeout=0))
        except StoreBusy:
            continue
        with slot:
            yield _prepared(repository, layout, layout.scratch / f"{ADMIN_PREFIX}{number}", commit)
            return
    raise StoreBusy(f"all {SLOTS} scratch work trees are in use", "try again")


def _commit(git: Git, revision: str, parents: Sequence[str]) -> str:
    if git.text("cat-file", "-t", revision) != "tree":
        return revision
    who = {f"GIT_{role}_{field}": value for role in ("AUTHOR", "COMMITTER") for field, value in WHO.items()}
    options = [word for parent in parents for word in ("-p", parent)]
    return git.run("commit-tree", revision, *options, input=b"Combined for the gate\n", env=who).text


WHO = {"NAME": "ccc", "EMAIL": "ccc@localhost"}


def _prepared(repository: Repository, layout: Layout, path: Path, commit: str) -> Path:
    if (path / ".git").exists():
        try:
            _fill(path, commit)
            return path
        except GitFailed:
            pass
    shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(repository.common / "worktrees" / path.name, ignore_errors=True)
    with locked(layout.lock):
        repository.git.run(
            "worktree", "add", "--quiet", "--detach", "--no-checkout", "--force", str(path), commit
        )
    _fill(path, commit)
    return path


def _fill(path: Path, commit: str) -> None:
    git = Git(path)
    git.run("reset", "--hard", "--quiet", "--no-recurse-submodules", commit)
    git.run("clean", "-ffdxq")
