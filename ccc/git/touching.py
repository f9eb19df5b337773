"""What lies between two commits by names alone, and whether two such changes can meet in a merge.

Two sides of a merge can conflict only where one of these holds, whatever git finds to be renamed:
both touch a path (a rename touches both of its names); a path of one lies below a path of the other (a file
in place of a folder); a path of one lies below a folder that the other left without anything (git takes that
for a renamed folder and moves the path along).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ccc.errors import GitFailed
from ccc.git.command import Git
from ccc.records import dataclass

FOLDER_MODE = b"040000"
NOWHERE = b"000000"
DIFFER = (
    *("diff-tree", "-r", "-t", "-z", "--no-renames", "--ignore-submodules=none"),
    *("--raw", "--stdin"),
)


@dataclass(frozen=True)
class Touched:
    """The paths that differ, the folders that are `gone`, and the folders `above` the paths."""

    paths: frozenset[str]
    gone: frozenset[str]
    above: frozenset[str]

    def meets(self, other: Touched) -> bool:
        """Whether the two could conflict."""
        return not (
            self.paths.isdisjoint(other.paths)
            and self.paths.isdisjoint(other.above)
            and self.above.isdisjoint(other.paths)
            and self.gone.isdisjoint(other.above)
            and self.above.isdisjoint(other.gone)
        )


def touched(paths: Iterable[str], gone: Iterable[str]) -> Touched:
    """The same with the folders above."""
    names = frozenset(paths)
    above: set[str] = set()
    for path in names:
        folder = path.rpartition("/")[0]
        while folder and folder not in above:
            above.add(folder)
            folder = folder.rpartition("/")[0]
    return Touched(names, frozenset(gone), frozenset(above))


Leg = tuple[str, str]
"""Two trees: from the first to the second."""


def between(git: Git, legs: Sequence[Leg]) -> dict[Leg, Touched]:
    """What each pair of trees (full ids) differs in, by one git process. Raises GitFailed."""
    if not legs:
        return {}
    asked = "".join(f"{old} {new}\n" for old, new in legs).encode()
    found = git.run(*DIFFER, input=asked).out
    rows: dict[Leg, tuple[list[str], list[str]]] = {leg: ([], []) for leg in legs}
    for leg, path, is_folder, is_gone in _rows(found):
        if not is_folder:
            rows[leg][0].append(path)
        elif is_gone:
            rows[leg][1].append(path)
    return {leg: touched(*lists) for leg, lists in rows.items()}


def _rows(output: bytes) -> Iterator[tuple[Leg, str, bool, bool]]:
    parts = iter(output.split(b"\0"))
    leg = ("", "")
    for part in parts:
        *headers, row = part.split(b"\n")
        for header in headers:
            old, _, new = header.decode().partition(" ")
            leg = (old, new)
        if row:
            before, after = row[1:7], row[8:14]
            path = next(parts).decode("utf-8", "surrogateescape")
            yield leg, path, FOLDER_MODE in (before, after), after == NOWHERE


def trees_of(git: Git, commits: Iterable[str]) -> dict[str, str]:
    """The trees of commits, by one git process. Raises GitFailed."""
    wanted = list(commits)
    if not wanted:
        return {}
    asked = "".join(f"{each}^{{tree}}\n" for each in wanted).encode()
    lines = git.run("cat-file", "--batch-check=%(objectname)", input=asked).text.split("\n")
    found = dict(zip(wanted, lines, strict=True))
    missing = next((commit for commit, tree in found.items() if tree.endswith("missing")), None)
    if missing is not None:
        raise GitFailed(f"{missing} is not there", "git fsck")
    return found


class Index:
    """Many changes by the names in them: which could conflict with one of them, without going through all."""

    def __init__(self, changes: Mapping[str, Touched]) -> None:
        self._changes = changes
        self._paths, self._above, self._gone = (_Names() for _ in range(3))
        for key, change in changes.items():
            self._paths.enter(key, change.paths)
            self._above.enter(key, change.above)
            self._gone.enter(key, change.gone)

    def partners(self, key: str) -> set[str]:
        """The others that could conflict with this one (`Touched.meets`)."""
        mine = self._changes[key]
        found = self._paths.with_any(mine.paths) | self._above.with_any(mine.paths)
        found |= self._paths.with_any(mine.above) | self._gone.with_any(mine.above)
        found |= self._above.with_any(mine.gone)
        return found - {key}


class _Names:
    """Name to the keys that have it."""

    def __init__(self) -> None:
        self._keys: dict[str, list[str]] = {}

    def enter(self, key: str, names: Iterable[str]) -> None:
        for name in names:
            self._keys.setdefault(name, []).append(key)

    def with_any(self, names: Iterable[str]) -> set[str]:
        return {key for name in names for key in self._keys.get(name, ())}
