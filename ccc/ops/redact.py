"""Redacting: the words of an event are taken out of every view, and out of the present state."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ccc.domain import redactions, stamps
from ccc.domain.events import Draft, Event
from ccc.domain.redactions import KIND, Redaction, redactions_in
from ccc.errors import Ambiguous, NotFound, Refused
from ccc.ops.actor import require_person_at_keyboard
from ccc.ops.workspace import Workspace
from ccc.store.protocol import State

COMMIT = r"[0-9a-f]{4,64}\Z"
ON_BRANCHES = frozenset({"session.spawned", "session.report", "session.committed", "session.amended"})
"""Types of events whose words are in commits of branches, too."""

HELD = (
    "git still holds the old words, in older commits of refs/ccc here and in every copy that has fetched them"
)
REWRITE = "a history that was never shared can be made again without them: git ccc redact {event} --rewrite"
BRANCHES = "the session's branch holds such words in its own commits; nothing is changed there"
LOCAL = "names that were made of the words (branch, session) and logs on this machine stay as they are"


@dataclass(frozen=True)
class Redacted:
    """What was redacted, and what is worth knowing of where the words still are."""

    event: Event
    redaction: Redaction
    remarks: tuple[str, ...]


def redact(workspace: Workspace, reference: str, *, why: str | None = None) -> Redacted:
    """Puts a tombstone in the place of an event's words.

    Raises InsideAgent, NotFound, Ambiguous (a commit of several events), Refused (redacted already).
    """
    hint = f"git ccc redact {reference} --why TEXT"
    person = require_person_at_keyboard(workspace, "redacting", hint)
    workspace.store.drain()
    event = find_event(workspace, reference)
    redaction = Redaction(event.id, person, workspace.now(), _reason(why))

    def decide(state: State) -> Sequence[Draft]:
        known = redactions_in(state.streams(KIND)).get(event.id)
        if known is not None:
            raise Refused(
                f"{event.id} is already redacted by {known.by} {known.at}",
                f"git ccc redact {event.id} --rewrite",
            )
        present = {stream: state.stream(stream) for stream in event.changes}
        return (redactions.redacted(event, redaction, present),)

    workspace.store.transact(decide)
    remarks = [HELD, REWRITE.format(event=event.id), LOCAL]
    remarks += [BRANCHES] if event.type in ON_BRANCHES else []
    return Redacted(event, redaction, tuple(remarks))


def _reason(why: str | None) -> str:
    return " ".join((why or "").split()).replace("]", ")") or "no reason given"


def find_event(workspace: Workspace, reference: str) -> Event:
    """The recorded event with this id, or that of the commit named. Raises NotFound, Ambiguous."""
    history, tip = workspace.reader.history, workspace.reader.tip()
    assert tip is not None
    if stamps.is_stamp(reference):
        for logged in history.events([tip], down_to=reference):
            if logged.event.id == reference:
                return logged.event
    elif re.match(COMMIT, reference):
        events = history.record(workspace.reader.commit_at(reference)).events
        if len(events) > 1:
            raise Ambiguous(
                f"commit {reference} holds {len(events)} events", "git ccc log --json gives their ids"
            )
        if events:
            return events[0]
    raise NotFound(f"no event {reference}", "git ccc log --json gives the ids of events")
