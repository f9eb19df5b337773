"""`git ccc service`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace


@click.command("service")
@click.argument("action", type=click.Choice(["install", "remove", "status"]), default="status")
@click.option("--yes", is_flag=True, help="Do it without being asked")
@json_option
@pass_invocation
def command_service(invocation: Invocation, action: str, yes: bool, as_json: bool) -> None:
    """Bring sessions back after a boot, by a user's service of systemd

    Optional: without it the next ccc command in this repository brings them back. `install` shows the unit
    it writes into your configuration folder, and asks; `remove` takes it away; `status` (the default) says
    what is there. The unit runs `git ccc drain --recover` once. Refused inside an agent.
    """
    from ccc.ops import service
    from ccc.views.service import plan_text, service_document, service_text

    terminal, workspace = invocation.terminal, open_workspace(invocation)
    if action == "install":
        found = service.service(workspace)
        is_there = found.written and found.enabled
        if found.has_systemd and not is_there and not yes:
            terminal.err(plan_text(found))
            yes = bool(terminal.confirm("Install it?"))
        service.install(workspace, yes=bool(yes or is_there))
    elif action == "remove":
        yes = yes or bool(terminal.confirm("Remove the service?"))
        gone = service.remove(workspace, yes=yes)
        if not as_json:
            terminal.out("\n".join(f"deleted {path}" for path in gone) or "no service is installed")
            return
    if as_json:
        terminal.json(service_document(workspace.reader.tip(), service.service(workspace)))
    else:
        terminal.out(service_text(service.service(workspace)))
