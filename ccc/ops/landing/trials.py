"""Trials of a target's queue as trees: what each is run on, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ccc.domain import landings, targets
from ccc.domain.sessions import Session
from ccc.domain.speculation import CONFLICT, FAILED, PASSED, Trial
from ccc.git.mergetree import UnrelatedHistories
from ccc.git.scratch import WHO
from ccc.ops.landing.combine import Combined, combine_at
from ccc.ops.landing.gate import BASE_RUN, Asked, Runs, asked
from ccc.ops.landing.grafts import landed_otherwise
from ccc.ops.landing.scopes import Scopes
from ccc.ops.policy import Policy
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.protocol import State

MESSAGE = b"Combined for the gate\n"


@dataclass(frozen=True)
class Bench:
    """A trial made ready: the tree, and what its gate asks. None of it where it does not merge."""

    combined: Combined
    wanted: Asked


class Kitchen:
    """Merges done for one tip of a target, kept while a process looks again and again."""

    def __init__(
        self, workspace: Workspace, base: str, policy: Policy, known: Sequence[Session] = ()
    ) -> None:
        self._workspace, self.base, self.policy, self._known = workspace, base, policy, known
        self.scopes = Scopes(workspace.git)
        self._combined: dict[tuple[str, str, str], Combined | None] = {}
        self._commits: dict[tuple[str, str], str] = {}
        self._asked: dict[tuple[str, str, str], Asked] = {}

    def combined(self, session: Session, base: str, head: str, onto: str | None = None) -> Combined | None:
        """What landing a head on a commit comes to; None where the two do not merge.

        `onto`: the commit of the target that it stands on, where that is not its tip.
        """
        key = (session.id, base, head)
        if key not in self._combined:
            try:
                grafts = landed_otherwise(
                    self._workspace.git, self._known, session.target, onto or self.base, head
                )
                found = combine_at(self._workspace, session, base, head, self.policy, grafts)
            except UnrelatedHistories:
                found = None
            self._combined[key] = None if found is None or found.tree is None else found
        return self._combined[key]

    def commit(self, combined: Combined) -> str:
        """The commit that stands for the landing of what is ahead: the same whoever makes it."""
        key = (combined.base, combined.head)
        if key not in self._commits:
            assert combined.tree is not None
            when = {f"GIT_{who}_DATE": combined.session.head_at for who in ("AUTHOR", "COMMITTER")}
            arguments = ("commit-tree", combined.tree, "-p", combined.base, "-p", combined.head)
            made = self._workspace.git.run(*arguments, input=MESSAGE, env={**WHO, **when})
            self._commits[key] = made.text
        return self._commits[key]

    def asked(self, combined: Combined) -> Asked:
        """What the gate asks of a combination."""
        key = (combined.session.id, combined.base, combined.head)
        if key not in self._asked:
            self._asked[key] = asked(self._workspace, combined, self.scopes)
        return self._asked[key]


Since = Callable[[str], Sequence[tuple[str, str]]]
"""Of an entry: who landed since it left the target and overlaps with it, oldest first, and the commit of the
target before that."""


class Trials:
    """What is known of trials (`speculation.Known`), from recorded results."""

    def __init__(self, kitchen: Kitchen, sessions: Mapping[str, Session], since: Since, state: State) -> None:
        self._kitchen, self._sessions, self._since, self._state = kitchen, sessions, since, state
        self._runs: dict[str, Runs] = {}

    def bench(self, trial: Trial) -> Bench | None:
        """A trial made ready; None where something in it does not merge."""
        if trial.before is not None:
            combined = self._in_the_past(trial.entry, trial.before)
        else:
            base = self._chain(trial.ahead)
            combined = None if base is None else self._on(trial.entry, base)
        return None if combined is None else Bench(combined, self._kitchen.asked(combined))

    def _chain(self, ahead: Sequence[str]) -> str | None:
        base = self._kitchen.base
        for each in ahead:
            combined = self._on(each, base)
            if combined is None:
                return None
            base = self._kitchen.commit(combined)
        return base

    def _on(self, identifier: str, base: str) -> Combined | None:
        session = self._sessions[identifier]
        return self._kitchen.combined(session, base, session.head)

    def _in_the_past(self, identifier: str, before: str) -> Combined | None:
        session = self._sessions[identifier]
        base = next(base for each, base in self._since(identifier) if each == before)
        return self._kitchen.combined(session, base, session.head, base)

    def landed(self, entry: str) -> tuple[str, ...]:
        return tuple(each for each, _ in self._since(entry))

    def result(self, trial: Trial) -> str | None:
        bench = self.bench(trial)
        if bench is None:
            return CONFLICT
        runs = self._runs_of(landings.stream_of(trial.entry), landings.RUN)
        for key in bench.wanted.keys:
            if key not in runs:
                return None
            if runs[key].exit != 0:
                return FAILED
        return PASSED

    def base_fails(self, trial: Trial) -> bool | None:
        bench = self.bench(trial)
        if bench is None:
            return None
        key = bench.wanted.base_keys[self.failing(trial, bench)]
        alone = self.alone.get(key)
        return None if alone is None else alone.exit != 0

    def failing(self, trial: Trial, bench: Bench) -> int:
        """Which of its commands failed."""
        runs = self._runs_of(landings.stream_of(trial.entry), landings.RUN)
        return next(at for at, key in enumerate(bench.wanted.keys) if key in runs and runs[key].exit != 0)

    @property
    def alone(self) -> Runs:
        """What commands came to on the target alone."""
        session = next(iter(self._sessions.values()))
        return self._runs_of(targets.stream_of(session.target), BASE_RUN)

    def runs(self, identifier: str) -> Runs:
        """What commands came to for an entry."""
        return self._runs_of(landings.stream_of(identifier), landings.RUN)

    def _runs_of(self, stream: str, field: str) -> Runs:
        if stream not in self._runs:
            self._runs[stream] = landings.runs_of(self._state.stream(stream), field)
        return self._runs[stream]
