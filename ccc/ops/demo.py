"""The demonstration: a small repository, three agents at work, and everything that can happen to them.

One says it is done before it is, one is killed, two are in conflict; all of it lands. It says nothing about
results itself: every line but the commands is what the commands print.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ccc.errors import CccError
from ccc.ops.environment import agent_environment
from ccc.records import dataclass
from ccc.resources import resource_dir

PERSON = {"name": "Lead", "mail": "lead@example.com"}
TIME_LIMIT = 120.0
PATIENCE = 60.0

BACKEND, FRONTEND, WRITER = "backend-jwt-auth", "frontend-login-page", "documentation-how-to-log-in"
PARTS = (
    ("backend", "JWT auth", "jwt-auth"),
    ("frontend", "Login page", "login-page"),
    ("documentation", "Say how to log in", "how-to-log-in"),
)
"""Role, task and name of each session."""


@dataclass(frozen=True)
class Stage:
    """Where the demonstration plays; `show` prints a line. `engine` is `rehearsal` or `claude`."""

    folder: Path
    environment: Mapping[str, str]
    show: Callable[[str], None]
    attended: bool
    engine: str = "rehearsal"

    @property
    def top(self) -> Path:
        """The repository."""
        return self.folder / "shop"

    def git(self, *arguments: str) -> None:
        """A plain git command, shown."""
        self.run(["git", *arguments], expected=(0,))

    def ccc(self, *arguments: str, expected: tuple[int, ...] = (0,)) -> None:
        """A ccc command, shown as a person types it."""
        self.run([*_CCC, *arguments], expected=expected)

    def spawn(self, role: str, task: str, name: str) -> None:
        """A session with an agent: a script that is played, or the real program with a scripted model."""
        if self.engine == "rehearsal":
            script = f"rehearsal:../scripts/{role}.yml"
            self.ccc("spawn", role, task, "--name", name, "--engine", script)
        else:
            self.ccc("spawn", role, f"{task} [[script:{role}]]", "--name", name, "--engine", self.engine)

    def merge(self, name: str) -> None:
        """A landing: the person at the terminal is asked, otherwise the answer is yes."""
        answer = () if self.attended else ("--yes",)
        self.ccc("merge", name, *answer)

    def seen(self, name: str) -> dict[str, Any]:
        """A session as `status --json` tells it; not shown."""
        command = [*_CCC, "status", name, "--json"]
        done = subprocess.run(
            command,
            cwd=self.top,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            timeout=TIME_LIMIT,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)["sessions"][0]
        return found

    def until(self, name: str, what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Waits, showing nothing, until something is true of a session. Raises CccError."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = self.seen(name)
            if what(found):
                return found
            time.sleep(0.1)
        raise CccError(f"{name} is {found['status']} in the demonstration", f"look in {self.folder}")

    def kill(self, name: str) -> None:
        """Ends a session's agent as a crash or a lack of memory would."""
        terminal = self.until(name, lambda found: bool(found["terminal"]))["terminal"]
        pid = int(terminal.partition(":")[2])
        self.show(f"$ kill -9 {pid}")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def run(self, command: list[str], *, expected: tuple[int, ...]) -> None:
        """Shows and runs a command. Raises CccError for an exit code that the story does not expect."""
        words = command[1:] if command[0] == "git" else ["ccc", *command[len(_CCC) :]]
        self.show(f"$ git {' '.join(_quoted(word) for word in words)}")
        done = subprocess.run(
            command, cwd=self.top, env=dict(self.environment), timeout=TIME_LIMIT, check=False
        )
        if done.returncode not in expected:
            raise CccError(
                f"{words[0]} ended with {done.returncode} in the demonstration", f"look in {self.folder}"
            )

    def close(self) -> None:
        """Ends whatever agents still live; not shown."""
        subprocess.run(
            [*_CCC, "stop", "--all", "--grace", "1"],
            cwd=self.top,
            env=dict(self.environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIME_LIMIT,
            check=False,
        )


_CCC = (sys.executable, "-P", "-m", "ccc")


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word or not word else word


def prepare(
    folder: Path,
    source: Mapping[str, str],
    show: Callable[[str], None],
    *,
    attended: bool,
    engine: str = "rehearsal",
    extra: Mapping[str, str] | None = None,
) -> Stage:
    """A fresh repository in `folder` with the demonstration's project on `main`, identity by role.

    `extra` is added to the private environment in which everything runs.
    """
    home = folder / "home"
    home.mkdir(parents=True)
    environment = {
        **_private(agent_environment(source)),
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "GIT_PAGER": "cat",
        **(extra or {}),
    }
    stage = Stage(folder, environment, show, attended, engine)
    shutil.copytree(resource_dir("templates") / "demo" / "project", stage.top)
    shutil.copytree(resource_dir("templates") / "demo" / "scripts", folder / "scripts")
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("config", "user.name", PERSON["name"]),
        ("config", "user.email", PERSON["mail"]),
        ("add", "--all"),
        ("commit", "--quiet", "--message=A very small shop"),
    ):
        stage.git(*arguments)
    return stage


def _private(environment: Mapping[str, str]) -> dict[str, str]:
    """Without the user's own accounts and settings."""
    theirs = ("ANTHROPIC_", "CLAUDE_", "GIT_CONFIG_GLOBAL")
    return {key: value for key, value in environment.items() if not key.startswith(theirs)}


def play(stage: Stage) -> None:
    """The whole story, from `init` to the hand-off. Raises CccError where a command ends unexpectedly."""
    try:
        _work(stage)
        _land(stage)
    finally:
        stage.close()
    stage.git("log", "--oneline", "refs/ccc")
    stage.ccc("handoff")


def _work(stage: Stage) -> None:
    """Three at once: one is killed in the middle, one is not done when it says so."""
    stage.ccc("init")
    for role, task, name in PARTS:
        stage.spawn(role, task, name)
    stage.until(WRITER, lambda found: found["ahead"] > 1)
    stage.ccc("status")
    stage.kill(WRITER)
    stage.ccc("wait", "--timeout", "60")
    stage.ccc("log", FRONTEND)
    stage.ccc("log", WRITER)
    stage.ccc("status")


def _land(stage: Stage) -> None:
    """Two land as they are; the third is in conflict, is sent back, and lands."""
    stage.ccc("merge", "--plan", WRITER, BACKEND, FRONTEND, expected=(0, 3))
    stage.merge(WRITER)
    stage.merge(BACKEND)
    stage.ccc("review", FRONTEND, expected=(0, 3))
    stage.ccc("reject", FRONTEND, "--why", "In conflict with main: take it up and keep both routes")
    stage.until(FRONTEND, lambda found: found["status"] in ("reported", "verified"))
    stage.ccc("wait", FRONTEND, "--timeout", "60")
    stage.merge(FRONTEND)
    stage.ccc("status")
    stage.git("log", "--oneline", "--graph", "main")
