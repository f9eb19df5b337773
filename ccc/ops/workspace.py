"""What an operation knows of where it runs: the repository, its files, the caller, the clock."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ccc.domain import stamps
from ccc.errors import NotInitialised, Refused, StateBroken
from ccc.git import heads
from ccc.git import repository as repositories
from ccc.git.catfile import CatFile
from ccc.git.command import Git
from ccc.git.objects import MissingObject
from ccc.git.repository import Repository
from ccc.layout import Layout
from ccc.ops.observe import Observer
from ccc.ops.roster import Rosters
from ccc.records import dataclass
from ccc.store.protocol import REF, Announce, State, Store, unheard

if TYPE_CHECKING:
    from ccc.domain.secrets import Filter
    from ccc.git.backend import Choice
    from ccc.ops.changes import Changes
    from ccc.ops.landing.behind import Behind
    from ccc.ops.policy import Policy
    from ccc.ops.sight import Views
    from ccc.store.gitstore import GitStore
    from ccc.store.reader import GitReader

ANONYMOUS = "ccc <ccc@localhost>"


@dataclass
class Workspace:
    """One repository as one call of ccc sees it.

    `directory` is where the call works, `standing` where its process really stands (they differ with `-C`),
    `environment` the caller's; `announce` is told what was mended in passing; `views` and `changes`
    are what a process that stays keeps of one answer for the next; `policies`: of commits and branches,
    `behind`: of what lies between commits.
    """

    repository: Repository
    directory: Path
    environment: Mapping[str, str]
    standing: Path | None = None
    announce: Announce = unheard
    views: Views | None = None
    changes: dict[tuple[str, ...], Changes] = field(default_factory=dict)
    policies: dict[tuple[str, str], Policy] = field(default_factory=dict)
    behind: dict[tuple[str, ...], tuple[Behind, ...]] = field(default_factory=dict)
    _heads: list[Mapping[str, str]] = field(default_factory=list)

    @classmethod
    def open(
        cls,
        directory: Path,
        environment: Mapping[str, str],
        standing: Path | None = None,
        found: Callable[[], Repository] | None = None,
    ) -> Workspace:
        """The repository around a directory; `found` where it is being looked for. Raises NotARepository."""
        repository = found() if found else repositories.discover(directory, environment)
        return cls(repository, directory, environment, standing)

    @property
    def git(self) -> Git:
        """Git on the common directory, whatever the work tree."""
        return self.repository.git

    @cached_property
    def layout(self) -> Layout:
        return Layout(self.repository.common)

    @property
    def initialised(self) -> bool:
        """Whether `init` has been run here, and `deinit` not since."""
        return self.layout.drain_script.exists() and self.layout.replica.exists()

    @property
    def missing(self) -> list[Path]:
        """What somebody deleted of what `init` made; empty before it and after `deinit`."""
        replica, drain = self.layout.replica, self.layout.drain_script
        hooked = (self.layout.root / "hooks").is_dir()
        return [path for path in (replica, drain) if hooked and not path.exists()]

    def _not_initialised(self) -> NotInitialised:
        if self.missing:
            lost = " and ".join(str(path) for path in self.missing)
            return NotInitialised(f"{lost} is missing", "git ccc init makes it again")
        return NotInitialised("ccc is not initialised in this repository", "git ccc init")

    def require(self) -> Workspace:
        """The workspace itself, if initialised. Raises NotInitialised."""
        if not self.initialised:
            raise self._not_initialised()
        return self

    @cached_property
    def replica(self) -> str:
        """The persistent name of this copy of the repository. Raises NotInitialised."""
        try:
            return self.layout.replica.read_text(encoding="utf-8").strip()
        except FileNotFoundError as error:
            raise self._not_initialised() from error

    @cached_property
    def rosters(self) -> Rosters:
        """All sessions of this machine in columns."""
        return Rosters(self.replica)

    @cached_property
    def observer(self) -> Observer:
        """Turns hook notes and moved refs into facts."""
        return Observer(self.git, self.layout, self.replica, self.rosters)

    @cached_property
    def reader(self) -> GitReader:
        """Reads state without locks and without the store's libraries."""
        objects = CatFile(self.git, self.layout.common)
        objects.begin()  # git opens its packs while the reader is imported
        from ccc.store.reader import GitReader

        observe = replace(self.observer, keeps=False, told=self._keep_heads)
        return GitReader(self.layout, self.git, objects=objects, observe=observe, mend=self.mend)

    def state_and_heads(self, at: str | None = None) -> tuple[State, Callable[[], Mapping[str, str]]]:
        """The state, and the branches (full name to tip) as they were looked at for it, or right after it."""
        self._heads.clear()
        state = self.reader.state(at)
        seen = self._heads[:]
        return state, lambda: seen[0] if seen else heads.branches(self.git, self.repository.common)

    def _keep_heads(self, heads: Mapping[str, str]) -> None:
        self._heads[:] = [heads]

    def repairs(self) -> GitStore:
        """The store with what mends it, beyond what every command does. Raises NotInitialised."""
        self.require()
        return self._git_store()

    def mend(self, error: StateBroken) -> None:
        """Brings `refs/ccc` and what is behind it back, as far as it is to be had here.

        Raises StateBroken with the words of `error` where nothing may be written here.
        """
        try:
            store = self._git_store()
            if store.restore() is None and isinstance(error, MissingObject):
                store.restore_objects()
        except (OSError, Refused) as trouble:
            why = trouble.message if isinstance(trouble, Refused) else os.strerror(trouble.errno or 0)
            raise StateBroken(f"{error.message}; it cannot be mended here: {why}", error.hint) from trouble

    @cached_property
    def store(self) -> Store:
        """Records facts; importing its libraries costs 0.1 s, so reading commands never come here."""
        self.require()
        return self._git_store()

    @cached_property
    def filter(self) -> Filter:
        """What everything recorded by this call passes; remembers which secrets it met."""
        from ccc.ops.privacy import filter_of

        return filter_of(self)

    @cached_property
    def backend(self) -> Choice:
        """What objects and `refs/ccc` are written through, and why that. Raises BadConfig, GitFailed."""
        from ccc.git.backend import choose

        return choose(self.repository.common, self.git, self.environment)

    def _git_store(self) -> GitStore:
        from ccc.store.gitstore import GitStore

        return GitStore(
            self.layout,
            self.git,
            objects=self.backend.backend,
            identity=lambda: self.person or ANONYMOUS,
            observe=self.observer,
            filter=self.filter,
            announce=self.announce,
        )

    @cached_property
    def person(self) -> str | None:
        """`Name <mail>` configured for the main checkout, None where there is none."""
        found = repositories.identity(self.repository)
        return f"{found[0]} <{found[1]}>" if found else None

    def require_person(self) -> str:
        """The configured identity. Raises Refused: what is recorded in a person's name needs one."""
        if self.person is None:
            raise Refused(
                "no user identity is configured",
                "git config --global user.name NAME; git config --global user.email MAIL",
            )
        return self.person

    def now(self) -> str:
        """Now, RFC 3339 UTC with milliseconds."""
        return stamps.rfc3339(stamps.make(stamps.now_ms(), 0, "0"))

    @property
    def checkout(self) -> Path | None:
        """Top of the main checkout; None in a bare repository."""
        return self.repository.main_top

    def state_ref_exists(self) -> bool:
        """Whether `refs/ccc` is there, ours or not."""
        return REF in repositories.refs(self.git, REF)
