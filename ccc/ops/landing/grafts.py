"""Work that a target has by other commits than the branch that it came from: squashed, rebased."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain.sessions import MERGE, Session
from ccc.git import history
from ccc.git.command import Git
from ccc.git.objects import parse_commit
from ccc.git.snapshot import WHO
from ccc.ops.workspace import Workspace


def landed_otherwise(
    git: Git, known: Sequence[Session], target: str, base: str, head: str
) -> tuple[str, ...]:
    """Heads behind `head` that landed on the target as other commits, which `base` has.

    Git would merge such work with itself, and see conflicts. Not where the branch went on from a landing:
    there git knows. Asks git only where something has landed so.
    """
    landings = [
        each.landed
        for each in known
        if each.landed is not None and each.landed.method != MERGE and each.landed.target == target
    ]
    if not landings:
        return ()
    inside = set(git.text("rev-list", head, f"^{base}").split())
    behind = [each for each in landings if each.head in inside and each.advanced not in inside]
    return tuple(each.head for each in behind if history.is_ancestor(git, each.commit, base))


def grafted(workspace: Workspace, base: str, grafts: Sequence[str]) -> str:
    """A commit as `base` that has the grafts behind it, too; itself where there are none."""
    if not grafts:
        return base
    made = parse_commit(workspace.reader.objects.read(base)[1])
    return as_if_merged(workspace.git, base, grafts, made.tree, made.date)


def as_if_merged(git: Git, base: str, grafts: Sequence[str], tree: str, date: int | str) -> str:
    """A commit with `base` and the grafts behind it; `tree` and `date` (Unix time) are those of `base`."""
    parents = [word for each in (base, *grafts) for word in ("-p", each)]
    dates = {f"GIT_{who}_DATE": f"@{date} +0000" for who in ("AUTHOR", "COMMITTER")}
    arguments = ("commit-tree", tree, *parents)
    return git.run(*arguments, input=b"As if merged\n", env={**WHO, **dates}).text
