"""`git ccc completion`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, pass_invocation
from ccc.errors import Usage
from ccc.resources import resource_dir

SHELLS = ("bash", "zsh", "fish")

EPILOG = """\b
Put one of these lines into the file that your shell reads at its start:
  ~/.bashrc                  eval "$(git-ccc completion bash)"
  ~/.zshrc, after compinit   eval "$(git-ccc completion zsh)"
  ~/.config/fish/config.fish git-ccc completion fish | source
"""


@click.command("completion", epilog=EPILOG, context_settings={"ignore_unknown_options": True})
@click.option("--words", "asked", is_flag=True, hidden=True, help="Print candidates for the words given")
@click.argument("given", nargs=-1, metavar="bash|zsh|fish", type=click.UNPROCESSED)
@pass_invocation
def command_completion(invocation: Invocation, asked: bool, given: tuple[str, ...]) -> None:
    """Print a script that lets a shell complete commands, options and sessions

    It serves `git ccc`, `git-ccc` and `ccc`.
    """
    terminal = invocation.terminal
    if asked:
        from ccc.cli.completing import complete

        for line in complete(given):
            terminal.out(line)
        return
    if len(given) != 1 or given[0] not in SHELLS:
        raise Usage(f"name one shell: {', '.join(SHELLS)}", "git ccc completion bash")
    script = resource_dir("templates") / "completion" / f"ccc.{given[0]}"
    terminal.out(script.read_text(encoding="utf-8").rstrip("\n"))
