"""Objects that go into packs at once: fills a repository without millions of loose files."""

from __future__ import annotations

import hashlib
import subprocess
import zlib
from pathlib import Path

from ccc.git.libgit import LibGit
from ccc.git.objects import BLOB, COMMIT, TREE, object_id

_NUMBERS = {COMMIT: 1, TREE: 2, BLOB: 3}
_LEVEL = 1


class PackingGit(LibGit):
    """Like LibGit; what is written is kept until a reference moves, then stored as one pack."""

    def __init__(self, common: Path) -> None:
        super().__init__(common)
        self._waiting: dict[str, tuple[str, bytes]] = {}

    def read(self, oid: str) -> tuple[str, bytes]:
        return self._waiting.get(oid) or super().read(oid)

    def has(self, oid: str) -> bool:
        return oid in self._waiting or super().has(oid)

    def write(self, kind: str, content: bytes) -> str:
        oid = object_id(kind, content)
        self._waiting[oid] = kind, content
        return oid

    def swap(self, name: str, old: str | None, new: str) -> bool:
        self._store()
        return super().swap(name, old, new)

    def _store(self) -> None:
        if not self._waiting:
            return
        pack = _pack(list(self._waiting.values()))
        command = ["git", "--git-dir", str(self.common), "index-pack", "--stdin"]
        subprocess.run(command, input=pack, check=True, capture_output=True)
        self._waiting.clear()


def _pack(objects: list[tuple[str, bytes]]) -> bytes:
    """The bytes of a pack (gitformat-pack, version 2), without deltas."""
    parts = [b"PACK", (2).to_bytes(4, "big"), len(objects).to_bytes(4, "big")]
    for kind, content in objects:
        parts += [_head(_NUMBERS[kind], len(content)), zlib.compress(content, _LEVEL)]
    body = b"".join(parts)
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def _head(number: int, size: int) -> bytes:
    """Kind and size: four bits of it in the first byte, seven in each further one."""
    found = bytearray([number << 4 | size & 15])
    size >>= 4
    while size:
        found[-1] |= 128
        found.append(size & 127)
        size >>= 7
    return bytes(found)
