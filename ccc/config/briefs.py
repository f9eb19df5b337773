"""What a session is told: its brief and its system prompt, rendered from the role."""

from __future__ import annotations

from collections.abc import Mapping

from ccc.config.roles import Role
from ccc.templating import render_file, render_text

TEMPLATE = "brief.md.j2"
WORKING = "partials/working.md.j2"
VALUES = (
    *("session", "name", "alias", "role", "task", "branch"),
    *("target", "base", "worktree", "ports", "parent", "report"),
)
"""What every template may name; `ports` (a number) and `parent` (an id) are None where there are none."""


def render(role: Role, values: Mapping[str, object]) -> str:
    """The brief; the task stands in it verbatim, whatever it contains. Raises BadConfig."""
    front = role.front
    given = {
        **values,
        "description": front.description,
        "paths": front.paths,
        "checks": role.checks,
        "may_spawn": front.may_spawn,
        "instructions": _instructions(role, values),
    }
    if front.brief is not None:
        return render_text(front.brief, given, where=role.where, line=role.brief_line)
    return render_file(TEMPLATE, **given)


def system_prompt(role: Role, values: Mapping[str, object]) -> str:
    """The system prompt an agent of this role is started with. Raises BadConfig."""
    return _instructions(role, values) + "\n" + render_file(WORKING, **values)


def _instructions(role: Role, values: Mapping[str, object]) -> str:
    return render_text(role.instructions, values, where=role.where, line=role.line)
