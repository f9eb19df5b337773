"""What waits for a person because sessions conflict."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ccc.ops.items import Item, item
from ccc.ops.look import Picture
from ccc.ops.radar.report import name_of, standing
from ccc.ops.radar.words import paths, ranges

COMMAND = "git ccc conflicts"


def of_conflicts(picture: Picture, besides: Collection[str] = ()) -> Iterator[Item]:
    """One item for each pair; `besides`: sessions whose conflict with their target is told otherwise."""
    sessions = {session.id: session for session in picture.sessions}
    for each in standing(picture.state, sessions):
        session, other = sessions[each.b], name_of(each.a, sessions)
        if each.target is None:
            title = f"{other} and {session.name} conflict"
        elif session.id in besides:
            continue
        else:
            title = f"{session.name} conflicts with {other}"
        first = each.files[0] if each.files else None
        where = f" ({ranges(first.a)}; {ranges(first.b)})" if first is not None and first.a else ""
        text = f"in {paths(each)}{where if len(each.files) == 1 else ''}"
        text += "; not all of it is committed" if each.uncommitted else ""
        key = f"{each.a}\n{each.since}"
        yield item("conflict", session, key, title=title, text=text, since=each.since, command=COMMAND)
