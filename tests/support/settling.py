"""Waiting for what ccc does in the background, or keeping it waiting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ccc.layout import Layout
from ccc.store.lock import locked
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
