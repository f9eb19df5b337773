"""Git objects and references through the git program: for every kind of repository that git itself knows."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ccc.errors import GitFailed, StateBroken, StoreBusy
from ccc.git.catfile import CatFile
from ccc.git.command import Git
from ccc.git.formats import lock_of
from ccc.git.objects import MissingObject, object_id
from ccc.git.writing import Mover, Writer, raise_for_disk, unpack

ONE_BY_ONE = 12
"""Up to so many objects are stored by processes that stay; for more one of their own is quicker."""

SWAP_ATTEMPTS = 5
SWAP_DELAY = 0.02
"""git itself waits 0.1 s for the lock of a reference (core.filesRefLockTimeout, reftable.lockTimeout)."""
_OID = re.compile(r"\b[0-9a-f]{40,64}\b")


class Plumbing:
    """Objects and references of one common directory (protocol Backend), on git processes that stay.

    An object is written by `git hash-object`, which says its id once it is stored: 0.3 ms each, where a
    process of its own costs 3.4 ms; many by one `git unpack-objects`. Both heed whatever the repository is
    configured to (sharing, fsync, formats to come), which files written by us would not.
    """

    def __init__(self, git: Git, common: Path) -> None:
        self.common = common
        self._git = git
        self._reader = CatFile(git, common)
        self._owner = os.getpid()
        self._writers: dict[str, Writer] = {}
        self._mover: Mover | None = None
        self._waiting: dict[str, tuple[str, bytes]] | None = None

    @property
    def algorithm(self) -> str:
        """The hash function that names objects here: sha1 or sha256."""
        return self._reader.algorithm

    def close(self) -> None:
        """Ends the git processes; the next call begins others."""
        self._reader.close()
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
        self._drop_mover()

    def read(self, oid: str) -> tuple[str, bytes]:
        """(kind, content). Raises MissingObject, StateBroken for a damaged object."""
        return self.read_many([oid])[0]

    def read_many(self, oids: Iterable[str]) -> list[tuple[str, bytes]]:
        """Like `read` for several, in order, in one round trip."""
        wanted = list(oids)
        if not self._waiting:
            return self._reader.read_many(wanted)
        stored = iter(self._reader.read_many(oid for oid in wanted if oid not in self._waiting))
        return [self._waiting[oid] if oid in self._waiting else next(stored) for oid in wanted]

    def has(self, oid: str) -> bool:
        """Whether the object is stored."""
        return oid in (self._waiting or {}) or self._reader.has(oid)

    def write(self, kind: str, content: bytes) -> str:
        """Stores the object, returns its id. Raises OSError (full disk), GitFailed."""
        named = object_id(kind, content, algorithm=self.algorithm)
        if self._waiting is None:
            self._store(kind, content, named)
        else:
            self._waiting[named] = (kind, content)
        return named

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written inside is stored at its end, or an error raised; reading inside sees it already."""
        if self._waiting is not None:
            yield
            return
        self._waiting = {}
        try:
            yield
            waiting = self._waiting
        finally:
            self._waiting = None
        if len(waiting) > ONE_BY_ONE:
            unpack(self._git, waiting.values(), self.algorithm)
            return
        for oid, (kind, content) in waiting.items():
            self._store(kind, content, oid)

    def _store(self, kind: str, content: bytes, named: str) -> None:
        self._settle()
        if kind not in self._writers:
            self._writers[kind] = Writer(self._git, kind)
        oid = self._writers[kind].write(content)
        if oid != named:
            raise StateBroken(f"git named a {kind} {oid} that we call {named}", "git ccc doctor")

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `old` is `new` or behind it. Raises MissingObject."""
        if old == new:
            return True
        found = self._git.run("merge-base", "--is-ancestor", old, new, ok=(0, 1, 128))
        # Up to git 2.44 a commit missing on the way is an error in words alone.
        if found.code == 128 or (found.code == 1 and found.err):
            for oid in (old, new, *_OID.findall(found.err)):
                if not self.has(oid):
                    raise MissingObject(oid)
            raise StateBroken(f"history of {new} cannot be read: {found.err}", "git ccc fsck")
        return found.code == 0

    def get(self, name: str) -> str | None:
        """The object id, None where there is no such reference. Raises StateBroken for an unreadable one."""
        return self._reader.get(name)

    def swap(self, name: str, old: str | None, new: str) -> bool:
        """Compare-and-swap: False when the reference was not `old` any more.

        Raises MissingObject for a `new` that is not stored, StoreBusy while another program keeps the
        reference locked, OSError (full disk), GitFailed.
        """
        words = ""
        for attempt in range(SWAP_ATTEMPTS):
            if attempt:
                time.sleep(SWAP_DELAY)
            if self.get(name) != old:
                return False
            words = self._moved(name, old, new)
            # A git killed between moving and saying so has moved it all the same.
            if not words or self.get(name) == new:
                return True
            if not self.has(new):
                raise MissingObject(new)
            raise_for_disk(words, self.common)
        lock = lock_of(self.common, name)
        if not lock.exists():
            raise GitFailed(f"{name} cannot be moved to {new}: {words}", "git ccc fsck")
        raise StoreBusy(f"{name} is locked by another program: {lock}", "git ccc doctor")

    def _moved(self, name: str, old: str | None, new: str) -> str:
        """Tries once; git's words where it failed, for whatever reason."""
        self._settle()
        if self._mover is None:
            self._mover = Mover(self._git)
        words = self._mover.move(name, old or "0" * len(new), new)
        if words:
            self._drop_mover()
        return words

    def _settle(self) -> None:
        """A process that forked leaves its parent's git processes, and the files they share, alone."""
        if self._owner != os.getpid():
            self._owner, self._writers, self._mover = os.getpid(), {}, None

    def _drop_mover(self) -> None:
        if self._mover is not None:
            self._mover.close()
            self._mover = None
