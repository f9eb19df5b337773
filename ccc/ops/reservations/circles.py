"""Reservations in a circle: each waits for what the next one has, so none of them gets anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ccc.domain import reserving
from ccc.domain.reserving import Hop
from ccc.domain.sessions import Session
from ccc.ids import digest
from ccc.ops.items import Item, item
from ccc.ops.look import Picture
from ccc.ops.reservations.held import open_claims
from ccc.ops.tell import tell
from ccc.ops.workspace import Workspace
from ccc.store.protocol import State

TOPIC = "reservation"
Circle = tuple[Hop, ...]


def told(circle: Circle, names: Mapping[str, str]) -> str:
    """The circle in words."""
    return "; ".join(f"{names[hop.waiter]} waits for {names[hop.holder]} ({hop.path})" for hop in circle)


def circles(state: State) -> list[Circle]:
    """Those that there are now: two clones may have closed one without knowing of each other."""
    return reserving.circles(reserving.standings(open_claims(state)))


def say(workspace: Workspace, sessions: Mapping[str, Session]) -> bool:
    """Tells each session of a circle on this machine, once for each circle; whether anything was said."""
    done = False
    names = {each.id: each.name for each in sessions.values()}
    for circle in circles(workspace.store.state()):
        for hop in circle:
            session = sessions[hop.waiter]
            if session.where == workspace.replica and session.closed is None:
                mark = {"reserved.circle": _key(circle)}
                done |= tell(workspace, session, _words(circle, hop, names), topic=TOPIC, mark=dict(mark))
    return done


def _words(circle: Circle, hop: Hop, names: Mapping[str, str]) -> str:
    wanted = next(each.path for each in circle if each.holder == hop.waiter)
    return (
        f"Your reservation of {hop.path} waits in a circle, so nobody in it gets anywhere: "
        f"{told(circle, names)}.\nGive back what you can do without, for instance: "
        f"git ccc reserve --release {hop.path}\nOr settle it: git ccc send {names[hop.holder]} TEXT\n"
        f"{wanted} is what is waited for of you."
    )


def of_circles(picture: Picture) -> Iterator[Item]:
    """One item for each circle, until one of its claims is given back."""
    sessions = {each.id: each for each in picture.sessions}
    names = {each.id: each.name for each in picture.sessions}
    for circle in circles(picture.state):
        first = circle[0]
        title = f"{' and '.join(names[hop.waiter] for hop in circle)} wait for each other's reservations"
        command = f"git ccc reserve --release {first.path} --session {names[first.waiter]}"
        yield item(
            "conflict",
            sessions[first.waiter],
            _key(circle),
            title=title,
            text=told(circle, names),
            since=max(hop.at for hop in circle),
            command=command,
        )


def _key(circle: Circle) -> str:
    rows = sorted(f"{hop.waiter} {hop.holder} {hop.path} {hop.at}" for hop in circle)
    return digest("sha256", "\n".join(rows).encode("utf-8", "replace"))[:16]
