"""`git ccc demo`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ccc.cli.invocation import Invocation, pass_invocation

if TYPE_CHECKING:
    from ccc.ops.demo import Stage


@click.command("demo")
@click.option("--yes", is_flag=True, help="Answer every question with yes")
@click.option("--keep", is_flag=True, help="Leave the temporary repository there and say where it is")
@click.option(
    "--claude", is_flag=True, help="With the real claude program, against a scripted model on loopback"
)
@pass_invocation
def command_demo(invocation: Invocation, yes: bool, keep: bool, claude: bool) -> None:
    """Play a whole day in a temporary repository

    Three agents at once: one says it is done before it is and is caught, one is killed and goes on, two are
    in conflict; all of it lands. The agents are scripted; nothing needs an account or a network. Without a
    terminal every question is answered with yes.
    """
    from ccc.ops.demo import play

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
        with _stage(invocation, folder, show, attended, claude) as stage:
            play(stage)
    finally:
        if keep:
            terminal.err(f"the repository is {folder / 'shop'}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _stage(
    invocation: Invocation, folder: Path, show: Callable[[str], None], attended: bool, claude: bool
) -> Iterator[Stage]:
    """The stage; for the real program with a stub of its model, on loopback, and a private configuration."""
    from ccc.ops.demo import prepare

    source = invocation.terminal.environment
    if not claude:
        yield prepare(folder, source, show, attended=attended)
        return
    from ccc.demo.claude import private_environment, scripts
    from ccc.demo.stub import Stub

    with Stub(scripts()) as stub:
        extra = private_environment(folder, stub.url)
        yield prepare(folder, source, show, attended=attended, engine="claude", extra=extra)
