"""Handing a conflict back to the session that is in it: its agent resolves it in its own worktree."""

from __future__ import annotations

import shlex
from dataclasses import replace

from ccc.domain import resolutions
from ccc.domain.events import Draft
from ccc.domain.resolutions import Resolution
from ccc.domain.sessions import Session
from ccc.ids import short_oid
from ccc.ops.actor import actor_of
from ccc.ops.resolving.matter import Matter, matter_of, refuse_strangers, require_conflict
from ccc.ops.resolving.words import conflict_words, count, files_words
from ccc.ops.tell import tell
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

TOPIC = "conflict"
ROOM = 6_000
"""Bytes of a message that the hunks may take."""


@dataclass(frozen=True)
class HandedBack:
    """A conflict that its session was told of; not `anew` where it knew."""

    session: Session
    files: int
    anew: bool
    how: str


def hand_back(workspace: Workspace, reference: str) -> HandedBack:
    """Tells a session of its conflict with its target and all it needs to resolve it; once for each.

    Raises Refused where there is none, InsideAgent for another session's.
    """
    matter = matter_of(workspace, reference)
    require_conflict(workspace, matter)
    session, combined = matter.session, matter.shown.combined
    refuse_strangers(workspace, session, "--hand-back")
    by = actor_of(workspace).by or workspace.require_person()
    files = len(combined.conflicts)
    key = f"{combined.base} {combined.head}"
    anew = tell(workspace, session, _text(matter), topic=TOPIC, mark={"conflict": key})
    if anew:
        attempt = Resolution(
            resolutions.HAND_BACK, resolutions.OPEN, combined.base, combined.head, by, "", files
        )
        words = f"handed the conflict of {session.name} back to it ({count(files)})"
        workspace.store.transact(lambda _: (_begun(session, attempt, words),))
    return HandedBack(session, files, anew, _how(session))


def _begun(session: Session, attempt: Resolution, words: str) -> Draft:
    return replace(resolutions.begun(session, attempt, words), by=attempt.by)


def _how(session: Session) -> str:
    if session.engine is None:
        return "git ccc inbox shows it in its worktree"
    return "its agent gets it at its next step, or is taken up again for it"


def _text(matter: Matter) -> str:
    shown = matter.shown
    target = shown.combined.target
    return "\n".join(
        [
            f"Your work does not merge into {target} (now at {short_oid(shown.combined.base)}): "
            f"{files_words(shown)}. Please resolve this in your worktree:",
            f"1. commit what you have, then: git merge {shlex.quote(target)}",
            "2. resolve each place so that what both sides were meant to do still holds; commit the merge",
            "3. run your tests, then: git ccc report --done",
            "If you cannot keep both, do not choose: git ccc ask TEXT. A person approves the result before it"
            " lands.",
            "",
            conflict_words(shown, matter.remembered, ROOM),
        ]
    )
