"""Sessions that have reported, and a picture of everything below the git directory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flow.conftest import Spawns, Worked, ready, spawn
from tests.support.program import RunsCcc

__all__ = ["ready", "spawn"]

Done = Callable[..., Worked]


@pytest.fixture
def done(spawn: Spawns, ccc: RunsCcc) -> Done:
    """A session that has committed files, reported done and been checked."""

    def make(role: str, task: str, **files: str) -> Worked:
        session = spawn(role, task)
        session.tree.commit(f"{task}\n\nCcc-Status: done", **(files or {"file": task}))
        ccc("wait", session.name, "--timeout", "60", exit=0)
        return session

    return make


def contents(*folders: Path) -> dict[str, str]:
    """Every file below the folders with its time and a digest of what is in it.

    Of objects only the digest: git marks one that it would have to store again by a fresh time.
    """
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                at = 0 if "objects" in path.parts else path.stat().st_mtime_ns
                found[str(path)] = f"{at} {digest}"
    return found
