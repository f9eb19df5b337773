"""Running the team's commands (checks, gates) in a scratch worktree: exit code, time, log, time limit."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ccc.domain.sessions import Command
from ccc.ops.environment import scrubbed
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class Order:
    """A command of the team's own configuration, run by `sh -c` as make and git hooks do.

    `timeout` in seconds. Nothing from a task, a message or a branch name is ever put into `run`.
    """

    run: str
    timeout: float


def run_all(
    workspace: Workspace,
    orders: Sequence[Order],
    folder: Path,
    label: str,
    *,
    extra: Mapping[str, str] | None = None,
) -> tuple[Command, ...]:
    """Runs the commands in order in `folder`, stopping at the first that fails.

    `extra` is added to their scrubbed environment (default: `CI=true`).
    """
    done: list[Command] = []
    for number, order in enumerate(orders, 1):
        log = workspace.layout.logs / f"{label}-{number}.log"
        done.append(_run(workspace, order, folder, log, extra or {"CI": "true"}))
        if done[-1].exit != 0:
            break
    return tuple(done)


def passed(commands: Sequence[Command]) -> bool:
    """Whether every command ended with 0."""
    return all(command.exit == 0 for command in commands)


def _run(workspace: Workspace, order: Order, folder: Path, log: Path, extra: Mapping[str, str]) -> Command:
    log.parent.mkdir(parents=True, exist_ok=True)
    at, started = workspace.now(), time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["sh", "-c", order.run],
            cwd=folder,
            env={**scrubbed(workspace.environment), **extra},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code: int | None = process.wait(order.timeout)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
    return Command(order.run, code, time.monotonic() - started, at, str(log))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends what is left of the command's process group: TERM, grace, KILL."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except (ProcessLookupError, PermissionError):
            break
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def last_words(command: Command, lines: int = 12) -> list[str]:
    """The end of a command's log, for people; empty where the log is not on this machine."""
    if command.log is None:
        return []
    try:
        text = Path(command.log).read_bytes()[-16_000:].decode("utf-8", "replace")
    except OSError:
        return []
    return text.splitlines()[-lines:]
