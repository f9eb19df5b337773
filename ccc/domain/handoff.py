"""What a hand-off is made of: recorded facts and what git objects say of them, nothing of this machine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from ccc.domain.landings import Gate
from ccc.domain.notes import Note
from ccc.domain.sessions import Session
from ccc.domain.status import StatusView
from ccc.records import dataclass

WRITTEN = "handoff.written"
STREAM = "handoffs/latest"
DOCUMENT = "handoff.md"
UNCOMMITTED = "uncommitted"


@dataclass(frozen=True)
class Changed:
    """A file of a diff with its added and deleted lines, None for a binary one; `path` as git prints it."""

    path: str
    added: int | None
    deleted: int | None


@dataclass(frozen=True)
class Uncommitted:
    """Paths that were uncommitted in a session's worktree at `at`; `count` of all, `paths` the first ones."""

    count: int
    paths: tuple[str, ...]
    at: str


@dataclass(frozen=True)
class Snippet:
    """A quoted hunk of a commit; `cut` says that the hunk goes on."""

    session: str
    commit: str
    path: str
    lines: tuple[str, ...]
    cut: bool


@dataclass(frozen=True)
class Work:
    """One session.

    `landed_files` and `files` (since the branch left its target) are None where commits are not in this
    clone; `ahead` and `behind` too, or where they were not counted. `target_at` is when the target was
    last seen. `branch_gone` is the last commit of a branch deleted by hand.
    """

    session: Session
    view: StatusView
    summary: str
    next_steps: tuple[str, ...]
    report_lost: bool
    landed_files: tuple[Changed, ...] | None
    files: tuple[Changed, ...] | None
    ahead: int | None
    behind: int | None
    target_at: str | None
    uncommitted: Uncommitted | None
    branch_gone: str | None
    queued_at: str | None
    gate: Gate | None

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.session.closed is None and not self.session.landed_head


@dataclass(frozen=True)
class MovedTarget:
    """A target that somebody else than ccc moved."""

    branch: str
    old: str
    new: str | None
    at: str


@dataclass(frozen=True)
class Facts:
    """All of one hand-off. `works` and `notes` oldest first; `shallow`: this clone's history is cut."""

    tip: str
    as_of: str
    works: tuple[Work, ...]
    notes: tuple[Note, ...]
    moved: tuple[MovedTarget, ...]
    snippets: tuple[Snippet, ...]
    shallow: bool

    def name_of(self, session: str | None) -> str | None:
        """The name of a session by its id; None for none, or one that is not recorded."""
        return None if session is None else self._names.get(session)

    @cached_property
    def _names(self) -> dict[str, str]:
        return {work.session.id: work.session.name for work in self.works}


@dataclass(frozen=True)
class LeftOut:
    """What the budget left out of a section, and the command that shows it."""

    section: str
    count: int
    command: str


@dataclass(frozen=True)
class Handoff:
    """A rendered hand-off; `tokens` estimated as bytes / 3.5, rounded up."""

    text: str
    tip: str
    as_of: str
    tokens: int
    budget: int
    left_out: Sequence[LeftOut]
