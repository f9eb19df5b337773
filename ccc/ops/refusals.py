"""Decisions that an agent tried to take: refused, and on record."""

from __future__ import annotations

from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.errors import InsideAgent
from ccc.ops.workspace import Workspace
from ccc.store import journal

REFUSED = "decision.refused"


def refusal(
    workspace: Workspace, message: str, hint: str, *, session: str | None, by: str | None, agent: str | None
) -> InsideAgent:
    """The error to raise; that it was raised is noted in the journal, without waiting for anybody.

    `agent` says why the caller counts as an agent. Where nothing can be written, the refusal stands all
    the same.
    """
    error = InsideAgent(message, hint)
    if not workspace.initialised:
        return error
    data: dict[str, Value] = {"agent": agent, "hint": hint}
    draft = Draft(REFUSED, "ccc", f"refused: {message}", session=session, by=by, data=data)
    try:
        journal.write(workspace.layout, draft)
    except (OSError, ValueError) as trouble:  # ValueError: a path in the hint that is not UTF-8
        error.add_note(f"not recorded: {trouble}")
    return error
