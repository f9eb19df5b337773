"""Waiting for what ccc does in the background, or keeping it waiting."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ccc.layout import Layout
from ccc.platform import table
from ccc.store.lock import locked
from tests.support.agents import until
from tests.support.repository import Repo


@contextmanager
def still(repo: Repo) -> Iterator[None]:
    """No background process of ccc changes anything here meanwhile, so that the repository can be copied."""
    layout = Layout(repo.common)
    with ExitStack() as stack:
        for lock in (layout.root / "drain.lock", layout.worker_lock, layout.lock):
            stack.enter_context(locked(lock, timeout=30))
        yield


def settle(repo: Repo) -> None:
    """Waits until no background process of ccc is at work here."""
    with still(repo):
        pass


def alone(repo: Repo) -> None:
    """Waits until every background process of ccc here has ended: one that settled may still do something."""
    common = os.fsencode(repo.common)

    def at_work() -> list[int]:
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
        return [pid for pid in pids if pid != os.getpid() and common in table.command(pid)]

    until(lambda: not at_work(), "the end of all background work")
