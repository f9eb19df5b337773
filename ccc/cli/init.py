"""`git ccc init` and `git ccc deinit`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, pass_invocation
from ccc.cli.opening import any_workspace, open_workspace
from ccc.errors import Usage


@click.command("init")
@click.option(
    "--files", is_flag=True, help="Also write .ccc/ with commented defaults, for the team to edit and commit"
)
@click.option(
    "--claude",
    is_flag=True,
    help="Also give Claude Code the skill and /ccc-... commands, in CLAUDE_CONFIG_DIR or ~/.claude",
)
@click.option("--force", is_flag=True, help="With --claude: over files that were edited, too")
@pass_invocation
def command_init(invocation: Invocation, files: bool, claude: bool, force: bool) -> None:
    """Prepare this repository; the checkout stays clean

    Makes refs/ccc, and hooks that act in session worktrees only. Running it again changes nothing.
    """
    from ccc.ops.init import init

    if force and not claude:
        raise Usage("--force goes with --claude", "git ccc init --claude --force")
    terminal = invocation.terminal
    made = init(any_workspace(invocation), files=files)
    terminal.out("ccc is ready" if made.fresh else "ccc is ready already")
    for path in made.files:
        terminal.out(f"wrote {path}")
    if files and not made.files:
        terminal.out("every file of .ccc/ is there already")
    for remark in made.remarks:
        terminal.err(remark)
    if claude:
        _install_kit(invocation, force=force)


def _install_kit(invocation: Invocation, *, force: bool) -> None:
    from ccc.cli.claude_kit import install_kit

    lines, remarks = install_kit(invocation.terminal.environment, force=force)
    invocation.terminal.out("\n".join(lines))
    for remark in remarks:
        invocation.terminal.err(remark)


@click.command("deinit")
@click.option(
    "--purge", is_flag=True, help="Delete refs/ccc, archives and backups, too, after writing a bundle of them"
)
@click.option("--yes", is_flag=True, help="Do not ask before a purge")
@pass_invocation
def command_deinit(invocation: Invocation, purge: bool, yes: bool) -> None:
    """Take ccc out of this repository

    Refuses while a session is open or holds work that has not landed. What was recorded, and every backup,
    stays unless --purge is given.
    """
    from ccc.ops.init import deinit

    terminal = invocation.terminal
    workspace = open_workspace(invocation)
    if purge and not yes:
        yes = bool(terminal.confirm("Delete refs/ccc and every backup?"))
    done = deinit(workspace, purge=purge, yes=yes)
    terminal.out("ccc is taken out of this repository")
    for name in done.kept:
        terminal.out(f"kept {name}")
    if done.bundle is not None:
        terminal.out(f"what was deleted is in {done.bundle}")
