"""Speaking to a remote with git's own transport and credentials, within a time limit."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import IO

from ccc.errors import GitFailed, GitLocked, TimedOut
from ccc.git.command import SAFE, Git, Result, clean_environment
from ccc.records import dataclass

USERS_OWN = (
    *("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "GIT_PROXY_COMMAND"),
    *("GIT_SSL_NO_VERIFY", "GIT_SSL_CERT", "GIT_SSL_KEY", "GIT_SSL_CAPATH", "GIT_HTTP_USER_AGENT"),
    *("GIT_ALLOW_PROTOCOL", "GIT_PROTOCOL_FROM_USER", "GIT_HTTP_LOW_SPEED_LIMIT", "GIT_HTTP_LOW_SPEED_TIME"),
)
"""Variables that say how the user reaches remotes; everything else of git's is taken away as always."""

QUIET = (
    *("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "fetch.writeCommitGraph=false"),
    *("-c", "fetch.pruneTags=false", "-c", "advice.pushUpdateRejected=false"),
    *("-c", "advice.fetchShowForcedUpdates=false"),
)
FETCH = (
    *("fetch", "--no-tags", "--prune", "--no-filter", "--no-recurse-submodules"),
    *("--no-write-fetch-head", "--no-show-forced-updates", "--quiet"),
)
"""Only the references asked for, whole even in a partial clone. With refspecs on the command line `--prune`
looks at their destinations alone, so no branch, tag or file of the user's is touched."""

PUSH = (
    *("push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no"),
    *("--no-progress", "--quiet"),
)
SECRET_IN_URL = re.compile(r"(?<=://)[^/@]*@")
PREFIX = re.compile(r"^(?:fatal|error|warning): ")
NOT_TELLING = (
    "error: failed to push",
    "Please make sure",
    "and the repository exists",
    "To ",
    "@@@",
    "hint:",
)
LOCKED = "cannot lock ref"
"""git's words where another git has moved, or is just moving, a reference (refs/files-backend.c)."""

LOCK_SECONDS, AGAIN_SECONDS = 3.0, 0.1
SAID = 3
GRACE_SECONDS = 2.0


@dataclass(frozen=True)
class Remote:
    """A remote as one call reaches it; `asks`: git may ask the person at the terminal for a password.

    `seconds` is the time limit of one exchange; what the person at the terminal types does not count.
    """

    git: Git
    name: str
    environment: Mapping[str, str] = field(repr=False)
    asks: bool
    seconds: float

    def url(self) -> str:
        """Where it is, as git resolves it, without user name and password. Raises GitFailed."""
        if self.name == ".":
            return "."
        return SECRET_IN_URL.sub("", self.git.text("remote", "get-url", self.name))

    def listed(self, *patterns: str) -> dict[str, str]:
        """Full name to object id of the remote's references that fit. Raises GitFailed, TimedOut."""
        found = self._speak(("ls-remote", "--refs", self.name, *patterns))
        pairs = (line.split("\t", 1) for line in found.text.split("\n") if "\t" in line)
        return {name: oid for oid, name in pairs}

    def fetch(self, *refspecs: str) -> None:
        """Fetches exactly these, whatever the configuration adds. Raises GitFailed, TimedOut.

        Where another fetch writes the same references, as an editor does every minute, it is done again.
        """
        until = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                self._speak((*FETCH, self.name, *refspecs))
            except GitLocked:
                if time.monotonic() > until:
                    raise
                time.sleep(AGAIN_SECONDS)
            else:
                return

    def push(self, *refspecs: str, options: Sequence[str] = ()) -> Result:
        """Pushes exactly these; code 1 where the remote did not take them. Raises GitFailed, TimedOut."""
        mirror = () if self.name == "." else ("-c", f"remote.{self.name}.mirror=false")
        return self._speak((*mirror, *PUSH, *options, self.name, *refspecs), ok=(0, 1))

    def _speak(self, arguments: tuple[str, ...], ok: Sequence[int] = (0,)) -> Result:
        # Files, not pipes: a helper that stays behind (ssh's master, a credential cache) holds its ends open.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(
                ["git", *SAFE, *QUIET, *arguments],
                cwd=self.git.directory,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                # Without a terminal of its own nothing below git can ask: ssh opens /dev/tty.
                start_new_session=not self.asks,
            )
            self._wait(process)
            result = Result(
                process.returncode, _content(out), _content(err).decode("utf-8", "replace").strip()
            )
        if result.code not in ok:
            locked = next((line for line in result.err.splitlines() if LOCKED in line), None)
            if locked is not None:
                words = PREFIX.sub("", locked)
                raise GitLocked(f"{self.name}: {words}", "where no git runs, remove the lock; try again")
            advice = f"try it with git alone: git ls-remote {self.name}"
            raise GitFailed(f"{self.name}: {reason(result)}", advice)
        return result

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        try:
            process.wait(timeout=None if self.asks else self.seconds)
        except subprocess.TimeoutExpired as error:
            self._end(process)
            words = f"{self.name} did not answer within {self.seconds:g} s"
            raise TimedOut(words, "try again, or give it longer: sync.seconds in .ccc/config.toml") from error
        except BaseException:
            self._end(process)
            raise

    def _environment(self) -> dict[str, str]:
        own = {key: self.environment[key] for key in USERS_OWN if key in self.environment}
        environment = {**clean_environment(self.environment), **self.git.extra, **own}
        if self.asks:
            return {**environment, "GIT_TERMINAL_PROMPT": "1"}
        # Where the user's own GIT_ASKPASS answers without asking (CI), it may; a window may not open.
        askpass = environment.get("GIT_ASKPASS", "false")
        silent = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": askpass, "SSH_ASKPASS_REQUIRE": "never"}
        return {**environment, **silent}

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Ends git and what it started (ssh, a helper): in a session of their own all of them, else git."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if self.asks:
                    process.send_signal(sign)
                else:
                    os.killpg(process.pid, sign)
            until = time.monotonic() + GRACE_SECONDS
            while time.monotonic() < until and process.poll() is None:
                time.sleep(0.01)
            if process.poll() is not None:
                break


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def reason(result: Result) -> str:
    """Why a remote did not do what was asked, in its own or git's words, on one line."""
    lines = [line.removeprefix("remote:").strip() for line in result.err.splitlines()]
    told = [line for line in lines if line and not line.startswith(NOT_TELLING)]
    refused = [line.split("\t")[-1] for line in result.text.splitlines() if line.startswith("!")]
    said = [PREFIX.sub("", line) for line in told]
    words = [*refused, *said[:SAID]] if refused else said[-SAID:]
    return "; ".join(SECRET_IN_URL.sub("", word) for word in words) or f"exit code {result.code}"
