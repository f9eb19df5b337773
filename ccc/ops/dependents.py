"""Sessions that wait for others (`--after`): what is said of them, and what is recorded when that changes."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence

from ccc.domain import sessions
from ccc.domain.canonical import Value
from ccc.domain.depending import FAILED, OPEN, PROVEN, Edge, Node, Verdict, suspended, verdicts
from ccc.domain.events import Draft
from ccc.domain.sessions import Session, from_cells
from ccc.domain.status import DONE
from ccc.domain.status import FAILED as FAILED_STATUSES
from ccc.errors import StoreBusy
from ccc.ops.look import Picture, Sighting, look
from ccc.ops.workspace import Workspace
from ccc.store.protocol import State

READY: Verdict = Verdict()
CONFLICT = "what it builds on conflicts"
"""How the reason begins of who is blocked by a conflict between those it waits for."""


def has_begun(session: Session) -> bool:
    """Whether its agent ever spoke; from then on nothing it was to wait for holds it back."""
    return session.conversation is not None


def waits(session: Session) -> bool:
    """Whether it is held back until others are proven."""
    return bool(session.after) and not has_begun(session) and session.closed is None


def goes_on_by_hand(session: Session) -> bool:
    """Whether a person works there already, on what it was to build on or without it."""
    return session.run.status == "running" or (session.run.status == "created" and bool(session.grounds))


def nodes_of(picture: Picture) -> list[Node]:
    """Every session as far as others depend on it."""
    return [_node(sighting) for sighting in picture.sightings]


def _node(sighting: Sighting) -> Node:
    session = sighting.session
    state, why = _standing(sighting)
    at = session.after_at or session.created_at
    return Node(session.id, session.name, session.after, at, state, why)


def _standing(sighting: Sighting) -> tuple[str, str]:
    """PROVEN, FAILED with the reason, or OPEN.

    Closed without a landing is failed: its work was put aside. Blocked by others is open: those are the
    reason.
    """
    session, status = sighting.session, sighting.view.status
    name = session.name
    if session.closed is not None:
        landed = session.closed.before == "completed" or session.landed_head
        return (PROVEN, "") if landed else (FAILED, f"{name} was closed without landing")
    if status in DONE:
        return PROVEN, ""
    if status == "blocked" and waits(session):
        return (FAILED, f"{name} cannot begin: {session.run.why}") if session.stuck else (OPEN, "")
    if status in FAILED_STATUSES:
        return FAILED, f"{name} {'failed' if status == 'failed' else f'is {status}'}"
    return OPEN, ""


def failure_of(sighting: Sighting) -> str:
    """Why those after a session wait in vain; empty where they do not."""
    return _standing(sighting)[1]


def look_at(picture: Picture) -> Mapping[str, Verdict]:
    """What `--after` says of each session that it holds back; the others are not in it."""
    if not any(waits(session) for session in picture.sessions):
        return {}
    held = {session.id for session in picture.sessions if waits(session)}
    return {key: verdict for key, verdict in verdicts(nodes_of(picture)).items() if key in held}


def awaited(picture: Picture, identifiers: Collection[str]) -> Mapping[str, frozenset[str]]:
    """By each of these that is held back: all it waits for, through others too, that are not proven yet."""
    held = [
        session
        for session in picture.sessions
        if session.id in identifiers and waits(session) and not goes_on_by_hand(session)
    ]
    if not held:
        return {}
    missing = {node.id: node.after for node in nodes_of(picture) if node.state != PROVEN}
    left = left_out(picture)
    found = {}
    for session in held:
        known: set[str] = set()
        ahead = [(session.id, each) for each in session.after]
        while ahead:
            edge = ahead.pop()
            if edge[1] in missing and edge[1] not in known and edge not in left:
                known.add(edge[1])
                ahead += [(edge[1], each) for each in missing[edge[1]]]
        found[session.id] = frozenset(known - {session.id})
    return found


def left_out(picture: Picture) -> frozenset[Edge]:
    """The waits that do not count because they close a circle: (who waits, for whom)."""
    return suspended(nodes_of(picture))


def update(workspace: Workspace, picture: Picture) -> bool:
    """Records who is blocked now, and who no longer is; whether anything changed."""
    changed = False
    said = look_at(picture)
    for session in picture.sessions:
        verdict = said.get(session.id)
        if verdict is not None and session.where == workspace.replica:
            wanted = _wanted(session, verdict, key_of(picture, session))
            changed |= _record(workspace, session, wanted)
    return changed


def follow(workspace: Workspace) -> None:
    """The same for whoever has just ended, closed or brought back a session: what is shown next is true."""
    with contextlib.suppress(OSError, StoreBusy):  # what was done is done; a drain records this later
        update(workspace, look(workspace))


def would_record(picture: Picture, session: Session, verdict: Verdict) -> bool:
    """Whether a session is to be called blocked, or no longer so, and is not yet."""
    return _wanted(session, verdict, key_of(picture, session)) is not None


def key_of(picture: Picture, session: Session) -> str:
    """What tells this set of commits to build on from the next one."""
    by_id = {each.id: each for each in picture.sessions}
    return " ".join(by_id[each].head for each in session.after if each in by_id)


def _record(workspace: Workspace, session: Session, wanted: tuple[str, str] | None) -> bool:
    if wanted is None:
        return False
    status, why = wanted

    def decide(state: State) -> Sequence[Draft]:
        now = from_cells(session.id, state.stream(sessions.stream_of(session.id)))
        if now is None or (now.run, now.closed) != (session.run, None):
            return ()
        return (_fact(session, status, why),)

    return bool(workspace.store.transact(decide))


def _wanted(session: Session, verdict: Verdict, key: str) -> tuple[str, str] | None:
    """The status and reason to record, None where it is recorded already.

    Who is stuck on a conflict stays so until what it builds on, `key`, is another.
    """
    status, why = session.run.status, session.run.why
    if verdict.roots and status in ("queued", "blocked"):
        return None if (status, why) == ("blocked", verdict.words) else ("blocked", verdict.words)
    if status == "blocked" and (session.stuck is None or session.stuck != key):
        return "queued", verdict.words if verdict.waits else "what it waited for is done"
    return None


def _fact(session: Session, status: str, why: str, stuck: str | None = None) -> Draft:
    record: dict[str, Value] = {"status": status, "why": why}
    change: dict[str, Value] = {f"run.{session.run.number}": record}
    if stuck != session.stuck:
        change["stuck"] = stuck
    changes = {sessions.stream_of(session.id): change}
    text = f"{'blocked' if status == 'blocked' else 'queued again'}: {why}"
    return Draft(f"session.{status}", session.name, text, changes, session=session.id, by="ccc")


def block(workspace: Workspace, session: Session, why: str) -> None:
    """Records that a session cannot begin, because the commits that it would build on now conflict."""
    key = key_of(look(workspace), session)
    workspace.store.transact(lambda _: (_fact(session, "blocked", why, key),))
