"""Which streams of one state hold cells that none of several other states has; equal trees are not opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ccc.domain.cells import Cells, join, join_all
from ccc.store.celltree import STREAM_DEPTH, CellTree


def unshared(tree: CellTree, mine: str, theirs: Sequence[str], kind: str) -> set[str]:
    """The ids of the streams of a kind below the tree `mine` that the trees `theirs` together do not hold.

    Raises MissingObject.
    """
    below = tree.entries(mine).get(kind)
    if below is None:
        return set()
    others = [entry.oid for each in theirs if (entry := tree.entries(each).get(kind)) is not None]
    return set(_new(tree, "", below.oid, others, STREAM_DEPTH - 1))


def _new(tree: CellTree, name: str, mine: str, theirs: Sequence[str], depth: int) -> Iterator[str]:
    if mine in theirs:
        return
    if depth == 0:
        if adds(tree.cells_of(mine), [tree.cells_of(each) for each in theirs]):
            yield name
        return
    known = [tree.entries(each) for each in theirs]
    for below, entry in tree.entries(mine).items():
        yield from _new(
            tree, below, entry.oid, [each[below].oid for each in known if below in each], depth - 1
        )


def adds(mine: Cells, theirs: Sequence[Cells]) -> bool:
    """Whether a stream holds a cell that wins over all of the others'."""
    known = join_all(theirs)
    return join(known, mine) != known
