"""Git objects and references through libgit2; the only importer of pygit2 (90 ms)."""

from __future__ import annotations

import os
import re
import time
import zlib
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pygit2
from pygit2.enums import ObjectType

from ccc.errors import GitFailed, StateBroken, StoreBusy
from ccc.git.formats import SHA1
from ccc.git.objects import BLOB, COMMIT, TREE, MissingObject, parse_commit
from ccc.git.writing import raise_for_disk, tries

_TYPES = {BLOB: ObjectType.BLOB, TREE: ObjectType.TREE, COMMIT: ObjectType.COMMIT}
_KINDS = {int(number): kind for kind, number in _TYPES.items()}
_MISSING = re.compile(r"object not found - no match for id \(([0-9a-f]{40})\)")

LOOSE_COMMITS = 500
"""Looked at before libgit2 walks: what a power cut left half written is among the youngest."""

LOCK_ATTEMPTS = 100
LOCK_DELAY = 0.005
"""A reference's lock is held for well under a millisecond; libgit2 does not wait for it (FACTS)."""


class LibGit:
    """Objects and references of one common directory; each process opens it for itself."""

    algorithm = SHA1
    """libgit2 as pygit2 brings it opens no other repository."""

    def __init__(self, common: Path) -> None:
        self.common = common
        self._process = 0
        self._opened: pygit2.Repository | None = None
        self._looked_at: set[str] = set()

    @property
    def _repository(self) -> pygit2.Repository:
        if self._opened is None or self._process != os.getpid():
            try:
                self._opened = pygit2.Repository(str(self.common))
            except pygit2.GitError as error:
                raise GitFailed(f"{self.common} cannot be opened: {error}") from error
            self._odb = self._opened.odb
            self._process = os.getpid()
        return self._opened

    def open(self) -> None:
        """Opens the repository now. Raises GitFailed for a kind of repository that libgit2 does not know."""
        assert self._repository is not None

    def read(self, oid: str) -> tuple[str, bytes]:
        """(kind, content). Raises MissingObject, StateBroken for a damaged object."""
        repository = self._repository
        self._loose(oid)
        try:
            number, content = repository.read(oid)
        except (KeyError, ValueError) as error:
            raise MissingObject(oid) from error
        except pygit2.GitError as error:
            raise StateBroken(f"object {oid} cannot be read: {error}", "git ccc fsck") from error
        return _KINDS.get(int(number), "tag"), content

    def _loose(self, oid: str) -> bytes | None:
        """A loose object's header and content, None for a packed, missing or otherwise damaged one.

        Raises StateBroken for one that was cut short: libgit2 1.9 waits for the end of its stream for ever.
        """
        try:
            # A string: a Path costs more than to find that most objects are packed.
            with open(f"{self.common}/objects/{oid[:2]}/{oid[2:]}", "rb") as file:  # noqa: PTH123
                stored = file.read()
            inflating = zlib.decompressobj()
            found = inflating.decompress(stored)
        except (OSError, ValueError, zlib.error):
            return None
        if not inflating.eof:
            raise StateBroken(f"object {oid} cannot be read: it was cut short", "git ccc fsck")
        return found

    def _look_behind(self, oid: str) -> None:
        """Looks at the loose commits behind a commit, each once, before libgit2 walks there."""
        todo = [oid]
        while todo and len(self._looked_at) < LOOSE_COMMITS:
            oid = todo.pop(0)
            if oid in self._looked_at:
                continue
            found = self._loose(oid)
            if found is not None and found.startswith(b"commit "):
                self._looked_at.add(oid)
                todo += parse_commit(found.partition(b"\0")[2]).parents

    def read_many(self, oids: Iterable[str]) -> list[tuple[str, bytes]]:
        """Like `read` for several, in order."""
        return [self.read(oid) for oid in oids]

    def has(self, oid: str) -> bool:
        """Whether the object is stored."""
        repository = self._repository
        return repository.odb.exists(oid)

    def write(self, kind: str, content: bytes) -> str:
        """Stores the object, returns its id. Raises OSError (full disk), GitFailed."""
        for again in tries():
            try:
                return str(self._repository.odb.write(_TYPES[kind], content))
            except OSError as error:
                raise_for_disk(str(error), self.common)  # libgit2 says it in words alone
                if not again:
                    raise
            except pygit2.GitError as error:
                raise_for_disk(str(error), self.common)
                raise GitFailed(f"a {kind} of {len(content)} bytes cannot be stored: {error}") from error
        raise AssertionError("the last try returns or raises")

    def together(self) -> AbstractContextManager[None]:
        """Objects are stored one by one all the same: that costs nothing here."""
        return nullcontext()

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether `old` is `new` or behind it. Raises MissingObject."""
        if old == new:
            return True
        self._look_behind(old)
        self._look_behind(new)
        try:
            return bool(self._repository.descendant_of(new, old))
        except (KeyError, ValueError, pygit2.GitError) as error:
            missing = _MISSING.search(str(error))  # one that was met on the way is told in words alone
            if missing is None and isinstance(error, pygit2.GitError):
                raise StateBroken(f"history of {new} cannot be read: {error}", "git ccc fsck") from error
            raise MissingObject(missing[1] if missing else old) from error

    def get(self, name: str) -> str | None:
        """The object id, None where there is no such reference. Raises StateBroken for an unreadable one."""
        reference = self._reference(name)
        return None if reference is None else str(reference.target)

    def _reference(self, name: str) -> pygit2.Reference | None:
        try:
            found = self._repository.references.get(name)
            return None if found is None else found.resolve()
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise StateBroken(f"{name} cannot be read: {error}", "git ccc fsck") from error

    def swap(self, name: str, old: str | None, new: str) -> bool:
        """Compare-and-swap: False when the reference was not `old` any more.

        Raises StoreBusy while another program keeps the reference locked, OSError (full disk), GitFailed.
        """
        for _ in range(LOCK_ATTEMPTS):
            reference = self._reference(name)
            if (None if reference is None else str(reference.target)) != old:
                return False
            if self._moved(name, reference, new):
                return True
            time.sleep(LOCK_DELAY)
        if not (self.common / f"{name}.lock").exists():
            raise_for_disk("", self.common)
            raise GitFailed(f"{name} cannot be moved to {new}", "git ccc fsck")
        raise StoreBusy(f"{name} is locked by another program: {self.common / name}.lock", "git ccc doctor")

    def _moved(self, name: str, reference: pygit2.Reference | None, new: str) -> bool:
        """Whether this attempt moved it; False for a lost race or a lock, which the next look tells apart.

        A stale value is a GitError (AlreadyExistsError for a new name), a held lock an OSError with
        several texts.
        """
        try:
            if reference is None:
                self._repository.references.create(name, new, force=False)
            else:
                reference.set_target(new)
        except pygit2.AlreadyExistsError:
            return False
        except (OSError, pygit2.GitError):
            if not self.has(new):
                raise MissingObject(new) from None
            return False
        return True
