"""What the radar found out of commits, kept between its looks; can be deleted at any time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ccc import __version__
from ccc.git.ancestry import Graph
from ccc.git.meeting import Files, Memory
from ccc.git.mergeconfig import surroundings
from ccc.git.mergetree import ConflictFile
from ccc.git.touching import touched
from ccc.ops.workspace import Workspace
from ccc.store.cache import Cache

KIND = "radar"
MOST_COMMITS = 20_000
"""Of a longer graph nothing is kept: reading it would take as long as git does."""

Lines = tuple[tuple[int, int], ...]
"""Ranges of lines: (first, how many)."""


class Kept:
    """The memory, and the lines in conflict of three versions of a file (base, ours, theirs)."""

    def __init__(self, workspace: Workspace) -> None:
        around = surroundings(workspace.git, workspace.repository.common, workspace.environment)
        self.has_drivers = around.drivers
        self._signature = f"{__version__} {around.signature}"
        self._cache = Cache(workspace.layout.cache)
        found = self._cache.get(KIND, self._signature)
        try:
            self.memory, self.lines = (Memory(), {}) if found is None else _read(found)
        except (KeyError, TypeError, ValueError):
            self.memory, self.lines = Memory(), {}

    def keep(self) -> None:
        """Keeps what is remembered now for the next process."""
        if len(self.memory.graph.parents) <= MOST_COMMITS:
            self._cache.put(KIND, self._signature, _written(self.memory, self.lines))


LinesOf = dict[str, tuple[Lines, Lines]]


def _read(found: Mapping[str, Any]) -> tuple[Memory, LinesOf]:
    deciding = found["deciding"]
    memory = Memory(
        graph=Graph(found["floor"], found["parents"], found["graph_trees"]),
        seen=tuple(found["seen"]),
        near=tuple((one, other) for one, other in found["near"]),
        trees=found["trees"],
        legs={(old, new): touched(paths, gone) for old, new, paths, gone in found["legs"]},
        verdicts={(one, other): _files(files) for one, other, files in found["verdicts"]},
        deciding=None if deciding is None else (deciding[0], tuple(deciding[1])),
    )
    lines = {key: (_lines(ours), _lines(theirs)) for key, (ours, theirs) in found["lines"].items()}
    return memory, lines


def _lines(found: Iterable[Iterable[int]]) -> Lines:
    return tuple((first, count) for first, count in found)


def _files(found: Iterable[Any]) -> Files:
    return tuple(
        ConflictFile(path, kind, message, {stage: (mode, oid) for stage, mode, oid in stages}, raw)
        for path, kind, message, stages, raw in found
    )


def _written(memory: Memory, lines: LinesOf) -> dict[str, Any]:
    return {
        "floor": memory.graph.floor,
        "parents": memory.graph.parents,
        "graph_trees": memory.graph.trees,
        "trees": memory.trees,
        "seen": memory.seen,
        "near": memory.near,
        "legs": [[*leg, sorted(each.paths), sorted(each.gone)] for leg, each in memory.legs.items()],
        "verdicts": [[*pair, [_row(file) for file in files]] for pair, files in memory.verdicts.items()],
        "deciding": memory.deciding,
        "lines": lines,
    }


def _row(file: ConflictFile) -> list[Any]:
    stages = [[stage, *entry] for stage, entry in file.stages.items()]
    return [file.path, file.kind, file.message, stages, file.raw]
