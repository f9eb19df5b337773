"""A program on a terminal of its own, as a person has it before them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.support.agents import until

ESCAPES = re.compile(rb"\x1b(\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07]*\x07|[()][A-Z0-9]|[=>78])")
ROWS, COLUMNS = 40, 120
PRESS_SECONDS = 0.7


class Terminal:
    """Runs a program on a pseudo-terminal; what it shows is read, and nobody has to look at it."""

    def __init__(self, command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, "TERM": "xterm-256color"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self._shown = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self._master, 65536):
                self._shown.extend(data)

    @property
    def shown(self) -> str:
        """Everything that was printed, without what moves the cursor and without spaces."""
        return re.sub(r"\s", "", ESCAPES.sub(b"", bytes(self._shown)).decode("utf-8", "replace"))

    def say(self, words: str, heard: Callable[[], object]) -> None:
        """Types words, and ends the line until somebody has heard: too early, it counts as pasted text."""
        os.write(self._master, words.encode())
        pressed = time.monotonic()

        def look() -> bool:
            nonlocal pressed
            if heard():
                return True
            if time.monotonic() - pressed > PRESS_SECONDS:
                pressed = time.monotonic()
                os.write(self._master, b"\r")
            return False

        until(look, f"somebody who hears {words}")

    def end(self) -> None:
        """Ends the program."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(20)
        with contextlib.suppress(OSError):  # closed before
            os.close(self._master)
        self._reader.join(20)
