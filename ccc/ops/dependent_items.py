"""What waits for a person because sessions wait for others: who cannot begin, and why; circles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ccc.domain import capacity
from ccc.domain.depending import Verdict
from ccc.domain.sessions import Session
from ccc.ops import dependents
from ccc.ops.items import Item, item
from ccc.ops.look import Picture


def of_dependents(picture: Picture) -> Iterator[Item]:
    """One item for each root of a failure, naming all who cannot begin; one for each conflict and circle."""
    said = dependents.look_at(picture)
    if said:
        yield from _in_vain(picture, said)
        yield from _conflicts(picture)
        yield from _circles(picture)


def _in_vain(picture: Picture, said: Mapping[str, Verdict]) -> Iterator[Item]:
    by_id = {session.id: session for session in picture.sessions}
    kept: dict[str, list[Session]] = {}
    for identifier, verdict in said.items():
        if dependents.goes_on_by_hand(by_id[identifier]):
            continue
        for root in verdict.causes:
            kept.setdefault(root, []).append(by_id[identifier])
    for root, held in kept.items():
        first = by_id.get(root)
        if first is None:
            continue
        title, text = _words(first, held, dependents.failure_of(picture.of_id(root)))
        verb = "undo" if first.closed is not None else "resume" if first.conversation else "start"
        yield item(
            "failure",
            first,
            f"held\n{first.run.number}",
            title=title,
            text=text,
            since=max(session.run.at for session in held),
            command=f"git ccc {verb} {first.name}",
        )


def _words(first: Session, held: Sequence[Session], why: str) -> tuple[str, str]:
    """The title, and what happens once the root of it is mended: by itself only to those that are started."""
    agents = [session.name for session in held if session.run.status != "created"]
    names = capacity.listed([session.name for session in held if session.run.status == "created"])
    mended = f"once {first.name} is verified, unchecked or landed"
    if not agents:
        moves = f"made with --no-start, so not by itself: {mended}, git ccc start ID begins there"
        return f"no work to build on for {names}: {why}", moves
    text = f"they begin by themselves {mended}"
    if names:
        text += f"; made with --no-start, so not by itself: {names}"
    return f"{capacity.listed(agents)} cannot begin: {why}", text


def _conflicts(picture: Picture) -> Iterator[Item]:
    for session in picture.sessions:
        if session.stuck is None or session.run.status != "blocked" or not dependents.waits(session):
            continue
        title = f"{session.name} cannot begin: what it builds on conflicts"
        command = f"git ccc show {session.name}"
        why = session.run.why
        yield item(
            "conflict", session, session.stuck, title=title, text=why, since=session.run.at, command=command
        )


def _circles(picture: Picture) -> Iterator[Item]:
    by_id = {session.id: session for session in picture.sessions}
    for waiting, awaited in sorted(dependents.left_out(picture)):
        session = by_id[waiting]
        if not dependents.waits(session):
            continue
        other = by_id[awaited].name if awaited in by_id else awaited[:8]
        title = f"{session.name} waits for itself through {other}"
        text = f"its wait for {other} is the youngest of the circle and does not count"
        command = f"git ccc show {session.name}"
        yield item(
            "message", session, awaited, title=title, text=text, since=session.created_at, command=command
        )
