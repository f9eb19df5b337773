"""What a forge is to ccc: requests that are opened, updated and looked at; people decide there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ccc.records import dataclass

OPEN, MERGED, CLOSED = "open", "merged", "closed"
APPROVED, CHANGES, COMMENTED = "approved", "changes requested", "commented"
PASSED, FAILED, RUNNING = "passed", "failed", "running"


@dataclass(frozen=True)
class Wanted:
    """A request as it shall be: the branch `source` into `target`."""

    title: str
    body: str
    source: str
    target: str


@dataclass(frozen=True)
class Opinion:
    """What somebody said of it last; `by` their name there, `commit` what they looked at, where known."""

    by: str
    state: str
    commit: str | None


@dataclass(frozen=True)
class CheckRun:
    """What something of the forge's ran on its newest commit."""

    name: str
    state: str


@dataclass(frozen=True)
class Seen:
    """A request as the forge shows it; `head` its newest commit, `merged_as` the one on the target."""

    number: int
    url: str
    state: str
    head: str
    merged_as: str | None = None
    merged_by: str | None = None
    opinions: tuple[Opinion, ...] = ()
    checks: tuple[CheckRun, ...] = ()


def checks_of(found: Mapping[str, str]) -> tuple[CheckRun, ...]:
    """What a forge ran, from names to states, in the order of names."""
    return tuple(CheckRun(name, state) for name, state in sorted(found.items()))


class Forge(Protocol):
    """The requests of one repository on a forge. Everything raises ForgeFailed."""

    @property
    def name(self) -> str:
        """`github` or `gitlab`."""

    def find(self, source: str, target: str) -> int | None:
        """The number of the open request from one branch into the other."""

    def open(self, wanted: Wanted) -> int:
        """Opens one; its number."""

    def update(self, number: int, wanted: Wanted) -> None:
        """Gives it another title and body."""

    def look(self, number: int) -> Seen:
        """The request as it is now, with opinions and checks."""
