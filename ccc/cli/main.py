"""The command line: global options, the command group, the error boundary around both."""

from __future__ import annotations

from collections.abc import Mapping

import click

from ccc import __version__
from ccc.cli.boundary import guarded
from ccc.cli.call import Invocation, current_folder, invocation_in
from ccc.cli.commands import COMMANDS, ORIENT, Entry, load
from ccc.cli.group import LazyGroup
from ccc.errors import NotFound, StateBroken, Usage

PROGRAM = "git ccc"
HELP = """Coordinate coding agents, and people, through the git repository they work in.

Without a command: say what is here, what needs you, and what to do next.
"""


def main(argv: list[str], table: Mapping[str, Entry] = COMMANDS, orient: Entry = ORIENT) -> int:
    """Runs one command line and gives the exit code of CONTRACT §3; prints to the standard streams."""
    return guarded(argv, lambda: _invoke(argv, root_command(table, orient)))


def _invoke(argv: list[str], root: click.Command, *, mends: bool = True) -> int:
    """`mends`: where the state cannot be read, brings it back and runs the command again, once."""
    try:
        # Not `root.main`: that ends the process by itself on a closed pipe.
        with root.make_context(PROGRAM, list(argv)) as context:
            result = root.invoke(context)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except StateBroken as error:
        if not mends:
            raise
        from ccc.cli.opening import mend  # what it imports is there already: a command needed it

        mend(context.find_object(Invocation), error)
        return _invoke(argv, root, mends=False)
    return result if isinstance(result, int) else 0


def root_command(table: Mapping[str, Entry] = COMMANDS, orient: Entry = ORIENT) -> LazyGroup:
    """The command `git ccc` with its global options and the commands of a table."""
    group = LazyGroup(table=table, params=_global_options(), help=HELP)

    @click.pass_context
    def prepare(context: click.Context, /, **options: object) -> object:
        context.obj = _invocation(context)
        as_json = bool(options["json"])
        if context.invoked_subcommand is None:
            command = load("orient", orient)
            with command.make_context(PROGRAM, ["--json"] if as_json else [], parent=context) as inner:
                return command.invoke(inner)
        if as_json:
            raise Usage("--json stands before the command", f"git ccc {context.invoked_subcommand} --json")
        return None

    group.callback = prepare
    return group


def _global_options() -> list[click.Parameter]:
    return [
        click.Option(["-C", "directory"], metavar="DIR", multiple=True, help="Work as if started in DIR"),
        click.Option(["-P", "--no-pager", "no_pager"], is_flag=True, help="Do not use a pager"),
        click.Option(
            ["--color"],
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            help="Colour the output (default: auto, as git's color.ui says)",
        ),
        click.Option(["--json"], is_flag=True, help="Without a command: print one JSON document"),
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_version,
            help="Print the version",
        ),
    ]


def _print_version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        click.echo(f"git-ccc {__version__}")
        context.exit()


def _invocation(context: click.Context) -> Invocation:
    options = context.params
    directory = current_folder()
    for given in options["directory"]:
        directory = directory / given
        if not directory.is_dir():
            raise NotFound(f"no such directory: {given}", "-C takes the path of a directory")
    color = None if options["color"] == "auto" else options["color"]
    invocation = invocation_in(directory.resolve(), color=color, paging=not options["no_pager"])
    context.call_on_close(invocation.closing.close)
    return invocation
