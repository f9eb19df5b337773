"""Approvals that have become stale, as far as it can be told without git; the inbox looks closer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ccc.domain import landings
from ccc.domain.landings import Approval
from ccc.domain.staleness import why
from ccc.domain.status import Evidence
from ccc.git import heads
from ccc.git.objects import parse_commit, parse_tree
from ccc.ops.look import Picture, Sighting
from ccc.ops.observe import HEADS
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

READY = frozenset({"verified", "unchecked"})
SOURCE = "approval"
"""Of the evidence that says so."""

FILE = (".ccc", "config.toml")


@dataclass(frozen=True)
class Stale:
    """The newest of a session's approvals, none of which holds any more, and why."""

    approval: Approval
    why: str


def stale(workspace: Workspace, picture: Picture) -> dict[str, Stale]:
    """By session's id: those that are ready, were approved, and wait for approval again.

    Only where the target's rule is `strict`: whether a trivial rebase keeps one takes a merge. No process.
    """
    streams = picture.state.streams(landings.KIND)
    given = {
        each.session.id: landings.approvals_in(streams.get(landings.stream_of(each.session.id), {}))
        for each in (picture.sightings if streams else ())
        if _could_land(each)
    }
    doubtful = {identifier: approvals for identifier, approvals in given.items() if approvals}
    return dict(_of(workspace, picture, doubtful)) if doubtful else {}


def with_stale(picture: Picture, found: Mapping[str, Stale]) -> Picture:
    """The same, where the evidence of each says that its approval is stale."""
    if not found:
        return picture
    return Picture(
        picture.state, tuple(_told(each, found.get(each.session.id)) for each in picture.sightings)
    )


def _told(sighting: Sighting, found: Stale | None) -> Sighting:
    if found is None:
        return sighting
    view = sighting.view
    words = f"its approval is stale: {found.why}"
    evidence = Evidence(SOURCE, words, found.approval.at)
    return sighting._replace(view=replace(view, evidence=(*view.evidence, evidence)))


def _could_land(sighting: Sighting) -> bool:
    session = sighting.session
    return sighting.view.status in READY and session.closed is None and session.waits_at is None


def _of(
    workspace: Workspace, picture: Picture, doubtful: Mapping[str, Sequence[Approval]]
) -> Iterator[tuple[str, Stale]]:
    refs = heads.branches(workspace.git, workspace.repository.common)
    rules: dict[str, Rule | None] = {}
    sessions = {session.id: session for session in picture.sessions}
    landed = [session for session in picture.sessions if session.landed is not None]
    for identifier, given in doubtful.items():
        session = sessions[identifier]
        base = refs.get(HEADS + session.target)
        if base is None or any((one.base, one.head) == (base, session.head) for one in given):
            continue
        if base not in rules:
            rules[base] = rule_at(workspace, base)
        rule = rules[base]
        if rule is not None and rule.strict and rule.required:
            newest = given[-1]
            yield session.id, Stale(newest, why(newest, session, base, session.head, landed))


@dataclass(frozen=True)
class Rule:
    """What a target's commit asks for: so many yeses, for the very base that was shown (`strict`), a gate.

    `plain`: whether every yes to what would land now counts alike.
    """

    required: int = 1
    strict: bool = True
    plain: bool = True
    gated: bool = False


def rule_at(workspace: Workspace, commit: str) -> Rule | None:
    """The rule of a target's commit, None where it is not readable.

    Read without pydantic, which `status` has no time for.
    """
    content = _configuration(workspace, commit)
    if content is None:
        return Rule()
    import tomllib  # where something was approved only

    try:
        whole = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        return None
    table, gate = whole.get("approval", {}), whole.get("gate", {})
    if not isinstance(table, dict) or not isinstance(gate, dict):
        return None
    required, stale = table.get("required", 1), table.get("stale", "strict")
    if not isinstance(required, int):
        return None
    config = table.get("config", 1)
    alike = config <= required if isinstance(config, int) else False
    alike = alike and not any(table.get(key) for key in ("approvers", "paths", "signed"))
    plain = alike and table.get("author", True) is True
    return Rule(required, stale == "strict", plain, bool(gate.get("commands")))


def _configuration(workspace: Workspace, commit: str) -> bytes | None:
    """The file that decides in a commit, None where it has none."""
    objects = workspace.reader.objects
    oid = parse_commit(objects.read(commit)[1]).tree
    for name in FILE:
        entry = parse_tree(objects.read(oid)[1], id_length=len(commit) // 2).get(name)
        if entry is None:
            return None
        oid = entry.oid
    return objects.read(oid)[1]
