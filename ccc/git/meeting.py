"""Which of many commits conflict with one another: git's own verdict, asked only of those that can.

A pair is merged by `git merge-tree` unless what its sides touch cannot meet (`touching`). What was found out
of commits is remembered, so that one commit later only its own pairs are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field, replace

from ccc.errors import GitFailed
from ccc.git import attributes, mergetree, touching
from ccc.git.ancestry import MANY, Graph, Meetings, graph
from ccc.git.command import Git
from ccc.git.mergetree import ConflictFile, Pair
from ccc.git.touching import Leg, Touched
from ccc.records import dataclass

SUBMODULE = "160000"
FEW = 16
"""Pairs that one process merges sooner than two that have to be started."""

PROCESSES = 2

Files = tuple[ConflictFile, ...]


@dataclass
class Memory:
    """What follows from commits alone: their graph, their trees, what lies between trees, verdicts on pairs.

    `seen` are the tips of the last look, the trunk first, and `near` the pairs of them that could conflict.
    `deciding`: a tree and the paths in it that merges depend on (attributes).
    """

    graph: Graph = Graph()
    trees: dict[str, str] = field(default_factory=dict)
    legs: dict[Leg, Touched] = field(default_factory=dict)
    seen: tuple[str, ...] = ()
    near: tuple[Pair, ...] = ()
    verdicts: dict[Pair, Files] = field(default_factory=dict)
    deciding: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True)
class Found:
    """The pairs in conflict, the trunk or the earlier tip first, and what each tip touches on its own.

    `merged` counts the pairs that git was asked about. `unmerged` are pairs that git does not merge.
    """

    conflicts: Mapping[Pair, Files]
    touched: Mapping[str, Touched]
    merged: int
    unmerged: frozenset[Pair]


def find(git: Git, trunk: str, tips: Sequence[str], memory: Memory, *, drivers: bool = False) -> Found:
    """The conflicts of every pair of tips, and of each with the trunk (full ids of commits).

    Objects are written through `git`: a quarantined one. `memory` is brought up to date; with `drivers`,
    programs of somebody else's that merge files, no conflict is remembered. Raises GitFailed.
    """
    look = _Look(git, trunk, tuple(dict.fromkeys((trunk, *tips))), memory)
    pairs = memory.near
    asked = [pair for pair in pairs if pair not in memory.verdicts]
    fresh = look.merged(asked, drivers=drivers) if asked else {}
    known = {pair: memory.verdicts[pair] for pair in pairs if pair in memory.verdicts}
    verdicts = {**known, **fresh}
    memory.verdicts = {
        pair: files for pair, files in verdicts.items() if not files or not (drivers or _passes(files))
    }
    return Found(
        conflicts={pair: verdicts[pair] for pair in pairs if verdicts.get(pair)},
        touched=look.own,
        merged=len(asked),
        unmerged=frozenset(asked) - fresh.keys(),
    )


def _passes(files: Files) -> bool:
    """Whether another repository has a say in it, where commits may arrive any time."""
    return any(mode == SUBMODULE for file in files for mode, _ in file.stages.values())


class _Look:
    """Brings a memory up to date: what is fresh is held against all, everything else is as it was."""

    def __init__(self, git: Git, trunk: str, tips: Sequence[str], memory: Memory) -> None:
        self._git, self._trunk, self._tips, self._memory = git, trunk, tips, memory
        self._fresh = set(tips) - set(memory.seen)
        memory.graph = graph(git, tips, memory.graph)
        self._meet = Meetings(memory.graph, tips, self._fresh | {trunk})
        self._bases = {tip: self._meet.base(trunk, tip) for tip in tips}
        self._learn()
        self.own = {tip: self._leg(base or trunk, tip) for tip, base in self._bases.items()}
        memory.near = tuple(self._near())
        memory.seen = tuple(tips)

    def _learn(self) -> None:
        """The trees and differences that will be asked for, all by two processes."""
        memory = self._memory
        steps = set(self._steps())
        ends = {commit for step in steps for commit in step}
        walked, known = memory.graph.trees, memory.trees
        fresh = touching.trees_of(self._git, sorted(ends - walked.keys() - known.keys()))
        memory.trees = {each: walked.get(each) or known.get(each) or fresh[each] for each in ends}
        legs = {(memory.trees[old], memory.trees[new]) for old, new in steps}
        unknown = sorted(leg for leg in legs if leg not in memory.legs and leg[0] != leg[1])
        found = touching.between(self._git, unknown)
        there = {*walked.values(), *memory.trees.values()}
        kept = {leg: each for leg, each in memory.legs.items() if leg[0] in there and leg[1] in there}
        memory.legs = {**kept, **found}

    def _steps(self) -> Iterator[tuple[str, str]]:
        for tip, base in self._bases.items():
            yield base or self._trunk, tip
            if base:
                yield base, self._trunk
        for one, other in self._fresh_pairs():
            base = self._meet.base(one, other)
            if base:
                yield from self._ways(base, one)
                yield from self._ways(base, other)

    def _ways(self, base: str, tip: str) -> Sequence[tuple[str, str]]:
        """The steps from a pair's base to one of the two: through where it left the trunk, if it is on it."""
        left = self._bases[tip]
        if base == left or left == MANY or not self._is_on_trunk(base):
            return ((base, tip),)
        return ((base, left), (left, tip))

    def _is_on_trunk(self, base: str) -> bool:
        return base == self._memory.graph.floor or self._meet.is_behind(base, self._trunk)

    def _fresh_pairs(self) -> Iterator[Pair]:
        """The pairs of which a tip was not there before, in the order of tips."""
        fresh = self._fresh
        for place, one in enumerate(self._tips):
            others = self._tips[place + 1 :]
            for other in others if one in fresh else (each for each in others if each in fresh):
                yield one, other

    def _leg(self, old: str, new: str) -> Touched:
        trees = self._memory.trees
        return self._memory.legs.get((trees[old], trees[new]), NOTHING)

    def _near(self) -> Iterator[Pair]:
        """The pairs that could conflict: those of before that are still there, and fresh ones."""
        place = {tip: number for number, tip in enumerate(self._tips)}
        there = place.keys() - self._fresh
        for one, other in self._memory.near:
            if one in there and other in there:
                yield (one, other) if place[one] < place[other] else (other, one)
        partners = touching.Index(self.own)
        near = {tip: partners.partners(tip) for tip in self._fresh}
        for pair in self._fresh_pairs():
            if self._could_conflict(pair, near):
                yield pair

    def _could_conflict(self, pair: Pair, near: Mapping[str, set[str]]) -> bool:
        one, other = pair
        base = self._meet.base(one, other)
        if base == MANY:
            return True
        if base in pair:
            return False
        if base == self._bases[one] == self._bases[other]:
            return other in near[one] if one in near else one in near[other]
        mine, theirs = self._ways(base, one), self._ways(base, other)
        return any(self._leg(*step).meets(self._leg(*way)) for step in mine for way in theirs)

    def merged(self, pairs: Sequence[Pair], *, drivers: bool) -> dict[Pair, Files]:
        """What git says of these pairs."""
        alike = [pair for pair in pairs if self._has_trunks_attributes(pair[0])]
        found: dict[Pair, Files] = {}
        files = attributes.contents(self._git, self._trunk, self._deciding())
        paths = frozenset[str]().union(*(self.own[tip].paths for pair in alike for tip in pair))
        programs = self._trunk if drivers else None
        with attributes.laid_out(self._git, files, paths, programs) as inside:
            for verdicts in _at_once(inside, alike):
                found.update((pair, verdict.conflicts) for pair, verdict in verdicts.items())
        apart = [pair for pair in pairs if pair not in set(alike)]
        for ours in dict.fromkeys(one for one, _ in apart):
            many = [other for one, other in apart if one == ours]
            verdicts_of = mergetree.merges(self._git, ours, many, programs=self._trunk)
            found.update(((ours, theirs), verdict.conflicts) for theirs, verdict in verdicts_of.items())
        return found

    def _has_trunks_attributes(self, tip: str) -> bool:
        base = self._bases[tip]
        if base == MANY:
            return False
        steps = (self._leg(base, tip), self._leg(base, self._trunk))
        return not any(attributes.decides(path) for step in steps for path in step.paths)

    def _deciding(self) -> Sequence[str]:
        """The paths in the trunk that merges depend on; listed anew only where one of them changed."""
        tree, before = self._memory.trees[self._trunk], self._memory.deciding
        if before is None or (before[0] != tree and self._changed(before[0], tree)):
            self._memory.deciding = (tree, tuple(attributes.all_in(self._git, self._trunk)))
        elif before[0] != tree:
            self._memory.deciding = (tree, before[1])
        assert self._memory.deciding is not None
        return self._memory.deciding[1]

    def _changed(self, old: str, new: str) -> bool:
        try:
            found = touching.between(self._git, [(old, new)])
        except GitFailed:  # the old one is gone
            return True
        return any(attributes.decides(path) for each in found.values() for path in each.paths)


NOTHING = touching.touched((), ())


def _at_once(git: Git, pairs: Sequence[Pair]) -> Iterable[Mapping[Pair, mergetree.MergeVerdict]]:
    if len(pairs) <= FEW:
        return [mergetree.merges_of_pairs(git, pairs)]
    shares = [pairs[start::PROCESSES] for start in range(PROCESSES)]
    with ThreadPoolExecutor(PROCESSES) as pool:
        return list(pool.map(lambda share: mergetree.merges_of_pairs(git, share), shares))


def without(found: Found, prefix: str) -> Found:
    """The same where conflicts in one folder do not count."""
    kept = {
        pair: tuple(file for file in files if not file.raw.startswith(f"{prefix}/"))
        for pair, files in found.conflicts.items()
    }
    return replace(found, conflicts={pair: files for pair, files in kept.items() if files})
