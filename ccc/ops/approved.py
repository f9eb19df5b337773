"""Approved sessions that have not landed: whose yes is missing still, or that they can land."""

from __future__ import annotations

from collections.abc import Mapping

from ccc.domain.landings import Entry
from ccc.git import heads
from ccc.ops.items import Entries, Item, is_ready, item
from ccc.ops.look import Picture, Sighting
from ccc.ops.observe import HEADS
from ccc.ops.stale import Rule, Stale, rule_at
from ccc.ops.workspace import Workspace

CAN_LAND = "approved, and can land"
"""The text of such an item; it is said to whoever looks, and ends no `wait`."""


def of_approved(
    workspace: Workspace, picture: Picture, entries: Entries, given_up: Mapping[str, Stale]
) -> dict[str, Item]:
    """By session's id, as far as it can be told without a merge; `given_up`: whose approval does not hold."""
    known = [
        (each, entries[each.session.id])
        for each in picture.sightings
        if each.session.id in entries and each.session.id not in given_up and _is_approved(each, entries)
    ]
    if not known:
        return {}
    refs = heads.branches(workspace.git, workspace.repository.common)
    found = {}
    for sighting, entry in known:
        base = refs.get(HEADS + sighting.session.target)
        if base is not None:
            one = of_one(workspace, picture, sighting, entry, base)
            found.update({} if one is None else {sighting.session.id: one})
    return found


def _is_approved(sighting: Sighting, entries: Entries) -> bool:
    session = sighting.session
    return (
        is_ready(sighting)
        and session.waits_at is None
        and any(one.head == session.head for one in entries[session.id].approvals)
    )


def of_one(
    workspace: Workspace, picture: Picture, sighting: Sighting, entry: Entry, base: str
) -> Item | None:
    """What its approvals come to at this commit of its target, counted by name; None where that says little.

    Where not every yes counts alike, only that there are too few is told.
    """
    rule = rule_at(workspace, base)
    if rule is None or not rule.required:
        return None
    head = sighting.session.head
    given = [one for one in entry.approvals if one.head == head]
    exact = {one.by for one in given if one.base == base}
    people = exact if rule.plain and rule.strict else {one.by for one in given}
    if 0 < len(people) < rule.required:
        return missing(sighting, f"{len(people)} of {rule.required} approvals; another person's is missing")
    if len(exact) < rule.required or not rule.plain or not _can_land(picture, sighting, entry, rule):
        return None
    return can_land(sighting)


def _can_land(picture: Picture, sighting: Sighting, entry: Entry, rule: Rule) -> bool:
    """Whether its gate has passed, if there is one, and whatever it waits for has landed."""
    session, gate = sighting.session, entry.gate
    overridden = any(one.override for one in entry.approvals if one.head == session.head)
    failed = gate is not None and gate.state == "failed" and gate.head == session.head
    passed = not failed and (not rule.gated or entry.passed == session.head)
    after = [each for each in picture.sessions if each.id in session.after]
    return (overridden or passed) and all(each.landed_head for each in after)


def missing(sighting: Sighting, words: str) -> Item:
    """The wish for yet another person's yes."""
    session, view = sighting.session, sighting.view
    return item(
        "approval",
        session,
        f"{session.head}\n{words}",
        title=f"{session.name} is {view.status}",
        text=words,
        since=view.since,
        command=f"git ccc approve {session.name}",
    )


def can_land(sighting: Sighting) -> Item:
    """That nothing is missing but the landing."""
    session = sighting.session
    return item(
        "approval",
        session,
        f"{session.head}\n{CAN_LAND}",
        title=f"{session.name} is approved",
        text=CAN_LAND,
        since=sighting.view.since,
        command=f"git ccc merge {session.name}",
    )


def is_decided(found: Item) -> bool:
    """Whether it says that an approved session can land."""
    return found.kind == "approval" and found.text == CAN_LAND
