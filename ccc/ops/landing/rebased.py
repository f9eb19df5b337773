"""Trivial rebases: an approved change that is the same one on a target that has moved on."""

from __future__ import annotations

from ccc.domain.landings import Approval
from ccc.errors import GitFailed
from ccc.git import history, mergetree
from ccc.git.command import Git
from ccc.ops.landing.combine import Combined

NOBODY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "ccc"), ("EMAIL", "ccc@localhost"), ("DATE", "@0 +0000"))
}
"""Of a commit that only git's merge sees: the same one each time it is made."""


def is_trivially_rebased(git: Git, approval: Approval, combined: Combined) -> bool:
    """Whether what would land now is what was approved, moved on to the target's tip, and nothing else.

    The target went forward from the approved base, the approved change merges into it without a conflict to
    exactly the tree that would land, and both changes are the same patch (context included, line numbers
    not). Approvals against failed checks never move.
    """
    if combined.tree is None or approval.override is not None:
        return False
    try:
        if not history.is_ancestor(git, approval.base, combined.base):
            return False
        return _merges_to(git, approval, combined) and _patch(git, approval.base, approval.tree) == _patch(
            git, combined.base, combined.tree
        )
    except GitFailed:  # what was approved is not here any more
        return False


def _merges_to(git: Git, approval: Approval, combined: Combined) -> bool:
    arguments = ("commit-tree", approval.tree, "-p", approval.base)
    approved = git.run(*arguments, input=b"approved\n", env=NOBODY).text
    verdict = mergetree.merge(git, combined.base, approved)
    return not verdict.conflicts and verdict.tree == combined.tree


def _patch(git: Git, old: str, new: str) -> str:
    asked = (
        "diff-tree",
        "-p",
        "--text",
        "--no-ext-diff",
        "--no-textconv",
        "--no-renames",
        "--full-index",
        old,
        new,
    )
    found = git.run(*asked).out
    return git.run("patch-id", "--stable", input=found).text.partition(" ")[0]
