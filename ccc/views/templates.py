"""The only place that renders jinja2 (65 ms to import, so only what needs it comes here)."""

from __future__ import annotations

from functools import cache

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from ccc.errors import BadConfig
from ccc.resources import resource_dir


@cache
def _environment() -> SandboxedEnvironment:
    return SandboxedEnvironment(
        loader=jinja2.FileSystemLoader(resource_dir("templates")),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render_file(name: str, /, **values: object) -> str:
    """A template of `templates/`, with these values. Raises BadConfig."""
    try:
        return _environment().get_template(name).render(values)
    except jinja2.TemplateError as error:
        raise BadConfig(f"templates/{name}: {error.message}") from error


def render_text(text: str, /, **values: object) -> str:
    """A template given as text; values are never taken for templates themselves. Raises BadConfig."""
    try:
        return _environment().from_string(text).render(values)
    except jinja2.TemplateSyntaxError as error:
        raise BadConfig(f"template line {error.lineno}: {error.message}") from error
    except jinja2.TemplateError as error:
        raise BadConfig(f"template: {error.message}") from error
