"""Proves that nothing is lost: `refs/ccc`, the history behind it, and what waits beside it."""

from __future__ import annotations

from collections.abc import Iterator

from ccc.errors import StateBroken
from ccc.git.catfile import CatFile
from ccc.git.command import Git
from ccc.git.objects import COMMIT, ObjectReader
from ccc.layout import Layout
from ccc.store import tips
from ccc.store.faults import Fault as Fault
from ccc.store.fsck_files import file_faults
from ccc.store.fsck_history import history_faults
from ccc.store.protocol import REF


def fsck(layout: Layout, git: Git, objects: ObjectReader, now: int) -> list[Fault]:
    """Every fault found; none in a healthy store. `now` is the wall clock in milliseconds.

    Takes time linear in the number of objects, writes nothing and waits for nobody. Where the reference
    itself is broken, the history behind it is not looked at.
    """
    return [*file_faults(layout, now), *_faults_of_ref(layout, git, objects, now)]


def _faults_of_ref(layout: Layout, git: Git, objects: ObjectReader, now: int) -> Iterator[Fault]:
    recorded = tips.read(layout)
    repair = f"git update-ref {REF} {recorded[-1]}" if recorded else "fetch it from another copy"
    try:
        tip = _commit_of_ref(layout, git, objects)
    except StateBroken as error:
        yield Fault("broken-ref", REF, error.message, repair)
        return
    if tip is not None:
        yield from history_faults(objects, tip, now, recorded)
    elif recorded:
        yield Fault("rolled-back-ref", REF, f"gone; it was {recorded[-1]}", repair)


def _commit_of_ref(layout: Layout, git: Git, objects: ObjectReader) -> str | None:
    with CatFile(git, layout.common) as files:
        tip = files.get(REF)
    if tip is not None and objects.read(tip)[0] != COMMIT:
        raise StateBroken(f"{REF} names {tip}, which is no commit")
    return tip
