"""What all sessions of a role, of a person, of the repository may use in one day (UTC), together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ccc.domain import spending
from ccc.domain.limits import Reached, measured
from ccc.domain.sessions import KIND, WORKED, Limits, Session
from ccc.ops import control
from ccc.ops.configured import configured, stricter
from ccc.ops.look import Picture, Sighting
from ccc.ops.tell import tell
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.runs.files import SessionFiles
from ccc.runs.order import Order

if TYPE_CHECKING:
    from ccc.config.model import Limits as Configured

NEAR_TEXT = (
    "{percent} % of what {whom} may use today are used: {used} of {limit}. Commit what is whole now; at 100 %"
    " you get one last short turn to hand back, then a person decides."
)


@dataclass(frozen=True)
class Share:
    """A limit that several sessions have together: `scope` is `day`, `role` or `person`, `whom` in words."""

    scope: str
    whom: str
    limits: Limits


def shares(session: Session, person: str | None, known: Sequence[Configured]) -> Iterator[Share]:
    """The limits that a session has together with others; none where nothing is limited."""
    of_role = [each.role[session.role].limits() for each in known if session.role in each.role]
    found = [
        Share("role", f"role {session.role}", stricter(of_role)),
        Share("person", person or "this person", stricter([each.person.limits() for each in known])),
        Share("day", "this repository", stricter([each.day.limits() for each in known])),
    ]
    return (each for each in found if each.limits != Limits())


def used_up(workspace: Workspace, picture: Picture, session: Session) -> str | None:
    """Which limit that a session has together with others is used up for today; None where none is."""
    known = configured(workspace, session.target)
    if not any(True for _ in shares(session, None, known)):
        return None
    ledger = _Ledger(picture, session)
    for share in shares(session, ledger.person(session), known):
        for each in measured(share.limits, ledger.used(share, session)):
            if each.is_full:
                return _words(share, each)
    return None


def _words(share: Share, full: Reached) -> str:
    return f"what {share.whom} may use today is used up: {_spent(full)}, until 00:00 UTC"


def _for_the_record(share: Share, full: Reached) -> str:
    """The same as it stays true tomorrow, and when a person has raised the limit."""
    return f"what {share.whom} may use a day was used up on {today()}: {_spent(full)}"


def _spent(full: Reached) -> str:
    return f"{full.why.rpartition(': ')[2]} of {full.words.removeprefix('its budget of ')}"


def enforce(workspace: Workspace, picture: Picture) -> bool:
    """Tells agents at work that a common limit is near, and has them hand back where it is used up."""
    done = False
    for sighting in picture.sightings:
        session, life = sighting.session, sighting.life
        if life is None or life.host is None or life.ending is not None or session.exhausted is not None:
            continue
        if _is_shared(workspace, sighting):
            done |= _mind(workspace, picture, session)
    return done


def _is_shared(workspace: Workspace, sighting: Sighting) -> bool:
    assert sighting.life is not None
    files = SessionFiles.of(workspace.layout, sighting.session.id)
    order = Order.read(files.run(sighting.life.run))
    return order is not None and order.shared and order.beyond != today()


def _mind(workspace: Workspace, picture: Picture, session: Session) -> bool:
    ledger = _Ledger(picture, session)
    told = False
    for share in shares(session, ledger.person(session), configured(workspace, session.target)):
        for each in measured(share.limits, ledger.used(share, session)):
            if each.is_full:
                control.exhaust(workspace, session, share.scope, _for_the_record(share, each))
                return False
            if each.percent >= 80:
                told |= _warn(workspace, session, share, each)
    return told


def _warn(workspace: Workspace, session: Session, share: Share, near: Reached) -> bool:
    """Once a day and limit."""
    mark = {f"near.{share.scope}.{near.kind}": f"{today()} {near.limit}"}
    used, limit = near.why.rpartition(": ")[2], near.words.removeprefix("its budget of ")
    text = NEAR_TEXT.format(percent=near.percent, whom=share.whom, used=used, limit=limit)
    return tell(workspace, session, text, topic=f"budget-{share.scope}", mark=mark)


def today() -> str:
    """The present day, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%d")


class _Ledger:
    """What was used today: as recorded, and what living hosts have not recorded yet."""

    def __init__(self, picture: Picture, session: Session) -> None:
        self._picture = picture
        everyone = picture.sessions
        if all(each.id != session.id for each in everyone):
            everyone = [*everyone, session]
        self._people = spending.people_of({each.id: each.created_by for each in everyone})
        self._pieces = spending.since(spending.pieces(everyone, self._people), today())

    def person(self, session: Session) -> str | None:
        """Who began a session, or what began it."""
        return self._people.get(session.id)

    def used(self, share: Share, session: Session) -> Limits:
        """What all those that share it have used today."""
        person = self.person(session)
        mine = [
            each
            for each in self._picture.sightings
            if (share.scope != "role" or each.session.role == session.role)
            and (share.scope != "person" or self._people.get(each.session.id) == person)
        ]
        ids = {each.session.id for each in mine}
        amount = spending.total(piece for piece in self._pieces if piece.session in ids)
        tokens, micro_usd = amount.tokens, amount.micro_usd or 0
        for each in mine:
            more = _unrecorded(each)
            tokens, micro_usd = tokens + more.get("tokens", 0), micro_usd + more.get("micro_usd", 0)
        seconds = sum(self._worked(each.session) for each in mine) if share.limits.seconds else 0
        return Limits(seconds, tokens, micro_usd)

    def _worked(self, session: Session) -> int:
        cells = self._picture.state.stream(f"{KIND}/{session.id}")
        found = [cells[name][1] for name in cells if name.startswith(WORKED) and name.endswith(f".{today()}")]
        return sum(value for value in found if isinstance(value, int))


def _unrecorded(sighting: Sighting) -> Mapping[str, int]:
    """What a living host counts beyond what is recorded of its session."""
    life, recorded = sighting.life, sighting.session.spending
    if life is None or life.host is None or life.ending is not None:
        return {}
    known = {
        "tokens": (recorded.input or 0) + (recorded.output or 0),
        "micro_usd": recorded.micro_usd or 0,
    }
    return {kind: max(0, life.used.get(kind, 0) - value) for kind, value in known.items()}
