"""What gates came to, as facts: results, whom they blame, who is told, who lines up again."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain import landings, targets
from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.landings import RUN, Gate
from ccc.domain.sessions import Command, Session, command_value
from ccc.domain.speculation import CLASH, CONFLICT, FAILED, Job, Standing, Trial
from ccc.domain.status import describe
from ccc.ids import short_oid
from ccc.ops.commands import passed
from ccc.ops.landing.gate import BASE_RUN, fresh_runs, verdict
from ccc.ops.landing.line import WINDOW, Line
from ccc.ops.landing.queued import entries
from ccc.ops.landing.trials import Bench
from ccc.ops.look import Picture
from ccc.ops.tell import tell
from ccc.ops.workspace import Workspace
from ccc.store.protocol import State

Changes = dict[str, dict[str, Value]]


def record(workspace: Workspace, line: Line, job: Job, bench: Bench, commands: Sequence[Command]) -> None:
    """Records what a gate came to."""
    draft = _of_base if job.on_base else _of_trial
    workspace.store.transact(lambda state: (draft(state, line, job.trial, bench, commands),))


def _of_trial(state: State, line: Line, trial: Trial, bench: Bench, commands: Sequence[Command]) -> Draft:
    combined, wanted = bench.combined, bench.wanted
    stream, at = landings.stream_of(trial.entry), targets.stream_of(line.target)
    good = passed(commands)
    own = fresh_runs(state, stream, RUN, wanted.keys, commands)
    changes: Changes = {stream: own}
    if good:
        if trial == Trial(trial.entry, line.standings[trial.entry].ahead):
            own["passed"] = combined.head
        # What passed here passes alone once it has landed.
        keys = [line.kitchen.scopes.key(each, combined.tree or "") for each in wanted.commands]
        changes[at] = {
            **fresh_runs(state, at, BASE_RUN, keys, commands),
            WINDOW: line.window_in(state).after(passed=True).size,
        }
    runs = {**line.trials.runs(trial.entry), **dict(zip(wanted.keys, commands, strict=False))}
    answer = None if trial.ahead or trial.before else verdict(combined, wanted, runs, line.trials.alone)
    if answer is not None:
        own["gate"] = gate_value(answer)
    name = combined.session.name
    more = f" + {len(trial.ahead) - 1} more" if len(trial.ahead) > 1 else ""
    where = f"{more} + {line.sessions[trial.ahead[-1]].name}" if trial.ahead else ""
    outcome = describe(commands[-1])
    on = f" on {line.target}{where}" if trial.ahead else ""
    if trial.before is not None:
        on = f" on {line.target} before {line.picture.of_id(trial.before).session.name} landed"
    flaky: list[Value] = [command.command for command in commands if command.flaky]
    data: dict[str, Value] = {"ahead": list(trial.ahead), "flaky": flaky}
    return Draft(
        type=f"merge.gate-{'passed' if good else 'failed'}",
        subject=line.target,
        text=f"gate {'passed' if good else 'failed'} for {name}{on} (tree {short_oid(combined.tree or '')}): "
        f"{outcome}{_blame(answer, line.target)}",
        session=combined.session.id,
        changes=changes,
        by="ccc",
        data=data,
    )


def _blame(answer: Gate | None, target: str) -> str:
    return f" ({target} fails alone, too)" if answer is not None and answer.base_red else ""


def _of_base(state: State, line: Line, trial: Trial, bench: Bench, commands: Sequence[Command]) -> Draft:
    combined, wanted = bench.combined, bench.wanted
    at, good = targets.stream_of(line.target), passed(commands)
    keys = wanted.base_keys[: len(commands)]
    changes: Changes = {at: fresh_runs(state, at, BASE_RUN, keys, commands)}
    if not good and len(commands) < line.trials.failing(trial, bench) + 1:
        # It fails even before the command that failed with the entry.
        changes[at][BASE_RUN + wanted.base_keys[line.trials.failing(trial, bench)]] = command_value(
            commands[-1]
        )
    alone = {**line.trials.alone, **landings.runs_of({k: ("", v) for k, v in changes[at].items()}, BASE_RUN)}
    answer = verdict(combined, wanted, line.trials.runs(trial.entry), alone)
    if answer is not None:
        changes[landings.stream_of(trial.entry)] = {"gate": gate_value(answer)}
    words = f"gate {'passed' if good else 'failed'} on {line.target} alone at {short_oid(combined.base)}"
    return Draft(
        type=f"target.gate-{'passed' if good else 'failed'}",
        subject=line.target,
        text=f"{words}: {describe(commands[-1])}",
        session=trial.entry,
        changes=changes,
        by="ccc",
        data={"flaky": [command.command for command in commands if command.flaky]},
    )


def gate_value(answer: Gate) -> dict[str, Value]:
    """The gate's answer as recorded."""
    return {
        "state": answer.state,
        "base": answer.base,
        "head": answer.head,
        "tree": answer.tree,
        "base_red": int(answer.base_red),
        "commands": [command_value(command) for command in answer.commands],
    }


