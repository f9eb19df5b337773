"""Redacting: the words of an event are taken out of every view, and out of the present state."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from ccc.domain import redactions, stamps
from ccc.domain.canonical import Value
from ccc.domain.events import Draft, Event
from ccc.domain.redactions import KIND, Redaction, redactions_in
from ccc.errors import Ambiguous, NeedsPerson, NotFound, Refused
from ccc.git import repository as repositories
from ccc.ops.actor import require_person_at_keyboard
from ccc.ops.sync import enabled
from ccc.ops.workspace import Workspace
from ccc.store.gitstore import GitStore
from ccc.store.lock import locked
from ccc.store.protocol import REF, State
from ccc.store.rewriting import Rewritten, holders, rewrite

COMMIT = r"[0-9a-f]{4,64}\Z"
ON_BRANCHES = frozenset({"session.spawned", "session.report", "session.committed", "session.amended"})
"""Types of events whose words are in commits of branches, too."""

HELD = (
    "git still holds the old words, in older commits of refs/ccc here and in every copy that has fetched them"
)
REWRITE = "a history that was never shared can be made again without them: git ccc redact {event} --rewrite"
BRANCHES = "the session's branch holds such words in its own commits; nothing is changed there"
LOCAL = "names that were made of the words (branch, session) and logs on this machine stay as they are"

ERASED = "event.erased"
SHARED = ("refs/ccc-sync/", "refs/ccc-remotes/", "refs/ccc-holds/")
NO_BUNDLE = "No bundle of the old history is kept: it would keep the words"
ASK = "git ccc redact {} --rewrite --yes"
PACKED = "{} of them are in packs until git collects them: git gc --prune=now, while no agent works"


@dataclass(frozen=True)
class Redacted:
    """What was redacted, and what is worth knowing of where the words still are."""

    event: Event
    redaction: Redaction
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Erased:
    """What was taken out of the history, and what is left to know."""

    event: Event
    redaction: Redaction
    done: Rewritten
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
    shutil.rmtree(workspace.layout.cache, ignore_errors=True)
    remarks = [HELD, REWRITE.format(event=event.id), LOCAL]
    remarks += [BRANCHES] if event.type in ON_BRANCHES else []
    return Redacted(event, redaction, tuple(remarks))


def erase(workspace: Workspace, reference: str, *, why: str | None = None, yes: bool) -> Erased:
    """Redacts an event, unless it is already, and makes the history again without its words.

    No bundle is made before: it would keep them. Raises InsideAgent, NeedsPerson without `yes`, NotFound,
    Refused where the history was, or may have been, shared.
    """
    person = require_person_at_keyboard(
        workspace, "rewriting the history", f"git ccc redact {reference} --rewrite"
    )
    _refuse_shared(workspace)
    if not yes:
        raise NeedsPerson(
            f"rewriting changes the id of every later commit on {REF}. {NO_BUNDLE}", ASK.format(reference)
        )
    store = workspace.store
    assert isinstance(store, GitStore)
    store.drain()
    event = find_event(workspace, reference)
    redaction = redactions_in(store.state().streams(KIND)).get(event.id)
    if redaction is None:
        redaction = redact(workspace, event.id, why=why).redaction
    tip = store.tip()
    assert tip is not None
    dropped, _ = holders(workspace.git, store.history, tip, event.id)
    data: dict[str, Value] = {"event": event.id, "old": tip, "references": list(dropped)}
    words = f"rewrote the history without the words of {event.id} by {person}"
    store.transact(
        lambda _: (Draft(ERASED, event.subject, words, session=event.session, by=person, data=data),)
    )
    with locked(workspace.layout.lock):
        done = rewrite(workspace.layout, workspace.git, store.history, redaction)
    return Erased(event, redaction, done, _left(event, done))


def _left(event: Event, done: Rewritten) -> tuple[str, ...]:
    remarks = [
        f"{done.commits} commits of {REF} have other ids now",
        f"{done.pruned} objects that held the old ones are deleted",
    ]
    remarks += [PACKED.format(done.packed)] if done.packed else []
    remarks += [f"dropped {name}, which held the old history" for name in done.references]
    remarks += (
        [f"deleted {done.bundles} kept bundle{'s' if done.bundles > 1 else ''}, which may have held them"]
        if done.bundles
        else []
    )
    return (*remarks, LOCAL, *((BRANCHES,) if event.type in ON_BRANCHES else ()))


def _refuse_shared(workspace: Workspace) -> None:
    """Raises Refused where others may have the history: then only the tombstone is possible."""
    shared = sorted(repositories.refs(workspace.git, *SHARED))
    remote = enabled.read(workspace.layout)
    if shared or remote is not None:
        where = shared[0] if shared else f"sharing with {remote.remote} is on" if remote else ""
        raise Refused(
            f"the history was shared ({where}), and every copy would bring the old words back",
            "git ccc redact EVENT without --rewrite puts a tombstone in every view",
        )


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
