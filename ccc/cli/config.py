"""`git ccc config`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.ops.workspace import Workspace


@click.command("config")
@click.argument("key", required=False)
@click.option("--show-origin", is_flag=True, help="Say of each value where it comes from")
@json_option
@pass_invocation
def command_config(invocation: Invocation, key: str | None, show_origin: bool, as_json: bool) -> None:
    """Show the configuration, and what of it is not in force yet

    KEY is one key (session.branch_prefix) or section (session). Values come from .ccc/config.toml of the
    main checkout, its profile, and CCC_SECTION_KEY in the environment; edit the file to change them.
    What decides about landing (gate, queue, approval, land, reserve) counts once the target has it.
    """
    from ccc.ops import config, fsck
    from ccc.ops.inforce import Pending, pending
    from ccc.views.upkeep import config_document, config_text

    workspace = Workspace.open(invocation.directory, invocation.terminal.environment, invocation.standing)
    found = config.values(workspace, key)
    if as_json:
        invocation.terminal.json(config_document(fsck.tip(workspace), found))
    else:
        alone = key is not None and [value.key for value in found] == [key]
        invocation.terminal.out(config_text(found, show_origin=show_origin, alone=alone))
        idle = tuple(value.key for value in found if not value.in_force)
        if idle:
            invocation.terminal.err(f"note: {Pending(pending(workspace).target, idle).words}")
