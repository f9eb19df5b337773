"""What a git hook notes in the journal: one line, `1 HOOK WORKTREE OID PID ARG REF`."""

from __future__ import annotations

import re
from dataclasses import dataclass

VERSION = "1"
HOOKS = ("post-commit", "post-merge", "post-rewrite", "post-checkout", "post-applypatch")
NONE = "-"
_OID = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")


@dataclass(frozen=True)
class HookNote:
    """A hook that ran: in which work tree (its admin directory's name), HEAD's commit and full ref then.

    `argument` is `amend` or `rebase` for post-rewrite, `0` or `1` for post-checkout; `ref` None when detached.
    """

    hook: str
    worktree: str
    oid: str | None
    pid: int
    argument: str | None
    ref: str | None


def parse_hook_note(line: str) -> HookNote:
    """The note of a journal line. Raises ValueError for anything that no hook of ours wrote."""
    parts = line.split(" ", 6)
    if len(parts) != 7 or parts[0] != VERSION or parts[1] not in HOOKS:
        raise ValueError(f"not a hook's note: {line[:80]!r}")
    _, hook, worktree, oid, pid, argument, ref = parts
    if not (oid == NONE or _OID.match(oid)) or not (pid.isascii() and pid.isdigit()) or not worktree or not ref:
        raise ValueError(f"not a hook's note: {line[:80]!r}")
    return HookNote(hook, worktree, _known(oid), int(pid), _known(argument), _known(ref))


def format_hook_note(note: HookNote) -> str:
    """The line a hook would write, without its newline."""
    words = (note.oid or NONE, str(note.pid), note.argument or NONE, note.ref or NONE)
    return " ".join((VERSION, note.hook, note.worktree, *words))


def _known(text: str) -> str | None:
    return None if text == NONE else text
