"""The only place that renders jinja2 (65 ms to import, so only what needs it comes here)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from ccc.errors import BadConfig
from ccc.resources import resource_dir

HINT = "git ccc roles check proves every template"
EXPRESSION_ERRORS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What an expression of a template can raise besides jinja2's own errors."""


@cache
def _environment() -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=jinja2.FileSystemLoader(resource_dir("templates")),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["fenced"] = fenced
    return environment


def fenced(text: str, language: str = "") -> str:
    """The text, unchanged, between two lines of more backticks than it has in a row: it cannot end them."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def render_file(name: str, /, **values: object) -> str:
    """A template of `templates/`, with these values. Raises BadConfig."""
    try:
        return _environment().get_template(name).render(values)
    except jinja2.TemplateError as error:
        raise BadConfig(f"templates/{name}: {error.message}") from error


def render_text(text: str, values: Mapping[str, object], *, where: str, line: int = 1) -> str:
    """A template given as text, which begins at `line` of `where`.

    Values are never taken for templates themselves. Raises BadConfig with file and line.
    """
    try:
        rendered = _environment().from_string(text).render(values)
        rendered.encode()  # `{{ "\ud800" }}` cannot be written to any file
    except jinja2.TemplateSyntaxError as error:
        raise BadConfig(f"{where}:{line + error.lineno - 1}: {error.message}", HINT) from error
    except (jinja2.TemplateError, *EXPRESSION_ERRORS) as error:
        raise BadConfig(f"{where}:{line + _line_in(error) - 1}: {error}", HINT) from error
    return rendered


def _line_in(error: BaseException) -> int:
    """The line of the template where rendering stopped, which jinja2 writes into the traceback."""
    found, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            found = trace.tb_lineno
        trace = trace.tb_next
    return found
