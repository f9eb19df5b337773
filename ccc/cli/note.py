"""`git ccc note`: what is to be remembered."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace, text_of
from ccc.domain.notes import KINDS
from ccc.errors import Usage


@click.command("note")
@click.argument("text", required=False)
@click.option("--kind", type=click.Choice(KINDS), help="What it is (default: note; when listing: all kinds)")
@click.option("--why", metavar="TEXT", help="The reason of a decision")
@click.option("--session", metavar="ID", help="Whose it is (default: the session it is called from)")
@json_option
@pass_invocation
def command_note(
    invocation: Invocation,
    text: str | None,
    kind: str | None,
    why: str | None,
    session: str | None,
    as_json: bool,
) -> None:
    """Note a decision, discovery, problem or next step

    TEXT is recorded on refs/ccc and goes into the hand-off; `-` reads it from standard input. Outside a
    session it belongs to the repository. Without TEXT the notes are listed, the oldest first.
    """
    from ccc.ops.note import listed, note

    workspace = open_workspace(invocation)
    terminal = invocation.terminal
    if text is not None:
        if as_json:
            raise Usage("--json lists notes and takes no TEXT", "git ccc note --json")
        identifier = note(workspace, kind=kind or "note", text=text_of(text), session=session, why=why)
        terminal.out(f"noted {identifier[:8]}")
        return
    if why is not None:
        raise Usage("--why goes with TEXT", 'git ccc note --kind decision --why "REASON" "TEXT"')
    listing = listed(workspace, kind=kind, session=session)
    if as_json:
        from ccc.views.notes import notes_document

        terminal.json(notes_document(listing))
        return
    from ccc.views.notes import notes_text

    if listing.notes:
        terminal.page(notes_text(listing, terminal))
    else:
        terminal.err("no notes yet")
