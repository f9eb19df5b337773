"""Doing several things at the same moment, each in a process of its own, as many agents do."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager


def together(calls: Sequence[Callable[[], object]]) -> list[str]:
    """Makes all calls at once, each in a fork of this process; what went wrong, empty for all is well."""
    start, go = os.pipe()
    forks = []
    for call in calls:
        told, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(go)
            _serve(call, start, tell)
        os.close(tell)
        forks.append((pid, told))
    os.close(start)
    os.close(go)  # whoever waits for it reads its end, all at the same moment
    return [words for pid, told in forks if (words := _ending(pid, told))]


@contextmanager
def again_and_again(call: Callable[[], object]) -> Iterator[None]:
    """Another process makes a call over and over while the block runs; it has to go well each time."""
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        while True:
            try:
                call()
            except BaseException:
                os.write(tell, traceback.format_exc().encode("utf-8", "backslashreplace")[-4096:])
                os._exit(1)
    os.close(tell)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        words = _ending(pid, told)
    assert words == f"ended with {int(signal.SIGKILL)}", words


def _serve(call: Callable[[], object], start: int, tell: int) -> None:
    """Never comes back: what belongs to the tests is none of the fork's business."""
    try:
        os.read(start, 1)
        call()
    except BaseException:
        os.write(tell, traceback.format_exc().encode("utf-8", "backslashreplace")[-4096:])
    finally:
        os._exit(0)


def _ending(pid: int, told: int) -> str:
    with os.fdopen(told, encoding="utf-8") as words:
        text = words.read()
    _, status = os.waitpid(pid, 0)
    return text or (f"ended with {status}" if status else "")
