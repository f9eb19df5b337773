"""The write-ahead log: finished batches, kept until their objects are certain to stay."""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from ccc.domain import stamps
from ccc.domain.canonical import canon
from ccc.domain.events import Event, clock_in, events_in
from ccc.errors import Refused
from ccc.git.objects import BLOB, MissingObject
from ccc.layout import Layout, make_folder
from ccc.records import dataclass
from ccc.store.disk import naming
from ccc.store.history import HistoryWriter
from ccc.store.processes import lives, own_name

FORMAT = 1
OWNER = "log"
IN_HAND_SECONDS = 10.0
KEPT_SECONDS = 600.0
"""A batch stays this long after it is done, so that a `git gc --prune=now` loses nothing (DESIGN §3)."""

UPGRADE = "upgrade ccc to write here; reading works"

RETIRE_BUDGET = 0.05
RETIRE_EVERY = 5.0
"""Seconds spent on retiring at a time, and seconds between two such times."""


@dataclass(frozen=True)
class Batch:
    """What is needed to make the same commits again: on `parent`, with these messages and blobs."""

    parent: str
    identity: str
    messages: tuple[str, ...]
    blobs: tuple[bytes, ...] = ()

    @cached_property
    def events(self) -> list[Event]:
        """Every event in it, oldest first."""
        return [event for text in self.messages for event in events_in(text)]

    @property
    def clock(self) -> str:
        """The greatest stamp after it."""
        clock = clock_in(self.messages[-1])
        assert clock is not None
        return clock

    @property
    def name(self) -> str:
        """The last event's id: no other batch has it, and it stays when the batch goes on another parent."""
        return events_in(self.messages[-1])[-1].id

    @property
    def first(self) -> str:
        """The first event's id."""
        return events_in(self.messages[0])[0].id

    def build(self, history: HistoryWriter) -> str:
        """Makes the objects; the id of the last commit, always the same one. Raises MissingObject."""
        with history.objects.together():
            for blob in self.blobs:
                history.objects.write(BLOB, blob)
            tip = self.parent
            for text in self.messages:
                tip = history.append(tip, text, self.identity)
        return tip


@dataclass(frozen=True)
class Kept:
    """A batch on disk; `done` when the ref has moved to it. `owner` is the process that wrote it."""

    path: Path
    batch: Batch
    done: bool
    owner: str = ""

    @property
    def in_hand(self) -> bool:
        """Whether another process is recording it just now: only where the lock does not work.

        It may be putting the batch on another parent, and only one of both can be in the log.
        """
        if self.owner == own_name(OWNER) or not lives(self.owner):
            return False
        try:
            return 0 <= time.time() - self.path.stat().st_mtime < IN_HAND_SECONDS
        except FileNotFoundError:
            return True


class NewerBatch(ValueError):
    """A batch that a newer ccc wrote: not damaged, and nobody else's to finish."""


def encode(batch: Batch) -> bytes:
    """The bytes of a batch on disk, marked as this process's, ending in a newline."""
    document = {
        "format": FORMAT,
        "owner": own_name(OWNER),
        "parent": batch.parent,
        "identity": batch.identity,
        "messages": list(batch.messages),
        "blobs": [blob.decode("latin-1") for blob in batch.blobs],
    }
    return canon(document).encode() + b"\n"


def decode(content: bytes) -> Batch:
    """The batch in these bytes. Raises NewerBatch, or ValueError for a damaged file."""
    return _decode(content)[0]


