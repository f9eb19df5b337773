"""One copy of the repository: its files, its clock, and the process that works in it now."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypeVar

from ccc.domain.events import Draft, draft_line
from ccc.domain.stamps import now_ms
from ccc.errors import StateBroken
from ccc.git.objects import MissingObject
from ccc.layout import Layout
from ccc.store import tips, wal
from ccc.store.gitstore import GitStore
from ccc.store.protocol import REF, JournalEntry, State
from tests.store.simulation.killing import Killed, Processes
from tests.store.tools import git_store

Answer = TypeVar("Answer")
ATTEMPTS = 5
CONFIG = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"


@dataclass
class Disk:
    """What a power cut may bring back: the reference (None: not there) and the record of its tips."""

    tip: str | None
    tips: bytes


@dataclass
class Halves:
    """Journal files that are being written: handle, what is missing, key."""

    open: list[tuple[BinaryIO, bytes, str]] = field(default_factory=list)


class Replica:
    """A repository of its own (`objects`: a folder of objects shared with others, or None)."""

    def __init__(
        self,
        common: Path,
        processes: Processes,
        now: Callable[[], int],
        *,
        objects: Path | None = None,
        lane: str | None = None,
    ) -> None:
        self.name, self.common, self.now = common.stem, common, now
        self.layout = Layout(common)
        self.acknowledged: set[str] = set()
        self.halves = Halves()
        self._processes, self._lane = processes, lane
        _make_repository(common, objects)
        self.number, self.store = processes.start(), self.fresh_store()
        self.disks = [Disk(None, b"")]

    def restart(self) -> None:
        """Another process takes the place of the one that worked here."""
        self._processes.end(self.number)
        self.number, self.store = self._processes.start(), self.fresh_store()

    def fresh_store(self) -> GitStore:
        """The store as a process sees it that has just started."""
        return store_of(self.common, lane=self._lane, now=self.now)

    @contextmanager
    def working(self) -> Iterator[None]:
        """What happens inside is done by this replica's process; when it is killed, another takes over."""
        try:
            with self._processes.running(self.number):
                yield
        except Killed:
            self.restart()
            raise

    def reading(self, read: Callable[[], Answer]) -> Answer:
        """What `read` finds in this replica."""
        return mended(self.store, read)

    # What acknowledges

    def journal(self, draft: Draft, key: str) -> None:
        """A fact is journalled by a hook, at this replica's time."""
        self._date(self.layout.journal_new / self.store.journal(draft))
        self.acknowledged.add(key)

    def note(self, key: str) -> None:
        """A hook notes something that is not an event yet."""
        self.layout.journal_new.mkdir(parents=True, exist_ok=True)
        path = self.layout.journal_new / f"note-{key}"
        path.write_text(f"hook {key}\n", encoding="utf-8")
        self._date(path)
        self.acknowledged.add(key)

    def decide(self, draft: Draft, key: str) -> None:
        """A command decides."""
        with self.working():
            self.store.transact(lambda state: [draft])
        self.acknowledged.add(key)

    def begin_half(self, draft: Draft, key: str, chance: random.Random) -> None:
        """A hook has written a part of its file when something else happens."""
        line = draft_line(draft).encode() + b"\n"
        cut = chance.randrange(len(line))
        self.layout.journal_new.mkdir(parents=True, exist_ok=True)
        handle = (self.layout.journal_new / f"half-{key}").open("wb", buffering=0)
        handle.write(line[:cut])
        self.halves.open.append((handle, line[cut:], key))

    def end_half(self, *, complete: bool) -> None:
        """The oldest unfinished file is finished, or its writer dies."""
        if not self.halves.open:
            return
        handle, rest, key = self.halves.open.pop(0)
        with handle:
            if complete:
                handle.write(rest)
                at = self.now() * 1_000_000
                os.utime(handle.fileno(), ns=(at, at))
                self.acknowledged.add(key)

    def _date(self, path: Path) -> None:
        at = self.now() * 1_000_000
        os.utime(path, ns=(at, at))

    # What goes wrong with the disk

    def remember_disk(self) -> None:
        """A moment to which a power cut may bring us back."""
        tip = self.store.tip()
        if tip is not None and (not self.disks or self.disks[-1].tip != tip):
            self.disks.append(self._disk_at(tip))

    def forget_disks(self) -> None:
        """Everything up to now has reached the disk."""
        self.disks = []
        self.remember_disk()

    def _disk_at(self, tip: str) -> Disk:
        recorded = self.layout.tips.read_bytes() if self.layout.tips.exists() else b""
        return Disk(tip, recorded)

    def set_back(self, chance: random.Random, *, with_tips: bool) -> None:
        """The reference is an older one, or gone; `with_tips`: the record of tips, too (a power cut)."""
        index = chance.randrange(len(self.disks))
        disk = self.disks[index]
        del self.disks[index + 1 :]
        if disk.tip is None:
            (self.common / REF).unlink(missing_ok=True)
        else:
            (self.common / REF).write_text(f"{disk.tip}\n", encoding="ascii")
        if with_tips:
            self.layout.root.mkdir(exist_ok=True)
            self.layout.tips.write_bytes(disk.tips)
            self.restart()
        elif chance.random() < 0.3 and tips.last(self.layout):
            (self.common / REF).unlink(missing_ok=True)

    def lose_done_mark(self) -> None:
        """The last batch is on the reference, and nothing says so."""
        found = sorted(wal.done_folder(self.layout).glob("*.json"))
        if found:
            found[-1].replace(self.layout.wal / found[-1].name)

    def age_batches(self) -> None:
        """All batches are old enough to retire."""
        for path in wal.done_folder(self.layout).glob("*.json"):
            at = path.stat().st_mtime - 2 * wal.KEPT_SECONDS
            os.utime(path, (at, at))


def mended(store: GitStore, read: Callable[[], Answer]) -> Answer:
    """What `read` finds; where something is gone, it is brought back first, as by every reading command.

    Beside a git that takes away again and again, that is done more than once.
    """
    for _ in range(ATTEMPTS):
        try:
            return read()
        except StateBroken as error:
            if store.restore() is None and isinstance(error, MissingObject):
                store.restore_objects()
    return read()


def store_of(common: Path, *, lane: str | None = None, now: Callable[[], int] = now_ms) -> GitStore:
    """The store of a repository, with the observer of simulated hooks."""
    return git_store(common, lane=lane, now=now, observe=observe)


def observe(state: State, entries: Sequence[JournalEntry]) -> Sequence[Draft]:
    """Records what hooks noted, each note once."""
    del state
    found = []
    for entry in entries:
        word, _, key = entry.line.partition(" ")
        if word != "hook":
            raise ValueError(f"no hook's note: {entry.line}")
        changes = {f"sessions/s{len(key) % 3}": {"noted": key}}
        found.append(Draft("hook.noted", "s", f"says {key}", changes, data={"key": key}, source=entry.source))
    return found


def make_objects(folder: Path) -> None:
    """An empty folder of objects; libgit2 never looks into packs where there was no place for them."""
    (folder / "pack").mkdir(parents=True)
    (folder / "info").mkdir()


def _make_repository(common: Path, objects: Path | None) -> None:
    """What `git init --bare` makes of it, in a hundredth of the time."""
    (common / "refs" / "heads").mkdir(parents=True)
    (common / "HEAD").write_text("ref: refs/heads/main\n", encoding="ascii")
    (common / "config").write_text(CONFIG, encoding="ascii")
    if objects is None:
        make_objects(common / "objects")
    else:
        (common / "objects").symlink_to(objects, target_is_directory=True)
