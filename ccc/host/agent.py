"""The engine's process: started, read line by line, written to without ever waiting for it."""

from __future__ import annotations

import os
import subprocess
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ccc.host.log import Log
from ccc.platform import processes, trees

LONGEST = 32 * 1024 * 1024
"""Bytes of one line; what is longer is cut and says so by not being JSON."""

CHUNK = 65536


class Agent:
    """One process of an engine. `code` is its exit code once reaped, negative for a signal."""

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        *,
        talks: bool,
        lock: int,
        log: Log,
        errors: Log,
    ) -> None:
        """Starts it. Raises OSError.

        It inherits the descriptor `lock`: while either host or agent lives, nobody else may start here.
        """
        self._process = subprocess.Popen(
            list(argv),
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=(lock,),
            preexec_fn=trees.die_with_parent(),
        )
        self.pid = self._process.pid
        self.identity = processes.identity(self.pid)
        self.code: int | None = None
        self.talks = talks
        self._lines = Lines(LONGEST)
        self._log, self._errors = log, errors
        self._outgoing: deque[bytes] = deque()
        self.last_words = b""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.output, self.stderr = self._process.stdout.fileno(), self._process.stderr.fileno()
        self.input = -1
        if self._process.stdin is not None:
            self.input = self._process.stdin.fileno()
            os.set_blocking(self.input, False)
        for descriptor in (self.output, self.stderr):
            os.set_blocking(descriptor, False)

    def read(self) -> tuple[list[bytes], bool]:
        """The complete lines that have come; and whether the stream goes on."""
        data = _read(self.output)
        if data is None:
            return [], True
        if data:
            self._log.write(data)
        return list(self._lines.feed(data)), bool(data)

    def read_errors(self) -> bool:
        """Keeps what came on stderr, the last words of it in memory; whether the stream goes on."""
        data = _read(self.stderr)
        if data:
            self._errors.write(data)
            self.last_words = (self.last_words + data)[-4000:]
        return data is None or bool(data)

    def write(self, data: bytes) -> None:
        """Queues bytes for its stdin and writes what it takes now."""
        if data and self.input >= 0:
            self._outgoing.append(data)
            self.flush()

    @property
    def wants_to_write(self) -> bool:
        """Whether bytes wait until it reads."""
        return bool(self._outgoing)

    def flush(self) -> None:
        """Writes what it takes now."""
        while self._outgoing and self.input >= 0:
            data = self._outgoing.popleft()
            try:
                done = os.write(self.input, data)
            except BlockingIOError:
                done = 0
            except OSError:
                self._outgoing.clear()
                return
            if done < len(data):
                self._outgoing.appendleft(data[done:])
                return

    def finish_input(self) -> None:
        """Closes its stdin: a program that talks ends by that."""
        if self._process.stdin is not None and self.input >= 0:
            self.input = -1
            self._outgoing.clear()
            _close(self._process.stdin)

    def reaped(self, status: int) -> None:
        """Its exit status was collected."""
        self.code = os.waitstatus_to_exitcode(status)
        self._process.returncode = self.code

    def close(self) -> None:
        """Lets go of its pipes."""
        self.finish_input()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                _close(stream)


class Lines:
    """Cuts a stream of bytes into lines; one that is too long is cut off and the rest of it left out."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that are complete with this; the last one, without newline, at the end (no data)."""
        if not data:
            if self._parts:
                yield self._take()
            return
        *complete, rest = data.split(b"\n")
        for piece in complete:
            self._add(piece)
            yield self._take()
        self._add(rest)

    def _add(self, piece: bytes) -> None:
        room = self._longest - self._size
        if piece and room > 0:
            self._parts.append(piece[:room])
        self._size += len(piece)

    def _take(self) -> bytes:
        line = b"".join(self._parts)
        self._parts, self._size = [], 0
        return line


def _read(descriptor: int) -> bytes | None:
    """What can be read now; nothing at the end, None when nothing waits."""
    try:
        return os.read(descriptor, CHUNK)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _close(stream: object) -> None:
    try:
        stream.close()  # type: ignore[attr-defined]  # any file object
    except OSError:
        return
