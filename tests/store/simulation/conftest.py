"""Where simulated days are, and that nothing of one gets into another test."""

from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.simulation.place import quickest


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Path]:
    """An empty folder for the disks of simulated days."""
    folder = Path(tempfile.mkdtemp(prefix="ccc-days-", dir=quickest(tmp_path)))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def nothing_left_open() -> Iterator[None]:
    """What dead processes left open is collected here, under the filter of the test that let them die."""
    yield
    gc.collect()
