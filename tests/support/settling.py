"""Waiting for what ccc does in the background."""

from __future__ import annotations

from ccc.layout import Layout
from ccc.store.lock import locked
from tests.support.repository import Repo


def settle(repo: Repo) -> None:
    """Waits until no background process of ccc is at work here."""
    layout = Layout(repo.common)
    for lock in (layout.root / "drain.lock", layout.worker_lock, layout.lock):
        with locked(lock, timeout=30):
            pass
