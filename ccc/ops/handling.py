"""What people do with running sessions, by reference: start, stop, pause, resume, restart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ccc.domain.budgets import Amount
from ccc.domain.life import Life
from ccc.domain.runs import TO_BE_RESTARTED
from ccc.domain.sessions import Session
from ccc.errors import Refused
from ccc.ops import budgets, control, dependents, places, queueing, raising, starting
from ccc.ops.actor import actor_of
from ccc.ops.close import refuse_agents
from ccc.ops.control import Stopped
from ccc.ops.find import find_all
from ccc.ops.look import Sighting, look
from ccc.ops.policy import starting_policy
from ccc.ops.queueing import Wish
from ccc.ops.reservations import following as reservations
from ccc.ops.workspace import Workspace
from ccc.records import dataclass


@dataclass(frozen=True)
class Handled:
    """A session, what was done with it in one word, and what else is worth saying."""

    session: Session
    what: str
    remark: str = ""


def start(
    workspace: Workspace,
    references: Sequence[str],
    *,
    engine: str | None = None,
    fresh: bool = False,
    now: bool = False,
    first: bool = False,
) -> list[Handled]:
    """Starts agents, or queues them where there is no room; `now`: despite the limits.

    `first`: before all others; so is whom a person starts that is in the queue already.
    Raises what `queueing.begin` raises; sessions before the failing one are started.
    """
    workspace.require()
    done = []
    for session in _sessions(workspace, references):
        starting.refuse_unstartable(workspace, session)
        chosen, wished = session, fresh
        if engine is not None or session.engine is None:
            policy = starting_policy(workspace, session.target)
            reference = starting.engine_for(workspace, policy, session, engine)
            chosen = replace(session, engine=reference)
            wished = fresh or reference != session.engine
        again = session.run.status == "queued" and actor_of(workspace).agent is None
        mode = queueing.FRESH if wished and session.conversation is not None else ""
        other = chosen.engine if chosen is not session else None
        wish = Wish(mode, engine=other, first=first or again, now=now)
        begun = queueing.begin(workspace, session, wish)
        if begun.run is None:
            done.append(Handled(session, "queued", begun.why))
            continue
        taken_up = not wished and starting.can_resume(workspace, session)
        done.append(
            Handled(session, "resumed" if taken_up else "started", f"run {begun.run}, {chosen.engine}")
        )
    return done


def stop(
    workspace: Workspace, references: Sequence[str], *, why: str = "", grace: float = 5.0
) -> list[Handled]:
    """Ends agents and all they started; without references every one that runs here.

    Raises Refused for a named session in which nothing runs.
    """
    workspace.require()
    if references:
        stopped = _stop_some(workspace, references, why=why, grace=grace)
    else:
        stopped = _stop_all(workspace, why=why, grace=grace)
    dependents.follow(workspace)
    reservations.follow(workspace)
    return stopped


def _stop_some(workspace: Workspace, references: Sequence[str], *, why: str, grace: float) -> list[Handled]:
    chosen = _sessions(workspace, references)
    for session in chosen:
        refuse_agents(workspace, session, "stop")
    waiting = queueing.withdraw(workspace, chosen, why)
    done = [Handled(session, "stopped", "it was in the queue") for session in waiting]
    others = [session for session in chosen if session not in waiting]
    return done + [_handled(control.stop(workspace, each, why=why, grace=grace)) for each in others]


def _handled(stopped: Stopped) -> Handled:
    idle = "it was idle" if stopped.before == "idle" else ""
    return Handled(stopped.session, "stopped", "; ".join(words for words in (idle, stopped.missing) if words))


WAS_PARKED = "it was parked"

ROUNDS = 5
"""Looks of `stop --all`: a start that was under way may end up as an agent that lives."""


def _stop_all(workspace: Workspace, *, why: str, grace: float) -> list[Handled]:
    """First the queue, so that nobody takes the place of who is stopped; then whoever runs."""
    sightings = look(workspace).sightings
    waiting = [each.session for each in sightings if queueing.is_waiting(workspace, each)]
    running = [each.session for each in sightings if _may_run(each.life)]
    for session in [*waiting, *running]:
        refuse_agents(workspace, session, "stop")
    taken = queueing.withdraw(workspace, waiting, why) if waiting else []
    done = [Handled(session, "stopped", "it was in the queue") for session in taken]
    for _ in range(ROUNDS):
        done += map(_handled, control.stop_all(workspace, running, why=why, grace=grace))
        running = [each.session for each in look(workspace).sightings if _may_run(each.life)]
        if not running:
            break
    return done


def pause(workspace: Workspace, references: Sequence[str]) -> list[Handled]:
    """Halts agents where they stand. Raises Refused where nothing runs."""
    workspace.require()
    done = []
    for session in _sessions(workspace, references):
        refuse_agents(workspace, session, "pause")
        control.pause(workspace, session)
        done.append(Handled(session, "paused"))
    return done


def resume(
    workspace: Workspace, references: Sequence[str], *, amounts: Sequence[Amount] = (), now: bool = False
) -> list[Handled]:
    """Lets paused sessions go on, and starts those whose agent is gone; `amounts` raise their limits.

    `now`: despite the limits of what may run at once.
    Raises Refused for a running one, InsideAgent where a limit is used up or to be raised by an agent.
    """
    workspace.require()
    done = []
    for sighting in _sightings(workspace, references):
        session, life = sighting.session, sighting.life
        raised = ""
        if raising.needs_raising(sighting, amounts):
            raised = raising.raise_limits(workspace, sighting, amounts, now=now)
        if raising.is_halted(sighting):
            control.carry_on(workspace, session)
            done.append(Handled(session, "resumed", raised or _woken(workspace, session)))
            continue
        if is_alive(life) and raised:
            done.append(Handled(session, "raised", raised))
            continue
        if raising.is_parked(sighting):
            raising.wake(workspace, session)
            done.append(Handled(session, "resumed", WAS_PARKED))
            continue
        broken = places.repair_of(workspace, session, sighting.view)
        if broken is not None:
            raise Refused(f"{session.name} cannot go on: {broken[0]}", broken[1])
        if is_alive(life):
            raise Refused(f"{session.name} is {sighting.view.status}", f"git ccc output {session.name} -f")
        clear_away(workspace, sighting)
        if raised:
            wish = Wish(prompt=raising.RAISED.format(words=raised), now=now)
            begun = queueing.begin(workspace, session, wish)
            if begun.run is None:
                done.append(Handled(session, "queued", f"{raised}; {begun.why}"))
            else:
                done.append(Handled(session, "resumed", f"run {begun.run}, {raised}"))
        else:
            done += start(workspace, [session.id], now=now)
    return done


def _woken(workspace: Workspace, session: Session) -> str:
    """One that was paused while it was parked goes on at once for a person; for an agent it stays parked."""
    sighting = look(workspace).of(session)
    if not raising.is_parked(sighting):
        return ""
    if actor_of(workspace).agent is not None:
        return "it is parked"
    raising.wake(workspace, session)
    return WAS_PARKED


def restart(
    workspace: Workspace, references: Sequence[str], *, fresh: bool = False, now: bool = False
) -> list[Handled]:
    """Stops those that run and starts all of them again; whoever ran comes before all that wait."""
    workspace.require()
    done = []
    for sighting in _sightings(workspace, references):
        ran = is_alive(sighting.life)
        if is_alive(sighting.life):
            refuse_agents(workspace, sighting.session, "restart")
            control.stop(workspace, sighting.session, why=TO_BE_RESTARTED)
        else:
            clear_away(workspace, sighting)
        again = start(workspace, [sighting.session.id], fresh=fresh, now=now, first=ran)
        done += [replace(each, what="restarted") if each.what != "queued" else each for each in again]
    return done


def clear_away(workspace: Workspace, sighting: Sighting) -> None:
    """Ends what a run without host left running, before another one begins."""
    life = sighting.life
    if life is not None and life.ending is None and life.host is None:
        control.bury(workspace, sighting.session, life, budgets.ending_of(sighting.session, life))


def _may_run(life: Life | None) -> bool:
    """Whether a host works for the session, or it was killed and will be back."""
    return life is not None and (life.host is not None or life.unattended)


def is_alive(life: Life | None) -> bool:
    """Whether a host works for the session now."""
    return life is not None and life.host is not None


def _sightings(workspace: Workspace, references: Sequence[str]) -> list[Sighting]:
    picture = look(workspace)
    return [picture.of(session) for session in find_all(references, picture.sessions)]


def _sessions(workspace: Workspace, references: Sequence[str]) -> list[Session]:
    return [sighting.session for sighting in _sightings(workspace, references)]
