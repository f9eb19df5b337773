"""`git ccc handoff`: everything the next one needs, in one document."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace

ONLY_RECORDED = ""


@click.command("handoff")
@click.option(
    "--write",
    is_flag=False,
    flag_value=ONLY_RECORDED,
    default=None,
    metavar="[=PATH]",
    help="Record it on refs/ccc; with a PATH also write that file",
)
@click.option(
    "--tokens", type=int, default=25_000, show_default=True, metavar="N", help="Use at most this many"
)
@click.option("--at", metavar="REV|TIME", help="As it was at this commit, event or time (default: now)")
@json_option
@pass_invocation
def command_handoff(
    invocation: Invocation, write: str | None, tokens: int, at: str | None, as_json: bool
) -> None:
    """Print what the next person or agent must know

    Work, state, decisions and open ends as Markdown, from what is recorded on refs/ccc: the same bytes in
    every clone. A token is reckoned as 3.5 bytes.
    """
    from ccc.ops.handoff import compose
    from ccc.ops.handoff.record import write as write_down

    workspace = open_workspace(invocation)
    if write is None:
        composed = compose(workspace, tokens=tokens, at=at)
    else:
        path = invocation.path(write) if write != ONLY_RECORDED else None
        composed = write_down(workspace, tokens=tokens, at=at, path=path)
    if as_json:
        from ccc.views.handoff.document import document

        invocation.terminal.json(document(composed))
    elif write is None:
        invocation.terminal.page(composed.text)
    else:
        told = f"handed off ({composed.tokens} tokens)"
        where = f", written to {write}" if write else ""
        invocation.terminal.out(f"{told}: git show refs/ccc:{document_path()}{where}")


def document_path() -> str:
    """Where the hand-off lies in the tree of refs/ccc."""
    from ccc.domain.handoff import DOCUMENT, STREAM
    from ccc.store.celltree import path_of

    return "/".join((*path_of(STREAM), DOCUMENT))
