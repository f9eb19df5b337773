"""Running the team's commands (checks, gates) in a scratch worktree: exit code, time, log, time limit."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ccc.domain.sessions import Command
from ccc.git.scratch import OCCUPIED
from ccc.ops.environment import scrubbed
from ccc.ops.workspace import Workspace
from ccc.platform import processes
from ccc.platform.trees import Tree
from ccc.records import dataclass

GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class Order:
    """A command of the team's own configuration, run by `sh -c` as make and git hooks do.

    `timeout` in seconds. Nothing from a task, a message or a branch name is ever put into `run`. `retry`: how
    often it is run again where it stands when it fails.
    """

    run: str
    timeout: float
    retry: int = 0


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
        done.append(_run(workspace, order, folder, log, extra or {"CI": "true"}, _end_group))
        if done[-1].exit != 0:
            break
    return tuple(done)


def passed(commands: Sequence[Command]) -> bool:
    """Whether every command ended with 0."""
    return all(command.exit == 0 for command in commands)


MARKER = "CCC_COMMAND"


def tree_of(marker: str, root: str | None = None) -> Tree:
    """The processes of a command that was run with a marker."""
    return Tree(root, (MARKER, marker))


class Ended(Exception):
    """A command was ended by who had it run, or was not begun after that: it came to nothing."""


class Watch:
    """Commands that are found by a marker, until somebody ends them: after that none is begun any more.

    A kill looks like a failure to who waits for the command, so it is asked here which of both it was.
    """

    def __init__(self, marker: str) -> None:
        self.marker = marker
        self._lock = threading.Lock()
        self._ended = False
        self._first: int | None = None

    def begin(self, start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        """Starts a process, so that an end finds it or prevents it. Raises Ended."""
        with self._lock:
            self.check()
            process = start()
            self._first = process.pid
            return process

    def check(self) -> None:
        """Raises Ended once it was."""
        if self._ended:
            raise Ended

    def end(self, grace: float) -> list[int]:
        """Ends what runs, with `grace` seconds; gives who could not be ended.

        The exit status of the command itself is left to who waits for it.
        """
        with self._lock:
            self._ended = True
        return tree_of(self.marker).end(grace, spare=() if self._first is None else (self._first,))


def run_whole(
    workspace: Workspace, order: Order, folder: Path, log: Path, watch: Watch, clean: Callable[[], bool]
) -> Command:
    """Runs one command in a scratch work tree; whatever it started ends with it, in whose session ever.

    One that fails is run again as often as the order says, each time with a log of its own; the last one's is
    told. `clean` takes away before that what the failed one did, and says whether it could; if not, it stays
    failed. Raises Ended where somebody ended it: that is no failure.
    """
    extra = {"CI": "true", MARKER: watch.marker, OCCUPIED: str(folder)}

    def run(log: Path) -> Command:
        done = _run(workspace, order, folder, log, extra, lambda each: _end_tree(each, watch.marker), watch)
        watch.check()
        return done

    first = done = run(log)
    for again in range(1, order.retry + 1):
        if done.exit == 0 or not clean():
            break
        done = run(log.with_name(f"{log.stem}-again{again}{log.suffix}"))
    return replace(done, flaky=first.exit != 0 and done.exit == 0)


Ends = Callable[[subprocess.Popen[bytes]], None]


def _run(
    workspace: Workspace,
    order: Order,
    folder: Path,
    log: Path,
    extra: Mapping[str, str],
    ends: Ends,
    watch: Watch | None = None,
) -> Command:
    log.parent.mkdir(parents=True, exist_ok=True)
    at, started = workspace.now(), time.monotonic()
    with log.open("wb") as output:

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                ["sh", "-c", order.run],
                cwd=folder,
                env={**scrubbed(workspace.environment), **extra},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

        process = start() if watch is None else watch.begin(start)
        try:
            code: int | None = process.wait(order.timeout)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            ends(process)
    return Command(order.run, code, time.monotonic() - started, at, str(log))


def _end_group(process: subprocess.Popen[bytes]) -> None:
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


def _end_tree(process: subprocess.Popen[bytes], marker: str) -> None:
    """Ends the command and everything that it started, daemons included."""
    root = processes.identity(process.pid) if process.returncode is None else None
    tree_of(marker, root).end(GRACE_SECONDS, spare=(process.pid,))
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
