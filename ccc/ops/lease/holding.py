"""Taking a lease, keeping it, giving it back."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from ccc.domain.leases import Lease
from ccc.errors import StoreBusy
from ccc.ops.lease import boards, watching
from ccc.ops.lease.boards import Board
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

ATTEMPTS = 3


class HeldByOther(StoreBusy):
    """Somebody else holds the lease; says who, and when it would be over."""


@dataclass(frozen=True)
class Held:
    """A lease this process holds: what is recorded, at which commit, and what was recorded before it."""

    workspace: Workspace
    board: Board
    lease: Lease
    oid: str
    before: Lease | None

    def renewed(self) -> Held:
        """The same with a sign of life. Raises HeldByOther where it was taken over meanwhile."""
        return self._followed(replace(self.lease, beat=self.lease.beat + 1, at=self.workspace.now()))

    def release(self, *, landed: str | None = None) -> None:
        """Gives it back; `landed` is what was put on the branch last. Raises HeldByOther."""
        self._followed(replace(self.lease, released=True, at=self.workspace.now(), landed=landed))

    def _followed(self, lease: Lease) -> Held:
        oid = boards.write(self.workspace.git, lease, self.oid, self.workspace.person)
        if not self.board.swap(lease.name, self.oid, oid):
            words = f"{lease.name} was taken over while this one was silent (epoch {lease.epoch})"
            raise HeldByOther(words, "git ccc sync --status")
        return replace(self, lease=lease, oid=oid)


@dataclass(frozen=True)
class Wanted:
    """A lease to take: for whom, for how long without a sign of life, and what it will have `landed`."""

    name: str
    holder: str
    seconds: float
    landed: str | None = None


Fits = Callable[[Lease], None]
"""Looks at the last state of a lease, and raises where it may not be taken after that."""


def take(workspace: Workspace, board: Board, wanted: Wanted, fits: Fits | None = None) -> Held:
    """Takes a lease that is free, was given back, is over, or is this holder's own; a new epoch each time.

    `fits` may refuse on seeing the last state, by raising. Raises HeldByOther, StoreBusy, and Refused,
    GitFailed and TimedOut of the board.
    """
    for _ in range(ATTEMPTS):
        oid = board.all().get(wanted.name)
        before = None if oid is None else boards.read(workspace, board, wanted.name, oid)
        if before is not None and oid is not None:
            if not before.released and before.holder != wanted.holder:
                refuse_while_alive(workspace, before, oid)
            if fits is not None:
                fits(before)
        lease = _next(workspace, wanted, before)
        new = boards.write(workspace.git, lease, oid, workspace.person)
        if board.swap(wanted.name, oid, new):
            return Held(workspace, board, lease, new, before)
    raise StoreBusy(f"{wanted.name} changes hands all the time", "try again")


def _next(workspace: Workspace, wanted: Wanted, before: Lease | None) -> Lease:
    return Lease(
        name=wanted.name,
        holder=wanted.holder,
        who=workspace.person or wanted.holder,
        epoch=before.epoch + 1 if before else 1,
        beat=0,
        seconds=math.ceil(wanted.seconds),
        at=workspace.now(),
        landed=wanted.landed,
    )


def refuse_while_alive(workspace: Workspace, current: Lease, oid: str) -> None:
    """Raises HeldByOther while another's lease is not over on this machine's clock."""
    left = current.seconds - watching.unchanged_for(workspace.layout, current.name, oid)
    if left > 0:
        who = f"{current.who} since {current.at} (epoch {current.epoch}, {current.holder})"
        raise HeldByOther(
            f"{current.name} is held by {who}",
            f"try again; without a sign of life it is over in {math.ceil(left)} s",
        )
