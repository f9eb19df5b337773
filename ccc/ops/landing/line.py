"""The queue of a target as it stands: its order, who overlaps with whom, what is tested on what."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from ccc.domain import lineup, speculation, targets
from ccc.domain.cells import values
from ccc.domain.gating import concerns, covers
from ccc.domain.landings import Entry
from ccc.domain.lineup import Place
from ccc.domain.sessions import Landed, Session
from ccc.domain.speculation import Candidate, Job, Standing, Window
from ccc.domain.status import DONE
from ccc.errors import BadConfig
from ccc.git import heads, history
from ccc.ops.landing.carried import carried
from ccc.ops.landing.depends import Dependencies
from ccc.ops.landing.grafts import landed_otherwise
from ccc.ops.landing.queued import entries
from ccc.ops.landing.trials import Kitchen, Trials
from ccc.ops.look import Picture
from ccc.ops.observe import HEADS
from ccc.ops.policy import target_policy
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.protocol import State

if TYPE_CHECKING:
    from ccc.config.gates import GateCommand

WINDOW = "window"
"""Field of a target's stream: how many of its entries may be tested at once."""

OWN = ".ccc/"
REPORTS = ".ccc/sessions/"


def order(
    picture: Picture, queued: Mapping[str, Entry], dependencies: Dependencies | None = None
) -> tuple[str, ...]:
    """Ids of what is queued, in the order in which it would land."""
    sessions = {each.id: each for each in picture.sessions}
    places = [
        Place(
            identifier,
            sessions[identifier].target,
            entry.priority,
            entry.queued_at or "",
            entry.first,
            _overtaken(picture, sessions[identifier], entry),
        )
        for identifier, entry in queued.items()
    ]
    needs = {each: sessions[each].after for each in queued}
    if dependencies is not None:
        needs = {each: (*known, *dependencies.of(sessions[each]).ids) for each, known in needs.items()}
    return lineup.in_order(places, needs)


def _overtaken(picture: Picture, session: Session, entry: Entry) -> int:
    """How many landed on its target since it was queued."""
    since = entry.queued_at or ""
    return sum(
        1
        for each in picture.sessions
        if each.landed is not None and each.landed.target == session.target and each.landed.at > since
    )


