"""Landings as recorded: what waits in the queue of a target, what is approved, what is being landed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from ccc.domain.canonical import Value
from ccc.domain.cells import Cells, values
from ccc.domain.events import Draft
from ccc.domain.movements import landed_value
from ccc.domain.sessions import MERGE, Command, Landed, Session, command_of
from ccc.domain.sessions import stream_of as session_stream
from ccc.domain.stamps import rfc3339
from ccc.domain.targets import seen
from ccc.ids import digest, short_oid
from ccc.records import dataclass

KIND = "merges"
APPROVAL = "ok."
RUN = "run."
"""Fields of what gate commands came to, by `gating.key_of`."""


def stream_of(session: str) -> str:
    """The stream of a session's way into its target."""
    return f"{KIND}/{session}"


@dataclass(frozen=True)
class Approval:
    """A person's yes, bound to what they saw: target tip `base`, branch `head`, resulting `tree`.

    `signature` is what a key said to it, in one line, not yet proven.
    """

    by: str
    at: str
    base: str
    head: str
    tree: str
    override: str | None = None
    signature: str | None = None

    def covers(self, base: str, head: str, tree: str) -> bool:
        """Whether this is a yes to exactly this."""
        return (self.base, self.head, self.tree) == (base, head, tree)


@dataclass(frozen=True)
class Gate:
    """What the target's gate said of a combined tree: `none`, `passed` or `failed`.

    `base_red`: the target fails alone, too. `skipped`: commands that are not for these paths or this role.
    """

    state: str
    base: str
    head: str
    tree: str
    base_red: bool
    commands: tuple[Command, ...]
    skipped: tuple[str, ...] = ()

    @property
    def flaky(self) -> tuple[str, ...]:
        """The commands that failed, and passed when they were run again."""
        return tuple(command.command for command in self.commands if command.flaky)


@dataclass(frozen=True)
class Intent:
    """A landing about to happen: `commit` shall follow `base` on `target`; `tops` are its checkouts.

    `advance`: where the session's branch goes from `head` when that has happened, as soon as it is known.
    `remote`: whose branch of that name moves first. `how`: as in `Landed`.
    """

    session: str
    base: str
    head: str
    tree: str
    commit: str
    target: str
    approval: str | None
    tops: tuple[str, ...]
    advance: str | None = None
    method: str = MERGE
    remote: str | None = None
    how: str = ""


@dataclass(frozen=True)
class Clash:
    """Each passes the gate, both together fail: this session's `head` and `other_head`, which was before it.

    `why` is the command that failed.
    """

    other: str
    head: str
    other_head: str
    why: str
    at: str


@dataclass(frozen=True)
class Entry:
    """The recorded part of a queue entry; `runs`: what gate commands came to, by `gating.key_of`.

    `first`: a person put it there; `head` is the branch's tip that was queued, `passed` the one whose gate
    passed last, on whatever it was tested.
    """

    session: str
    queued_at: str | None
    priority: int
    target: str | None
    approvals: tuple[Approval, ...]
    gate: Gate | None
    runs: Mapping[str, Command] = field(default_factory=dict)
    first: bool = False
    head: str | None = None
    clash: Clash | None = None
    passed: str | None = None

    def overrides(self, gate: Gate) -> bool:
        """Whether somebody went against what a gate said, of exactly what it was asked about."""
        return any(one.override and one.covers(gate.base, gate.head, gate.tree) for one in self.approvals)


def from_cells(session: str, cells: Cells) -> Entry:
    """The entry of a stream; an empty stream gives an entry that is not queued."""
    present: Mapping[str, Any] = values(cells)
    queued = present.get("queued")
    return Entry(
        session=session,
        queued_at=rfc3339(cells["queued"][0]) if queued else None,
        priority=int(queued.get("priority", 0)) if queued else 0,
        target=queued.get("target") if queued else None,
        approvals=approvals_in(cells),
        gate=_gate(present.get("gate")),
        runs=runs_of(cells),
        first=bool(queued.get("first", 0)) if queued else False,
        head=queued.get("head") if queued else None,
        clash=_clash(cells),
        passed=present.get("passed"),
    )


