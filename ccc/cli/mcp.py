"""`git ccc mcp`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, pass_invocation


@click.command("mcp")
@pass_invocation
def command_mcp(invocation: Invocation) -> None:
    """Serve tools for an orchestrating agent over MCP

    Speaks on standard input and output, until the input ends. Eleven tools: spawn, list, examine, message,
    wait for, read, annotate and close workers, the inbox, the hand-off. What needs a person is shown, never
    decided.

    Claude Code is told of it by `claude mcp add ccc -- git ccc mcp`.
    """
    from ccc.servers.mcp.server import serve  # imports mcp: 0.6 s

    serve(invocation.directory, invocation.terminal.environment, invocation.standing)
