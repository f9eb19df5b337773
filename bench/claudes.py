"""The real `claude` program for benchmarks: private, and asking a scripted model on this machine."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.places import repository
from ccc.demo.claude import private_environment


def program() -> Path | None:
    """The program on PATH, or as the tests install it."""
    found = shutil.which("claude")
    if found is not None:
        return Path(found)
    spec = importlib.util.find_spec("claude_agent_sdk")
    bundled = Path(spec.origin).parent / "_bundled" / "claude" if spec and spec.origin else None
    return bundled if bundled is not None and bundled.exists() else None


@contextmanager
def with_claude(program: Path, url: str) -> Iterator[Path]:
    """A repository, and an environment in which `claude` is private and asks the stub at `url`."""
    before = dict(os.environ)
    with repository() as top:
        private = top.parent / "private"
        (private / "bin").mkdir(parents=True)
        (private / "bin" / "claude").symlink_to(program)
        os.environ.update(private_environment(private, url))
        os.environ["PATH"] = f"{private / 'bin'}{os.pathsep}{os.environ['PATH']}"
        try:
            yield top
        finally:
            os.environ.clear()
            os.environ.update(before)


def runs_python(code: str) -> dict[str, object]:
    """A tool call of the scripted model: a Python program in the worktree."""
    return {"name": "Bash", "input": {"command": f"python3 -c '{code}'", "description": "a step"}}
