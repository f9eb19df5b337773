"""Faults of a history: lost objects, events twice, clocks, and a tree that is not the join of all events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ccc.domain import stamps
from ccc.domain.canonical import canon
from ccc.domain.cells import Cells, join
from ccc.domain.events import Event, delta
from ccc.errors import StateBroken
from ccc.git.objects import DIRECTORY_MODE, SUBMODULE_MODE, ObjectReader, parse_tree
from ccc.store.celltree import CellTree, CellTreeWriter
from ccc.store.chain import RESTORE, Chain, read_chain
from ccc.store.faults import Fault
from ccc.store.history import GENESIS_CELLS, History, HistoryWriter
from ccc.store.memory_objects import MemoryObjects
from ccc.store.protocol import FORMAT, META, REF
from ccc.store.tips import MEND

HOUR_MS = 3_600_000
FUTURE = "compare the clocks of the machines that write here, set them right, then: git ccc fsck --repair"
REPORT = "git ccc fsck --repair, and please report it: no program of ccc does so"


def history_faults(objects: ObjectReader, tip: str, now: int, recorded: list[str]) -> Iterator[Fault]:
    """What is wrong behind a tip; `recorded` are tips that must be behind it, `now` is in milliseconds."""
    chain = read_chain(objects, tip, HistoryWriter(MemoryObjects(objects.algorithm)).genesis())
    yield from chain.faults
    yield from lost_objects(objects, chain)
    yield from _duplicates(chain)
    yield from _clocks(chain)
    yield from _future(chain, now)
    if chain.whole:
        yield from _rolled_back(objects, chain, recorded)
        yield from _tree(objects, chain)


def lost_objects(objects: ObjectReader, chain: Chain) -> Iterator[Fault]:
    """Trees and files that a commit names and that cannot be read; each is looked at once."""
    seen: set[str] = set()
    for link in chain.links.values():
        todo = [(link.commit.tree, True)]
        while todo:
            oid, is_tree = todo.pop()
            if oid in seen:
                continue
            seen.add(oid)
            try:
                _, content = objects.read(oid)
            except StateBroken as error:
                what = f"{'tree' if is_tree else 'file'} in commit {link.oid}: {error.message}"
                yield Fault("missing-object", oid, what, RESTORE)
                continue
            if is_tree:
                entries = parse_tree(content, id_length=len(oid) // 2).values()
                todo += [
                    (one.oid, one.mode == DIRECTORY_MODE) for one in entries if one.mode != SUBMODULE_MODE
                ]


def _duplicates(chain: Chain) -> Iterator[Fault]:
    """Events recorded twice: one id in two places, or one fact of one journal entry under two ids."""
    known: dict[str, str] = {}
    for link in chain.links.values():
        for event in link.events:
            for key in keys_of(event):
                if key in known:
                    what = f"recorded in {known[key]} and in {link.oid}"
                    yield Fault("duplicate-event", event.id, what, REPORT)
                    break
                known[key] = link.oid


def keys_of(event: Event) -> list[str]:
    """What tells an event: its id, and the fact that a journal entry stood for."""
    if event.source is None:
        return [event.id]
    return [event.id, canon([event.source, event.type, event.subject, event.text, event.changes, event.data])]


def _clocks(chain: Chain) -> Iterator[Fault]:
    for link, parents in chain.children():
        behind = max(
            [*(parent.clock for parent in parents), *(event.id for event in link.events)], default=""
        )
        if link.clock and link.clock < behind:
            what = f"its clock says {link.clock}, behind it is {behind}"
            yield Fault("clock-back", link.oid, what, REPORT)
        elif any(link.commit.date < parent.commit.date for parent in parents):
            yield Fault("clock-back", link.oid, "dated before its parent", REPORT)


def _future(chain: Chain, now: int) -> Iterator[Fault]:
    limit = stamps.make(now + stamps.FUTURE_LIMIT_MS, 0, "0")
    for link in chain.links.values():
        youngest = max((event.id for event in link.events), default="")
        if youngest > limit:
            hours = (stamps.milliseconds(youngest) - now) // HOUR_MS
            what = f"in commit {link.oid}, {hours} h ahead of this clock"
            yield Fault("future-stamp", youngest, what, FUTURE)


def _rolled_back(objects: ObjectReader, chain: Chain, recorded: list[str]) -> Iterator[Fault]:
    """The youngest recorded tip that is not behind the ref; a merge is there when its parents are."""
    history = History(objects)
    for tip in reversed(recorded):
        if not all(head in chain.links for head in _heads(history, tip)):
            yield Fault("rolled-back-ref", REF, f"does not contain {tip}, which it was once", MEND)
            return


def _heads(history: History, tip: str) -> list[str]:
    try:
        return history.heads([tip])
    except StateBroken:
        return [tip]


def _tree(objects: ObjectReader, chain: Chain) -> Iterator[Fault]:
    """The tip's tree against the join of genesis and all events, built anew in memory."""
    expected = expected_of(chain)
    written_as = expected[META]["format"][1]
    if written_as != FORMAT:
        what = f"written in format {written_as}, this ccc knows format {FORMAT}"
        yield Fault("unknown-format", META, what, "upgrade ccc")
    writer = CellTreeWriter(MemoryObjects(objects.algorithm))
    tree = chain.links[chain.tip].commit.tree
    if writer.apply(None, expected) != tree:
        what = "the state is not the join of all events"
        yield Fault("tree-mismatch", _first_difference(CellTree(objects), tree, expected), what, REPORT)


def expected_of(chain: Chain, more: Iterable[Event] = ()) -> dict[str, Cells]:
    """Every stream as genesis, all events of the chain and `more` make it."""
    events = [event for link in chain.links.values() for event in link.events]
    expected: dict[str, Cells] = dict(delta([*events, *more]))
    for stream, cells in GENESIS_CELLS.items():
        expected[stream] = join(cells, expected.get(stream, {}))
    return expected


def _first_difference(found: CellTree, tree: str, expected: Mapping[str, Cells]) -> str:
    try:
        have = found.read_all(tree)
    except StateBroken:
        return tree
    differing = [name for name in sorted({*have, *expected}) if have.get(name, {}) != expected.get(name, {})]
    return differing[0] if differing else tree