def _decode(content: bytes) -> tuple[Batch, str]:
    """The batch, and who wrote it."""
    document = json.loads(content)
    written_as = document.get("format") if isinstance(document, dict) else None
    if isinstance(written_as, int) and written_as > FORMAT:
        raise NewerBatch(f"a batch of format {written_as}")
    if written_as != FORMAT:
        raise ValueError("not a batch of this format")
    try:
        batch = Batch(
            document["parent"],
            document["identity"],
            tuple(document["messages"]),
            tuple(text.encode("latin-1") for text in document["blobs"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a batch without {error}") from error
    return batch, str(document.get("owner", ""))


def done_folder(layout: Layout) -> Path:
    """Where batches go that are on the ref: apart, so that those that are not are found at once."""
    return layout.wal / "done"


def undone(layout: Layout) -> list[Kept]:
    """Batches that may not be on the ref yet, in the order of their stamps; damaged ones left out."""
    return list(_loaded(_batches(layout.wal), done=False))


def damaged(layout: Layout) -> list[tuple[Path, str]]:
    """Batches not done that cannot be read, with the reason: a power cut in the middle of writing.

    Raises Refused where a newer ccc left one: only that can finish it, and nothing is recorded before.
    """
    found = []
    for path in _batches(layout.wal):
        try:
            _load(path, done=False)
        except NewerBatch as error:
            raise Refused(f"a newer ccc was ended while it recorded ({path}: {error})", UPGRADE) from error
        except ValueError as error:
            found.append((path, str(error)))
    return found


def done(layout: Layout, *, above: str = "") -> Iterator[Kept]:
    """Batches kept after they were recorded, named above a stamp, youngest first; damaged ones left out."""
    youngest_first = _batches(done_folder(layout), youngest_first=True)
    return _loaded(itertools.takewhile(lambda path: path.stem > above, youngest_first), done=True)


def high_water(layout: Layout) -> str:
    """The greatest stamp in any batch kept, as its name says; the genesis stamp where there is none."""
    return max((_youngest(layout.wal), _youngest(done_folder(layout)), stamps.GENESIS))


def _youngest(folder: Path) -> str:
    """The greatest name of a batch there, empty where there is none; of thousands, so nothing is sorted."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - Paths cost 20 times that
    except FileNotFoundError:
        return ""
    while names:
        last = max(names)
        if _is_batch(last):
            return last[:-5]
        names.remove(last)
    return ""


def _is_batch(name: str) -> bool:
    return name.endswith(".json") and stamps.is_stamp(name[:-5])


def logged(layout: Layout, name: str) -> Batch | None:
    """What the log has under a batch's name, done or not; None for nothing, and for what cannot be read."""
    for folder in (layout.wal, done_folder(layout)):
        try:
            return decode((folder / f"{name}.json").read_bytes())
        except (FileNotFoundError, ValueError):
            continue
    return None


def _batches(folder: Path, *, youngest_first: bool = False) -> Iterator[Path]:
    """In the order of their stamps; there may be thousands, so only paths asked for are made."""
    try:
        names = sorted(os.listdir(folder), reverse=youngest_first)  # noqa: PTH208 - Paths cost 20 times that
    except FileNotFoundError:
        return
    for name in names:
        if _is_batch(name):
            yield folder / name


def _loaded(paths: Iterable[Path], *, done: bool) -> Iterator[Kept]:
    for path in paths:
        try:
            kept = _load(path, done=done)
        except ValueError:
            continue
        if kept is not None:
            yield kept


def _load(path: Path, *, done: bool) -> Kept | None:
    """The batch of a file; None where it has just gone. Raises ValueError for a damaged one."""
    try:
        batch, owner = _decode(path.read_bytes())
    except FileNotFoundError:
        return None
    return Kept(path, batch, done, owner)


def write(layout: Layout, batch: Batch, *, durable: bool) -> Path:
    """Stores the batch whole or not at all; `durable` makes it survive a power cut."""
    path = layout.wal / f"{batch.name}.json"
    temporary = layout.wal / f".{batch.name}.{os.getpid()}"
    try:
        _write_file(temporary, encode(batch), durable=durable)
    except FileNotFoundError:
        make_folder(layout.wal)
        _write_file(temporary, encode(batch), durable=durable)
    temporary.replace(path)
    if durable:
        _sync_folder(layout.wal)
    return path


def _write_file(path: Path, content: bytes, *, durable: bool) -> None:
    try:
        with naming(path), path.open("wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def mark_done(layout: Layout, path: Path) -> None:
    """Says that the ref has moved to this batch; where the lock does not work, somebody may have said so."""
    goal = done_folder(layout) / path.name
    try:
        path.replace(goal)
    except FileNotFoundError:
        make_folder(goal.parent)
        if path.exists():
            path.replace(goal)


def retired_lately(layout: Layout) -> bool:
    """Whether some process retired batches a moment ago; with many of them, each would list all files."""
    try:
        return 0 <= time.time() - _retired_file(layout).stat().st_mtime < RETIRE_EVERY
    except OSError:
        return False


def _retired_file(layout: Layout) -> Path:
    """Its time is when somebody retired last."""
    return layout.cache / "retired"


def retire(layout: Layout, history: HistoryWriter, waiting: frozenset[str]) -> int:
    """Forgets old batches, as many as fit into a moment; how many.

    One goes when it is done for 10 minutes, no gc runs, every object it makes is stored, and nothing of it
    waits in the journal (`waiting`: sources). The newest stays: it is the clock's high-water mark.
    """
    with suppress(OSError):  # the events are recorded: without the mark others look, too
        layout.cache.mkdir(exist_ok=True)
        _retired_file(layout).touch()
    if (layout.common / "gc.pid").exists():
        return 0
    started, count = time.monotonic(), 0
    newest: Path | None = None
    for kept in _loaded(_batches(done_folder(layout)), done=True):
        if (
            time.monotonic() - started > RETIRE_BUDGET
            or time.time() - kept.path.stat().st_mtime < KEPT_SECONDS
        ):
            break
        newest = newest or next(_batches(done_folder(layout), youngest_first=True))
        if kept.path == newest:
            break
        if {event.source for event in kept.batch.events} & waiting or not _stored(kept.batch, history):
            continue
        kept.path.unlink(missing_ok=True)
        count += 1
    return count


def _stored(batch: Batch, history: HistoryWriter) -> bool:
    """Whether every object of the batch is there: writing it again makes those that are not."""
    try:
        return history.objects.has(batch.build(history))
    except MissingObject:
        return False
