"""Git objects and references in memory, with git's own ids."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext

from ccc.git.objects import MissingObject, object_id


class MemoryObjects:
    """An object database in memory; `algorithm` names the objects: sha1 or sha256."""

    def __init__(self, algorithm: str = "sha1") -> None:
        self.algorithm = algorithm
        self.stored: dict[str, tuple[str, bytes]] = {}

    def read(self, oid: str) -> tuple[str, bytes]:
        """(kind, content). Raises MissingObject."""
        try:
            return self.stored[oid]
        except KeyError:
            raise MissingObject(oid) from None

    def read_many(self, oids: Iterable[str]) -> list[tuple[str, bytes]]:
        """Like `read` for several, in order."""
        return [self.read(oid) for oid in oids]

    def has(self, oid: str) -> bool:
        """Whether the object is stored."""
        return oid in self.stored

    def write(self, kind: str, content: bytes) -> str:
        """Stores the object, returns its id."""
        oid = object_id(kind, content, algorithm=self.algorithm)
        self.stored[oid] = (kind, content)
        return oid

    def together(self) -> AbstractContextManager[None]:
        """Objects are stored one by one all the same."""
        return nullcontext()


class MemoryReferences:
    """References in memory."""

    def __init__(self) -> None:
        self.targets: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        """The object id, None where there is no such reference."""
        return self.targets.get(name)

    def swap(self, name: str, old: str | None, new: str) -> bool:
        """Compare-and-swap: False when the reference was not `old` any more."""
        if self.targets.get(name) != old:
            return False
        self.targets[name] = new
        return True
