"""Where disks are that no real power cut has to be survived on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")
NEEDED_BYTES = 512 << 20


def quickest(otherwise: Path) -> Path:
    """A file system in memory, where there is one with room: days there take a quarter of the time."""
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < NEEDED_BYTES:
        return otherwise
    return MEMORY
