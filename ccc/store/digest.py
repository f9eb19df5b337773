"""What waits in the journal, turned into drafts: the same for the drain and for readers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ccc.domain import stamps
from ccc.domain.events import Draft, Event, stamped
from ccc.store import journal
from ccc.store.journal import Found
from ccc.store.protocol import JournalEntry, Observe, State
from ccc.store.states import Overlaid

PENDING_LANE = "pending"


@dataclass
class Digest:
    """Drafts in the order they are to be recorded, and the files that nobody can read, with the reason."""

    drafts: list[Draft] = field(default_factory=list)
    bad: list[tuple[Found, str]] = field(default_factory=list)


def provisional(clock: str, drafts: Sequence[Draft], at_ms: int) -> list[Event]:
    """The drafts as events that come after `clock`, with stamps for display alone."""
    events = []
    for draft in drafts:
        clock = stamps.following(clock, at_ms, PENDING_LANE)
        events.append(stamped(draft, clock))
    return events


def overlaid(state: State, drafts: Sequence[Draft], at_ms: int) -> State:
    """The state as it will be when the drafts are recorded."""
    if not drafts:
        return state
    blobs = [blob for draft in drafts for blob in draft.blobs]
    return Overlaid(state, provisional(state.clock, drafts, at_ms), blobs)


def digest(found: Sequence[Found], state: State, observe: Observe, at_ms: int) -> Digest:
    """Drafts of all files that can be read; what was observed comes last, on top of the others."""
    result, notes = Digest(), []
    for one in found:
        if one.line is not None and not journal.is_event(one.line):
            notes.append(one)
            continue
        try:
            result.drafts.append(journal.draft_of(one))
        except ValueError as error:
            result.bad.append((one, str(error)))
    readable = _readable(notes, result, state, observe)
    result.drafts += observe(overlaid(state, result.drafts, at_ms), readable)
    return result


def _readable(notes: list[Found], result: Digest, state: State, observe: Observe) -> list[JournalEntry]:
    """The notes that the observer can read; the others are bad."""
    try:
        observe(state, [note.entry for note in notes]) if notes else None
    except ValueError:
        return [note.entry for note in notes if _reads(note, result, state, observe)]
    return [note.entry for note in notes]


def _reads(note: Found, result: Digest, state: State, observe: Observe) -> bool:
    try:
        observe(state, [note.entry])
    except ValueError as error:
        result.bad.append((note, str(error)))
        return False
    return True


def complaint(name: str, reason: str, source: str | None = None) -> Draft:
    """The event that tells of a file that could not be read and was set aside."""
    return Draft(
        "journal.bad",
        "ccc",
        f"journal entry {name} could not be read, kept in journal/bad: {reason}",
        by="ccc",
        source=source,
    )
