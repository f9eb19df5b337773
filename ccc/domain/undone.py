"""A landing that its target has reverted, as the session's cell holds it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from ccc.domain.canonical import Value
from ccc.ids import short_oid
from ccc.records import dataclass


@dataclass(frozen=True)
class Undone:
    """`commit` had landed on `target`, which was at `base` before, and does not have its work any more.

    `by` is the commit that reverted it, None where that is not known. `again`: a commit of ccc's on the
    session's branch with that revert behind it and all of the work in it, None where the branch was left as
    it was, at `head`.
    """

    commit: str
    base: str
    target: str
    by: str | None
    again: str | None
    head: str

    @property
    def value(self) -> dict[str, Value]:
        """As recorded."""
        return {name: getattr(self, name) for name in Undone.__annotations__}

    @property
    def words(self) -> str:
        """What became of the landing."""
        how = f"reverted by {short_oid(self.by)}" if self.by else "reverted"
        return f"{self.target} had it as {short_oid(self.commit)}, {how}"

    def command(self, worktree: str | None) -> str:
        """What brings the work back onto the session's branch, so that it can land again."""
        there = "git" if worktree is None else f"git -C {shlex.quote(worktree)}"
        target = shlex.quote(self.target)
        if self.by is not None:
            return f"{there} merge {target} && {there} revert {short_oid(self.by)}"
        work = f"{short_oid(self.base)} {short_oid(self.commit)}"
        return f"{there} merge {target} && {there} diff --binary {work} | {there} apply --3way"


def undone_of(value: Mapping[str, Any] | None) -> Undone | None:
    """The recorded one."""
    if value is None:
        return None
    known: dict[str, Any] = {name: value.get(name) for name in Undone.__annotations__}
    return Undone(**known)
