"""What waits in the journal, turned into drafts: the same for the drain and for readers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from ccc.domain import stamps
from ccc.domain.decisive import require_undecided
from ccc.domain.events import Draft, Event, stamped
from ccc.git.objects import ObjectReader
from ccc.records import dataclass
from ccc.store import journal
from ccc.store.admission import admit
from ccc.store.journal import Found
from ccc.store.protocol import Observe, State
from ccc.store.states import Overlaid

PENDING_LANE = "pending"
NAME_SHOWN, REASON_SHOWN = 80, 120
"""Characters: a reason may quote what could not be read, all of it."""


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


def digest(
    found: Sequence[Found], state: State, observe: Observe, objects: ObjectReader, at_ms: int
) -> Digest:
    """Drafts of all files that can be recorded; what was observed comes last, on top of the others."""
    result = Digest()
    notes = [one for one in found if journal.is_note(one)]
    for one in found:
        if not journal.is_note(one):
            _take(one, result, objects)
    state = overlaid(state, result.drafts, at_ms)
    observed = _observed(notes, result, state, observe)
    refused = {draft.source: reason for draft in observed if (reason := _refused(draft, objects))}
    result.bad += [(note, refused[note.source]) for note in notes if note.source in refused]
    result.drafts += [draft for draft in observed if draft.source not in refused]
    if result.drafts:
        from ccc.domain.secrets import Filter  # where something is to be recorded only
        from ccc.store.cleaning import cleaned

        result.drafts = cleaned(result.drafts, Filter())
    return result


def _take(one: Found, result: Digest, objects: ObjectReader) -> None:
    try:
        draft = journal.draft_of(one)
        require_undecided(draft)
        admit(draft, objects)
    except ValueError as error:
        result.bad.append((one, str(error)))
    else:
        result.drafts.append(draft)


def _observed(notes: list[Found], result: Digest, state: State, observe: Observe) -> list[Draft]:
    """What the observer makes of the notes it can read; the others are bad."""
    try:
        return list(observe(state, [note.entry for note in notes]))
    except ValueError:
        readable = [note for note in notes if _reads(note, result, state, observe)]
    return list(observe(state, [note.entry for note in readable]))


def _reads(note: Found, result: Digest, state: State, observe: Observe) -> bool:
    try:
        observe(state, [note.entry])
    except ValueError as error:
        result.bad.append((note, str(error)))
        return False
    return True


def _refused(draft: Draft, objects: ObjectReader) -> str:
    """Why the draft of a note cannot be recorded; drafts without a note are the observer's own affair."""
    if draft.source is None:
        return ""
    try:
        admit(draft, objects)
    except ValueError as error:
        return str(error) or "refused"
    return ""


def complaint(name: str, reason: str, source: str | None = None) -> Draft:
    """The event that tells of a file that could not be read and was set aside."""
    return Draft(
        "journal.bad",
        "ccc",
        f"journal entry {name[:NAME_SHOWN]} could not be read, kept in journal/bad: {reason[:REASON_SHOWN]}",
        by="ccc",
        source=source,
    )
