"""Who holds a lock, as the system says it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ccc.platform import locks, processes
from ccc.store.lock import locked


def test_the_holder_of_a_lock_is_named_and_who_waits_for_it_is_not(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert locks.holders(path) is None
    with locked(path):
        waits = [sys.executable, "-c", "import fcntl, sys; print(flush=True); fcntl.flock(0, fcntl.LOCK_EX)"]
        with (
            path.open("rb") as file,
            subprocess.Popen(waits, stdin=file, stdout=subprocess.PIPE) as waiting,
        ):
            assert waiting.stdout is not None
            waiting.stdout.readline()
            assert locks.holders(path) == [os.getpid()]
            waiting.kill()
    assert locks.holders(path) == []


def test_elsewhere_nobody_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PROC", tmp_path / "none")
    path = tmp_path / "lock"
    with locked(path):
        assert locks.holders(path) is None
