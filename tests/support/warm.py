"""Processes of ccc that come from one which has imported everything (`warm_server`): 0.1 s sooner each."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
COLD = ("PYTHON", "LC_", "LANG", "LD_", "CCC_RUN")
"""What Python reads when it starts, or others in `/proc`: whoever is given these is really started."""

LONGEST = 1 << 20
NETWORK = Path("/proc/thread-self/ns/net")
"""The network of this thread, which a test may have taken away."""


@dataclass(frozen=True)
class Ended:
    """How a process ended: exit code (negative for a signal) and what it printed."""

    code: int
    stdout: str
    stderr: str


class Warm:
    """Starts processes of ccc; the one they come from is started with the first and ends with this one."""

    def __init__(self) -> None:
        self._control: socket.socket | None = None
        self._server: subprocess.Popen[bytes] | None = None

    def fits(self, changes: Mapping[str, str]) -> bool:
        """Whether a process with these variables can come from here."""
        able = hasattr(socket, "send_fds") and NETWORK.exists()
        return able and not any(name.startswith(COLD) for name in changes)

    def run(
        self, arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], stdin: str, limit: float
    ) -> Ended:
        """Runs `ccc <arguments>` to its end. Raises TimeoutExpired when it took too long, and was killed."""
        order = {
            "arguments": arguments,
            "cwd": os.fspath(cwd),
            "environment": dict(environment),
            "umask": _umask(),
        }
        pipes = [os.pipe() for _ in range(3)]
        (its_input, ours), (stdout, its_output), (stderr, its_errors) = pipes
        answer, its_answer = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # pid, then code
        given = [its_input, its_output, its_errors, os.open(NETWORK, os.O_RDONLY), its_answer.detach()]
        socket.send_fds(self._connected(environment), [json.dumps(order).encode("ascii")], given)
        for descriptor in given:
            os.close(descriptor)
        with answer:
            answer.settimeout(limit)
            pid = int(answer.recv(32))
            try:
                texts = _talk(ours, stdin.encode("utf-8", "surrogateescape"), (stdout, stderr), limit)
                code = int(answer.recv(32))
            except TimeoutError as error:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(["ccc", *arguments], limit) from error
        return Ended(code, *texts)

    def close(self) -> None:
        """Lets the server go."""
        if self._control is None or self._server is None:
            return
        self._control.close()
        self._server.communicate(timeout=10)
        self._control = self._server = None

    def _connected(self, environment: Mapping[str, str]) -> socket.socket:
        if self._control is not None and self._server is not None and self._server.poll() is None:
            return self._control
        self.close()
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        control.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LONGEST)
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "tests.support.warm_server", str(theirs.fileno())],
                cwd=PROJECT,
                env={**environment, "PYTHONPATH": str(PROJECT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(theirs.fileno(),),
            )
        self._control = control
        return control


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _talk(into: int, data: bytes, outputs: Sequence[int], limit: float) -> list[str]:
    """Writes what a process reads, and reads what it prints until nobody holds its streams any more."""
    os.set_blocking(into, False)
    until, texts = time.monotonic() + limit, {output: bytearray() for output in outputs}
    left = memoryview(data)
    with selectors.DefaultSelector() as selector:
        selector.register(into, selectors.EVENT_WRITE)
        for output in outputs:
            selector.register(output, selectors.EVENT_READ)
        try:
            while selector.get_map():
                if time.monotonic() > until:
                    raise TimeoutError
                for key, _ in selector.select(until - time.monotonic()):
                    if key.fd == into:
                        left = _written(into, left)
                        goes_on = bool(left)
                    else:
                        piece = os.read(key.fd, 65536)
                        texts[key.fd] += piece
                        goes_on = bool(piece)
                    if not goes_on:
                        selector.unregister(key.fd)
                        os.close(key.fd)
        except TimeoutError:
            for key in list(selector.get_map().values()):
                os.close(key.fd)
            raise
    return [_text(texts[output]) for output in outputs]


def _written(into: int, data: memoryview) -> memoryview:
    """What is left of it; nothing where nobody reads."""
    try:
        return data[os.write(into, data[:65536]) :] if data else data
    except BrokenPipeError:
        return data[:0]


def _text(data: bytearray) -> str:
    """As a process's output is read in text mode: any end of line is one."""
    return data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\r", "\n")
