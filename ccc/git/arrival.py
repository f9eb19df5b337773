"""How the work of a branch came to another one that somebody moved: merged, squashed or picked."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ccc.git import mergetree, surgery
from ccc.git.command import Git
from ccc.git.mergetree import quarantined
from ccc.records import dataclass

MERGED, FORWARDED, SQUASHED, PICKED = "merged", "fast-forwarded", "squashed", "picked"
LOOKED_AT = 32
"""Commits among which the one is searched that brought the last of the work; of more, the newest is named."""


@dataclass(frozen=True)
class Arrival:
    """The commit by which all of it was there, where the branch was before that, and the way it came.

    `tree` is that commit's.
    """

    commit: str
    base: str
    tree: str
    way: str


def arrivals(
    git: Git, common: Path, old: str, new: str, heads: Mapping[str, str | None], *, folder: str, closely: bool
) -> dict[str, Arrival]:
    """By head, those whose work `new` has and `old` had not; `folder` in them does not count.

    Of a head is given behind which commit its work begins; None: where it left the branch. `closely`: also
    work that came by other commits; about ten git processes, however many heads there are.
    """
    graph = _graph(git, old, new)
    chain = _chain(graph, new)
    found = {}
    for head in heads:
        if head in graph and _has_work(git, head, old, folder):
            found[head] = _contained(git, graph, chain, old, head)
    rest = [head for head in heads if head not in graph]
    if closely and rest:
        with tempfile.TemporaryDirectory(prefix="ccc-arrival-") as aside:
            own = quarantined(git, Path(aside), common)
            found.update(_otherwise(own, [old, *chain], {head: heads[head] for head in rest}, folder))
    return found


Graph = dict[str, tuple[str, ...]]


def _graph(git: Git, old: str, new: str) -> Graph:
    """The new commits, each with its parents."""
    lines = git.text("rev-list", "--topo-order", "--parents", new, f"^{old}").splitlines()
    rows = (line.split() for line in lines)
    return {commit: tuple(parents) for commit, *parents in rows}


def _chain(graph: Graph, new: str) -> list[str]:
    """The new commits that the branch itself went through, oldest first."""
    found, at = [], new
    while at in graph:
        found.append(at)
        parents = graph[at]
        at = parents[0] if parents else ""
    return found[::-1]


def _has_work(git: Git, head: str, old: str, folder: str) -> bool:
    """Whether there is more in it than the folder that does not count."""
    outside = git.text("log", "-1", "--format=%H", head, f"^{old}", "--", ".", f":(exclude,top){folder}")
    return bool(outside)


def _contained(git: Git, graph: Graph, chain: Sequence[str], old: str, head: str) -> Arrival:
    if head in chain:
        return Arrival(head, old, _tree(git, head), FORWARDED)
    above = {head}
    for commit in reversed(graph):  # parents come before children
        if any(parent in above for parent in graph[commit]):
            above.add(commit)
    first = next(commit for commit in chain if commit in above)
    base = graph[first][0] if graph[first] else old
    return Arrival(first, base, _tree(git, first), MERGED)


def _otherwise(
    git: Git, chain: Sequence[str], heads: Mapping[str, str | None], folder: str
) -> dict[str, Arrival]:
    """Those that merging would add nothing of to the newest commit, and would have to the oldest."""
    there = _added_nothing(git, chain[-1], list(heads), folder)
    missing = there - _added_nothing(git, chain[0], sorted(there), folder)
    found: dict[str, Arrival] = {}
    newest = len(chain) - 1
    for at in range(1, newest + 1) if newest <= LOOKED_AT else [newest]:
        left = sorted(missing - found.keys())
        if not left:
            break
        for head in _added_nothing(git, chain[at], left, folder):
            found[head] = _at(git, chain, at, head, heads[head], folder)
    return found


def _at(git: Git, chain: Sequence[str], at: int, head: str, since: str | None, folder: str) -> Arrival:
    """Squashed, if this commit's change is all that merging the head would have made; else one of some.

    And if that is all of its work: what was picked one by one may be seen half-way.
    """
    before, commit = chain[at - 1], chain[at]
    whole = mergetree.merges(git, chain[0], [head]).get(head)
    begin = since or git.run("merge-base", chain[0], head, ok=(0, 1)).text
    same = (
        whole is not None
        and not whole.conflicts_outside(folder)
        and _patch(git, chain[0], whole.tree, folder) == _patch(git, before, commit, folder)
        and bool(begin)
        and _size(git, chain[0], whole.tree, folder) == _size(git, begin, head, folder)
    )
    return Arrival(commit, before, _tree(git, commit), SQUASHED if same else PICKED)


def _size(git: Git, one: str, other: str, folder: str) -> str:
    """How many lines of which files are others."""
    asked = ("diff-tree", "-r", "--numstat", "--no-renames", "-z", one, other)
    return git.text(*asked, "--", ".", f":(exclude,top){folder}")


def _patch(git: Git, one: str, other: str, folder: str) -> str:
    """What git calls the change between two trees, wherever its lines stand."""
    asked = ("diff-tree", "-r", "-p", "--no-ext-diff", "--no-textconv", "--full-index", "--binary")
    change = git.run(*asked, one, other, "--", ".", f":(exclude,top){folder}").out
    return git.run("patch-id", "--stable", input=change).text.partition(" ")[0]


def _added_nothing(git: Git, onto: str, heads: Sequence[str], folder: str) -> set[str]:
    merged = mergetree.merges(git, onto, heads) if heads else {}
    clean = {head: each.tree for head, each in merged.items() if not each.conflicts_outside(folder)}
    if not clean:
        return set()
    whole, *trees = surgery.ids_without(git, [_tree(git, onto), *clean.values()], folder)
    return {head for head, tree in zip(clean, trees, strict=True) if tree == whole}


def _tree(git: Git, commit: str) -> str:
    return git.text("rev-parse", f"{commit}^{{tree}}")
