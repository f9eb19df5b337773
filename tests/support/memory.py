"""A pytest plugin: with CCC_TEST_MEMORY, tests work in memory, where the system has a folder for that.

A test of a day syncs hundreds of files, each of which costs a virtual machine more than it costs ccc: a third
of the processor time of slow tests. The default run stays on disk, and so does the soak.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

WANTED = "CCC_TEST_MEMORY"
"""Set by `make slow`."""

FOLDER = Path("/dev/shm")
NEEDED = 4 << 30
"""Bytes that must be free there: several times what was ever seen in use."""

ROOT = "PYTEST_DEBUG_TEMPROOT"
"""Where pytest makes its folders, if not in the system's temporary one."""


def fits(folder: Path, needed: int) -> bool:
    """Whether tests can work there: it exists, has room, and programs there may run."""
    try:
        found = os.statvfs(folder)
    except FileNotFoundError:
        return False
    runs = not found.f_flag & (os.ST_NOEXEC | os.ST_RDONLY)
    return runs and os.access(folder, os.W_OK) and found.f_bavail * found.f_frsize >= needed


def pytest_configure(config: pytest.Config) -> None:
    """Before any folder is made; workers of xdist are given theirs."""
    if os.environ.get(WANTED) and not config.option.basetemp and fits(FOLDER, NEEDED):
        os.environ.setdefault(ROOT, str(FOLDER))
