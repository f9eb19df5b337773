"""Slow tests work in memory only where there is room for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import memory
from tests.support.program import PROJECT

PROBE = """
import tests.support.memory as memory
from pathlib import Path
memory.FOLDER, memory.NEEDED = Path(__file__).parent / "memory", {needed}
pytest_plugins = ["tests.support.memory"]
"""


@pytest.mark.parametrize(
    ("asked", "needed", "inside"),
    [({memory.WANTED: "1"}, 1, True), ({memory.WANTED: "1"}, 1 << 60, False), ({}, 1, False)],
    ids=["asked for", "no room", "not asked for"],
)
def test_folders_of_tests_are_made_there(
    tmp_path: Path, asked: dict[str, str], needed: int, inside: bool
) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / "conftest.py").write_text(PROBE.format(needed=needed))
    (tmp_path / "test_it.py").write_text("def test_where(tmp_path): print('at', tmp_path)\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-s"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), **asked},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    assert (f"at {tmp_path / 'memory'}/" in done.stdout) == inside


def test_no_folder_is_no_place(tmp_path: Path) -> None:
    assert not memory.fits(tmp_path / "nowhere", 0)
    assert memory.fits(tmp_path, 0)
