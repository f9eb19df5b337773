"""A process that has imported ccc and forks itself for each call: `python -m tests.support.warm_server FD`.

What it forks is a process of its own, with its own arguments, folder, environment, streams and end, as
`python -m ccc` is; only what is imported is there already.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

NOT_IMPORTED = ("ccc.servers", "ccc.cli.mcp", "ccc.host.__main__")
"""What one command of many needs and is long in coming; and what is no part of the command line."""

LONGEST = 1 << 20
NETWORK = Path("/proc/thread-self/ns/net")
CLONE_NEWNET = 0x40000000


def main(descriptor: int) -> None:
    """Serves whoever holds the other end; goes on as ccc in each process it forks."""
    _import_below("ccc")
    gc.freeze()
    _become(_serve(socket.socket(fileno=descriptor)))


def _import_below(package: str) -> None:
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        if module.name.startswith(NOT_IMPORTED):
            continue
        importlib.import_module(module.name)
        if module.ispkg:
            _import_below(module.name)


def _serve(control: socket.socket) -> dict[str, Any]:
    """Forks for each order and tells how it ended; comes back with its order in a fork."""
    woken, wakes = os.pipe()
    for end in (woken, wakes):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    answers: dict[int, socket.socket] = {}
    while True:
        ready = select.select([control.fileno(), woken], [], [])[0]
        if woken in ready:
            os.read(woken, 4096)
            _tell_ends(answers)
        if control.fileno() not in ready:
            continue
        data, descriptors, _, _ = socket.recv_fds(control, LONGEST, 5)
        if not data:
            os._exit(0)
        answer = socket.socket(fileno=descriptors.pop())
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for other in (control, answer, *answers.values()):
                other.close()
            os.closerange(woken, wakes + 1)
            return {**json.loads(data), "streams": descriptors}
        with suppress(BrokenPipeError):
            answer.send(b"%d" % pid)
        answers[pid] = answer
        for each in descriptors:
            os.close(each)


def _tell_ends(answers: dict[int, socket.socket]) -> None:
    while answers:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with answers.pop(pid) as answer, suppress(BrokenPipeError):  # nobody waits after a time limit
            answer.send(b"%d" % os.waitstatus_to_exitcode(status))


def _become(order: dict[str, Any]) -> None:
    """This process is `ccc <arguments>` from now on."""
    *streams, network = order["streams"]
    if os.fstat(network).st_ino != NETWORK.stat().st_ino:
        _enter(network)
    os.close(network)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(order["environment"])
    _forget_the_home_before()
    os.chdir(order["cwd"])
    os.umask(order["umask"])
    program = sys.modules["ccc.__main__"]
    sys.argv = [str(program.__file__), *order["arguments"]]
    try:
        program.run()
    except SystemExit as ending:
        _end(ending.code)


def _end(code: object) -> None:
    """As a process ends, but for taking apart what is imported: all of that memory would be copied for it."""
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as the interpreter does
    atexit._run_exitfuncs()
    assert isinstance(code, int | None), code
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError, ValueError):
            stream.flush()
    os._exit(code or 0)


def _enter(network: int) -> None:
    """The network of whoever asks: a test may have one of its own, with nothing but loopback."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(network, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "no way into the network of the test")


def _forget_the_home_before() -> None:
    """libgit2 reads HOME and its like when it is loaded."""
    import pygit2

    level = pygit2.enums.ConfigLevel
    for each in (level.GLOBAL, level.XDG, level.SYSTEM, level.PROGRAMDATA):
        pygit2.settings.search_path[each] = None  # type: ignore[assignment]  # looks for it again


if __name__ == "__main__":
    main(int(sys.argv[1]))
