"""The demonstration: a small repository, three sessions worked by plain git, one conflict, all landed.

It says nothing about results itself: every line but the commands is what the commands print.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ccc.errors import CccError
from ccc.ops.environment import scrubbed
from ccc.resources import resource_dir

PERSON = {"name": "Lead", "mail": "lead@example.com"}
TIME_LIMIT = 120.0

ROUTE = 'ROUTES = {\n    "/": "welcome",\n'


@dataclass(frozen=True)
class Stage:
    """Where the demonstration plays; `show` prints a line, `run` shows and runs a command."""

    folder: Path
    environment: Mapping[str, str]
    show: Callable[[str], None]
    attended: bool

    @property
    def top(self) -> Path:
        """The repository."""
        return self.folder / "shop"

    def worktree(self, name: str) -> Path:
        """Where a session works."""
        return self.folder / "shop.ccc" / name

    def git(self, *arguments: str, at: Path | None = None) -> None:
        """A plain git command, shown."""
        self.run(["git", *arguments], at or self.top, expected=(0,))

    def ccc(self, *arguments: str, at: Path | None = None, expected: tuple[int, ...] = (0,)) -> None:
        """A ccc command, shown as a person types it."""
        self.run([sys.executable, "-P", "-m", "ccc", *arguments], at or self.top, expected=expected)

    def merge(self, name: str, expected: tuple[int, ...] = (0,)) -> None:
        """A landing: the person at the terminal is asked, otherwise the answer is yes."""
        answer = () if self.attended else ("--yes",)
        self.ccc("merge", name, *answer, expected=expected)

    def write(self, path: Path, text: str) -> None:
        """A file edited, shown by name."""
        self.show(f"# edit {path.relative_to(self.folder)}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run(self, command: list[str], folder: Path, *, expected: tuple[int, ...]) -> None:
        """Shows and runs a command. Raises CccError for an exit code that the story does not expect."""
        words = command[1:] if command[0] == "git" else ["ccc", *command[4:]]
        place = "" if folder == self.top else f"[{folder.name}] "
        self.show(f"{place}$ git {' '.join(_quoted(word) for word in words)}")
        done = subprocess.run(
            command, cwd=folder, env=dict(self.environment), timeout=TIME_LIMIT, check=False
        )
        if done.returncode not in expected:
            raise CccError(
                f"{words[0]} ended with {done.returncode} in the demonstration", f"look in {self.folder}"
            )


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word or not word else word


def prepare(folder: Path, source: Mapping[str, str], show: Callable[[str], None], *, attended: bool) -> Stage:
    """A fresh repository in `folder` with the demonstration's project on `main`, identity by role."""
    home = folder / "home"
    home.mkdir(parents=True)
    environment = {
        **scrubbed(source),
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "GIT_PAGER": "cat",
    }
    environment.pop("GIT_CONFIG_GLOBAL", None)
    stage = Stage(folder, environment, show, attended)
    shutil.copytree(resource_dir("templates") / "demo" / "project", stage.top)
    for arguments in (
        ("init", "--quiet", "--initial-branch=main"),
        ("config", "user.name", PERSON["name"]),
        ("config", "user.email", PERSON["mail"]),
        ("add", "--all"),
        ("commit", "--quiet", "--message=A very small shop"),
    ):
        stage.git(*arguments)
    return stage


def play(stage: Stage) -> None:
    """The whole story, from `init` to the hand-off. Raises CccError where a command ends unexpectedly."""
    stage.ccc("init")
    stage.ccc("spawn", "backend", "JWT auth", "--no-start")
    stage.ccc("spawn", "frontend", "Login page", "--no-start")
    stage.ccc("spawn", "documentation", "Say how to log in", "--no-start")
    _work(stage)
    stage.ccc("wait")
    stage.ccc("status")
    stage.ccc("merge", "--plan", "documentation-say-how-to-log-in", "backend-jwt-auth", "frontend-login-page")
    stage.merge("documentation-say-how-to-log-in")
    stage.merge("backend-jwt-auth")
    stage.ccc("review", "frontend-login-page", expected=(0, 3))
    _resolve(stage)
    stage.ccc("wait", "frontend-login-page")
    stage.merge("frontend-login-page")
    stage.ccc("note", "--kind", "decision", "Tokens are signed with RS256")
    stage.ccc("status")
    stage.git("log", "--oneline", "--graph", "main")
    stage.git("log", "--oneline", "refs/ccc")
    stage.ccc("handoff")


def _work(stage: Stage) -> None:
    backend = stage.worktree("backend-jwt-auth")
    stage.write(backend / "shop" / "tokens.py", TOKENS)
    stage.git("add", "--all", at=backend)
    stage.git("commit", "--quiet", "--message=Sign tokens", "--message=Ccc-Progress: 50", at=backend)
    _route(stage, backend, '    "/token": "a signed token",\n')
    stage.git(
        "commit", "--quiet", "--all", "--message=Serve tokens", "--message=Ccc-Status: done", at=backend
    )
    frontend = stage.worktree("frontend-login-page")
    _route(stage, frontend, '    "/login": "a form",\n')
    stage.git(
        "commit", "--quiet", "--all", "--message=Add a login page", "--message=Ccc-Status: done", at=frontend
    )
    writer = stage.worktree("documentation-say-how-to-log-in")
    stage.write(writer / "docs" / "login.md", "# Logging in\n\nOpen `/login`.\n")
    stage.git("add", "--all", at=writer)
    stage.git("commit", "--quiet", "--message=Describe the login", at=writer)
    stage.ccc("report", "--done", "--summary", "One page on logging in", at=writer)


def _route(stage: Stage, worktree: Path, line: str) -> None:
    routes = worktree / "shop" / "routes.py"
    stage.write(routes, routes.read_text(encoding="utf-8").replace(ROUTE, ROUTE + line))


def _resolve(stage: Stage) -> None:
    """What the frontend specialist does about the conflict: merges its target and keeps both lines."""
    frontend = stage.worktree("frontend-login-page")
    stage.run(["git", "merge", "--quiet", "main"], frontend, expected=(1,))
    routes = frontend / "shop" / "routes.py"
    lines = routes.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = "".join(line for line in lines if not line.startswith(("<<<<<<<", "=======", ">>>>>>>")))
    stage.write(routes, kept)
    message = ("--message=Take up the target, keep both routes", "--message=Ccc-Status: done")
    stage.git("commit", "--quiet", "--all", *message, at=frontend)


TOKENS = '''"""Signed tokens, in the smallest form that could work."""

import hashlib
import hmac


def sign(user: str, key: bytes) -> str:
    """A token for a user."""
    return f"{user}.{hmac.new(key, user.encode(), hashlib.sha256).hexdigest()}"
'''
