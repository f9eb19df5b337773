"""Audit: who decided what, when, with which key and on what evidence, and what proves the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ccc.domain import landings
from ccc.domain.canonical import Value
from ccc.domain.events import Event
from ccc.errors import StateBroken
from ccc.ops.checkpoint import Proof, prove
from ccc.ops.log import Selection, log
from ccc.ops.observe import all_sessions
from ccc.ops.retired import all_retired
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.protocol import Logged

EVIDENCE = (
    *("base", "head", "tree", "commit", "target", "state", "base_red", "override", "why", "how", "approval"),
    *("before", "backup", "kept", "old", "new", "forced", "tip", "event", "count", "tag", "agent", "hint"),
)
"""Fields of what an event records that say on what a decision rests, or what it did."""

NO_KEYS: Mapping[str | None, str | None] = MappingProxyType({})


@dataclass(frozen=True)
class Audited:
    """An event as an auditor reads it.

    `who` is a git identity, a session's name or `ccc`; `agent` says that it acted as an agent; `recorded_by`
    the identity of the commit that records it, None while it waits; `key` the print of the key that signed,
    None where nothing is signed.
    """

    logged: Logged
    who: str
    agent: bool
    recorded_by: str | None
    key: str | None
    evidence: Mapping[str, Any]


@dataclass(frozen=True)
class Audit:
    """What proves the history, and the events selected, youngest first."""

    proof: Proof
    events: tuple[Audited, ...]


def audit(workspace: Workspace, selection: Selection) -> Audit:
    """The proof, and the events of the log selected, with their evidence.

    Raises NotFound for an unknown session or cursor; StateBroken, with the proof in its words, for a history
    that cannot be read.
    """
    proof = prove(workspace)
    try:
        events = log(workspace, selection)
    except StateBroken as error:
        raise StateBroken(proof.words if proof.state == "tampered" else error.message, error.hint) from error
    keys = {one.tag: one.key for one in proof.checkpoints if one.key is not None}
    return Audit(proof, tuple(attributed(workspace, events, keys)))


def attributed(
    workspace: Workspace, events: Sequence[Logged], keys: Mapping[str | None, str | None] = NO_KEYS
) -> list[Audited]:
    """The events with who caused them and their evidence; `keys` gives the key that signed a tag."""
    state = workspace.reader.state()
    names = {each.id: each.name for each in all_retired(state)}
    names |= {each.id: each.name for each in all_sessions(state)}
    return [_audited(workspace, logged, names, keys) for logged in events]


def _audited(
    workspace: Workspace, logged: Logged, names: Mapping[str, str], keys: Mapping[str | None, str | None]
) -> Audited:
    recorded_by = None
    if logged.commit is not None:
        recorded_by = workspace.reader.history.record(logged.commit).commit.committer
    found = evidence(logged.event)
    by = logged.event.by or recorded_by or "ccc"
    session = by.removeprefix("s:") if by.startswith("s:") else None
    who = by if session is None else names.get(session, by)
    agent = session is not None or found.get("agent") is not None
    tag = found.get("tag")
    key = keys.get(tag) if isinstance(tag, str) else _key_of_approval(workspace, logged.event)
    return Audited(logged, who, agent, recorded_by, key, found)


def _key_of_approval(workspace: Workspace, event: Event) -> str | None:
    """The key that signed an approval, where the target that was approved for allows it."""
    if event.type != "merge.approved" or event.session is None:
        return None
    from ccc.ops.landing.approvals import proven, signers_at  # where an approval is listed only

    fields = event.changes.get(landings.stream_of(event.session), {})
    for approval in landings.approvals_in({name: (event.id, value) for name, value in fields.items()}):
        if approval.signature is not None and workspace.reader.objects.has(approval.base):
            allowed = signers_at(workspace, approval.base)
            return proven(approval, event.subject, event.session, allowed).key if allowed else None
    return None


def evidence(event: Event) -> dict[str, Any]:
    """What an event says of commits, trees, reasons and results; the first mention of each counts."""
    found: dict[str, Any] = {}
    values: list[Value] = [value for fields in event.changes.values() for value in fields.values()]
    for record in (*values, event.data):
        if not isinstance(record, Mapping):
            continue
        for name in EVIDENCE:
            if record.get(name) not in (None, "", [], {}):
                found.setdefault(name, record[name])
        commands = record.get("commands")
        if isinstance(commands, list | tuple) and commands:
            results = [_result(command) for command in commands if isinstance(command, Mapping)]
            found.setdefault("commands", results)
    return found


def _result(command: Mapping[str, Value]) -> dict[str, Value]:
    return {"command": command.get("command"), "exit": command.get("exit")}
