"""Whether an index has some files just so: its bytes are searched, where git would take in every entry.

The format is that of gitformat-index(5). Only yes is an answer: for anything else git has to be asked.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

from ccc.git.heads import listed
from ccc.git.objects import Entry

HEAD = struct.pack(">4sI", b"DIRC", 2)
"""From version 3 on entries may have more flags (left out, only intended), from 4 on shortened names."""

SHARED = "sharedindex."
"""Files beside an index that leaves entries to them begin so (`git update-index --split-index`)."""

FIRST, BEFORE_ID, MODE, FLAGS = 12, 40, 24, 2
"""Bytes in front of the first entry; in an entry in front of its object id and of its mode; of its flags."""

ROUND = 8
"""Entries are filled up with NUL, at least one, to a multiple of so many bytes."""

LONGEST = 0xFFF
"""Bytes of a name from which on its length is not in the flags; their other bits are: assume unchanged,
extended, stage."""


def has_just(index: Path, wanted: Mapping[str, Entry | None]) -> bool:
    """Whether each path is in the index as its entry says and without flags; None: nothing is there or below.

    False also where that cannot be told from here. Raises OSError.
    """
    data = index.read_bytes()
    if not data.startswith(HEAD) or any(name.startswith(SHARED) for name in listed(str(index.parent))):
        return False
    names = sorted((path.encode("utf-8", "surrogateescape"), entry) for path, entry in wanted.items())
    at = FIRST
    for name, entry in names:
        if entry is None and _is_there(data, name):
            return False
        if entry is not None:
            at = _found(data, name, entry, at)
            if at < 0 or _goes_on(data, name, at, len(entry.oid) // 2):
                return False
    return True


def _found(data: bytes, name: bytes, entry: Entry, start: int) -> int:
    """Where the plain entry of a file begins, at `start` or behind; -1 where there is none."""
    if len(name) >= LONGEST:
        return -1
    sought = bytes.fromhex(entry.oid) + len(name).to_bytes(FLAGS, "big") + name + b"\0"
    at = data.find(sought, start + BEFORE_ID) - BEFORE_ID
    is_one = at >= FIRST and (at - FIRST) % ROUND == 0
    mode = int.from_bytes(data[at + MODE : at + MODE + 4], "big") if is_one else 0
    return at if mode == int(entry.mode, 8) else -1


def _goes_on(data: bytes, name: bytes, at: int, id_length: int) -> bool:
    """Whether behind the entry of a file there is another of it, or one of a file below: a conflict."""
    before_name = BEFORE_ID + id_length + FLAGS
    following = name
    while following.startswith(name):  # names are in order: those that begin alike are together
        at += (before_name + _length(data, at + before_name)) // ROUND * ROUND + ROUND
        following = data[at + before_name : at + before_name + len(name) + 1]
        if following in (name + b"\0", name + b"/"):
            return True
    return False


def _is_there(data: bytes, name: bytes) -> bool:
    """Whether an entry is called so, or as something below."""
    at = data.rfind(name)  # in half the time of `find`
    while at >= FIRST:
        if data[at + len(name) : at + len(name) + 1] in (b"\0", b"/"):
            flags = int.from_bytes(data[at - FLAGS : at], "big")
            if flags & LONGEST == min(_length(data, at), LONGEST):
                return True
        at = data.rfind(name, FIRST, at + len(name) - 1)
    return False


def _length(data: bytes, at: int) -> int:
    """Of the name that begins there."""
    end = data.find(b"\0", at)
    return (end if end >= 0 else len(data)) - at
