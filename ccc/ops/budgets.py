"""Limits of sessions: which hold, what is used of them, and that nothing starts beyond them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ccc.domain.exhaustion import WARNED
from ccc.domain.life import PAUSED, Ending, Life
from ccc.domain.limits import BEGUN, DUE
from ccc.domain.sessions import LIMITS, Limits, Session, from_cells, stream_of
from ccc.errors import Refused
from ccc.ops import budget_items, control
from ccc.ops.configured import configured, stricter
from ccc.ops.policy import Policy
from ccc.ops.workspace import Workspace

if TYPE_CHECKING:
    from ccc.config.roles import Role


def in_force(workspace: Workspace, session: Session, role: Role, policy: Policy) -> dict[str, int]:
    """The limits of a session: its own, else its role's, else the configured ones; of each kind."""
    return usual(workspace, session.target, role, policy) | given(session.limits)


def usual(workspace: Workspace, target: str, role: Role, policy: Policy) -> dict[str, int]:
    """What a session of a role may use when nobody says anything else."""
    found = given(stricter([each.session.limits() for each in configured(workspace, target)]))
    timeout = int(role.front.timeout or policy.settings.session.timeout or 0)
    if timeout:
        found["seconds"] = min(timeout, found.get("seconds", timeout))
    return found | given(role.front.limits())


def shared_with_others(workspace: Workspace, session: Session) -> Limits:
    """The least of each kind that a session has together with others."""
    known = configured(workspace, session.target)
    of_role = [each.role[session.role] for each in known if session.role in each.role]
    found = [*of_role, *(each.person for each in known), *(each.day for each in known)]
    return stricter([each.limits() for each in found])


def bounded(wanted: Limits, most: Mapping[str, int]) -> Limits:
    """What an agent may give to a session that it spawns: no more of a kind than is usual."""
    return Limits(**{kind: min(value, most.get(kind, value)) for kind, value in given(wanted).items()})


def given(limits: Limits) -> dict[str, int]:
    """Those that there are, by the fields of Limits."""
    return {kind: value for kind in LIMITS if (value := getattr(limits, kind))}


def spent_by(session: Session) -> dict[str, int]:
    """What all runs of a session have used of what adds up."""
    spending = session.spending
    found = {
        "input": spending.input,
        "output": spending.output,
        "micro_usd": spending.micro_usd,
        "seconds": spending.seconds,
    }
    return {name: value for name, value in found.items() if value is not None}


def warned(workspace: Workspace, session: Session) -> dict[str, int]:
    """For which limits the agent has got its word."""
    cells = workspace.reader.state().stream(stream_of(session.id))
    found = {name.removeprefix(WARNED): cells[name][1] for name in cells if name.startswith(WARNED)}
    return {name: value for name, value in found.items() if isinstance(value, int)}


def to_hand_back(session: Session) -> dict[str, str]:
    """Why a run is started for the last turn alone."""
    exhausted = session.exhausted
    return {} if exhausted is None else {"what": exhausted.what, "why": exhausted.why}


def refuse_exhausted(workspace: Workspace, session: Session, *, hand_back: bool = False) -> None:
    """Raises Refused for a session that has used up a limit: only a person lets it go on.

    With `hand_back` unless it owes its last turn.
    """
    now = as_recorded(workspace, session)
    if hand_back and not owes_hand_back(now):
        raise Refused(f"{session.name} has handed back already", f"git ccc show {session.name}")
    if now.exhausted is not None and not hand_back:
        command = budget_items.command(now, today=workspace.now()[:10])
        raise Refused(f"{session.name} waits for a person: {now.exhausted.why}", command)


def owes_hand_back(session: Session) -> bool:
    """Whether its agent was to hand back and its host died before that began."""
    return session.exhausted is not None and session.exhausted.state == DUE


def ending_of(session: Session, found: Life) -> Ending:
    """How a run ended whose host is gone: lost, unless a person was to decide anyway."""
    if session.exhausted is None:
        return control.lost(found)
    begun = session.exhausted.state == BEGUN
    remark = "; its host was gone in the hand-back" if begun else ""
    return Ending(PAUSED, session.exhausted.why + remark, found.beat)


def as_recorded(workspace: Workspace, session: Session) -> Session:
    """The session as it is recorded now: whoever hands one over may have looked a while ago."""
    return from_cells(session.id, workspace.reader.state().stream(stream_of(session.id))) or session
