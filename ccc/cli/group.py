"""The click group that imports a command's module only when that command is called."""

from __future__ import annotations

from collections.abc import Mapping

import click

from ccc.cli.commands import GROUPS, Entry, load
from ccc.errors import Usage

LIKENESS = 0.6
"""Least ratio of `difflib.SequenceMatcher` at which a name is offered (its own default)."""


class LazyGroup(click.Group):
    """Commands from a table; the overview is printed from the table's own help lines."""

    def __init__(self, *, table: Mapping[str, Entry], params: list[click.Parameter], help: str) -> None:
        super().__init__(
            name="ccc",
            params=params,
            help=help,
            context_settings={"help_option_names": ["-h", "--help"]},
            invoke_without_command=True,
            subcommand_metavar="[COMMAND]",
        )
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, entry in self.table.items() if not entry.is_hidden]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.table.get(cmd_name)
        return load(cmd_name, entry) if entry else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None:
            raise Usage(f"there is no command {name!r}", self._hint(ctx, name))
        return name, command, args[1:]

    def _hint(self, ctx: click.Context, name: str) -> str:
        import difflib  # 3 ms, needed for a mistake only

        near = difflib.get_close_matches(name, self.list_commands(ctx), n=3, cutoff=LIKENESS)
        if near:
            return f"did you mean: {', '.join(f'git ccc {other}' for other in near)}"
        return "git ccc -h lists the commands"

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for group in GROUPS:
            rows = [
                (name, entry.help)
                for name, entry in self.table.items()
                if entry.group == group and not entry.is_hidden
            ]
            if rows:
                with formatter.section(group):
                    formatter.write_dl(rows)
