"""The inbox: everything that waits for a person, as a view of what is recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ccc.domain import landings, targets
from ccc.domain.canonical import Value
from ccc.domain.cells import Cells, values
from ccc.domain.events import Draft
from ccc.domain.sessions import Session
from ccc.domain.stamps import rfc3339
from ccc.domain.status import describe
from ccc.errors import Ambiguous, NotFound, Refused
from ccc.ids import LEAST_PREFIX, short, short_oid
from ccc.ops.actor import actor_of
from ccc.ops.look import Picture, Sighting, look
from ccc.ops.workspace import Workspace

ACKNOWLEDGED = "inbox/acks"
LASTING = frozenset({"approval", "question", "conflict", "failure"})
"""Kinds that stay true until something is done about them; saying "seen" does not end them."""


@dataclass(frozen=True)
class Item:
    """Something that waits for a person; `command` is the exact next command. Times RFC 3339 UTC."""

    id: str
    kind: str
    session: str | None
    title: str
    text: str
    since: str
    command: str
    choices: tuple[str, ...] = ()


def items(workspace: Workspace, picture: Picture) -> tuple[Item, ...]:
    """What waits, oldest first. Runs no merge: conflicts appear in `review` and `merge --plan`."""
    found = [item for sighting in picture.sightings for item in _of_session(picture, sighting)]
    found += _of_targets(picture, workspace.replica)
    seen = values(picture.state.stream(ACKNOWLEDGED))
    return tuple(
        sorted((item for item in found if item.id not in seen), key=lambda item: (item.since, item.id))
    )


def _item(
    kind: str, session: Session | None, key: str, title: str, text: str, since: str, command: str
) -> Item:
    digest = hashlib.sha256("\n".join((kind, session.id if session else "", key)).encode()).hexdigest()
    return Item(digest[:32], kind, session.id if session else None, title, text, since, command)


def _of_session(picture: Picture, sighting: Sighting) -> Iterator[Item]:
    session, view = sighting.session, sighting.view
    if session.closed is not None:
        return
    name = session.name
    if view.status == "waiting" and session.claim is not None:
        title = f"{name} is blocked" if session.claim.state == "blocked" else f"{name} has a question"
        text = session.claim.why or f"said at {short_oid(session.claim.commit)}"
        yield _item(
            "question", session, session.claim.at, title, text, session.claim.at, f"git ccc show {name}"
        )
    if view.status == "lost":
        yield _item(
            "failure",
            session,
            session.head,
            f"{name} is lost",
            _first(sighting),
            view.since,
            f"git ccc close {name}",
        )
    yield from _failures(picture, sighting)
    if view.status in ("verified", "unchecked") and not _approved(picture, session):
        title = f"{name} is {view.status}"
        text = "landing it needs your approval" + ("" if view.status == "verified" else "; it has no checks")
        yield _item("approval", session, session.head, title, text, view.since, f"git ccc merge {name}")


def _first(sighting: Sighting) -> str:
    return sighting.view.evidence[0].what if sighting.view.evidence else ""


def _failures(picture: Picture, sighting: Sighting) -> Iterator[Item]:
    session = sighting.session
    checked = session.verification
    if checked is not None and checked.state == "failed" and checked.commit == session.head:
        if session.claim is not None and session.claim.at < checked.at:
            text = describe(checked.commands[-1]) if checked.commands else ""
            title = f"checks of {session.name} failed at {short_oid(checked.commit)}"
            command = f"git ccc show {session.name} --verification"
            yield _item("failure", session, checked.at, title, text, checked.at, command)
    gate = landings.from_cells(session.id, picture.state.stream(landings.stream_of(session.id))).gate
    if gate is not None and gate.state == "failed" and gate.head == session.head and gate.commands:
        title = f"the gate failed for {session.name}" + (" and on its target alone" if gate.base_red else "")
        text = describe(gate.commands[-1])
        at = gate.commands[-1].at
        yield _item("failure", session, gate.tree, title, text, at, f"git ccc review {session.name}")


def _approved(picture: Picture, session: Session) -> bool:
    """Whether a person said yes to this head; whether the target has moved since is seen at landing."""
    entry = landings.from_cells(session.id, picture.state.stream(landings.stream_of(session.id)))
    return any(approval.head == session.head for approval in entry.approvals)


def _of_targets(picture: Picture, replica: str) -> Iterator[Item]:
    field = f"moved.{replica}"
    for name, cells in picture.state.streams(targets.KIND).items():
        record = values(cells).get(field)
        if isinstance(record, Mapping):
            yield _moved(name.partition("/")[2].replace(":", "/"), record, cells, field)


def _moved(branch: str, record: Mapping[str, Any], cells: Cells, field: str) -> Item:
    old, new = record["old"], record["new"]
    title = f"{branch} was moved outside ccc" if new else f"{branch} is gone"
    text = f"from {short_oid(old)} to {short_oid(new)}" if new else f"it was at {short_oid(old)}"
    forced = ", not forward" if record["forced"] and new else ""
    since = rfc3339(cells[field][0])
    command = (
        f"git log --oneline {short_oid(old)}..{short_oid(new)}"
        if new
        else f"git branch {branch} {short_oid(old)}"
    )
    return _item("message", None, f"{branch}\n{old}\n{new}", title, text + forced, since, command)


def acknowledge(workspace: Workspace, reference: str) -> Item:
    """Marks an item as seen. Raises NotFound, Ambiguous, Refused for one that stays true."""
    workspace.require()
    waiting = items(workspace, look(workspace))
    found = [
        item for item in waiting if len(reference) >= LEAST_PREFIX and item.id.startswith(reference.lower())
    ]
    if not found:
        raise NotFound(f"no item {reference} in the inbox", "git ccc inbox")
    if len(found) > 1:
        raise Ambiguous(f"{reference} fits {len(found)} items", ", ".join(short(item.id) for item in found))
    item = found[0]
    if item.kind in LASTING:
        raise Refused(f"{short(item.id)} stays until something is done about it", item.command)
    by = actor_of(workspace).by
    record: dict[str, Value] = {"by": by}
    draft = Draft(
        "inbox.acknowledged", "ccc", f"seen: {item.title}", {ACKNOWLEDGED: {item.id: record}}, by=by
    )
    workspace.store.transact(lambda _: (draft,))
    return item
