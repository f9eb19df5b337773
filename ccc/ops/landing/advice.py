"""The order of landings with the fewest conflicts, tried out one after the other where nothing stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ccc.domain import ordering
from ccc.domain.sessions import Session
from ccc.git import meeting
from ccc.git.meeting import Files
from ccc.git.scratch import WHO
from ccc.ops.brief import SESSIONS_FOLDER
from ccc.ops.landing import clashes
from ccc.ops.landing.carried import carried
from ccc.ops.landing.combine import combine
from ccc.ops.landing.depends import Dependencies
from ccc.ops.landing.review import Review
from ccc.ops.look import look
from ccc.ops.observe import all_sessions
from ccc.ops.radar.memory import Kept
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

NAMED = 3


@dataclass(frozen=True)
class Against:
    """Another landing of the plan that this one is in conflict with, and the paths.

    `why`: there are none, each passes the gate, and both together fail: the command that does.
    """

    session: Session
    paths: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True)
class Step:
    """A landing at its place: whether it merges when its turn comes, else the paths in conflict; why there.

    `needs` are landings of the plan that must come before it. `fails`: it merges, and is known to fail with
    one that lands before it.
    """

    review: Review
    lands: bool
    paths: tuple[str, ...]
    against: tuple[Against, ...]
    needs: tuple[Session, ...]
    reasons: tuple[str, ...]
    fails: bool = False

    @property
    def session(self) -> Session:
        return self.review.session


@dataclass(frozen=True)
class Advice:
    """The steps in their order, and how many of them meet a conflict, here and in the order of the queue."""

    steps: tuple[Step, ...]
    conflicts: int
    queue_conflicts: int


def advise(workspace: Workspace, entries: Sequence[Review]) -> Advice:
    """The order for entries as they are queued; to be called on a workspace that keeps no objects."""
    known = all_sessions(workspace.reader.state())
    steps: list[Step] = []
    queue_conflicts = 0
    for target in dict.fromkeys(entry.combined.target for entry in entries):
        plan = _Plan(workspace, [each for each in entries if each.combined.target == target], known)
        steps += plan.steps()
        queue_conflicts += len(plan.tried(plan.queue))
    return Advice(tuple(steps), sum(_conflicts(step) for step in steps), queue_conflicts)


def _conflicts(step: Step) -> bool:
    return bool(step.paths) or step.fails


class _Plan:
    """The landings on one target."""

    def __init__(self, workspace: Workspace, entries: Sequence[Review], known: Sequence[Session]) -> None:
        self.workspace = workspace
        self.known = known
        self.depends = Dependencies(workspace, look(workspace))
        self.entries = {each.session.id: each for each in entries}
        self.over = {name for name, each in self.entries.items() if _is_over(each)}
        self.queue = [name for name in self.entries if name not in self.over]
        self.base = entries[0].combined.base
        self.needs = {name: self._needs(self.entries[name]) for name in self.queue}
        self.pairs = self._pairs()
        self.together = self._together()

    def _needs(self, entry: Review) -> tuple[str, ...]:
        """Of the plan those that it waited for or says it depends on, and those whose work it carries."""
        combined = entry.combined
        others = carried(
            self.workspace, self.known, entry.session, combined.base, combined.head, combined.grafts
        )
        said = self.depends.of(entry.session).ids
        wanted = (*entry.session.after, *said, *(each.id for each in others))
        return tuple(
            name for name in dict.fromkeys(wanted) if name in self.entries and name != entry.session.id
        )

    def _pairs(self) -> dict[frozenset[str], tuple[str, ...]]:
        """The paths in conflict of each pair of which neither carries the other."""
        heads = {name: self.entries[name].combined.head for name in self.queue}
        kept = Kept(self.workspace)
        found = meeting.find(
            self.workspace.git, self.base, list(heads.values()), kept.memory, drivers=kept.has_drivers
        )
        conflicts = meeting.without(found, SESSIONS_FOLDER).conflicts
        pairs: dict[frozenset[str], tuple[str, ...]] = {}
        for place, one in enumerate(self.queue):
            for other in self.queue[place + 1 :]:
                files = _either(conflicts, heads[one], heads[other])
                if files:
                    pairs[frozenset((one, other))] = tuple(file.path for file in files)
        return pairs

    def _together(self) -> dict[frozenset[str], str]:
        """The pairs that are known to fail together, and the command that does."""
        found = clashes.pairs(self.workspace.reader.state(), {each.id: each for each in self.known})
        known = {frozenset((each.behind.id, each.before.id)): each.why for each in found}
        return {pair: why for pair, why in known.items() if pair <= set(self.queue)}

    def steps(self) -> Iterator[Step]:
        hopeless = [name for name in self.queue if self.entries[name].combined.conflicts]
        disputed = {*self.pairs, *self.together}
        order = list(ordering.propose(self.queue, disputed, hopeless, self.needs))
        failed = self.tried(order)
        surprised = [name for name in order if name in failed]
        order = [*(name for name in order if name not in failed), *surprised]
        done: list[str] = []
        for name in order:
            yield self._step(name, failed.get(name), done)
            if name not in failed:
                done.append(name)
        for name in self.over:
            yield Step(self.entries[name], False, (), (), (), self.entries[name].why_not)

    def tried(self, order: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Lands one after the other where nothing stays; the paths of those in conflict at their turn.

        None of one that fails together with one before it.
        """
        onto, failed = self.base, dict[str, tuple[str, ...]]()
        for place, name in enumerate(order):
            landed = (each for each in order[:place] if each not in failed)
            if any(frozenset((name, each)) in self.together for each in landed):
                failed[name] = ()
                continue
            combined = combine(self.workspace, self.entries[name].session, onto, known=self.known)
            if combined.tree is None:
                failed[name] = tuple(file.path for file in combined.conflicts)
                continue
            parents = ("-p", onto, "-p", combined.head)
            onto = self.workspace.git.run(
                "commit-tree", combined.tree, *parents, input=b"Tried\n", env=WHO
            ).text
        return failed

    def _step(self, name: str, paths: tuple[str, ...] | None, done: Sequence[str]) -> Step:
        against = tuple(
            Against(self.entries[other].session, files)
            for pair, files in self.pairs.items()
            if name in pair
            for other in pair - {name}
        )
        against += tuple(
            Against(self.entries[other].session, (), why)
            for pair, why in self.together.items()
            if name in pair
            for other in pair - {name}
        )
        needs = tuple(self.entries[other].session for other in self.needs[name])
        reasons = tuple(self._reasons(name, paths, against, done))
        return Step(self.entries[name], paths is None, paths or (), against, needs, reasons, paths == ())

    def _reasons(
        self, name: str, paths: tuple[str, ...] | None, against: Sequence[Against], done: Sequence[str]
    ) -> Iterator[str]:
        entry = self.entries[name]
        failing = [each for each in against if each.why and each.session.id in done]
        before = [each for each in against if each.session.id in done]
        behind = [each for each in against if each.session.id not in done]
        if paths is None:
            yield from self._of_landing(name, behind)
        elif failing:
            for each in failing:
                yield f"fails together with {each.session.name}, each passes alone: {each.why}"
        elif entry.combined.conflicts:
            yield f"in conflict with {entry.combined.target} now: {_some(paths)}"
        elif before:
            have = "has" if len(before) == 1 else "have"
            yield f"in conflict once {_names(before)} {have} landed: {_some(paths)}"
        else:
            landed = [self.entries[each].session.name for each in done]
            yield f"merges with each of the others alone, but not behind {_some(landed)}: {_some(paths)}"

    def _of_landing(self, name: str, behind: Sequence[Against]) -> Iterator[str]:
        needs = [self.entries[other].session.name for other in self.needs[name]]
        if needs:
            yield f"builds on {_some(needs)}"
        merging = [each for each in behind if not each.why]
        if merging:
            paths = dict.fromkeys(path for each in merging for path in each.paths)
            yield f"before {_names(merging)}, to be resolved then: {_some(list(paths))}"
        for each in behind:
            if each.why:
                yield f"before {each.session.name}, which fails with it: {each.why}"
        if not behind and not needs:
            yield "in conflict with nobody here"


def _is_over(entry: Review) -> bool:
    return entry.session.landed_head or entry.session.closed is not None or entry.combined.nothing


def _either(conflicts: Mapping[tuple[str, str], Files], one: str, other: str) -> Files:
    return conflicts.get((one, other)) or conflicts.get((other, one)) or ()


def _names(others: Sequence[Against]) -> str:
    return _some([each.session.name for each in others])


def _some(words: Sequence[str]) -> str:
    more = len(words) - NAMED
    return f"{', '.join(words[:NAMED])}{f' and {more} more' if more > 0 else ''}"
