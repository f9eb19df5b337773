"""Being told by the system which files change: inotify on Linux; elsewhere nobody is told, and asks."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress

from ccc.records import dataclass

MODIFY, MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x2, 0x40, 0x80, 0x100, 0x200
ATTRIB, CLOSE_WRITE = 0x4, 0x8
DELETE_SELF, OVERFLOW, IGNORED, IS_FOLDER = 0x400, 0x4000, 0x8000, 0x40000000
ONLY_FOLDERS, NOT_THROUGH_LINKS = 0x01000000, 0x02000000
WANTED = MODIFY | MOVED_FROM | MOVED_TO | CREATE | DELETE | ATTRIB | ONLY_FOLDERS | NOT_THROUGH_LINKS
EVENT = struct.Struct("iIII")
AT_ONCE = 64 * 1024


class OutOfWatches(OSError):
    """The system gives this user no more of them (fs.inotify.max_user_watches)."""


@dataclass(frozen=True)
class Change:
    """Something changed in the watched folder `watch`: its entry `name`, or many things (`lost`).

    `folder`: the entry is a folder. `gone`: the watch has ended.
    """

    watch: int
    name: str
    folder: bool
    gone: bool
    lost: bool


class Watching:
    """Watches folders, each by itself; use `fileno` to wait until something has changed."""

    def __init__(self, library: ctypes.CDLL, descriptor: int) -> None:
        self._library, self._descriptor = library, descriptor

    @classmethod
    def begin(cls) -> Watching | None:
        """None where the system has no such thing, or gives no more of them."""
        if not sys.platform.startswith("linux"):
            return None
        try:
            library = ctypes.CDLL(None, use_errno=True)
            descriptor = int(library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        except (OSError, AttributeError):
            return None
        return cls(library, descriptor) if descriptor >= 0 else None

    def fileno(self) -> int:
        """For select."""
        return self._descriptor

    def add(self, folder: str) -> int | None:
        """The number of the watch of a folder; None where there is no such folder. Raises OutOfWatches."""
        found = int(self._library.inotify_add_watch(self._descriptor, os.fsencode(folder), WANTED))
        if found >= 0:
            return found
        if ctypes.get_errno() in (errno.ENOSPC, errno.ENOMEM):
            raise OutOfWatches(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return None

    def forget(self, watch: int) -> None:
        """Ends a watch."""
        self._library.inotify_rm_watch(self._descriptor, watch)

    def changes(self) -> Iterator[Change]:
        """What has changed since the last time."""
        with suppress(BlockingIOError):
            while content := os.read(self._descriptor, AT_ONCE):
                yield from _parsed(content)

    def close(self) -> None:
        """Ends all watches."""
        os.close(self._descriptor)


def _parsed(content: bytes) -> Iterator[Change]:
    at = 0
    while at < len(content):
        watch, mask, _, length = EVENT.unpack_from(content, at)
        at += EVENT.size
        name = os.fsdecode(content[at : at + length].rstrip(b"\0"))
        at += length
        folder, lost = bool(mask & IS_FOLDER), bool(mask & OVERFLOW)
        yield Change(watch, name, folder, bool(mask & (IGNORED | DELETE_SELF)), lost)
