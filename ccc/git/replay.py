"""Commits made again on top of another one, without a checkout."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.errors import CccError
from ccc.git import mergetree, surgery
from ccc.git.command import Git
from ccc.git.objects import ObjectDatabase, parse_commit
from ccc.git.snapshot import WHO
from ccc.records import dataclass

FORMAT = "%H%x00%P%x00%an%x00%ae%x00%ad%x00%B"
FIELDS = 6


@dataclass(frozen=True)
class Original:
    """A commit that is to be made again: author and date (`seconds zone`) stay, its committer does not."""

    oid: str
    parent: str
    name: str
    mail: str
    date: str
    message: str


@dataclass(frozen=True)
class Step:
    """A commit that is still needed on top of the ones before it, and the tree it comes to there."""

    original: Original
    tree: str


class CannotReplay(CccError):
    """One of the commits conflicts with what it would be put on."""


def originals(git: Git, head: str, *behind: str) -> list[Original]:
    """The commits of `head` that are not behind others, oldest first; merges left out."""
    hidden = [f"^{each}" for each in behind]
    asked = ("log", "--reverse", "--topo-order", "--no-merges", "--encoding=UTF-8", "--date=raw", "-z")
    found = git.run(
        *asked, "--no-show-signature", "--no-color", f"--format={FORMAT}", head, *hidden, "--"
    ).out
    parts = found.decode("utf-8", "replace").split("\0")
    rows = (parts[at : at + FIELDS] for at in range(0, len(parts) - 1, FIELDS))
    return [Original(*row) for row in rows]


def steps(
    git: Git, objects: ObjectDatabase, commits: Sequence[Original], onto: str, folder: str | None
) -> list[Step]:
    """What the commits come to, one on the other, on the tree `onto`; the changes in `folder` left out.

    A commit that changes nothing there is dropped. Raises CannotReplay.
    """
    found: list[Step] = []
    tree = onto
    for commit in commits:
        before = _tree(objects, commit.parent, folder)
        after = _tree(objects, commit.oid, folder)
        changed = tree if before == after else _applied(git, commit, before, after, tree)
        if changed != tree:
            found.append(Step(commit, changed))
            tree = changed
    return found


def _tree(objects: ObjectDatabase, commit: str, folder: str | None) -> str:
    if not commit:  # the parent of a first commit
        return objects.write("tree", b"")
    tree = parse_commit(objects.read(commit)[1]).tree
    if folder is None:
        return tree
    return surgery.without_in(objects, tree, folder.split("/")) or objects.write("tree", b"")


def _applied(git: Git, commit: Original, before: str, after: str, tree: str) -> str:
    """The tree with the change from one to the other, by a merge whose common ancestor is the first."""
    if tree == before:
        return after
    root = _commit(git, before)
    verdict = mergetree.merge(git, _commit(git, tree, root), _commit(git, after, root))
    if verdict.conflicts:
        files = ", ".join(file.path for file in verdict.conflicts[:3])
        subject = commit.message.partition("\n")[0]
        raise CannotReplay(f"{commit.oid[:7]} {subject!r} conflicts in {files}")
    return verdict.tree


def _commit(git: Git, tree: str, *parents: str) -> str:
    options = [word for parent in parents for word in ("-p", parent)]
    dates = {f"GIT_{who}_DATE": "@1 +0000" for who in ("AUTHOR", "COMMITTER")}
    return git.run("commit-tree", tree, *options, input=b"Replayed\n", env={**WHO, **dates}).text
