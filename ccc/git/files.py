"""Files that are replaced at once, so that nobody reads half of one."""

from __future__ import annotations

import os
from pathlib import Path


def replace_file(path: Path, text: str, *, executable: bool = False) -> bool:
    """Replaces a file at once, with its mode; False for one that needs no change. Raises OSError."""
    content = os.fsencode(text)
    good = path.is_file() and path.read_bytes() == content and (not executable or os.access(path, os.X_OK))
    if good:
        return False
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    if executable:
        fresh.chmod(0o755)
    fresh.replace(path)
    return True
