"""The real `claude` program for tests: private, scrubbed, with nothing but loopback to speak to."""

from __future__ import annotations

import ctypes
import fcntl
import importlib.util
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.support.program import PROJECT

GIVEN = os.environ.get("CCC_TEST_CLAUDE")
"""A program to test with instead; read before the sealed environment takes it away."""

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
UP_AND_RUNNING = 0x41


@cache
def program() -> Path:
    """CCC_TEST_CLAUDE, or where the wheel keeps it. Fails where `make slow` did not install it."""
    if GIVEN:
        return Path(GIVEN)
    spec = importlib.util.find_spec("claude_agent_sdk")
    assert spec is not None, "make .venv/.claude installs the claude program"
    assert spec.origin is not None
    return Path(spec.origin).parent / "_bundled" / "claude"


@cache
def network_free() -> bool:
    """Whether this system lets a test take the network away: as root, outside a tight container."""
    attempt = f"import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare({CLONE_NEWNET}) != 0)"
    linux = sys.platform == "linux"
    return linux and subprocess.run([sys.executable, "-c", attempt], check=False).returncode == 0


@contextmanager
def without_network() -> Iterator[None]:
    """This thread, and what it starts, with nothing but loopback, where `network_free`; else as it is."""
    if not network_free():
        yield
        return
    libc = ctypes.CDLL(None)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        assert libc.unshare(CLONE_NEWNET) == 0
        _raise_loopback()
        yield
    finally:
        assert libc.setns(before, CLONE_NEWNET) == 0
        os.close(before)


def interfaces() -> list[str]:
    """The network interfaces that programs started from here see."""
    return sorted(name for _, name in socket.if_nameindex())


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        fcntl.ioctl(door, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", UP_AND_RUNNING))


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


def surround(monkeypatch: pytest.MonkeyPatch, found: Mapping[str, str]) -> None:
    """Makes this the environment of this process, too, and the developer known to git there."""
    (Path(found["HOME"]) / ".gitconfig").write_text(
        "[user]\n\tname = Developer\n\temail = developer@example.com\n[init]\n\tdefaultBranch = main\n",
        encoding="utf-8",
    )
    for name in os.environ.keys() - found.keys() - {"PYTEST_CURRENT_TEST"}:
        monkeypatch.delenv(name)
    for name, value in found.items():
        monkeypatch.setenv(name, value)
