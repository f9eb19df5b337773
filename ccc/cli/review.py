"""`git ccc review`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.ops.landing.review import review
from ccc.ops.landing.unlanded import unlanded
from ccc.ops.peek import peek
from ccc.ops.show import report_of
from ccc.views.documents import report_document, review_document
from ccc.views.text.review import review_text, stat_text


@click.command("review")
@click.argument("id")
@click.option("--stat", is_flag=True, help="Every changed file with its counts")
@json_option
@pass_invocation
def command_review(invocation: Invocation, id: str, stat: bool, as_json: bool) -> None:
    """Show what landing a session would do, and what stands against it

    Task, checks, gate, changes, conflicts with both sides' tasks, approvals. Runs nothing.
    """
    workspace = open_workspace(invocation)
    with peek(workspace) as aside:
        shown = unlanded(aside, review(aside, id))
    terminal = invocation.terminal
    state = workspace.reader.state()
    report = report_of(state, shown.session)
    if as_json:
        terminal.json(review_document(state.tip, shown, report_document(shown.session, report)))
    elif stat:
        terminal.page(stat_text(shown, terminal) or "no changes")
    else:
        terminal.page(review_text(shown, terminal, report))
