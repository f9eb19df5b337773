"""The gate: the target's own commands, run on the exact combined tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ccc.domain import landings
from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.landings import Gate
from ccc.domain.sessions import command_value
from ccc.domain.status import describe
from ccc.git.scratch import scratch
from ccc.ids import short_oid
from ccc.ops.commands import Order, passed, run_all
from ccc.ops.landing.combine import Combined
from ccc.ops.policy import paths_at
from ccc.ops.workspace import Workspace
from ccc.store.protocol import State

if TYPE_CHECKING:
    from ccc.config.checks import Check


def gate(workspace: Workspace, combined: Combined) -> Gate:
    """The gate's answer for this base, head and tree: the recorded one, or a fresh run that is recorded."""
    assert combined.tree is not None
    known = recorded(workspace.store.state(), combined)
    if known is not None:
        return known
    answer = _run(workspace, combined)
    if answer.state != "none":
        workspace.store.transact(lambda _: (_draft(combined, answer),))
    return answer


def recorded(state: State, combined: Combined) -> Gate | None:
    """The gate's recorded answer for exactly this combination, if there is one."""
    identifier = combined.session.id
    known = landings.from_cells(identifier, state.stream(landings.stream_of(identifier))).gate
    if known is None or (known.base, known.head, known.tree) != (combined.base, combined.head, combined.tree):
        return None
    return known


def commands_of(workspace: Workspace, combined: Combined) -> Sequence[Check]:
    """The gate's commands that apply, from the target's configuration."""
    from ccc.config.checks import applicable_commands

    listed = paths_at(workspace.git, combined.base)
    return applicable_commands(
        combined.policy.settings.gate, listed, lambda path: _content(workspace, combined, path)
    )


def _content(workspace: Workspace, combined: Combined, path: str) -> bytes | None:
    found = workspace.git.run("cat-file", "blob", f"{combined.base}:{path}", ok=(0, 128))
    return found.out if found.code == 0 else None


def _run(workspace: Workspace, combined: Combined) -> Gate:
    orders = [Order(command.run, command.timeout) for command in commands_of(workspace, combined)]
    tree = combined.tree
    assert tree is not None
    if not orders:
        return Gate("none", combined.base, combined.head, tree, False, ())
    label = f"gate-{combined.session.name}-{short_oid(tree)}"
    parents = (combined.base, combined.head)
    with scratch(workspace.repository, workspace.layout, tree, parents=parents) as folder:
        commands = run_all(workspace, orders, folder, label)
    red = False
    if not passed(commands):
        with scratch(workspace.repository, workspace.layout, combined.base) as folder:
            red = not passed(run_all(workspace, orders[: len(commands)], folder, f"{label}-base"))
    state = "passed" if passed(commands) else "failed"
    return Gate(state, combined.base, combined.head, tree, red, commands)


def _draft(combined: Combined, answer: Gate) -> Draft:
    name = combined.session.name
    outcome = describe(answer.commands[-1]) if answer.commands else ""
    blame = f" ({combined.target} fails alone, too)" if answer.base_red else ""
    record: dict[str, Value] = {
        "state": answer.state,
        "base": answer.base,
        "head": answer.head,
        "tree": answer.tree,
        "base_red": int(answer.base_red),
        "commands": [command_value(command) for command in answer.commands],
    }
    return Draft(
        type=f"merge.gate-{answer.state}",
        subject=combined.target,
        text=f"gate {answer.state} for {name} (tree {short_oid(answer.tree)}): {outcome}{blame}",
        session=combined.session.id,
        changes={landings.stream_of(combined.session.id): {"gate": record}},
        by="ccc",
    )
