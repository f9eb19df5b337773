"""Small real repositories for tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FIRST_SECOND = 1_790_000_000
"""Commit times start here and grow by a minute, so that object ids are the same in every run."""


@dataclass
class Repo:
    """A repository on disk, worked with by the real git."""

    path: Path
    environment: dict[str, str] | None = None
    _commits: int = field(default=0, init=False)

    def git(self, *arguments: str, stdin: str | None = None, **environment: str) -> str:
        """Runs git here and gives its standard output without the last newline.

        Raises CalledProcessError, with git's words as a note, when it fails.
        """
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=self._environment(environment),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=60,
        )
        if done.returncode:
            failure = subprocess.CalledProcessError(done.returncode, done.args, done.stdout, done.stderr)
            failure.add_note(done.stdout + done.stderr)
            raise failure
        return done.stdout.removesuffix("\n")

    def write(self, path: str, text: str) -> Path:
        """Writes a file below the work tree, with the folders it needs."""
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def commit(self, message: str, files: Mapping[str, str] | None = None, /, **named: str) -> str:
        """Writes files (path → text; keywords for the simplest names), commits everything, gives the oid."""
        for path, text in {**(files or {}), **named}.items():
            self.write(path, text)
        self.git("add", "--all")
        self._commits += 1
        when = f"{FIRST_SECOND + 86_400 + 60 * self._commits} +0000"
        self.git(
            "commit", "-q", "--allow-empty", "-m", message, GIT_AUTHOR_DATE=when, GIT_COMMITTER_DATE=when
        )
        return self.oid()

    def oid(self, revision: str = "HEAD") -> str:
        """The full id of the object a revision names."""
        return self.git("rev-parse", "--verify", revision)

    @property
    def common(self) -> Path:
        """The common git directory."""
        return Path(self.git("rev-parse", "--path-format=absolute", "--git-common-dir"))

    def _environment(self, extra: dict[str, str]) -> dict[str, str] | None:
        if self.environment is None and not extra:
            return None
        return {**(os.environ if self.environment is None else self.environment), **extra}


def make_template(path: Path, environment: dict[str, str]) -> Path:
    """A repository with three commits and a few files on branch main, to be copied by tests."""
    path.mkdir(parents=True)
    repo = Repo(path, environment)
    repo.git("init", "-q", "--template=")
    (path / ".git" / "hooks").mkdir()
    (path / ".git" / "info").mkdir()
    repo.commit("Begin", {"README.md": "# Example\n", ".gitignore": "*.log\n"})
    repo.commit("Add the application", {"src/app.py": 'def greet() -> str:\n    return "hello"\n'})
    repo.commit("Document the application", {"docs/guide.md": "Call greet.\n", "src/util.py": "LIMIT = 3\n"})
    return path


def copy_repository(template: Path, target: Path) -> Repo:
    """A copy of a template, about 4 ms."""
    shutil.copytree(template, target, symlinks=True)
    return Repo(target)
