"""`git ccc import`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from ccc.cli.invocation import Invocation, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.errors import NotFound, Refused


@click.command("import")
@click.argument("file")
@pass_invocation
def command_import(invocation: Invocation, file: str) -> None:
    """Record the events of an export, each once, with the ids they have

    FILE is what `git ccc export` wrote; `-` reads standard input. Events that are recorded here already are
    left as they are. A line that is not an event as ccc writes it is refused by its number, and then nothing
    is imported. Refused inside an agent.
    """
    from ccc.ops.importing import import_events

    workspace = open_workspace(invocation)
    name = "standard input" if file == "-" else file
    done = import_events(workspace, _lines(invocation, file), name)
    known = done.events - done.new
    also = f"; {known} recorded already" if known else ""
    invocation.terminal.out(f"imported {done.new} event{'' if done.new == 1 else 's'}{also}")


def _lines(invocation: Invocation, file: str) -> Iterator[str]:
    """The lines, without their newlines. Raises NotFound, Refused for what is no UTF-8."""
    try:
        content = sys.stdin.buffer.read() if file == "-" else invocation.path(file).read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"no file {file}", "git ccc export -o FILE writes one") from error
    for number, line in enumerate(content.removesuffix(b"\n").split(b"\n") if content else (), 1):
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Refused(f"line {number} is not UTF-8 text", "git ccc export writes UTF-8") from error
