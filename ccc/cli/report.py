"""`git ccc report`: what a session says of itself."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, pass_invocation
from ccc.cli.opening import open_workspace, text_of
from ccc.errors import Usage


@click.command("report")
@click.option("--progress", type=int, metavar="N", help="Share of the work done, 0 to 100")
@click.option(
    "--done", is_flag=True, help="Claim that the work at the branch's tip is done; ccc then runs the checks"
)
@click.option("--blocked", metavar="WHY", help="Say that you cannot go on, and why")
@click.option(
    "--summary", metavar="TEXT", help="With --done: the report, kept on refs/ccc; - reads standard input"
)
@click.option("--session", metavar="ID", help="Speak for this session (needed outside its worktree)")
@pass_invocation
def command_report(
    invocation: Invocation,
    progress: int | None,
    done: bool,
    blocked: str | None,
    summary: str | None,
    session: str | None,
) -> None:
    """Report progress, done or blocked

    The commit trailers `Ccc-Progress: N` and `Ccc-Status: done|blocked|question` say the same, and so does a
    committed .ccc/sessions/NAME/report.md.
    """
    from ccc.ops import report

    if [progress is not None, done, blocked is not None].count(True) != 1:
        raise Usage("say one of --progress N, --done, --blocked WHY", "git ccc report --done")
    if summary is not None and not done:
        raise Usage("--summary goes with --done", "git ccc report --done --summary TEXT")
    workspace = open_workspace(invocation)
    speaker = report.speaker(workspace, session, "report")
    if progress is not None:
        report.report_progress(workspace, speaker, progress)
        invocation.terminal.out(f"{speaker.name}: progress {progress} %")
    elif blocked is not None:
        report.report_blocked(workspace, speaker, text_of(blocked))
        invocation.terminal.out(f"{speaker.name}: blocked")
    else:
        told = report.report_done(workspace, speaker, None if summary is None else text_of(summary))
        invocation.terminal.out(f"{told.name}: reported done at {told.head[:7]}, checks follow")
