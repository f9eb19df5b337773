"""The only place that runs the git program."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Container, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from ccc.errors import FolderGone, GitFailed, GitLocked
from ccc.platform.processes import OURS_WAITING, await_end
from ccc.records import dataclass

REACHED = """
pre-commit prepare-commit-msg commit-msg post-commit pre-merge-commit post-merge post-checkout post-rewrite
post-index-change pre-push pre-auto-gc reference-transaction
"""
"""Events that commands of ours bring about; git 2.55 can be told to run no configured hook for an event."""

NAMED = (
    *("ccc-post-commit", "ccc-post-merge", "ccc-post-rewrite", "ccc-post-checkout"),
    "ccc-post-applypatch",
)
"""Our own hooks in configuration; git 2.54 can be told only by name, and so runs the user's."""

SAFE = (
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"),
    *("-c", "core.useReplaceRefs=false"),
    *(word for name in (*REACHED.split(), *NAMED) for word in ("-c", f"hook.{name}.enabled=false")),
)
"""No hook and no fsmonitor program of the repository runs behind our back (FACTS: config is code)."""

KEPT = frozenset(
    {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH", "GIT_SSL_CAINFO"}
)
"""`GIT_*` that say where configuration lies; the rest (`GIT_DIR`, `GIT_INDEX_FILE`, ... of a hook) would
send our commands to another repository or index."""

ALWAYS = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": "/nonexistent/grafts",
}
"""Messages in English, no prompts, no locks for what is only read, and commits as they are stored: whoever
writes here could give them other parents by `git replace` or `info/grafts`."""

PROMISED = r"could not fetch ([0-9a-f]{40,64}) from promisor remote"
"""git's words where an object that a partial clone left out is not to be had (promisor-remote.c)."""

DUBIOUS = r"detected dubious ownership in repository at '(.+)'"
"""git's words where a folder is another user's (setup.c)."""

LOCKED = r"Unable to create '(.+\.lock)': File exists|could not lock config file (.+): File exists"
"""git's words where another git is at work, or was killed there (lockfile.c, config.c)."""

WITH_VALUE = frozenset({"-c", "-C"})
"""Options before the command that have their value in the next word."""

TIME_LIMIT = 600.0
NOT_RUNNABLE = 127
ADVICE = {
    "No space left on device": "free some disk space, then try again",
    "unable to write file": "look whether the disk is full, then try again",
    "Read-only file system": "mount the file system for writing, then try again",
    "Permission denied": "run ccc as the owner of the repository",
}
"""What git's words about the disk mean for the user."""


@dataclass(frozen=True)
class Result:
    """What a git command gave back."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output as text, without its last newline."""
        return self.out.decode("utf-8", "surrogateescape").removesuffix("\n")


