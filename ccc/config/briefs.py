"""What a session is told: its brief and its system prompt, rendered from the role."""

from __future__ import annotations

from collections.abc import Mapping

from ccc.config.roles import Role
from ccc.views.templates import render_file, render_text

TEMPLATE = "brief.md.j2"


def render(role: Role, values: Mapping[str, object]) -> str:
    """The brief; the task stands in it verbatim, whatever it contains."""
    about = {"description": role.front.description, "paths": role.front.paths, "checks": role.checks}
    given = {**values, **about, "instructions": render_text(role.instructions, **values)}
    if role.front.brief is not None:
        return render_text(role.front.brief, **given)
    return render_file(TEMPLATE, **given)


def system_prompt(role: Role, values: Mapping[str, object]) -> str:
    """The system prompt an agent of this role is started with."""
    return render_text(role.instructions, **values) + "\n" + render_file("partials/working.md.j2", **values)