def queued_value(session: Session, priority: int, *, first: bool) -> dict[str, Value]:
    """The record of a session's place; its stamp says since when."""
    value: dict[str, Value] = {"target": session.target, "priority": priority, "head": session.head}
    return {**value, "first": 1} if first else value


def _clash(cells: Cells) -> Clash | None:
    stamp, value = cells.get("clash", ("", None))
    if not isinstance(value, Mapping):
        return None
    record: Mapping[str, Any] = value
    return Clash(record["with"], record["head"], record["other_head"], record["why"], rfc3339(stamp))


def runs_of(cells: Cells, field: str = RUN) -> dict[str, Command]:
    """What commands came to, by key, of the fields that begin with `field`."""
    return {
        name.removeprefix(field): command_of(value)
        for name, (_, value) in cells.items()
        if name.startswith(field) and isinstance(value, Mapping)
    }


def approvals_in(cells: Cells) -> tuple[Approval, ...]:
    """The approvals among the cells of a stream, oldest first."""
    found = []
    for name, (stamp, value) in cells.items():
        if name.startswith(APPROVAL) and isinstance(value, Mapping):
            approval = _approval(rfc3339(stamp), value)
            found += [approval] if approval is not None else []
    return tuple(sorted(found, key=lambda approval: approval.at))


def _approval(at: str, record: Mapping[str, Any]) -> Approval | None:
    """A record that says less, or other things, than an approval does is none."""
    said = {name: record.get(name) for name in ("by", "base", "head", "tree", "override", "signature")}
    least = [said[name] for name in ("by", "base", "head", "tree")]
    if not all(isinstance(one, str) for one in least):
        return None
    if not all(one is None or isinstance(one, str) for one in said.values()):
        return None
    if not str(said["by"]).isprintable():
        return None
    return Approval(at=at, **said)  # type: ignore[arg-type]  # just proven


def _gate(value: Mapping[str, Any] | None) -> Gate | None:
    if value is None:
        return None
    commands = tuple(command_of(item) for item in value["commands"])
    return Gate(
        value["state"], value["base"], value["head"], value["tree"], bool(value["base_red"]), commands
    )


def approval_field(base: str, head: str, tree: str, person: str) -> str:
    """The field of an approval: keyed by what is approved and by whom."""
    key = f"{base}\n{head}\n{tree}\n{person}".encode("utf-8", "replace")
    return APPROVAL + digest("sha256", key)[:16]


def arrived(session: Session, found: Landed) -> Draft:
    """The fact that a session's work is on its target, though ccc did not take it there."""
    name = session.name
    return Draft(
        type="session.landed",
        subject=found.target,
        text=f"landed {name} as {short_oid(found.commit)}: {found.how}",
        session=session.id,
        changes={
            session_stream(session.id): {"landed": landed_value(found)},
            stream_of(session.id): {"queued": None},
        },
        by=None,
        data={"approval": None, "how": found.how},
    )


def landed(session: Session, intent: Intent, replica: str) -> Draft:
    """The fact that an intended landing has happened."""
    now = Landed(
        intent.commit,
        intent.head,
        intent.base,
        intent.tree,
        intent.target,
        None,
        "",
        intent.method,
        intent.how,
    )
    return Draft(
        type="session.landed",
        subject=intent.target,
        text=f"landed {session.name} as {short_oid(intent.commit)}"
        + (f": {intent.how}" if intent.how else ""),
        session=session.id,
        changes={
            session_stream(session.id): {"landed": landed_value(now)},
            stream_of(session.id): {"queued": None},
            **seen(intent.target, replica, intent.commit),
        },
        data={"approval": intent.approval},
    )
