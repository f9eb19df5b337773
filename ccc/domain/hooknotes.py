"""What a git hook notes in the journal: one line, `1 HOOK WORKTREE OID PID ARG REF`."""

from __future__ import annotations

import re

from ccc.records import dataclass

VERSION = "1"
HOOKS = ("post-commit", "post-merge", "post-rewrite", "post-checkout", "post-applypatch")
NONE = "-"
_LINE = (
    rf"{VERSION} (?P<hook>{'|'.join(HOOKS)})"
    r" (?P<worktree>[^\x00-\x20\x7f]+) (?P<oid>-|[0-9a-f]{40}|[0-9a-f]{64}) (?P<pid>[0-9]{1,19})"
    r" (?P<argument>[^\x00-\x20\x7f]+) (?P<ref>-|refs/[^\x00-\x20\x7f]+)"
)
"""Refs and admin directories have names without spaces and control characters (git-check-ref-format(1))."""


@dataclass(frozen=True)
class HookNote:
    """A hook that ran: in which worktree (its admin directory's name), HEAD's commit and full ref then.

    `argument` is `amend` or `rebase` for post-rewrite, `0` or `1` for post-checkout; else the id of the
    session whose agent ran git, None where no agent of ours did.
    `oid` is None when unborn, `ref` when detached.
    """

    hook: str
    worktree: str
    oid: str | None
    pid: int
    argument: str | None
    ref: str | None


CALLED = ("post-commit", "post-merge", "post-applypatch")
"""Hooks that note who called."""


def parse_hook_note(line: str) -> HookNote:
    """The note of a journal line, without its newline. Raises ValueError for what no hook of ours wrote."""
    found = re.fullmatch(_LINE, line)
    if found is None:
        raise ValueError(f"not a hook's note: {line[:80]!r}")
    return HookNote(
        hook=found["hook"],
        worktree=found["worktree"],
        oid=_known(found["oid"]),
        pid=int(found["pid"]),
        argument=_known(found["argument"]),
        ref=_known(found["ref"]),
    )


def _known(text: str) -> str | None:
    return None if text == NONE else text
