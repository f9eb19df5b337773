"""`git ccc demo`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import click

from ccc.cli.invocation import Invocation, pass_invocation


@click.command("demo")
@click.option("--yes", is_flag=True, help="Answer every question with yes")
@click.option("--keep", is_flag=True, help="Leave the temporary repository there and say where it is")
@pass_invocation
def command_demo(invocation: Invocation, yes: bool, keep: bool) -> None:
    """Play a whole day in a temporary repository

    Three sessions worked by plain git commands, one conflict, three landings. Needs no account and no
    network. Without a terminal every question is answered with yes.
    """
    from ccc.ops.demo import play, prepare

    terminal = invocation.terminal
    attended = terminal.is_terminal and terminal.input.isatty() and not yes
    if not attended:
        terminal.err(
            "ccc: every question is answered with yes" + ("" if yes else ", as there is no terminal to ask")
        )

    def show(line: str) -> None:
        terminal.out(terminal.style(line, "heading"))
        terminal.output.flush()

    folder = Path(tempfile.mkdtemp(prefix="ccc-demo-"))
    try:
        play(prepare(folder, terminal.environment, show, attended=attended))
    finally:
        if keep:
            terminal.err(f"the repository is {folder / 'shop'}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
