"""Programs that people manage hooks with, installed once a machine into a cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

OUTSIDE = dict(os.environ)
"""The environment before tests seal it: package managers need the user's settings."""

CACHE = Path(OUTSIDE.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "git-ccc-tests"
_MISSED: dict[str, str] = {}
"""What could not be installed and why: waiting once for a registry that is out of reach is enough."""

HUSKY, LEFTHOOK = "husky@9.1.7", "lefthook==2.2.2"


def husky() -> Path:
    """The folder whose `bin.js` is husky."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    quick = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=20000")
    words = ["npm", "install", "--silent", "--no-audit", "--no-fund", *quick, "--prefix"]
    return _installed(HUSKY, lambda place: [*words, str(place), HUSKY]) / "node_modules" / "husky"


def lefthook() -> list[str]:
    """The command line of lefthook."""
    words = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]
    place = _installed(LEFTHOOK, lambda place: [*words, str(place), LEFTHOOK])
    (program,) = place.glob("lefthook/bin/*/lefthook")
    return [str(program)]


def _installed(package: str, command: Callable[[Path], list[str]]) -> Path:
    place = CACHE / package.replace("==", "-").replace("@", "-")
    if place.is_dir():
        return place
    if package in _MISSED:
        pytest.skip(_MISSED[package])
    CACHE.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f"{place.name}.{os.getpid()}")
    done = subprocess.run(command(fresh), env=OUTSIDE, capture_output=True, text=True, timeout=100)
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        _MISSED[package] = f"{package} cannot be installed: {done.stderr[-200:]}"
        pytest.skip(_MISSED[package])
    try:
        fresh.rename(place)
    except OSError:  # another process was quicker
        shutil.rmtree(fresh)
    return place
