"""The order in which queued sessions would land."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain import lineup
from ccc.domain.lineup import Place
from ccc.ops.find import find_all
from ccc.ops.landing import line
from ccc.ops.landing.depends import Dependencies
from ccc.ops.landing.queued import entries
from ccc.ops.landing.review import Review, review
from ccc.ops.look import look
from ccc.ops.workspace import Workspace


def queue_order(workspace: Workspace) -> tuple[str, ...]:
    """Ids of what is queued, by target, in the order in which it would land."""
    picture = look(workspace)
    return line.order(picture, entries(picture), Dependencies(workspace, picture))


def done(workspace: Workspace) -> tuple[str, ...]:
    """Ids of every session that could be queued: checked, or with nothing to be checked by, oldest first."""
    ready = [each for each in look(workspace).sightings if each.view.status in ("verified", "unchecked")]
    return tuple(
        each.session.id for each in sorted(ready, key=lambda each: (each.view.since, each.session.id))
    )


def given_order(workspace: Workspace, references: Sequence[str]) -> tuple[str, ...]:
    """Ids of the sessions meant, as given, but each behind what it depends on. Raises NotFound, Ambiguous."""
    picture = look(workspace)
    wanted = find_all(references, picture.sessions)
    dependencies = Dependencies(workspace, picture)
    places = [Place(each.id, "", 0, f"{at:06}") for at, each in enumerate(wanted)]
    return lineup.in_order(places, {each.id: dependencies.of(each).ids for each in wanted})


def entry(workspace: Workspace, reference: str) -> Review:
    """What stands for and against one landing, as of now."""
    return review(workspace, reference)
