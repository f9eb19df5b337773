"""Where ccc keeps its files inside a repository's common directory."""

from __future__ import annotations

import errno
from functools import cached_property
from pathlib import Path

from ccc.records import dataclass

OWN = "ccc"
"""The folder in a common directory that everything of ccc's lies below."""


def make_folder(folder: Path) -> None:
    """Makes a folder below `<common dir>/ccc`, with those above it, but never the common directory itself.

    Where a repository was moved or deleted nobody makes half a one in its old place. Raises OSError.
    """
    try:
        folder.mkdir(exist_ok=True)
    except FileNotFoundError:
        missing = [folder]
        while not missing[-1].parent.is_dir():
            missing.append(missing[-1].parent)
        if OWN in [each.name for each in missing[:-1]]:
            raise FileNotFoundError(errno.ENOENT, "the repository is gone", str(folder)) from None
        folder.mkdir(parents=True, exist_ok=True)


@dataclass(frozen=True)
class Layout:
    """Paths below `<common dir>/ccc`: pending work and what can be made again. Each is put together once."""

    common: Path

    @cached_property
    def root(self) -> Path:
        return self.common / OWN

    @cached_property
    def journal_new(self) -> Path:
        return self.root / "journal" / "new"

    @cached_property
    def journal_claimed(self) -> Path:
        return self.root / "journal" / "claimed"

    @cached_property
    def journal_bad(self) -> Path:
        return self.root / "journal" / "bad"

    @cached_property
    def wal(self) -> Path:
        return self.root / "wal"

    @cached_property
    def cache(self) -> Path:
        """What was computed from objects, to be deleted at any time."""
        return self.root / "cache"

    @cached_property
    def lock(self) -> Path:
        return self.root / "lock"

    @cached_property
    def tips(self) -> Path:
        """Own record of the tips that this replica gave `refs/ccc`, newest last."""
        return self.root / "tips"

    @cached_property
    def replica(self) -> Path:
        """The persistent name of this copy of the repository."""
        return self.root / "replica"

    @cached_property
    def worktrees(self) -> Path:
        """One file per session worktree, named like the session; holds the session's id."""
        return self.root / "worktrees"

    @cached_property
    def scratch(self) -> Path:
        return self.root / "scratch"

    @cached_property
    def radar(self) -> Path:
        """What the conflict radar makes and notes; can be deleted at any time."""
        return self.root / "radar"

    @cached_property
    def logs(self) -> Path:
        return self.root / "logs"

    @cached_property
    def worker_lock(self) -> Path:
        return self.root / "worker.lock"

    @cached_property
    def gate_lock(self) -> Path:
        return self.root / "gates.lock"

    @cached_property
    def gates(self) -> Path:
        """What gates run now, and which ones are waited for: a file each."""
        return self.root / "gates"

    @cached_property
    def drain_script(self) -> Path:
        return self.root / "drain"

    @cached_property
    def drain_begins(self) -> Path:
        """The process id of a drain that was started and does not listen yet; written by the script."""
        return self.root / "drain.begins"

    @cached_property
    def hosts(self) -> Path:
        """One file per session host that lives here, named by the session's id (runs/hosts.py)."""
        return self.root / "hosts"

    @cached_property
    def runs(self) -> Path:
        """One folder a session that an agent works: orders, exit records, logs, mail to deliver."""
        return self.root / "runs"
