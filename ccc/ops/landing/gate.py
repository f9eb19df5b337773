"""The gate: the target's own commands, run on the exact combined tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ccc.domain import landings, targets
from ccc.domain.canonical import Value
from ccc.domain.gating import concerns
from ccc.domain.landings import RUN, Gate
from ccc.domain.sessions import Command, command_value
from ccc.git.scratch import slot
from ccc.ids import short_oid
from ccc.ops.commands import Order, Watch, passed, run_whole
from ccc.ops.landing.combine import Combined
from ccc.ops.landing.scopes import Scopes
from ccc.ops.policy import paths_at
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.protocol import State

if TYPE_CHECKING:
    from ccc.config.gates import GateCommand

KEPT_RUNS = 48
"""Results that an entry keeps; older ones are run again when they are asked for."""


@dataclass(frozen=True)
class Asked:
    """What the gate asks of a combination: its commands with the keys of their results here, and on the
    target alone; `skipped` are those for other paths or roles.
    """

    commands: tuple[GateCommand, ...]
    keys: tuple[str, ...]
    base_keys: tuple[str, ...]
    skipped: tuple[str, ...]


def asked(workspace: Workspace, combined: Combined, scopes: Scopes | None = None) -> Asked:
    """The gate's commands that apply, from the target's configuration; of a conflict all could."""
    from ccc.config.checks import applicable_commands

    scopes = scopes or Scopes(workspace.git)
    listed = paths_at(workspace.git, combined.base)
    settings = combined.policy.settings
    there = applicable_commands(settings.gate, listed, lambda path: _content(workspace, combined, path))
    base, tree, role = combined.base_tree, combined.tree, combined.session.role
    if tree is None or not there:
        return Asked(there, (), (), ())
    changed = scopes.changed(base, tree) if any(each.paths for each in there) else ()
    mine = tuple(each for each in there if concerns(each.paths, each.roles, changed, role))
    return Asked(
        mine,
        tuple(scopes.key(each, base, tree) for each in mine),
        tuple(scopes.key(each, base) for each in mine),
        tuple(each.run for each in there if each not in mine),
    )


def _content(workspace: Workspace, combined: Combined, path: str) -> bytes | None:
    found = workspace.git.run("cat-file", "blob", f"{combined.base}:{path}", ok=(0, 128))
    return found.out if found.code == 0 else None


def recorded(state: State, combined: Combined, wanted: Asked) -> Gate | None:
    """What is known of this combination from recorded results; None while something must be run."""
    if combined.tree is None:
        return None
    identifier = combined.session.id
    runs = landings.runs_of(state.stream(landings.stream_of(identifier)))
    alone = landings.runs_of(state.stream(targets.stream_of(combined.target)), BASE_RUN)
    return verdict(combined, wanted, runs, alone)


BASE_RUN = f"gate.{RUN}"
"""Fields of a target's stream: what commands came to on the target alone."""

Runs = Mapping[str, Command]


def verdict(combined: Combined, wanted: Asked, runs: Runs, alone: Runs) -> Gate | None:
    """The gate's answer as it follows from what commands came to; None where one of them is missing.

    Who fails is to blame only if the target alone passes, so without that result there is no answer.
    """
    found: list[Command] = []
    for key, base_key in zip(wanted.keys, wanted.base_keys, strict=True):
        run = runs.get(key)
        if run is None:
            return None
        found.append(run)
        if run.exit != 0:
            base = alone.get(base_key)
            return None if base is None else _gate(combined, wanted, found, red=base.exit != 0)
    return _gate(combined, wanted, found, red=False)


def _gate(combined: Combined, wanted: Asked, found: Sequence[Command], *, red: bool) -> Gate:
    assert combined.tree is not None
    state = "none" if not found else "passed" if passed(found) else "failed"
    return Gate(state, combined.base, combined.head, combined.tree, red, tuple(found), wanted.skipped)


def run(workspace: Workspace, combined: Combined, wanted: Asked, watch: Watch) -> tuple[Command, ...]:
    """Runs the gate's commands in order on the combined tree, up to the first that fails.

    All of them, also where some are known: one may need what another made. Raises Ended.
    """
    tree = combined.tree
    assert tree is not None
    label = f"gate-{combined.session.name}-{short_oid(tree)}-{watch.marker[:8]}"
    return _run(workspace, combined, wanted.commands, (tree, combined.base, combined.head), label, watch)


def run_alone(
    workspace: Workspace, combined: Combined, wanted: Asked, count: int, watch: Watch
) -> tuple[Command, ...]:
    """Runs the first `count` commands on the target alone. Raises Ended."""
    label = f"gate-{combined.target.replace('/', '-')}-{short_oid(combined.base)}-{watch.marker[:8]}"
    return _run(workspace, combined, wanted.commands[:count], (combined.base,), label, watch)


def _run(
    workspace: Workspace,
    combined: Combined,
    commands: Sequence[GateCommand],
    what: tuple[str, ...],
    label: str,
    watch: Watch,
) -> tuple[Command, ...]:
    """`what`: a commit, or a tree and the parents it gets."""
    settings, done = combined.policy.settings, list[Command]()
    keep = settings.gate_keep
    with slot(workspace.repository, workspace.layout, what[0], parents=what[1:], keep=keep) as here:
        for number, each in enumerate(commands, 1):
            log = workspace.layout.logs / f"{label}-{number}.log"
            order = Order(each.run, each.timeout, settings.gate_retry)
            done.append(run_whole(workspace, order, here.path, log, watch, here.clean))
            if done[-1].exit != 0:
                break
    return tuple(done)


def fresh_runs(
    state: State, stream: str, field: str, keys: Sequence[str], commands: Sequence[Command]
) -> dict[str, Value]:
    """The change that keeps what commands came to, and drops the oldest of too many."""
    fresh: dict[str, Value] = {
        field + key: command_value(command) for key, command in zip(keys, commands, strict=False)
    }
    old = sorted(
        (stamp, name)
        for name, (stamp, value) in state.stream(stream).items()
        if name.startswith(field) and value is not None and name not in fresh
    )
    over = len(old) + len(fresh) - KEPT_RUNS
    return {**{name: None for _, name in old[: max(over, 0)]}, **fresh}
