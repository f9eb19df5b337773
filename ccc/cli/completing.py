"""What a shell may put where the cursor stands: click finds the place, the repository knows the values."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from pathlib import Path

import click
from click.shell_completion import CompletionItem, ShellComplete

from ccc.cli.commands import COMMANDS
from ccc.cli.group import LazyGroup
from ccc.errors import CccError
from ccc.text import printable

FILES, FOLDERS = "file", "dir"
"""Kinds that shells know better."""

PLACES = {
    "id": "session",
    "ids": "session",
    "reference": "session",
    "id.. text": "receiver",
    "role": "role",
    "item": "item",
    "status": "status",
    "remote": "remote",
    "branch": "branch",
    "branch|path": "branch",
    "base": "branch",
    "into": "branch",
    "path": FILES,
    "file": FILES,
    "dir": FOLDERS,
}
"""What documents print for a value, or the name of the parameter, to the kind of value."""

EXCEPTIONS = {("roles", "name"): "role"}
CHOICES = re.compile(r"[a-z]+(?:\|[a-z]+)+")


class Value(click.ParamType[str]):
    """Offers the values of a kind, or of a fixed list, in the place of a parameter."""

    name = "value"

    def __init__(self, kind: str, fixed: Sequence[str] = ()) -> None:
        self.kind = kind
        self.fixed = fixed

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        from ccc.ops.candidates import candidates

        if self.kind in (FILES, FOLDERS):
            return [CompletionItem(incomplete, type=self.kind)]
        if self.fixed:
            return [CompletionItem(word) for word in self.fixed if word.startswith(incomplete)]
        directory = Path.cwd().joinpath(*ctx.find_root().params.get("directory") or ())
        given = ctx.params.get(param.name or "")
        taken = given if isinstance(given, tuple) else ()
        found = candidates(self.kind, directory, os.environ, incomplete)
        return [CompletionItem(each.word, help=each.what) for each in found if each.word not in taken]


class CompletingGroup(LazyGroup):
    """The commands of the table; their parameters know values, and names are offered without loading any."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = copy(super().get_command(ctx, cmd_name))  # the command itself stays as it is
        if command is not None:
            command.params = _with_values(command.params, cmd_name)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        return [
            CompletionItem(name, help=entry.help)
            for name, entry in self.table.items()
            if not entry.is_hidden and name.startswith(incomplete)
        ]


def _with_values(parameters: Iterable[click.Parameter], name: str) -> list[click.Parameter]:
    found = []
    for parameter in map(copy, parameters):
        parameter.type = _value_of(name, parameter) or parameter.type
        found.append(parameter)
    return found


def _value_of(command: str, parameter: click.Parameter) -> Value | None:
    if isinstance(parameter.type, click.Choice) or (
        isinstance(parameter, click.Option) and parameter.is_flag
    ):
        return None
    shown = (parameter.metavar or "").lower().strip("[=]")
    for place in (shown, shown.removesuffix(".."), (parameter.name or "").lower()):
        kind = EXCEPTIONS.get((command, place)) or PLACES.get(place)
        if kind:
            return Value(kind)
    choices = CHOICES.fullmatch(shown)
    return Value("choice", choices[0].split("|")) if choices else None


def complete(words: Sequence[str]) -> list[str]:
    """Lines for the shell: `word<TAB>what it is`, or `:file` or `:dir` where the shell knows the values.

    `words` are those after `ccc` up to the cursor, the last as far as it is typed. What is wrong with them,
    and any trouble with the repository, gives no lines.
    """
    from ccc.cli.main import root_command

    *before, begun = words or [""]
    group = CompletingGroup(table=COMMANDS, params=_with_values(root_command().params, ""), help="")
    try:
        found = ShellComplete(group, {}, "git ccc", "").get_completions(before, begun)
    except (click.ClickException, CccError, OSError):
        return []
    option, equals, _ = begun.partition("=")
    prefix = option + equals if begun.startswith("--") and equals else ""
    return list(_lines(found, prefix))


def _lines(found: Iterable[CompletionItem[str]], prefix: str) -> Iterator[str]:
    for item in found:
        if item.type != "plain":
            yield f":{item.type}"
        elif printable(item.value) == item.value:
            yield f"{prefix}{item.value}\t{printable(item.help or '')}".rstrip("\t")
