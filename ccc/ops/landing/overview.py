"""The queues as people look at them: how each entry stands, what it waits for, when it may be through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ccc.domain.sessions import Session
from ccc.domain.speculation import (
    CLASH,
    CONFLICT,
    DECIDES,
    FAILED,
    HELD,
    NEEDS,
    PASSED,
    TESTING,
    WINDOW,
    Standing,
)
from ccc.errors import BadConfig, CccError, GitFailed, NotFound
from ccc.ops.landing import line, running
from ccc.ops.landing.line import Cook, Line
from ccc.ops.landing.queued import entries
from ccc.ops.landing.review import Review, review_of
from ccc.ops.look import Picture, look
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

STALE = "stale"
NAMED = 2
"""Those right ahead that are named; of the others there is a number."""

UNREADABLE = (NotFound, BadConfig, GitFailed)
"""Errors that say that a target, a branch or a configuration is not there or not readable."""

WORDS = {
    NEEDS: "lands after {}",
    WINDOW: "the window is full; behind {}",
    DECIDES: "{} changes what decides, and comes first",
    CONFLICT: "in conflict with {}, which comes first",
    HELD: "it is not done, or its checks have not passed",
}


@dataclass(frozen=True)
class Queued:
    """An entry and how it stands; `eta` in seconds, None where nobody can say. Ids in `standing`."""

    shown: Review
    standing: Standing
    words: str
    window: int
    eta: float | None


def overview(workspace: Workspace) -> list[Queued]:
    """All queues, in their order. Call aside (`peek`): merging leaves objects."""
    picture = look(workspace)
    return [each for one in Cook(workspace).lines(picture) for each in _of_line(workspace, picture, one)]


@dataclass(frozen=True)
class LeftOut:
    """A queued session of which nothing can be said: its target, or what decides there, cannot be read."""

    session: Session
    error: CccError


def left_out(workspace: Workspace, queued: Iterable[Queued] | None = None) -> list[LeftOut]:
    """Those of the queue that cannot be looked at, and why; `queued`: those that could be."""
    picture = look(workspace)
    known = {each.shown.session.id for each in queued or ()}
    found = []
    for identifier in line.order(picture, entries(picture)):
        if identifier not in known:
            try:
                review_of(workspace, picture, picture.of_id(identifier))
            except UNREADABLE as error:
                found.append(LeftOut(picture.of_id(identifier).session, error))
    return found


@dataclass(frozen=True)
class Unqueued:
    """A session that is not in the queue and has a gate: `approve` waits for it, or it is being ended."""

    session: Session
    state: str
    words: str


def unqueued(workspace: Workspace) -> list[Unqueued]:
    """Those whose gates run here, or are to be run, without that they are queued."""
    picture, runs = look(workspace), {each.session for each in running.all_running(workspace.layout)}
    asked = {each for wish in running.wishes(workspace.layout).values() for each in wish}
    queued, found = entries(picture), []
    for session in picture.sessions:
        if session.id in queued or session.landed_head or session.id not in runs | asked:
            continue
        words = "its gate is being ended"
        if session.id in asked:
            does = "its gate runs" if session.id in runs else "waits for its gate"
            words = f"{does}, not queued; git ccc merge --abort {session.name} ends that"
        found.append(Unqueued(session, "testing" if session.id in runs else "waiting", words))
    return found


def _of_line(workspace: Workspace, picture: Picture, line: Line) -> Iterable[Queued]:
    names = {each.id: each.name for each in picture.sessions}
    runs = {each.session for each in running.all_running(workspace.layout)}
    usual, ahead = _usual_seconds(line), 0
    for position, (identifier, standing) in enumerate(line.standings.items(), 1):
        shown = review_of(workspace, picture, picture.of_id(identifier))
        ahead += standing.state == TESTING
        waits = standing.state == TESTING or standing.why == WINDOW
        state = _state(shown, standing, runs=identifier in runs)
        words = _words(shown, standing, names, runs=identifier in runs)
        yield Queued(
            replace(shown, position=position, state=state),
            standing,
            "; ".join((words, *_missing(shown, state))),
            line.window_in(picture.state).size,
            usual * ahead if usual is not None and waits else None,
        )


def _missing(shown: Review, state: str) -> Sequence[str]:
    """Which approvals it lacks still, where a person has said yes to it, or more than one must."""
    if state == STALE:
        return (_again(shown),)
    asked = shown.needed > 1 or bool(shown.consent.given)
    return shown.consent.reasons if asked and shown.only_approval_missing else ()


def _again(shown: Review) -> str:
    """That a person has to say yes once more, and why."""
    return f"waits for approval again: {shown.consent.yeses[-1].why}"


def _usual_seconds(line: Line) -> float | None:
    """How long a gate of this queue takes as a rule, from those that were run."""
    totals = []
    for each in line.changed:
        commands = [run.command for run in line.trials.runs(each).values()]
        gates = max((commands.count(command) for command in set(commands)), default=0)
        if gates:
            totals.append(sum(run.seconds for run in line.trials.runs(each).values()) / gates)
    return sum(totals) / len(totals) if totals else None


def _state(shown: Review, standing: Standing, *, runs: bool) -> str:
    if runs:
        return "testing"
    if standing.state in (CLASH, FAILED) and not shown.overridden:
        return "failed"
    if shown.state in ("approved", "stale", "rejected", "landed"):
        return shown.state
    return "passed" if standing.state == PASSED else "waiting"


def _words(shown: Review, standing: Standing, names: Mapping[str, str], *, runs: bool) -> str:
    """What it waits for, or is blamed for."""
    waits = ", ".join(names.get(each, each[:8]) for each in standing.waits_for)
    if standing.why in WORDS and standing.state != FAILED:
        return WORDS[standing.why].format(waits)
    if runs:
        return "its gate runs" + _on(standing, names)
    if shown.overridden:
        return shown.overridden
    if standing.clashes_with is not None:
        return f"fails together with {names[standing.clashes_with]}, each passes alone"
    if standing.state == FAILED:
        return "in conflict with its target" if standing.why == CONFLICT else "fails by itself"
    if standing.state == PASSED:
        return "tested" + _on(standing, names)
    if standing.state == TESTING:
        return "waits for its gate" + _on(standing, names)
    return "its target fails alone; tried again when that moves"


def _on(standing: Standing, names: Mapping[str, str]) -> str:
    if not standing.ahead:
        return ""
    named = ", ".join(names[each] for each in standing.ahead[-NAMED:])
    more = len(standing.ahead) - NAMED
    return f" on top of {f'{more} more and ' if more > 0 else ''}{named}"
