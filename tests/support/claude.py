"""The real `claude` program for tests: private, scrubbed, with nothing but loopback to speak to."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.support.program import PROJECT

CLONE_NEWNET = 0x40000000


@cache
def program() -> Path:
    """Where the wheel of the tests' lock file keeps it. Fails where `make slow` did not install it."""
    spec = importlib.util.find_spec("claude_agent_sdk")
    assert spec is not None, "make .venv/.claude installs the claude program"
    assert spec.origin is not None
    return Path(spec.origin).parent / "_bundled" / "claude"


@contextmanager
def without_network() -> Iterator[bool]:
    """This process, and what it starts, with nothing but loopback; whether the system let us."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        alone = libc.unshare(CLONE_NEWNET) == 0
        if alone:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        yield alone
    finally:
        libc.setns(before, CLONE_NEWNET)
        os.close(before)


def environment(folder: Path, url: str) -> dict[str, str]:
    """Everything the program and ccc are given: private HOME, temp folder, configuration; a dummy key."""
    places = {name: folder / name for name in ("home", "tmp", "config", "bin")}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    link = places["bin"] / "claude"
    if not link.exists():
        link.symlink_to(program())
    path = os.pathsep.join(
        [str(places["bin"]), str(Path(sys.executable).parent), "/usr/local/bin:/usr/bin:/bin"]
    )
    return {
        "PATH": path,
        "HOME": str(places["home"]),
        "TMPDIR": str(places["tmp"]),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(PROJECT),
        "CLAUDE_CONFIG_DIR": str(places["config"]),
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "dummy",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "2",
    }
