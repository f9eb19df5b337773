"""A word on the person's desktop: a notification where one can be shown, else the bell of their terminals."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

BELL = b"\a"


def notify(title: str, text: str, environment: Mapping[str, str], timeout: float) -> str | None:
    """Shows a notification, or rings; why not, in words, None where it did. `timeout` in seconds."""
    command = command_for(title, text, environment)
    if command is not None:
        trouble = _run(command, environment, timeout)
        if trouble is None:
            return None
        return None if ring(terminals()) else trouble
    return None if ring(terminals()) else "there is neither a desktop to show it on nor a terminal to ring"


def command_for(title: str, text: str, environment: Mapping[str, str]) -> list[str] | None:
    """The program that shows a notification here, with its arguments; None where there is none."""
    path = environment.get("PATH", os.defpath)
    found = shutil.which("notify-send", path=path)
    if found is not None and session_bus(environment) is not None:
        return [found, "--app-name=ccc", "--", title, _escaped(text)]
    found = shutil.which("osascript", path=path) if sys.platform == "darwin" else None
    if found is not None:
        script = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run"
        return [found, "-e", script, title, text]
    return None


def session_bus(environment: Mapping[str, str]) -> str | None:
    """The address of the person's own message bus; a process that a host started does not inherit it."""
    given = environment.get("DBUS_SESSION_BUS_ADDRESS")
    if given:
        return given
    usual = Path(environment.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}") / "bus"
    return f"unix:path={usual}" if usual.exists() else None


def terminals() -> list[Path]:
    """The terminals that this person is logged in at and lets others write to (mesg y)."""
    try:
        import psutil  # 20 ms, and only where there is no desktop

        names = {user.terminal for user in psutil.users() if user.terminal}
    except (ImportError, OSError, RuntimeError):
        return []
    return [Path("/dev") / name for name in sorted(names) if name.startswith(("pts/", "tty"))]


def ring(paths: Iterable[Path]) -> bool:
    """Rings the bell of terminals that are this person's; whether one rang."""
    rang = False
    for path in paths:
        try:
            seen = path.stat()
            if seen.st_uid != os.getuid() or not seen.st_mode & stat.S_IWGRP:
                continue
            descriptor = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            rang |= os.write(descriptor, BELL) == len(BELL)
        except OSError:
            continue
        finally:
            os.close(descriptor)
    return rang


def _run(command: list[str], environment: Mapping[str, str], timeout: float) -> str | None:
    bus = session_bus(environment)
    told = {**environment, **({} if bus is None else {"DBUS_SESSION_BUS_ADDRESS": bus})}
    try:
        done = subprocess.run(
            command,
            env=told,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        return f"{Path(command[0]).name} did not end within {timeout:g} s"
    except OSError as error:
        return f"{Path(command[0]).name} cannot be started: {error.strerror}"
    return None if done.returncode == 0 else f"{Path(command[0]).name} exit {done.returncode}"


def _escaped(text: str) -> str:
    """Text that is not taken for markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
