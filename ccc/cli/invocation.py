"""What every command is given, and the option that reading commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ccc.cli.call import Invocation as Invocation

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

pass_invocation = click.make_pass_decorator(Invocation)
"""Gives a command the Invocation as its first argument."""


def json_option(command: Decorated) -> Decorated:
    """The `--json` of reading commands, passed as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document")(command)
