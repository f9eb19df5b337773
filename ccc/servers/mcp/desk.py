"""Where the tools work: one repository, seen by an agent, one call after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from anyio import from_thread

from ccc.ops.lease import orchestrator
from ccc.ops.workspace import Workspace


class Desk:
    """Workspaces for calls that arrive on many threads.

    Whatever started the server, its callers are agents: `CLAUDECODE` is set for every operation, so nothing
    that only a person may decide can be decided here (CONTRACT §1).
    """

    def __init__(self, directory: Path, environment: Mapping[str, str], standing: Path | None) -> None:
        self._directory = directory
        self._environment = {**environment, "CLAUDECODE": "1"}
        self._standing = standing
        self._lock = threading.Lock()
        self._kept: Workspace | None = None

    def fresh(self) -> Workspace:
        """A workspace of its own, for a call that waits. Raises NotARepository, NotInitialised."""
        return Workspace.open(self._directory, self._environment, self._standing).require()

    @contextmanager
    def changing(self) -> Iterator[Workspace]:
        """A fresh workspace, for the one call that records something now.

        Raises HeldByOther where the state is shared and another machine orchestrates.
        """
        with self._lock:
            workspace = self.fresh()
            orchestrator.keep(workspace)
            yield workspace

    @contextmanager
    def reading(self) -> Iterator[Workspace]:
        """The one workspace of all reading calls: its git process and what it has read stay (3 ms a call)."""
        with self._lock:
            if self._kept is None or not _is_current(self._kept):
                self._kept = self.fresh()
            try:
                yield self._kept
            except BaseException:
                self._kept = None
                raise


def _is_current(workspace: Workspace) -> bool:
    """Whether ccc has not been taken out of the repository since, nor put into it again."""
    try:
        return workspace.layout.replica.read_text(encoding="utf-8").strip() == workspace.replica
    except FileNotFoundError:
        return False


def paused(seconds: float) -> None:
    """Sleeps on a thread of the server; ends the call that its client has cancelled, or left by going."""
    from_thread.check_cancelled()
    time.sleep(seconds)
