"""Bringing `refs/ccc` back to hold all that this replica recorded, after somebody moved or deleted it."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.git.objects import COMMIT
from ccc.store.history import History


def lacks(history: History, tip: str, known: str) -> bool:
    """Whether events of a tip known from before are not behind this one; of a merge its parents count."""
    return not all(history.is_ancestor(head, tip) for head in history.heads([known]))


def stored(history: History, known: Sequence[str]) -> list[str]:
    """The tips of these that can be read, youngest first, given youngest last."""
    objects = history.objects
    return [one for one in dict.fromkeys(reversed(known)) if objects.has(one) and _is_commit(history, one)]


def _is_commit(history: History, oid: str) -> bool:
    return history.objects.read(oid)[0] == COMMIT


def lacking(history: History, tip: str, known: Sequence[str]) -> list[str]:
    """The fewest of these tips (youngest first) that together with `tip` hold all of them."""
    behind = {record.oid for record in history.walk([tip])}
    found = []
    for one in known:
        if not set(history.heads([one])) <= behind:
            found.append(one)
            behind.update(record.oid for record in history.walk([one]))
    return found