class Cook:
    """Makes lines, and keeps what was merged for one from look to look."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._kitchens: dict[tuple[str, str], Kitchen] = {}
        self._changed: dict[tuple[str, str], frozenset[str]] = {}

    def lines(self, picture: Picture, wishes: Iterable[Sequence[str]] = ()) -> list[Line]:
        """What is waited for, then the queues; a line a target. Raises GitFailed.

        A target whose configuration cannot be read has none, and takes nobody else's away.
        """
        dependencies = Dependencies(self._workspace, picture)
        sessions = {each.id: each for each in picture.sessions}
        tips = heads.branches(self._workspace.git, self._workspace.repository.common)
        there = [each for each in sessions if self._is_here(sessions[each], tips)]
        found = []
        waited_for = list(dict.fromkeys(each for wish in wishes for each in wish if each in sessions))
        for wanted in (waited_for, order(picture, entries(picture), dependencies)):
            for target in dict.fromkeys(sessions[each].target for each in wanted if each in there):
                mine = [each for each in wanted if each in there and sessions[each].target == target]
                with contextlib.suppress(BadConfig):
                    found.append(self._line(picture, dependencies, tips, target, mine))
        return found

    def _is_here(self, session: Session, tips: Mapping[str, str]) -> bool:
        """Whether branch and target can be merged here, and there is something to land."""
        return (
            HEADS + session.target in tips
            and tips.get(HEADS + session.branch) == session.head
            and self._workspace.reader.objects.has(session.head)
            and not session.landed_head
            and session.closed is None
        )

    def _line(
        self,
        picture: Picture,
        dependencies: Dependencies,
        tips: Mapping[str, str],
        target: str,
        mine: Sequence[str],
    ) -> Line:
        base = tips[HEADS + target]
        if (target, base) not in self._kitchens:
            policy = target_policy(self._workspace, base, target)
            self._kitchens[target, base] = Kitchen(self._workspace, base, policy, picture.sessions)
        kitchen = self._kitchens[target, base]
        changed = {each: self._paths(base, picture.of_id(each).session.head) for each in mine}
        return Line(self._workspace, picture, dependencies, target, kitchen, changed)

    def _paths(self, base: str, head: str) -> frozenset[str]:
        """What a branch changed since it left the target, a renamed file by both names."""
        if (base, head) not in self._changed:
            git = self._workspace.git
            fork = history.merge_base(git, base, head) or base
            listed = git.lines("diff-tree", "-r", "--no-renames", "-z", "--name-only", fork, head)
            self._changed[base, head] = frozenset(each for each in listed if not each.startswith(REPORTS))
        return self._changed[base, head]


@dataclass
class Line:
    """Entries of one target in their order; `changed` are the paths of each."""

    workspace: Workspace
    picture: Picture
    dependencies: Dependencies
    target: str
    kitchen: Kitchen
    changed: Mapping[str, frozenset[str]]

    @cached_property
    def sessions(self) -> dict[str, Session]:
        return {each: self.picture.of_id(each).session for each in self.changed}

    @cached_property
    def trials(self) -> Trials:
        return Trials(self.kitchen, self.sessions, self._landed_since, self.picture.state)

    def _landed_since(self, identifier: str) -> Sequence[tuple[str, str]]:
        """Who landed since an entry left the target and overlaps with it; asked where one fails only."""
        if identifier not in self._landed:
            git, base = self.workspace.git, self.kitchen.base
            fork = history.merge_base(git, base, self.sessions[identifier].head)
            since = git.text("rev-list", "--first-parent", base, *([f"^{fork}"] if fork else [])).split()
            by_commit = {
                each.landed.commit: each for each in self.picture.sessions if each.landed is not None
            }
            there = [by_commit[commit] for commit in reversed(since) if commit in by_commit]
            self._landed[identifier] = [
                (each.id, each.landed.base)
                for each in there
                if each.landed is not None and each.id != identifier and self._met(identifier, each.landed)
            ]
        return self._landed[identifier]

    def _met(self, identifier: str, landed: Landed) -> bool:
        """Whether what landed may change what an entry comes to."""
        paths = self.kitchen.scopes.changed(landed.base, landed.commit)
        mine = self.changed[identifier]
        return not mine.isdisjoint(paths) or any(
            not command.paths or any(covers(command.paths, path) for path in paths)
            for command in self._commands[identifier]
        )

    @cached_property
    def _landed(self) -> dict[str, Sequence[tuple[str, str]]]:
        return {}

    def window_in(self, state: State) -> Window:
        """How many may be tested at once, as recorded, or as configured at first."""
        known = values(state.stream(targets.stream_of(self.target))).get(WINDOW)
        queue = self.kitchen.policy.settings.queue
        floor = min(queue.floor, queue.window)
        return Window(known if isinstance(known, int) and known >= floor else queue.window, floor)

    @cached_property
    def standings(self) -> dict[str, Standing]:
        """How each entry stands."""
        return speculation.plan(self.candidates, self.trials, self.window_in(self.picture.state).size)

    @property
    def jobs(self) -> list[Job]:
        """What is to be run, first things first."""
        return speculation.jobs(self.standings)

    @property
    def useful(self) -> list[Job]:
        """What would be run with a window that has no end: what runs of it already goes on."""
        everybody = speculation.plan(self.candidates, self.trials, len(self.changed))
        return speculation.jobs(everybody)

    @cached_property
    def candidates(self) -> list[Candidate]:
        return [self._candidate(each) for each in self.changed]

    def _candidate(self, identifier: str) -> Candidate:
        session = self.sessions[identifier]
        needs = dict.fromkeys((*self.dependencies.of(session).ids, *self._carried(session)))
        return Candidate(
            identifier,
            frozenset(
                each for each in self.changed if each != identifier and self._overlap(each, identifier)
            ),
            tuple(needs),
            any(path.startswith(OWN) for path in self.changed[identifier]),
            self._is_held(session),
        )

    def _carried(self, session: Session) -> list[str]:
        """Those whose work its branch brings along."""
        git, base = self.workspace.git, self.kitchen.base
        known = self.picture.sessions
        grafts = landed_otherwise(git, known, self.target, base, session.head)
        return [each.id for each in carried(self.workspace, known, session, base, session.head, grafts)]

    def _is_held(self, session: Session) -> bool:
        """Whether it is not done, its checks have not passed, or what it depends on cannot be."""
        done = self.picture.of(session).view.status in DONE
        return not done or bool(self.dependencies.of(session).faults)

    def _overlap(self, one: str, other: str) -> bool:
        """Whether one's landing may change what the other's gate, or merge, comes to."""
        if not self.changed[one].isdisjoint(self.changed[other]):
            return True
        return self._touches(one, other) or self._touches(other, one)

    def _touches(self, one: str, other: str) -> bool:
        """Whether a command that is for `other` may depend on what `one` changes."""
        return any(
            not command.paths or any(covers(command.paths, path) for path in self.changed[one])
            for command in self._commands[other]
        )

    @cached_property
    def _commands(self) -> Mapping[str, Sequence[GateCommand]]:
        gate = self.kitchen.policy.settings.gate
        return {
            each: [c for c in gate if concerns(c.paths, c.roles, paths, self.sessions[each].role)]
            for each, paths in self.changed.items()
        }