def clean_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment for git: the `GIT_*` variables of a hook gone, messages in English, no prompts."""
    source = os.environ if environment is None else environment
    kept = {key: value for key, value in source.items() if not key.startswith("GIT_") or key in KEPT}
    return {**kept, **ALWAYS}


class Process(subprocess.Popen[bytes]):
    """A git that is waited for without asking again and again."""

    def wait(self, timeout: float | None = None) -> int:
        """As the original, which sleeps at least 1 ms where there is a time limit."""
        if timeout is not None and self.returncode is None:
            await_end(self.pid, timeout)
        return super().wait(timeout)


@dataclass(frozen=True)
class Git:
    """Runs git for one directory (a work tree or a git directory), without hooks."""

    directory: Path
    extra: Mapping[str, str] = field(default_factory=dict)

    def run(
        self,
        *arguments: str,
        input: bytes | None = None,
        env: Mapping[str, str] | None = None,
        ok: Container[int] = (0,),
        timeout: float = TIME_LIMIT,
    ) -> Result:
        """Runs `git <arguments>`. Raises GitFailed for an exit code not in `ok`, a time-out, or no git."""
        return self.begin(*arguments, input=input, env=env).result(ok=ok, timeout=timeout)

    def begin(
        self, *arguments: str, input: bytes | None = None, env: Mapping[str, str] | None = None
    ) -> Begun:
        """Starts `git <arguments>` for an answer that is wanted later. Raises GitFailed without git."""
        started = time.monotonic()
        try:
            process = Process(
                ["git", *SAFE, *arguments],
                cwd=self.directory,
                stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**clean_environment(), **self.extra, **(env or {})},
            )
        except FileNotFoundError as error:
            raise self._unstartable(error) from error
        return Begun(process, arguments, input, started)

    def start(
        self, *arguments: str, words: int | None = None, files: Sequence[int] = ()
    ) -> subprocess.Popen[bytes]:
        """Starts a git to talk to through pipes; what it says goes to the descriptor `words`, or nowhere.

        `files` are descriptors it may use. Nothing is fetched behind its back. Raises GitFailed without git.
        """
        try:
            return subprocess.Popen(
                ["git", *SAFE, "-c", OURS_WAITING, *arguments],
                cwd=self.directory,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL if words is None else words,
                pass_fds=files,
                env={**clean_environment(), **self.extra, "GIT_NO_LAZY_FETCH": "1"},
            )
        except FileNotFoundError as error:
            raise self._unstartable(error) from error

    def text(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        """Standard output of a command that must succeed."""
        return self.run(*arguments, env=env).text

    def test(self, *arguments: str) -> bool:
        """Whether the command ended with 0 (1 is no, anything else raises)."""
        return self.run(*arguments, ok=(0, 1)).code == 0

    def lines(self, *arguments: str) -> list[str]:
        """NUL-separated output (`-z`) as a list."""
        return [
            part for part in self.run(*arguments).out.decode("utf-8", "surrogateescape").split("\0") if part
        ]

    def _unstartable(self, error: FileNotFoundError) -> GitFailed:
        if os.fsdecode(error.filename or "") == os.fspath(self.directory):  # else it is git
            return FolderGone(f"{self.directory} is not a directory")
        return GitFailed(f"git cannot be started: {error.strerror}", "install git 2.39 or newer")


@dataclass(frozen=True)
class Begun:
    """A git that runs while its caller does something else; `result` waits for it, once.

    What it says before that has to fit into its pipes: 64 KiB.
    """

    process: Process
    arguments: tuple[str, ...]
    input: bytes | None
    started: float

    def result(self, *, ok: Container[int] = (0,), timeout: float = TIME_LIMIT) -> Result:
        """What it gave back. Raises GitFailed for an exit code not in `ok` or a time-out."""
        with self.process as process:
            try:
                out, err = process.communicate(self.input, timeout=timeout)
            except subprocess.TimeoutExpired as error:
                process.kill()
                raise GitFailed(
                    f"git {_subcommand(self.arguments)} did not end within {timeout:.0f} s"
                ) from error
            except BaseException:
                process.kill()
                raise
        _trace(self.arguments, time.monotonic() - self.started, process.returncode)
        result = Result(process.returncode, out, err.decode("utf-8", "replace").strip())
        if result.code not in ok:
            raise failure(self.arguments, result)
        return result

    def drop(self) -> None:
        """Ends it where its answer is not wanted any more; nothing after `result`."""
        if self.process.returncode is None:
            with self.process as process:
                process.kill()
                process.communicate()


def failure(arguments: tuple[str, ...], result: Result) -> GitFailed:
    """The error of a git command that failed, in git's own words."""
    promised = re.search(PROMISED, result.err)
    if promised:
        lacking = f"object {promised[1][:7]} is not in this partial clone, and its remote does not answer"
        return GitFailed(lacking, "try again when the remote can be reached: git remote -v")
    strange = re.search(DUBIOUS, result.err)
    if strange:
        advice = f"git config --global --add safe.directory {shlex.quote(strange[1])}"
        return GitFailed(f"{strange[1]} belongs to another user", advice)
    taken = re.search(LOCKED, result.err)
    if taken:
        lock = taken[1] or f"{taken[2]}.lock"
        return GitLocked(
            f"{lock} is there: another git is at work", f"where no git runs: rm {shlex.quote(lock)}"
        )
    words = result.err.splitlines()
    telling = [line for line in words if line.startswith(("fatal:", "error:"))] or words
    what = (
        telling[0].removeprefix("fatal: ").removeprefix("error: ") if telling else f"exit code {result.code}"
    )
    return GitFailed(f"git {_subcommand(arguments)}: {what}", _advice(result))


def _subcommand(arguments: tuple[str, ...]) -> str:
    """The command of git that was called, past the options that come before it."""
    left = list(arguments)
    while len(left) > 1 and left[0].startswith("-"):
        del left[: 2 if left[0] in WITH_VALUE else 1]
    return left[0]


def _advice(result: Result) -> str:
    """What to do about a failure that has little to do with git."""
    if result.code == NOT_RUNNABLE:
        return "install git 2.39 or newer"
    return next((advice for words, advice in ADVICE.items() if words in result.err), "")


def _trace(arguments: tuple[str, ...], seconds: float, code: int) -> None:
    if os.environ.get("CCC_TRACE") in (None, "", "0"):
        return
    sys.stderr.write(f"ccc: {seconds * 1000:7.1f} ms  exit {code}  git {' '.join(arguments)}\n")
