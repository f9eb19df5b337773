"""`git ccc approve` and `git ccc reject`: a person's decisions."""

from __future__ import annotations

import click

from ccc.cli.gating import gate_goes_on
from ccc.cli.invocation import Invocation, pass_invocation
from ccc.cli.opening import open_workspace, text_of
from ccc.ids import short_oid
from ccc.text import printable


@click.command("approve")
@click.argument("ids", nargs=-1, required=True)
@click.option(
    "--override", metavar="WHY", help="Approve against failed or missing checks; recorded for audit"
)
@click.option("--sign", is_flag=True, help="Sign it with your ssh key, git's user.signingkey")
@click.option("--key", metavar="FILE", help="Sign it with this key")
@pass_invocation
def command_approve(
    invocation: Invocation, ids: tuple[str, ...], override: str | None, sign: bool, key: str | None
) -> None:
    """Approve what a session would land, as it is now

    Bound to the target's tip, the branch's tip and the resulting tree: when one of them changes the
    approval is stale, unless the target says approval.stale = "trivial-rebase". Signed where the target
    asks for it. Puts the session into the queue. A gate that is missing runs first, in the background, and
    goes on where this is interrupted. Work in the session's worktree that is not on its branch is warned of.
    Refused inside an agent.
    """
    from ccc.ops.landing.approve import approve
    from ccc.ops.landing.prepare import prepare
    from ccc.ops.landing.unlanded import glanced

    workspace = open_workspace(invocation)
    for reference in ids:
        with gate_goes_on(invocation, workspace, reference):
            shown = prepare(workspace, reference, tell=invocation.terminal.err, queued=False)
        with glanced(workspace, shown) as glance:
            given = approve(workspace, shown, override=override, sign=sign, key=key)
            left = () if glance is None else glance.words()
        tree = short_oid(shown.combined.tree or "")
        how = f"tree {tree}, signed" if given.signature else f"tree {tree}"
        invocation.terminal.out(f"approved {shown.session.name} for {shown.combined.target} ({how})")
        for words in left:
            invocation.terminal.err(f"warning: {shown.session.name}: {printable(words)}")


@click.command("reject")
@click.argument("id")
@click.option(
    "--why", required=True, metavar="TEXT", help="The reason, shown to the session; - reads standard input"
)
@pass_invocation
def command_reject(invocation: Invocation, id: str, why: str) -> None:
    """Send a session's work back with a reason

    The session is running again until it reports anew. Refused inside an agent.
    """
    from ccc.ops.landing.approve import reject
    from ccc.ops.landing.review import review

    workspace = open_workspace(invocation)
    shown = review(workspace, id)
    reject(workspace, shown, text_of(why))
    invocation.terminal.out(f"rejected {shown.session.name} at {short_oid(shown.combined.head)}")
