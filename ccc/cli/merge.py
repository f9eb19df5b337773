"""`git ccc merge`: queue, gate, show, ask, land in one step."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import click

from ccc.cli.gating import gate_goes_on
from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.errors import CccError, Conflict, InsideAgent, NeedsPerson, NotFound, Refused
from ccc.ops.landing import ending
from ccc.ops.landing import plan as plans
from ccc.ops.landing.land import Landing
from ccc.ops.landing.overview import UNREADABLE
from ccc.ops.landing.review import Review
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.runs import drain
from ccc.text import printable

ATTEMPTS = 8


@click.command("merge")
@click.argument("ids", nargs=-1)
@click.option(
    "--plan", is_flag=True, help="Propose the order with the fewest conflicts, and say why; change nothing"
)
@click.option("--yes", is_flag=True, help="Approve and land without asking; recorded as your approval")
@click.option(
    "--abort",
    is_flag=True,
    help="End gates of ID, and take it out of the queue; or an interrupted landing",
)
@json_option
@pass_invocation
def command_merge(
    invocation: Invocation, ids: tuple[str, ...], plan: bool, yes: bool, abort: bool, as_json: bool
) -> None:
    """Land sessions on their targets: check, gate, show, ask, land

    Without ID everything in the queue, in its order. What lands is exactly the tree that was tested and
    approved. Who cannot land stands in nobody's way: the others do, and the exit code is that of the first
    that did not. Gates run in the background and go on where this is interrupted. Inside an agent only what a
    person has approved lands; anything else ends with 3.
    With --plan and nothing queued, of every session that is done.
    """
    workspace = open_workspace(invocation)
    if abort:
        invocation.terminal.out(ending.abort_gates(workspace, ids) if ids else ending.abort(workspace))
        return
    references = plans.given_order(workspace, ids) if ids else plans.queue_order(workspace)
    if plan and not references:
        references = plans.done(workspace)
    if not references:
        raise NotFound("nothing is queued", "git ccc merge ID")
    if plan:
        _plan(invocation, workspace, references, as_json=as_json)
    else:
        _land_all(invocation, workspace, references, yes=yes, as_json=as_json)


def _plan(invocation: Invocation, workspace: Workspace, references: Sequence[str], *, as_json: bool) -> None:
    from ccc.ops.landing.advice import advise
    from ccc.ops.peek import peek
    from ccc.views.advising import advice_document, advice_text

    entries: list[Review] = []
    failed: list[CccError] = []
    with peek(workspace) as aside:
        for reference in references:
            try:
                entries.append(plans.entry(aside, reference))
            except UNREADABLE as error:
                failed.append(error)
        if failed and not entries:
            raise failed[0]
        for each in failed:
            invocation.terminal.err(f"left out: {each.message}\nhint: {each.hint}")
        advice = advise(aside, entries)
    if as_json:
        invocation.terminal.json(advice_document(workspace.reader.tip(), advice))
    else:
        invocation.terminal.out(advice_text(advice))


def _land_all(
    invocation: Invocation, workspace: Workspace, references: Sequence[str], *, yes: bool, as_json: bool
) -> None:
    """Lands one after the other; who cannot land is told, and of several the others land all the same."""
    from ccc.ops.landing.review import review
    from ccc.views.documents import merge_document
    from ccc.views.text.landed import landing_text

    terminal = invocation.terminal
    landed: list[Landing] = []
    entries: list[Review] = []
    failed: list[CccError] = []
    for number, reference in enumerate(references, 1):
        order = Order(reference, tuple(references[number:]), yes=yes, quiet=as_json)
        try:
            landing, shown = _merge_with_patience(invocation, workspace, order)
        except (Conflict, NeedsPerson, InsideAgent, Refused) as error:
            if len(references) == 1:
                raise
            terminal.err(f"not landed: {error.message}\nhint: {error.hint}")
            failed.append(error)
            entries.append(review(workspace, reference))
            continue
        except UNREADABLE as error:
            if len(references) == 1:
                raise
            terminal.err(f"not landed: {error.message}\nhint: {error.hint}")
            failed.append(error)
            continue
        landed.append(landing)
        entries.append(shown)
        if not as_json:
            terminal.out(landing_text(landing))
    if as_json:
        terminal.json(merge_document(workspace.reader.tip(), landed, entries))
    if failed:
        click.get_current_context().exit(failed[0].exit)


@dataclass(frozen=True)
class Order:
    """One landing that was asked for; `behind`: ids of who lands next."""

    reference: str
    behind: tuple[str, ...]
    yes: bool
    quiet: bool


def _merge_with_patience(
    invocation: Invocation, workspace: Workspace, order: Order
) -> tuple[Landing, Review]:
    """With --yes a landing that another one overtook is prepared, approved and tried again, a few times."""
    from ccc.ops.landing.land import Overtaken

    for _ in range(ATTEMPTS if order.yes else 1):
        try:
            return _merge_one(invocation, workspace, order)
        except Overtaken as error:
            overtaken = error
    raise overtaken


def _merge_one(invocation: Invocation, workspace: Workspace, order: Order) -> tuple[Landing, Review]:
    from ccc.ops.landing.approve import AlreadyApproved, approve
    from ccc.ops.landing.land import land, landed_elsewhere, landing_of
    from ccc.ops.landing.prepare import prepare
    from ccc.ops.landing.review import review
    from ccc.ops.landing.unlanded import glanced, warned

    terminal = invocation.terminal
    with gate_goes_on(invocation, workspace, order.reference):
        shown = prepare(workspace, order.reference, tell=terminal.err, behind=order.behind)
    if landed_elsewhere(shown.session):
        return landing_of(shown.session), shown
    _refuse(shown)
    shows = not order.quiet and not order.yes
    with glanced(workspace, shown) as glance:
        left = glance.words() if glance is not None and shows else ()
        if shows:
            _show(invocation, warned(shown, left))
        if shown.only_approval_missing:
            _ask(invocation, workspace, shown, yes=order.yes)
            with suppress(AlreadyApproved):  # by the same person, in another call, since it was looked at
                approve(workspace, shown)
            shown_again = review(workspace, shown.session.id, shown)
        else:
            shown_again = shown
        if glance is not None and not shows:
            left = glance.words()
    landing = land(workspace, shown_again)
    drain.wake(workspace.layout)  # for the radar, and what it had reserved
    for words in () if shows else left:
        terminal.err(f"warning: {shown.session.name}: {printable(words)}")
    return landing, warned(shown_again, left)


def _refuse(shown: Review) -> None:
    """Everything but a missing approval ends here."""
    name = shown.session.name
    if shown.combined.conflicts and not shown.session.landed_head:
        raise Conflict(f"{name}: {shown.why_not[0]}", f"git ccc review {name} shows them")
    if shown.can_merge or shown.only_approval_missing:
        return
    if shown.session.waits_at is not None and not shown.session.landed_head:
        raise NeedsPerson(f"{name} {shown.why_not[0]}", f"when it is merged there: git ccc merge {name}")
    raise Refused(f"{name} cannot land: {'; '.join(shown.why_not)}", _way_out(shown))


def _way_out(shown: Review) -> str:
    session = shown.session
    if session.landed_head:
        return f"git ccc show {session.name}"
    if shown.lacks and session.undone is not None:
        return f"to land it again: {session.undone.command(session.worktree)}"
    if shown.busy:
        return shown.busy[0].hint
    if shown.combined.nothing:
        return f"commit in {session.worktree}"
    if shown.sighting.view.status in ("created", "running") and session.verification is None:
        return f"git ccc report --done --session {session.name}"
    return f"git ccc review {session.name}"


def _ask(invocation: Invocation, workspace: Workspace, shown: Review, *, yes: bool) -> None:
    """A person's yes, from --yes or the terminal. Raises InsideAgent, NeedsPerson."""
    from ccc.ops.actor import decider_of

    name = shown.session.name
    actor = decider_of(workspace)
    if workspace.person is not None and shown.consent.is_given_by(workspace.person):
        raise NeedsPerson(f"{name}: {'; '.join(shown.why_not)}", f"git ccc review {name}")
    if actor.agent:
        raise actor.refusal(
            workspace,
            f"{name} waits for a person's approval, and this call comes from inside an agent ({actor.agent})",
            f"ask the human to run, in the main checkout: git ccc merge {name}",
        )
    if yes:
        return
    answer = invocation.terminal.confirm(f"Land {name} on {shown.combined.target}?")
    if answer is None:
        raise NeedsPerson(
            f"{name} waits for your approval, and there is no terminal to ask", f"git ccc merge {name} --yes"
        )
    if not answer:
        raise NeedsPerson(
            f"{name} was not approved, so nothing was landed", f"git ccc reject {name} --why TEXT"
        )


def _show(invocation: Invocation, shown: Review) -> None:
    from ccc.views.text.review import review_text

    invocation.terminal.out(review_text(shown, invocation.terminal))
