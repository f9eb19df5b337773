"""Machines that land on one branch take turns: by a lease on the remote that the state is shared with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ccc.domain.leases import Lease, landing_name
from ccc.errors import CccError, GitFailed, Refused, StoreBusy, TimedOut
from ccc.git import history
from ccc.git import repository as repositories
from ccc.ids import short_oid
from ccc.ops.lease import boards
from ccc.ops.lease.holding import Held, Wanted, take
from ccc.ops.sync import enabled as sharing
from ccc.ops.workspace import Workspace

if TYPE_CHECKING:
    from ccc.config.model import Sync

SECONDS = 60.0
"""A landing holds its turn from just before the branch moves until all of it is done: a second or two."""


@contextmanager
def turn(workspace: Workspace, settings: Sync, branch: str, commit: str) -> Iterator[list[str]]:
    """Holds the turn to land `commit` on a branch; gives a list for what is worth saying.

    Without shared state, and with `sync.landing = "free"`, there are no turns. The turn says what is landed
    before the branch moves, so whoever is next waits until that commit is there, even if this process dies.
    Raises HeldByOther, StoreBusy (the remote cannot be asked; another's landing is not here yet).
    """
    remarks: list[str] = []
    held = _taken(workspace, settings, branch, commit, remarks)
    try:
        yield remarks
    finally:
        if held is not None:
            before = held.before.landed if held.before else None
            _given_back(held, commit if _is_on(workspace, commit, branch) else before, remarks)


def _taken(workspace: Workspace, settings: Sync, branch: str, commit: str, remarks: list[str]) -> Held | None:
    enabled = sharing.read(workspace.layout)
    if enabled is None or settings.landing == "free":
        return None
    board = boards.board_of(workspace, asks=False, seconds=settings.seconds)
    name = landing_name(branch)
    try:
        wanted = Wanted(name, workspace.replica, SECONDS, landed=commit)
        return take(workspace, board, wanted, lambda last: _require_the_last(workspace, last, branch))
    except Refused as error:
        raise Refused(error.message, f'{error.hint}; to land without turns: sync.landing = "free"') from error
    except (GitFailed, TimedOut) as error:
        words = f"{enabled.remote} cannot be asked whose turn it is to land on {branch}"
        if settings.landing == "reachable":
            remarks.append(f"{words} ({error.message}); landed without")
            return None
        hint = 'try again; to land without the remote: sync.landing = "reachable" in .ccc/config.toml'
        raise StoreBusy(f"{words}, so nothing was landed: {error.message}", hint) from error


def _require_the_last(workspace: Workspace, last: Lease, branch: str) -> None:
    """What another machine landed must be here first, or the branch would go two ways."""
    if last.landed is None or last.holder == workspace.replica or _is_on(workspace, last.landed, branch):
        return
    raise StoreBusy(
        f"{last.who} landed {short_oid(last.landed)} on {branch} on another machine; it is not here yet",
        f"bring {branch} up to date first, as by git pull; "
        f"if it never comes: git ccc sync --release {last.name}",
    )


def _is_on(workspace: Workspace, commit: str, branch: str) -> bool:
    tip = repositories.resolve(workspace.git, f"refs/heads/{branch}")
    if tip is None or repositories.resolve(workspace.git, commit) is None:
        return False
    return history.is_ancestor(workspace.git, commit, tip)


def _given_back(held: Held, landed: str | None, remarks: list[str]) -> None:
    """The landing stands, whatever becomes of this: an unreturned turn is over after its time."""
    try:
        held.release(landed=landed)
    except CccError as error:
        remarks.append(
            f"the turn to land could not be given back ({error.message}); it is over in {SECONDS:.0f} s"
        )
