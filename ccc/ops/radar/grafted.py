"""Conflicts that are none: with work that a branch has by other commits, as after a squash or a rebase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ccc.domain.sessions import MERGE, Session
from ccc.git import meeting, mergetree
from ccc.git.command import Git
from ccc.ops.landing.grafts import as_if_merged, landed_otherwise
from ccc.ops.radar.tips import Tip


def as_landed(git: Git, known: Sequence[Session], tips: Sequence[Tip], found: meeting.Found) -> meeting.Found:
    """The same where pairs in conflict are merged once more, as a landing would merge them.

    Objects are written through `git`: a quarantined one. It is asked only of pairs in conflict, and where
    something has landed by other commits.
    """
    if all(each.landed is None or each.landed.method == MERGE for each in known):
        return found
    targets: dict[str, set[str]] = {}
    for tip in tips:
        if tip.session is not None:
            targets.setdefault(tip.commit, set()).add(tip.session.target)
    conflicts = dict(found.conflicts)
    for one, other in found.conflicts:
        for base, head in ((one, other), (other, one)):
            grafts = [
                graft
                for target in sorted(targets.get(head, ()))
                for graft in landed_otherwise(git, known, target, base, head)
            ]
            if grafts:
                files = _merged(git, base, head, grafts)
                conflicts[one, other] = files if base == one else tuple(each.turned for each in files)
    return replace(found, conflicts={pair: files for pair, files in conflicts.items() if files})


def _merged(git: Git, base: str, head: str, grafts: Sequence[str]) -> meeting.Files:
    tree, date = git.text("log", "-1", "--format=%T %ct", base).split()
    return tuple(mergetree.merge(git, as_if_merged(git, base, grafts, tree, date), head).conflicts)
