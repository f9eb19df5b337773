"""The diary: events selected, youngest first."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator

from ccc.domain import eventtypes
from ccc.domain.retired import Retired
from ccc.domain.sessions import Session
from ccc.errors import NotFound, Usage
from ccc.ops.find import find
from ccc.ops.observe import all_sessions
from ccc.ops.retired import find_retired
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.protocol import Logged

REDACTIONS = "redactions"
AUDITED = frozenset(
    {
        *("merge.approved", "merge.rejected", "merge.queued", "merge.dropped"),
        *("merge.gate-passed", "merge.gate-failed", "meta.initialised"),
        *("session.spawned", "session.adopted", "session.landed", "session.landing-undone"),
        *("session.closed", "session.reopened", "session.retired", "session.branch-gone"),
        *("session.answered", "session.denied"),
        *("session.verified", "session.unchecked", "session.checks-failed"),
        *("target.moved", "settings.changed", "session.moved-outside", "journal.bad", "inbox.acknowledged"),
    }
)
"""Decisions, what they rest on, refusals, overrides and everything that moved without ccc."""

AUDITED_FAMILIES = frozenset({"decision", "event", "checkpoint", "state", "sync", "lease", "policy"})
"""First parts of types that are all audited, those of a newer ccc too."""


@dataclass(frozen=True)
class Selection:
    """Which events: of one session, younger than a cursor, of a type (or its first part), audited ones.

    `sessions`: ids, of all of which; None: of any, and of none.
    """

    reference: str | None = None
    limit: int | None = None
    since: str | None = None
    type: str | None = None
    audit: bool = False
    sessions: frozenset[str] | None = None


def log(workspace: Workspace, selection: Selection) -> list[Logged]:
    """The events selected, youngest first. Raises NotFound for an unknown session or cursor, Usage for a type
    that there is not."""
    workspace.require()
    _refuse_unknown(workspace, selection.type)
    session = _session(workspace, selection)
    after = workspace.reader.since(selection.since) if selection.since is not None else None
    shown = _shown(workspace)
    found: list[Logged] = []
    for logged in map(shown, _from(workspace.reader.log(), after)):
        if selection.limit is not None and len(found) >= selection.limit:
            break
        if _wanted(logged, selection, session):
            found.append(logged)
    return found


class Follower:
    """Goes on where a reading ended: each call gives what was recorded since, oldest first, each event once.

    Another machine's history may bring events with older stamps than those shown before; so it is asked
    which commits are new, not which stamps are greater.
    """

    def __init__(self, workspace: Workspace, selection: Selection) -> None:
        self._workspace = workspace
        self._selection = selection
        self._tip: str | None = None
        self._early: set[str] = set()

    def news(self) -> list[Logged]:
        """What is new; the first call gives what the selection asks for. Pending events wait their turn."""
        tip = self._workspace.reader.tip()
        if tip is None or tip == self._tip:
            return []
        old, self._tip = self._tip, tip
        if old is None:
            found = [each for each in reversed(log(self._workspace, self._selection)) if each.commit]
            clock = self._workspace.reader.history.record(tip).clock
            self._early = {each.event.id for each in found if each.event.id > clock}
            return found
        session = _session(self._workspace, self._selection)
        shown = _shown(self._workspace)
        return [shown(each) for each in self._between(old, tip) if _wanted(each, self._selection, session)]

    def _between(self, old: str, tip: str) -> list[Logged]:
        history = self._workspace.reader.history
        fresh = self._workspace.git.text("rev-list", tip, f"^{old}").split()
        found = {event.id: Logged(event, oid) for oid in fresh for event in history.record(oid).events}
        known = history.having(old, found.keys()) | self._early
        return [found[identifier] for identifier in sorted(found.keys() - known)]


def _refuse_unknown(workspace: Workspace, kind: str | None) -> None:
    """Raises Usage for a type that neither this ccc records nor another, newer one has recorded here."""
    if kind is None or eventtypes.is_known(kind):
        return
    seen = {logged.event.type for logged in workspace.reader.log()}
    if kind in seen or any(each.startswith(f"{kind}.") for each in seen):
        return
    near = difflib.get_close_matches(kind, [*eventtypes.every(), *seen], n=3, cutoff=0.5)
    families = f"a family, {', '.join(eventtypes.TYPES)}, or one of its types, session.committed"
    raise Usage(
        f"there are no events of type {kind}", f"did you mean {', '.join(near)}?" if near else families
    )


def _session(workspace: Workspace, selection: Selection) -> Session | Retired | None:
    """The session meant, also one that was retired: the diary has all of it."""
    if selection.reference is None:
        return None
    state = workspace.reader.state()
    try:
        return find(selection.reference, all_sessions(state))
    except NotFound:
        gone = find_retired(selection.reference, state)
        if gone is None:
            raise
        return gone


def _from(events: Iterator[Logged], after: str | None) -> Iterator[Logged]:
    for logged in events:
        if after is not None and logged.event.id <= after:
            return
        yield logged


def _wanted(logged: Logged, selection: Selection, session: Session | Retired | None) -> bool:
    event = logged.event
    if session is not None and event.session != session.id:
        return False
    if selection.sessions is not None and event.session not in selection.sessions:
        return False
    if (
        selection.type is not None
        and event.type != selection.type
        and not event.type.startswith(f"{selection.type}.")
    ):
        return False
    return not selection.audit or is_audited(event.type)


def is_audited(kind: str) -> bool:
    """Whether events of this type are part of an audit."""
    return kind in AUDITED or kind.partition(".")[0] in AUDITED_FAMILIES


def _shown(workspace: Workspace) -> Callable[[Logged], Logged]:
    """What makes an event fit to be shown: one that was redacted comes without its words."""
    tip = workspace.reader.tip()
    streams = {} if tip is None else workspace.reader.state(tip).streams(REDACTIONS)
    if not streams:
        return lambda logged: logged
    from ccc.domain.redactions import redactions_in, tombstoned  # only where there are any

    redactions = redactions_in(streams)

    def shown(logged: Logged) -> Logged:
        redaction = redactions.get(logged.event.id)
        if redaction is None:
            return logged
        return Logged(tombstoned(logged.event, redaction), logged.commit, redaction)

    return shown
