"""`git ccc` alone."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import any_workspace
from ccc.ops.orient import orient
from ccc.views.documents import orient_document
from ccc.views.text.orient import orient_text


@click.command("orient", hidden=True)
@json_option
@pass_invocation
def command_orient(invocation: Invocation, as_json: bool) -> None:
    """Say what is here, what needs you and what to do next"""
    terminal = invocation.terminal
    found = orient(any_workspace(invocation))
    if as_json:
        terminal.json(orient_document(found))
    else:
        terminal.out(orient_text(found, terminal))
