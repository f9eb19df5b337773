"""`git ccc checkpoint`."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.errors import Usage


@click.command("checkpoint")
@click.option("--sign", is_flag=True, help="Sign it with your key, as git signs (gpg.format=ssh)")
@click.option(
    "--verify", is_flag=True, help="Make none; say what the checkpoints prove, end with 1 if nothing"
)
@json_option
@pass_invocation
@click.pass_context
def command_checkpoint(
    context: click.Context, invocation: Invocation, sign: bool, verify: bool, as_json: bool
) -> None:
    """Fix the history as it is now, so that a change of it can be proven

    A tag of the tip of refs/ccc, kept under refs/ccc-checkpoints/. Signatures are verified against
    .ccc/allowed_signers in the target branch's commit. Signing is refused inside an agent.
    """
    from ccc.ops import checkpoint
    from ccc.views.audit import checkpoint_document, checkpoint_text, proof_document

    if sign and verify:
        raise Usage("--sign and --verify exclude each other", "git ccc checkpoint -h")
    workspace = open_workspace(invocation)
    if verify:
        proof = checkpoint.prove(workspace)
        if as_json:
            invocation.terminal.json(proof_document(proof))
        else:
            invocation.terminal.out(proof.words)
        context.exit(0 if proof.state == "proven" else 1)
    made = checkpoint.make(workspace, sign=sign)
    if as_json:
        invocation.terminal.json(checkpoint_document(workspace.reader.tip(), made))
    else:
        invocation.terminal.out(checkpoint_text(made))
