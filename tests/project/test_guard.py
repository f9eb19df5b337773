"""Tests that write into the project's checkout fail the run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.program import PROJECT

CONFTEST = """
from pathlib import Path
import tests.support.guard as guard
guard.PROJECT = Path(__file__).parent
pytest_plugins = ["tests.support.guard"]
"""


@pytest.mark.parametrize(
    ("asked", "exit"), [({"CCC_TEST_GUARD": "1"}, 1), ({}, 0)], ids=["asked", "not asked"]
)
def test_file_left_in_the_checkout_fails_the_run(tmp_path: Path, asked: dict[str, str], exit: int) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / ".gitignore").write_text("__pycache__/\n.pytest_cache/\n")
    (tmp_path / "test_it.py").write_text("def test_litter(): open('litter', 'w').close()\n")
    environment = {"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin", **asked}
    done = subprocess.run(
        [sys.executable, "-m", "pytest"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == exit, done.stdout
    assert ("?? litter" in done.stdout) == bool(asked)
