"""`git ccc hook`: plumbing that the hooks of an agent's program call, and that says how to install them."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, pass_invocation
from ccc.cli.opening import open_workspace


@click.group("hook", hidden=True)
def command_hook() -> None:
    """Let messages reach a program that a person runs in a session's worktree"""


@command_hook.command("claude")
@click.argument("session")
@click.argument("name")
@click.argument("common")
def claude(session: str, name: str, common: str) -> None:
    """Answer a hook of Claude Code, whose input is on standard input

    SESSION is the id, NAME the name, COMMON git's common directory: the settings that ccc writes say them.
    Hands over what waits at SessionStart, UserPromptSubmit, PostToolUse, PostToolUseFailure and Stop, and
    records what the transcript shows. Ends with 0, or with 1 where anything goes wrong.
    """
    from ccc.cli.hookdoor import WORDS, answer

    raise SystemExit(answer([*WORDS, session, name, common]))


@command_hook.command("reserved")
@click.argument("root")
def reserved(root: str) -> None:
    """Answer a hook of Claude Code before it changes a file, whose input is on standard input

    ROOT is ccc's folder in git's common directory. Says which session has reserved the file, or refuses the
    change where `reserve.mode` is "deny". Ends with 0, or with 1 where anything goes wrong.
    """
    from ccc.cli.hookdoor import RESERVED, answer

    raise SystemExit(answer([*RESERVED, root]))


@command_hook.command("settings")
@click.argument("session", metavar="ID")
@pass_invocation
def settings(invocation: Invocation, session: str) -> None:
    """Print the path of settings with which claude gets a session's messages

    For worktrees that ccc did not make: claude --settings "$(git ccc hook settings ID)". In the others the
    hooks are in .claude/settings.local.json, which git does not see.
    """
    from ccc.ops.byhand import settings_file
    from ccc.ops.find import find
    from ccc.ops.look import look

    workspace = open_workspace(invocation)
    found = find(session, look(workspace).sessions)
    invocation.terminal.out(str(settings_file(workspace, found)))
