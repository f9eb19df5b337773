"""Runs the commands that exist only to test the command line itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.program import PROJECT, Outcome

COMMAND = [sys.executable, "-m", "tests.support.samples"]


class Samples(Protocol):
    def __call__(self, *arguments: str, env: Mapping[str, str] | None = None) -> Outcome: ...


@pytest.fixture
def samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Samples:
    """Runs the sample commands as a real process in `tmp_path`; others may start COMMAND themselves."""
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))

    def call(*arguments: str, env: Mapping[str, str] | None = None) -> Outcome:
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=tmp_path,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return Outcome(arguments, done.returncode, done.stdout, done.stderr)

    return call
