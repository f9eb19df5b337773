"""Which occasions there are now, of the sessions of this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ccc.domain.occasions import OUTCOMES, Occasion, identifier, outcome_key
from ccc.domain.status import FAILED
from ccc.ops import agent_items
from ccc.ops.inbox import items
from ccc.ops.items import Item
from ccc.ops.look import Picture, Sighting
from ccc.ops.workspace import Workspace

ANSWERED = {"question": "waiting", "permission": "waiting", "budget": "paused", "failure": "failed"}
"""Kinds of items that are occasions of their own, and the word for them."""

DONE_COMMANDS = {"verified": "git ccc review", "unchecked": "git ccc review", "limited": "git ccc status"}


def occasions(workspace: Workspace, picture: Picture) -> list[Occasion]:
    """All that there are; each machine tells of what runs there, closed sessions have been told of."""
    waiting = items(workspace, picture)
    found: list[Occasion] = []
    for sighting in picture.sightings:
        session = sighting.session
        if session.where == workspace.replica and session.closed is None:
            own = [each for each in waiting if each.session == session.id]
            found += _of_session(sighting, own)
    return found


def _of_session(sighting: Sighting, waiting: Sequence[Item]) -> Iterator[Occasion]:
    session, view = sighting.session, sighting.view
    if view.status in OUTCOMES:
        yield _outcome(sighting, waiting)
    limit = agent_items.limit(sighting)
    for each in waiting:
        word = ANSWERED.get(each.kind, "message" if each.kind == "message" else None)
        if word is None or (word == "failed" and view.status in FAILED):
            continue
        if limit is None or each.id != limit.id:
            key = identifier(each.id)
            yield Occasion(
                key, word, session.id, session.name, each.title, each.text, each.since, each.command
            )


def _outcome(sighting: Sighting, waiting: Sequence[Item]) -> Occasion:
    """A status that is told: in the words of the inbox where it has some, and with its command."""
    session, view = sighting.session, sighting.view
    kind = "failure" if view.status in FAILED else "approval"
    item = next((each for each in waiting if each.kind == kind), None)
    text = "; ".join(each.what for each in view.evidence[:2])
    command = item.command if item else f"{DONE_COMMANDS.get(view.status, 'git ccc show')} {session.name}"
    key = outcome_key(session, sighting.life, view, view.status)
    title = f"{session.name} is {view.status}" if view.status != "failed" else f"{session.name} has failed"
    return Occasion(identifier(key), view.status, session.id, session.name, title, text, view.since, command)
