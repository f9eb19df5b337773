"""A git program that stays and answers question after question through its pipes."""

from __future__ import annotations

import os
import subprocess
from types import TracebackType
from typing import IO, Self

from ccc.errors import GitFailed
from ccc.git.command import Git

END_SECONDS = 5.0


class Dialogue:
    """One git process, begun by the first question; a process that forked begins its own.

    What git writes to standard error goes to the descriptor `words`, else nowhere; `files` stay open for it.
    """

    def __init__(
        self, git: Git, *arguments: str, words: int | None = None, files: tuple[int, ...] = ()
    ) -> None:
        self._git = git
        self._arguments = arguments
        self._words = words
        self._files = files
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if self._process is not None and self._owner == os.getpid():
            self.close()

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The git process, None while none is needed."""
        return self._process

    def begin(self) -> None:
        """Starts the git process before there is a question. Raises GitFailed where it cannot be started."""
        self._begun()

    def ask(self, question: bytes) -> IO[bytes]:
        """Sends a question; the pipe its answer comes through. A git that has gone is started again.

        Raises GitFailed where git cannot be started, or goes at once.
        """
        for _ in range(2):
            process = self._begun()
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(question)
                process.stdin.flush()
            except BrokenPipeError:
                self.close()
            else:
                return process.stdout
        raise GitFailed(f"git {self._arguments[0]} does not stay in {self._git.directory}", "git ccc doctor")

    def _begun(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._owner != os.getpid():
            self._process = self._git.start(*self._arguments, words=self._words, files=self._files)
            self._owner = os.getpid()
        return self._process

    def close(self) -> None:
        """Ends the git process; the next question begins another."""
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close(pipe)
        try:
            process.wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        return
