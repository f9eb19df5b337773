"""`git ccc doctor`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import any_workspace


@click.command("doctor")
@click.option("--fix", is_flag=True, help="Repair what is safe to repair, then look again")
@json_option
@pass_invocation
@click.pass_context
def command_doctor(context: click.Context, invocation: Invocation, fix: bool, as_json: bool) -> None:
    """Look after the installation: git, repository, hooks, locks, worktrees

    Each line says what was found, and what to do next where something is wrong. Ends with 1 then.
    """
    from ccc.ops import doctor, fsck
    from ccc.views.upkeep import doctor_document, doctor_text

    terminal = invocation.terminal
    workspace = any_workspace(invocation)
    mended = doctor.mend(workspace) if fix else []
    findings = doctor.examine(workspace)
    if as_json:
        terminal.json(doctor_document(fsck.tip(workspace), findings, mended))
    else:
        for words in mended:
            terminal.err(words)
        terminal.out(doctor_text(findings, terminal))
    context.exit(0 if all(finding.ok for finding in findings) else 1)
