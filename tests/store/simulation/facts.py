"""Random facts of every kind, as a long and busy day of many machines would bring them about."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from ccc.domain.canonical import Value
from ccc.domain.cells import REAPED
from ccc.domain.events import Draft
from ccc.git.objects import BLOB, object_id
from ccc.store.protocol import State

SESSIONS = 6
PATHS = ("src:app", "src:util")
OWNERS = "ABC"
STATUSES = ("running", "idle", "blocked", "lost")
RECEIPTS = ("queued", "bounced", "delivered", "acked")


@dataclass(frozen=True)
class Author:
    """Who makes up facts: a replica's name, its state now, its time, and the hash that names its objects."""

    name: str
    state: Callable[[], State]
    at_ms: int
    algorithm: str


def fact(chance: random.Random, author: Author, key: str, *, decided: bool = True) -> Draft:
    """A random fact, recognised by `key` for ever; not `decided`, one that may come by the journal."""
    make = chance.choice(_MAKERS if decided else _NOTED)
    type_, stream, fields, blobs = make(chance, author)
    changes = {stream: fields} if fields else {}
    return Draft(type_, stream.partition("/")[2], f"says {key}", changes, data={"key": key}, blobs=blobs)


_Made = tuple[str, str, dict[str, Value], tuple[bytes, ...]]


def _session(chance: random.Random) -> str:
    return f"sessions/s{chance.randrange(SESSIONS)}"


def _status(chance: random.Random, author: Author) -> _Made:
    run = {"status": chance.choice(STATUSES), "why": f"hook {chance.randrange(1000)}"}
    return "session.status", _session(chance), {f"run.{chance.randrange(1, 3)}": run}, ()


def _progress(chance: random.Random, author: Author) -> _Made:
    return "session.progressed", _session(chance), {"progress": chance.randrange(101)}, ()


def _report(chance: random.Random, author: Author) -> _Made:
    report = f"# Report {chance.randrange(60)}\n\nZoë says it is done.\n".encode()
    oid = object_id(BLOB, report, algorithm=author.algorithm)
    return "session.reported", _session(chance), {"report.md": oid}, (report,)


def _claim(chance: random.Random, author: Author) -> _Made:
    holder: Value = {"by": f"s{chance.randrange(SESSIONS)}", "till": chance.randrange(1000)}
    field = f"c.{chance.choice(OWNERS)}{chance.randrange(9)}"
    released = chance.random() < 0.4
    kind = "path.released" if released else "path.claimed"
    return kind, f"claims/{chance.choice(PATHS)}", {field: None if released else holder}, ()


def _lease(chance: random.Random, author: Author) -> _Made:
    field = f"e.{chance.randrange(4):06d}.{author.name}"
    return "lease.taken", "leases/orchestrator", {field: {"by": author.name}}, ()


def _approval(chance: random.Random, author: Author) -> _Made:
    bound: Value = {"base": f"b{chance.randrange(99)}", "head": "h", "tree": "t"}
    field = f"ok.{chance.randrange(3)}.{chance.choice(OWNERS)}"
    taken_back = chance.random() < 0.3
    kind = "merge.withdrawn" if taken_back else "merge.approved"
    return kind, f"merges/m{chance.randrange(SESSIONS)}", {field: None if taken_back else bound}, ()


def _message(chance: random.Random, author: Author) -> _Made:
    stream = f"messages/m{chance.randrange(SESSIONS)}"
    return "message.moved", stream, {chance.choice(RECEIPTS): f"turn {chance.randrange(99)}"}, ()


def _edge(chance: random.Random, author: Author) -> _Made:
    field = f"edge.s{chance.randrange(SESSIONS)}.s{chance.randrange(SESSIONS)}"
    return "plan.edge", "plans/p", {field: chance.choice((1, None))}, ()


def _note(chance: random.Random, author: Author) -> _Made:
    number = chance.randrange(1000)
    return "note.made", f"notes/{author.name}{number}", {"text": f"Zoë: {number}", "by": author.name}, ()


def _cost(chance: random.Random, author: Author) -> _Made:
    return "cost.seen", _session(chance), {f"cost.1.{author.name}": author.at_ms % 1_000_000}, ()


def _reaped(chance: random.Random, author: Author) -> _Made:
    """A retention floor: everything its author has seen of the session goes."""
    stream = _session(chance)
    seen = [stamp for stamp, _ in author.state().stream(stream).values()]
    if not seen or chance.random() < 0.6:
        return "diary.only", stream, {}, ()
    return "session.reaped", stream, {REAPED: max(seen)}, ()


def _future(chance: random.Random, author: Author) -> _Made:
    stream = f"things/x{chance.randrange(SESSIONS)}"
    return "type.of-a-newer-ccc", stream, {"sub": [1, {"zz": chance.randrange(1000)}]}, ()


_NOTED = (
    *(_status, _progress, _report, _report, _claim, _lease, _message, _edge, _note, _cost),
    *(_reaped, _future),
)
_MAKERS = (*_NOTED, _approval)
