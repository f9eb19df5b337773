"""The report of an unexpected error: versions, call and traceback, without secrets."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from ccc import __version__

LIBRARIES = ("click", "jinja2", "mcp", "psutil", "pydantic", "pygit2", "PyYAML")

SECRET_NAME = re.compile(r"TOKEN|KEY|SECRET|PASS|AUTH|CREDENTIAL|COOKIE", re.IGNORECASE)
CREDENTIALS_IN_URL = re.compile(r"(?<=://)[^/\s@]+@")
LONG_ENOUGH = 8
"""Values shorter than this are scrubbed only when their variable's name sounds secret."""


def summary(error: BaseException) -> str:
    """The error's kind and first line, scrubbed, for the one-line message."""
    words = scrub(str(error), os.environ).partition("\n")[0]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def write(argv: list[str], error: BaseException) -> Path:
    """Writes the report, readable by its owner only, and gives its path. Raises OSError.

    It lies in the user's state folder (XDG base directories), or in the temporary folder where that
    cannot be written.
    """
    name = f"ccc-report-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}.txt"
    text = scrub(compose(argv, error), os.environ)
    try:
        return _write(state_folder(os.environ) / name, text)
    except OSError:
        return _write(Path(tempfile.gettempdir()) / name, text)


def state_folder(environment: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/ccc/reports`, by default below `~/.local/state`."""
    base = environment.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "ccc" / "reports"


def compose(argv: list[str], error: BaseException) -> str:
    """The text of a report, not yet scrubbed."""
    lines = [
        f"ccc {__version__}, Python {platform.python_version()}, {platform.platform()}",
        _git_version(),
        ", ".join(f"{name} {_version(name)}" for name in LIBRARIES),
        f"called: {argv!r}",
        f"at: {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "",
        "".join(traceback.format_exception(error)),
    ]
    return "\n".join(lines)


def scrub(text: str, environment: Mapping[str, str]) -> str:
    """The text with every value of the environment replaced by its name, and without logins in URLs."""
    values = {
        value: name
        for name, value in environment.items()
        if len(value) >= (LONG_ENOUGH // 2 if SECRET_NAME.search(name) else LONG_ENOUGH)
    }
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, f"${values[value]}")
    return CREDENTIALS_IN_URL.sub("***@", text)


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123 - no path
        file.write(text)
    return path


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "missing"


def _git_version() -> str:
    try:
        done = subprocess.run(["git", "version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"git: {error}"
    return done.stdout.strip() or sys.platform
