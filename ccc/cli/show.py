"""`git ccc show`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.errors import Usage
from ccc.ops import show as shows
from ccc.text import printable_lines
from ccc.views.documents import show_document
from ccc.views.text.show import report_text, show_text, verification_text


@click.command("show")
@click.argument("id")
@click.option("--brief", is_flag=True, help="Only the brief the session was given")
@click.option("--report", is_flag=True, help="Only the report it wrote")
@click.option("--diff", is_flag=True, help="What it changed since its base, as a patch")
@click.option("--system", is_flag=True, help="The system prompt an agent of this session gets")
@click.option(
    "--verification", is_flag=True, help="Only the checks that ccc ran, with the end of failing logs"
)
@click.option("--at", metavar="REV|TIME", help="As it was recorded at a commit of refs/ccc or a time")
@json_option
@pass_invocation
def command_show(
    invocation: Invocation,
    id: str,
    brief: bool,
    report: bool,
    diff: bool,
    system: bool,
    verification: bool,
    at: str | None,
    as_json: bool,
) -> None:
    """Show one session whole

    ID is an id, a prefix of at least 4 digits, a name, an alias or a branch.
    """
    if [brief, report, diff, system, verification].count(True) > 1:
        raise Usage("choose one of --brief, --report, --diff, --system, --verification")
    workspace = open_workspace(invocation)
    shown = shows.show(workspace, id, None if at is None else workspace.reader.commit_at(at))
    terminal = invocation.terminal
    if as_json:
        terminal.json(show_document(shown))
    elif brief:
        terminal.page(printable_lines(shown.brief or "there is no brief"))
    elif report:
        terminal.page(report_text(shown))
    elif diff:
        terminal.page(printable_lines(shows.diff(workspace, shown)))
    elif system:
        terminal.page(printable_lines(shows.system(workspace, shown)))
    elif verification:
        terminal.out(verification_text(shown, terminal))
    else:
        terminal.page(show_text(shown, terminal))