def settle(workspace: Workspace, lines: Sequence[Line]) -> bool:
    """Records whom failures blame, each once, and tells the sessions; whether anything was new."""
    new = False
    for line in lines:
        for identifier, standing in line.standings.items():
            if standing.state == CLASH:
                new |= _clash(workspace, line, identifier, standing)
            elif standing.state == FAILED and standing.why != CONFLICT:
                new |= _blamed(workspace, line, identifier)
    return new


def _clash(workspace: Workspace, line: Line, identifier: str, standing: Standing) -> bool:
    """Two of which each passes and both fail: recorded as a conflict of the kind `gate`, both are told."""
    assert standing.clashes_with is not None
    session, other = line.sessions[identifier], line.picture.of_id(standing.clashes_with).session
    has_landed = other.id not in line.sessions
    met = other.landed.head if has_landed and other.landed is not None else other.head
    together = Trial(identifier) if has_landed else Trial(identifier, (*standing.ahead, other.id))
    bench = line.trials.bench(together)
    assert bench is not None
    key = bench.wanted.keys[line.trials.failing(together, bench)]
    failed = line.trials.runs(identifier)[key]
    stream, at = landings.stream_of(identifier), targets.stream_of(line.target)
    value: dict[str, Value] = {
        "with": other.id,
        "head": session.head,
        "other_head": met,
        "why": describe(failed),
    }

    def decide(state: State) -> Sequence[Draft]:
        if state.stream(stream).get("clash", ("", None))[1] == value:
            return ()
        changes: Changes = {
            stream: {"clash": value},
            at: {WINDOW: line.window_in(state).after(passed=False).size},
        }
        text = f"{session.name} and {other.name} fail together, each passes alone: {describe(failed)}"
        return (
            Draft(
                "merge.clashed",
                line.target,
                text,
                changes,
                session=identifier,
                by="ccc",
                data={"kind": "gate", "sessions": [identifier, other.id]},
            ),
        )

    if not workspace.store.transact(decide):
        return False
    first = "has landed" if has_landed else "is before you in the queue"
    _tell(workspace, line.target, session, other, failed, f"It {first}, so you will not land as it is.")
    first = "have landed" if has_landed else "are before it in the queue"
    _tell(workspace, line.target, other, session, failed, f"You {first}, so it will not land as it is.")
    return True


def _tell(workspace: Workspace, target: str, one: Session, two: Session, failed: Command, order: str) -> None:
    words = (
        f"Your work and that of {two.name} do not go together: each passes the gate of {target} alone, both "
        f"together fail: {describe(failed)}\nIts task: {' '.join(two.task.split())}\n"
        f"{order} "
        f"Talk to it (git ccc send {two.name} TEXT), or look at its work: "
        f"git diff {target}...{two.branch}\nLog: {failed.log}"
    )
    mark: dict[str, Value] = {f"clash.{two.id[:8]}": f"{one.head[:12]} {two.head[:12]}"}
    tell(workspace, one, words, topic="gate-conflict", mark=mark)


def _blamed(workspace: Workspace, line: Line, identifier: str) -> bool:
    """Who fails by itself makes the window smaller, once for each head."""
    session = line.sessions[identifier]
    stream, at = landings.stream_of(identifier), targets.stream_of(line.target)

    def decide(state: State) -> Sequence[Draft]:
        if state.stream(stream).get("blamed", ("", None))[1] == session.head:
            return ()
        changes: Changes = {
            stream: {"blamed": session.head},
            at: {WINDOW: line.window_in(state).after(passed=False).size},
        }
        text = f"{session.name} does not pass by itself; who is behind it goes on without it"
        return (Draft("merge.blamed", line.target, text, changes, session=identifier, by="ccc"),)

    return bool(workspace.store.transact(decide))


def line_up_again(workspace: Workspace, picture: Picture) -> None:
    """Who has moved its branch since it was queued lines up again, behind all of its priority."""
    for identifier, entry in entries(picture).items():
        session = picture.of_id(identifier).session
        if entry.head in (None, session.head) or session.where != workspace.replica:
            continue
        _requeue(workspace, session)


def _requeue(workspace: Workspace, session: Session) -> None:
    stream = landings.stream_of(session.id)

    def decide(state: State) -> Sequence[Draft]:
        entry = landings.from_cells(session.id, state.stream(stream))
        if entry.queued_at is None or entry.head == session.head:
            return ()
        record = landings.queued_value(session, session.priority, first=False)
        text = f"{session.name} lines up again: its branch moved to {short_oid(session.head)}"
        return (
            Draft("merge.queued", session.target, text, {stream: {"queued": record}}, session=session.id),
        )

    workspace.store.transact(decide)
