"""Letting a session go on beyond a limit: only a person does that, and says how far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from ccc.domain import exhaustion, limits
from ccc.domain.budgets import Amount, typed
from ccc.domain.life import LIMITED, PAUSED
from ccc.domain.messages import Whom
from ccc.domain.sessions import LIMITS, Limits, Session
from ccc.errors import Refused
from ccc.ops import budget_items, budgets, control, shared_budgets
from ccc.ops.actor import require_person_at_keyboard
from ccc.ops.look import Sighting, look
from ccc.ops.workspace import Workspace
from ccc.runs.files import SessionFiles
from ccc.runs.order import Order

RAISED = (
    "A person lets you go on: {words}. What you did before is in this conversation; look at `git status` and"
    " `git log --oneline -5`, then go on with your task."
)


def needs_raising(sighting: Sighting, amounts: Sequence[Amount]) -> bool:
    """Whether going on is about a limit: one is used up, or a person gives more."""
    return sighting.session.exhausted is not None or bool(amounts)


def raise_limits(
    workspace: Workspace, sighting: Sighting, amounts: Sequence[Amount], *, now: bool = False
) -> str:
    """Records that a person lets the session go on, with these limits; in words what it has now.

    A host that lives is told. `now`: past what it has together with others. Raises InsideAgent, Refused where
    what is used up would stay so.
    """
    session = budgets.as_recorded(workspace, sighting.session)
    command = f"git ccc resume {session.name}"
    more = " ".join(_option(each) for each in amounts)
    person = require_person_at_keyboard(workspace, "raising a limit", f"{command} {more}".rstrip())
    _refuse_in_last_turn(sighting, session, command)
    before = _in_force(workspace, sighting)
    used = _used(workspace, sighting)
    after = _raised(before, used, amounts)
    _refuse_too_little(session, after, used, amounts)
    if not now:
        _refuse_for_today(workspace, session, f"{command} {more}".rstrip())
    own = {**_recorded(session), **{each.kind: getattr(after, each.kind) for each in amounts}}
    words = ", ".join(limits.spelt(each.kind, getattr(after, each.kind)) for each in amounts)
    words = f"limit raised to {words}" if amounts else "may go on"
    about = Whom(session.id, session.name)
    workspace.store.transact(lambda _: (exhaustion.raised(about, own if amounts else {}, words, by=person),))
    life = sighting.life
    if life is not None and life.host is not None:
        given = {kind: value for kind, value in asdict(after).items() if value is not None}
        control.tell_limits(workspace, session, given)
    return words


def _refuse_in_last_turn(sighting: Sighting, session: Session, command: str) -> None:
    life, exhausted = sighting.life, session.exhausted
    if exhausted is None or exhausted.state == limits.OVER:
        return
    if life is not None and life.host is not None:
        raise Refused(f"{session.name} hands back just now", f"git ccc wait {session.name}, then {command}")


def is_halted(sighting: Sighting) -> bool:
    """Whether its processes stand still, and a host lets them go on."""
    life = sighting.life
    return life is not None and life.host is not None and (life.phase == PAUSED or bool(life.halted))


def is_parked(sighting: Sighting) -> bool:
    """Whether its host waits for the end of a rate limit or an outage, without a process of the engine."""
    life = sighting.life
    return life is not None and life.host is not None and life.phase == LIMITED and life.agent is None


def wake(workspace: Workspace, session: Session) -> None:
    """Takes up a parked session at once. Raises InsideAgent: its turn at the limit is a person's to spend."""
    require_person_at_keyboard(workspace, "going on before the reset", f"git ccc resume {session.name}")
    control.wake(workspace, session)


def _option(each: Amount) -> str:
    return f"--budget {'+' if each.more else ''}{typed(each.kind, each.value)}"


def _in_force(workspace: Workspace, sighting: Sighting) -> Limits:
    """What its last run here was started with, and what was recorded since."""
    files = SessionFiles.of(workspace.layout, sighting.session.id)
    latest = files.latest()
    order = None if latest is None else Order.read(files.run(latest))
    found = {} if order is None else dict(order.limits)
    return Limits(**{**found, **_recorded(sighting.session)})


def _recorded(session: Session) -> dict[str, int]:
    return {kind: value for kind, value in asdict(session.limits).items() if value is not None}


def _used(workspace: Workspace, sighting: Sighting) -> Limits:
    session = budgets.as_recorded(workspace, sighting.session)
    return limits.used_of(session.spending)


def _raised(before: Limits, used: Limits, amounts: Sequence[Amount]) -> Limits:
    """`+1usd` is one more than the limit, or than what is used where that is beyond it."""
    found = asdict(before)
    for each in amounts:
        base = max(found[each.kind] or 0, getattr(used, each.kind) or 0) if each.more else 0
        found[each.kind] = base + each.value
    return Limits(**{kind: found[kind] for kind in LIMITS})


def _refuse_for_today(workspace: Workspace, session: Session, command: str) -> None:
    """Raises Refused where what it has together with others is used up; `command` is what was tried."""
    why = shared_budgets.used_up(workspace, look(workspace), session)
    if why is not None:
        raised = "or raise it in [limits] of .ccc/config.toml"
        raise Refused(f"{session.name}: {why}", f"{command} --now goes past it; {raised}, or wait")


def _refuse_too_little(session: Session, after: Limits, used: Limits, amounts: Sequence[Amount]) -> None:
    """Raises Refused where a limit would be used up at once; the hint gives more of all of them."""
    full = [each for each in limits.measured(after, used) if each.is_full]
    if full:
        kinds = [each.kind for each in full]
        enough = [_option(each) for each in amounts if each.kind not in kinds]
        more = [budget_items.more(each.kind, each.limit) for each in full]
        command = budget_items.command_for(session, *enough, *more)
        raise Refused(f"{session.name}: {'; '.join(each.why for each in full)}", f"give it more: {command}")
