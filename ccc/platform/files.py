"""Files that are written whole or not at all, also where several processes write the same one."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def write_whole(
    path: Path,
    content: str | bytes,
    *,
    durable: bool = False,
    mode: int | None = None,
    beside: Path | None = None,
) -> None:
    """Replaces a file at once: readers find the old content or the new one. Raises OSError: it is as before.

    Of several writers at the same moment the last one counts. `durable`: the content survives a power cut.
    `beside`: another folder of the same file system for the half-written file, whose name begins with a dot.
    """
    # A random name: process ids are the same in two containers that share a repository.
    fresh = (beside or path.parent) / f".{path.name}.{os.urandom(6).hex()}"
    try:
        with fresh.open("xb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise


def replace_file(path: Path, text: str, *, executable: bool = False) -> bool:
    """Replaces a file at once, with its mode; False for one that needs no change. Raises OSError."""
    content = os.fsencode(text)
    if path.is_file() and _holds(path, content) and (not executable or os.access(path, os.X_OK)):
        return False
    write_whole(path, content, mode=0o755 if executable else None)
    return True


def _holds(path: Path, content: bytes) -> bool:
    """Whether it has this content; not one that somebody has just taken away."""
    try:
        return path.read_bytes() == content
    except FileNotFoundError:
        return False
