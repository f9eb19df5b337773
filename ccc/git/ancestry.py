"""Where the histories of many commits meet: the merge base of every pair, from one walk over all of them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from ccc.git.command import Git
from ccc.records import dataclass

MANY = ""
"""In place of a merge base: several, none, or not known. Such a pair may not be left out."""


@dataclass(frozen=True)
class Graph:
    """Every commit behind some tips and not behind `floor`, their one common ancestor: parents and tree.

    `floor` None: they have no single best common ancestor; then the graph goes down to the roots.
    """

    floor: str | None = None
    parents: Mapping[str, Sequence[str]] = field(default_factory=dict)
    trees: Mapping[str, str] = field(default_factory=dict)

    def holds(self, tip: str) -> bool:
        """Whether a tip is known with all that is behind it."""
        return tip in self.parents or tip == self.floor


def graph(git: Git, tips: Sequence[str], before: Graph) -> Graph:
    """The graph of these tips; only what `before` does not hold is walked. Raises GitFailed."""
    new = [tip for tip in tips if not before.holds(tip)]
    if not new and _stand_on_floor(before, tips):
        return _behind(before, tips)
    if new and before.parents:
        inner = {parent for parents in before.parents.values() for parent in parents}
        known = [commit for commit in before.parents if commit not in inner]
        known += [before.floor] if before.floor else []
        grown = _with(before, _walked(git, new, known))
        if _stand_on_floor(grown, tips):
            return _behind(grown, tips)
    floor = _floor(git, tips)
    return _with(Graph(floor), _walked(git, tips, [floor] if floor else []))


def _with(graph: Graph, rows: Sequence[Sequence[str]]) -> Graph:
    parents = {commit: above for commit, _, *above in rows}
    trees = {commit: tree for commit, tree, *_ in rows}
    return Graph(graph.floor, {**graph.parents, **parents}, {**graph.trees, **trees})


def _walked(git: Git, tips: Iterable[str], known: Iterable[str]) -> list[list[str]]:
    """Rows of commit, tree, parents."""
    asked = "".join([*(f"{tip}\n" for tip in tips), *(f"^{each}\n" for each in known)]).encode()
    walk = ("log", "--no-show-signature", "--no-color", "--format=%H %T %P", "--stdin")
    return [line.split() for line in git.run(*walk, input=asked).text.split("\n") if line]


def _floor(git: Git, tips: Sequence[str]) -> str | None:
    found = git.run("merge-base", "--octopus", "--all", *tips, ok=(0, 1)).text.split()
    return found[0] if len(found) == 1 else None


def _behind(graph: Graph, tips: Iterable[str]) -> Graph:
    """Without what is behind none of the tips any more."""
    reached, waiting = set(), [tip for tip in tips if tip in graph.parents]
    while waiting:
        commit = waiting.pop()
        if commit not in reached:
            reached.add(commit)
            waiting += [parent for parent in graph.parents[commit] if parent in graph.parents]
    if len(reached) == len(graph.parents):
        return graph
    parents = {each: graph.parents[each] for each in reached}
    return Graph(graph.floor, parents, {each: graph.trees[each] for each in reached})


def _stand_on_floor(graph: Graph, tips: Iterable[str]) -> bool:
    """Whether the floor is behind each tip: then the graph has all that they could have in common.

    It is not behind every commit of the graph: what was merged in may have begun before it.
    """
    if graph.floor is None:
        return True
    children: dict[str, list[str]] = {}
    for commit, parents in graph.parents.items():
        for parent in parents:
            children.setdefault(parent, []).append(commit)
    standing, waiting = {graph.floor}, [graph.floor]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in standing:
                standing.add(child)
                waiting.append(child)
    return standing.issuperset(tips)


class Meetings:
    """The merge base of every pair of tips of which one is `fresh`."""

    def __init__(self, graph: Graph, tips: Sequence[str], fresh: Container[str]) -> None:
        self._tips = {tip: number for number, tip in enumerate(dict.fromkeys(tips))}
        self._fresh = sum(1 << number for tip, number in self._tips.items() if tip in fresh)
        self._bases: list[dict[int, str]] = [{} for _ in self._tips]
        self._reach, order = _reach(graph, self._tips)
        self._merges = self._merges_of(graph, order)
        self._assign(graph, order)

    def base(self, one: str, other: str) -> str:
        """The one best common ancestor of two tips; MANY where there is no such."""
        if one == other:
            return one
        return self._bases[self._tips[one]][self._tips[other]]

    def is_behind(self, commit: str, tip: str) -> bool:
        """Whether a commit that is some pair's base is the tip or reachable from it."""
        return bool(self._reach.get(commit, -1) >> self._tips[tip] & 1)

    def _assign(self, graph: Graph, order: Sequence[str]) -> None:
        """The first common ancestor in an order that has children first is a best one."""
        everybody = (1 << len(self._tips)) - 1
        wanted = (everybody if self._fresh >> number & 1 else self._fresh for number in self._tips.values())
        rest = [others & ~(1 << number) for number, others in enumerate(wanted)]
        for commit, bits in _distinct(order, self._reach):
            for number in _numbers(bits):
                for other in _numbers(bits & rest[number]):
                    self._bases[number][other] = MANY if self._is_crossed(number, other) else commit
                rest[number] &= ~bits
        for number, others in enumerate(rest):
            for other in _numbers(others):
                self._bases[number][other] = graph.floor or MANY

    def _is_crossed(self, one: int, other: int) -> bool:
        """Whether two tips may have several merge bases: each is behind a merge that the other is not."""
        mine, theirs = self._merges[one], self._merges[other]
        return bool(mine & ~theirs) and bool(theirs & ~mine)

    def _merges_of(self, graph: Graph, order: Sequence[str]) -> list[int]:
        """Of each tip the merge commits behind it, a bit for each."""
        found = [0] * len(self._tips)
        merges = [commit for commit in order if len(graph.parents[commit]) > 1]
        for place, commit in enumerate(merges):
            for number in _numbers(self._reach[commit]):
                found[number] |= 1 << place
        return found


def _reach(graph: Graph, tips: Mapping[str, int]) -> tuple[dict[str, int], list[str]]:
    """Of each commit the tips it is behind, a bit for each; and the commits, children first."""
    children = dict.fromkeys(graph.parents, 0)
    for parents in graph.parents.values():
        for parent in parents:
            if parent in children:
                children[parent] += 1
    reach = dict.fromkeys(graph.parents, 0)
    for tip, number in tips.items():
        if tip in reach:
            reach[tip] |= 1 << number
    order, waiting = [], [commit for commit, count in children.items() if not count]
    while waiting:
        commit = waiting.pop()
        order.append(commit)
        for parent in graph.parents[commit]:
            if parent in children:
                reach[parent] |= reach[commit]
                children[parent] -= 1
                if not children[parent]:
                    waiting.append(parent)
    return reach, order


def _distinct(order: Iterable[str], reach: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """The first commit of each set of tips that more than one is of."""
    seen = set()
    for commit in order:
        bits = reach[commit]
        if bits & (bits - 1) and bits not in seen:
            seen.add(bits)
            yield commit, bits


def _numbers(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
