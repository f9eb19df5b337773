"""The history made again without an event's words: new commits from there on, nothing kept of the old.

Only for a history that nobody else has: every later commit gets another id.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from ccc.domain.events import clock_in, message
from ccc.domain.redactions import Redaction, tombstoned
from ccc.errors import Refused, StoreBusy
from ccc.git.command import Git
from ccc.git.objects import BLOB, References, build_commit
from ccc.layout import Layout
from ccc.records import dataclass
from ccc.store import bundled, tips, wal
from ccc.store.crashpoints import reached
from ccc.store.history import HistoryWriter, Record
from ccc.store.protocol import REF

DROPPED = ("refs/ccc-checkpoints/", "refs/ccc-backup/ccc/")
"""References of ours that hold the old history and go with it; any other one is the user's to decide on."""


@dataclass(frozen=True)
class Rewritten:
    """How much was made again, and what of the old is gone or left.

    `commits` have other ids now; `references` and `bundles` were deleted; `pruned` objects are gone, `packed`
    ones are in packs until git collects them.
    """

    old: str
    new: str
    commits: int
    references: tuple[str, ...]
    bundles: int
    pruned: int
    packed: int


def holders(git: Git, history: HistoryWriter, tip: str, event: str) -> tuple[list[str], list[str]]:
    """The references that hold an event beside `refs/ccc`: those that can be dropped, and all others."""
    names: set[str] = set()
    for oid in _commits_of(history, tip, event):
        names.update(git.text("for-each-ref", "--format=%(refname)", f"--contains={oid}").splitlines())
    beside = sorted(names - {REF, ""})
    return [name for name in beside if name.startswith(DROPPED)], [
        name for name in beside if not name.startswith(DROPPED)
    ]


def rewrite(layout: Layout, git: Git, history: HistoryWriter, redaction: Redaction) -> Rewritten:
    """Makes the history behind `refs/ccc` again with a tombstone in the event's place.

    To be called under the lock, with nothing waiting. Killed anywhere, it can be called again. Raises
    Refused where another reference holds the event, or a commit is not ccc's own.
    """
    references = cast(References, history.objects)
    tip = references.get(REF)
    assert tip is not None
    droppable, others = holders(git, history, tip, redaction.event)
    if others:
        raise Refused(f"{', '.join(others)} holds the event, too", "delete it first: git update-ref -d NAME")
    new, commits = _made_again(history, tip, redaction)
    reached("rewrite-made")
    _forget(layout, new)
    reached("rewrite-forgotten")
    if new != tip and not references.swap(REF, tip, new):
        raise StoreBusy(f"{REF} was moved while it was rewritten", "try again")
    reached("rewrite-swapped")
    tips.rewrite(layout, [new])
    reached("rewrite-remembered")
    for name in droppable:
        git.run("update-ref", "-d", name)
    git.run("reflog", "expire", "--expire=all", REF, ok=range(256))
    bundles = _drop_bundles(layout)
    pruned, packed = _prune(git, layout.common, tip)
    history.forget()
    return Rewritten(tip, new, commits, tuple(droppable), bundles, pruned, packed)


def _commits_of(history: HistoryWriter, tip: str, event: str) -> list[str]:
    return [
        record.oid
        for record in history.walk([tip], down_to=event)
        if any(one.id == event for one in record.events)
    ]


def _made_again(history: HistoryWriter, tip: str, redaction: Redaction) -> tuple[str, int]:
    """The tip of the same history without the words; how many commits are new."""
    history.objects.write(BLOB, redaction.file)
    renamed: dict[str, str] = {}
    for record in _parents_first(history, tip):
        parents = [renamed[parent] for parent in record.commit.parents]
        renamed[record.oid] = _again(history, record, parents, redaction)
    return renamed[tip], sum(old != new for old, new in renamed.items())


def _again(history: HistoryWriter, record: Record, parents: list[str], redaction: Redaction) -> str:
    if build_commit(record.commit) != history.objects.read(record.oid)[1]:
        raise Refused(f"commit {record.oid} was not written by ccc", "git ccc fsck")
    concerned = any(event.id == redaction.event for event in record.events)
    if parents == list(record.commit.parents) and not concerned:
        return record.oid
    if record.only_merges:
        return history.merge(parents)
    [parent] = parents
    text = _message(record, redaction) if concerned else record.commit.message
    return history.append(parent, text, record.commit.committer)


def _message(record: Record, redaction: Redaction) -> str:
    events = [
        tombstoned(event, redaction) if event.id == redaction.event else event for event in record.events
    ]
    clock = clock_in(record.commit.message)
    assert clock is not None
    title = record.commit.message.partition("\n")[0] if len(events) > 1 else None
    return message(events, clock, subject=title)


def _parents_first(history: HistoryWriter, tip: str) -> Iterator[Record]:
    done: set[str] = set()
    todo = [(tip, False)]
    while todo:
        oid, ready = todo.pop()
        if ready:
            yield history.record(oid)
        elif oid not in done:
            done.add(oid)
            todo.append((oid, True))
            todo += [(parent, False) for parent in history.record(oid).commit.parents]


def _forget(layout: Layout, new: str) -> None:
    """Takes away what could bring the old history back: the record of tips, logged batches, caches."""
    tips.rewrite(layout, [])
    tips.announce(layout, new)
    shutil.rmtree(wal.done_folder(layout), ignore_errors=True)
    shutil.rmtree(layout.wal / "merges", ignore_errors=True)
    shutil.rmtree(layout.cache, ignore_errors=True)


def _drop_bundles(layout: Layout) -> int:
    kept = bundled.kept(layout)
    for path in kept:
        path.unlink(missing_ok=True)
    return len(kept)


def _prune(git: Git, common: Path, old: str) -> tuple[int, int]:
    """Deletes the loose objects that only the old history held; how many, and how many are in packs.

    What `--not` leaves out is a guess of git's where objects come again further down, so all that is still
    reachable is listed, too.
    """
    listed = ("rev-list", "--objects", "--no-object-names")
    candidates = git.text(*listed, old, "--not", "--all").split()
    living = set(git.text(*listed, "--all", "--reflog", "--indexed-objects").split())
    pruned = packed = 0
    for oid in candidates:
        if oid in living:
            continue
        path = common / "objects" / oid[:2] / oid[2:]
        if path.exists():
            path.unlink()
            pruned += 1
        else:
            packed += 1
    return pruned, packed
