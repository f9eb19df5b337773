"""What waits for a person because somebody else moved `refs/ccc` or a session's branch, or set up git."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from ccc.domain import sharedconfig, tampering
from ccc.domain.cells import values
from ccc.domain.stamps import rfc3339
from ccc.ids import short_oid
from ccc.ops.items import Item, item
from ccc.ops.look import Picture


def of_state(picture: Picture, replica: str) -> Iterator[Item]:
    """Each time that the ref was not where ccc had put it, on any machine."""
    for name, cells in picture.state.streams(tampering.KIND).items():
        where = name.partition("/")[2]
        for field, record in values(cells).items():
            if isinstance(record, Mapping) and record.get("what") == tampering.BRANCH:
                yield _branch(record, f"{field}\n{record.get('times')}", cells[field][0])
            elif isinstance(record, Mapping) and record.get("what") == sharedconfig.WHAT:
                yield _config(
                    record, f"{field}\n{record.get('times')}", cells[field][0], here=where == replica
                )
            elif isinstance(record, Mapping):
                yield _item(record, f"{field}\n{cells[field][0]}", cells[field][0], here=where == replica)


def _item(record: Mapping[str, Any], key: str, stamp: str, *, here: bool) -> Item:
    text = f"it was at {short_oid(record['old'])} and is at {short_oid(record['new'])}"
    if record["events"]:
        text = f"{text}; {record['events']} events were brought back"
    if record["strange"]:
        text = f"{text}; {record['strange']} events that ccc here did not record stay in it"
    if record["kept"]:
        text = f"{text}; what ccc did not make is kept under {record['kept']}"
    if not here:
        text = f"{text}, on another machine"
    title = tampering.WORDS.get(record["what"], f"{tampering.REF} was changed outside ccc")
    command = f"git log -p {shlex.quote(record['kept'])}" if here and record["kept"] else _SHOW
    return item("message", None, key, title=title, text=text, since=rfc3339(stamp), command=command)


def _branch(record: Mapping[str, Any], key: str, stamp: str) -> Item:
    old, new = str(record["old"]), str(record["new"])
    by = record.get("by")
    if by is None:
        title = f"{record['branch']} was moved from outside its session's worktree"
        text = f"from {short_oid(old)} to {short_oid(new)}; who works in that session did not do it"
        command = f"git log --oneline --left-right {old[:12]}...{new[:12]}"
    else:
        title = f"{record['branch']} was moved by the agent of {by}"
        text, command = f"it got {short_oid(new)} in a worktree that is not its own", f"git show {new[:12]}"
    return item("message", None, key, title=title, text=text, since=rfc3339(stamp), command=command)


def _config(record: Mapping[str, Any], key: str, stamp: str, *, here: bool) -> Item:
    title = "the shared git configuration runs other programs than before"
    text = "; ".join(map(str, record["changes"])) + ("" if here else ", on another machine")
    command = "git config --local --list --show-origin" if here else f"git ccc log --type {sharedconfig.TYPE}"
    return item("message", None, key, title=title, text=text, since=rfc3339(stamp), command=command)


_SHOW = f"git ccc log --type {tampering.TYPE}"
