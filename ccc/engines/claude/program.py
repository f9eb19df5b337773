"""The `claude` program on this machine: found on PATH, and new enough."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ccc.errors import EngineFailed

MINIMUM = (2, 1, 0)
"""The first with the stream lines that receipts rest on (docs/claude-engine.md)."""

INSTALL = "install Claude Code (npm install -g @anthropic-ai/claude-code), or choose another: --engine NAME"
TIME_LIMIT = 20.0


def find(environment: Mapping[str, str]) -> str:
    """The path of `claude`. Raises EngineFailed where there is none on PATH."""
    found = shutil.which("claude", path=environment.get("PATH"))
    if found is None:
        raise EngineFailed("there is no claude program on PATH", INSTALL)
    return str(Path(found).absolute())


def version(program: str, environment: Mapping[str, str]) -> tuple[int, ...]:
    """What `claude --version` says; takes about 15 ms. Raises EngineFailed."""
    try:
        done = subprocess.run(
            [program, "--version"],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIME_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineFailed(f"{program} cannot be run: {error}", INSTALL) from error
    words = done.stdout.decode("utf-8", "replace").strip()
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", words)
    if done.returncode != 0 or found is None:
        raise EngineFailed(f"{program} --version says nothing of a version: {words[:80]!r}", INSTALL)
    return tuple(int(part) for part in found.groups())


def require(environment: Mapping[str, str]) -> str:
    """The path of a claude that is new enough. Raises EngineFailed."""
    program = find(environment)
    found = version(program, environment)
    if found < MINIMUM:
        has, needs = (".".join(str(part) for part in each) for each in (found, MINIMUM))
        raise EngineFailed(f"{program} is {has}, ccc needs {needs} or newer", "claude update")
    return program
