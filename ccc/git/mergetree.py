"""Merging two commits without a work tree: git's own verdict, tree and conflicts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ccc.errors import GitFailed
from ccc.git import surgery
from ccc.git.command import Git
from ccc.git.history import quoted

BASE, OURS, THEIRS = 1, 2, 3
MARKER_SIZE = 41
"""Longer than any line of equal signs that a source file is likely to have."""

CONFLICT = "CONFLICT ("


@dataclass(frozen=True)
class ConflictFile:
    """A path in conflict: `kind` in git's words (`contents`, `modify/delete`), stage to (mode, blob id)."""

    path: str
    kind: str
    message: str
    stages: Mapping[int, tuple[str, str]]


@dataclass(frozen=True)
class Hunk:
    """One conflict inside a file: lines of each side, and where they begin there, from 1."""

    ours: tuple[str, ...]
    base: tuple[str, ...]
    theirs: tuple[str, ...]
    ours_start: int
    theirs_start: int


@dataclass(frozen=True)
class MergeVerdict:
    """The merged tree (with markers in it where there are conflicts) and the paths in conflict."""

    tree: str
    conflicts: tuple[ConflictFile, ...]

    def without(self, git: Git, prefix: str) -> MergeVerdict:
        """The verdict on everything but one folder: conflicts there do not count, the tree has it no more."""
        kept = tuple(file for file in self.conflicts if not file.path.startswith(f"{prefix}/"))
        return replace(self, tree=surgery.without(git, self.tree, prefix), conflicts=kept)


def merge(git: Git, ours: str, theirs: str) -> MergeVerdict:
    """Merges `theirs` into `ours`. Raises GitFailed for unrelated histories."""
    found = git.run("merge-tree", "--write-tree", "-z", ours, theirs, ok=(0, 1))
    tree, rest = found.out.split(b"\0", 1)
    stages, messages = _sections(rest, conflicted=found.code == 1)
    return MergeVerdict(tree.decode(), tuple(_files(stages, messages)))


Stages = dict[bytes, dict[int, tuple[str, str]]]
Messages = list[tuple[list[bytes], str, str]]


def _sections(rest: bytes, *, conflicted: bool) -> tuple[Stages, Messages]:
    """The two lists behind the tree in the output of `merge-tree -z` (git-merge-tree(1), OUTPUT)."""
    parts = iter(rest.split(b"\0"))
    stages: Stages = {}
    if conflicted:
        for part in parts:
            if not part:
                break
            what, path = part.split(b"\t", 1)
            mode, oid, stage = what.decode().split(" ")
            stages.setdefault(path, {})[int(stage)] = (mode, oid)
    return stages, list(_messages(parts)) if conflicted else []


def _messages(parts: Iterator[bytes]) -> Iterator[tuple[list[bytes], str, str]]:
    for count in parts:
        if not count.isdigit():
            break
        paths = [next(parts) for _ in range(int(count))]
        kind, words = next(parts).decode(), next(parts).decode("utf-8", "replace")
        yield paths, kind, words.strip()


def _files(stages: Stages, messages: Messages) -> Iterator[ConflictFile]:
    telling = [message for message in messages if message[1].startswith(CONFLICT)]
    named = {path for paths, _, _ in telling for path in paths}
    for path in [*stages, *sorted(named - set(stages))]:
        kind, words = next(((kind, words) for paths, kind, words in telling if path in paths), ("CONFLICT (other)", ""))
        plain = kind.removeprefix(CONFLICT).removesuffix(")")
        if path in stages:
            yield ConflictFile(quoted(path), plain, words, stages[path])
    if not stages:
        for paths, kind, words in telling:
            for path in paths[:1]:
                yield ConflictFile(quoted(path), kind.removeprefix(CONFLICT).removesuffix(")"), words, {})


def conflict_hunks(git: Git, file: ConflictFile) -> list[Hunk]:
    """The hunks of a text conflict; empty for a binary file and where one side has no file."""
    if OURS not in file.stages or THEIRS not in file.stages:
        return []
    contents = [git.run("cat-file", "blob", file.stages[n][1]).out if n in file.stages else b"" for n in (2, 1, 3)]
    with tempfile.TemporaryDirectory(prefix="ccc-merge-") as folder:
        names = []
        for name, content in zip(("ours", "base", "theirs"), contents, strict=True):
            (Path(folder) / name).write_bytes(content)
            names.append(str(Path(folder) / name))
        try:
            merged = git.run("merge-file", "-p", "--diff3", f"--marker-size={MARKER_SIZE}", *names, ok=range(128))
        except GitFailed:
            return []
    return list(_hunks(merged.out.decode("utf-8", "replace").splitlines()))


def _hunks(lines: list[str]) -> Iterator[Hunk]:
    sides: dict[str, list[str]] = {}
    current, ours_line, theirs_line = "", 1, 1
    starts = {"<": "ours", "|": "base", "=": "theirs"}
    for line in lines:
        mark = line[:1]
        if line.startswith(mark * MARKER_SIZE) and mark in starts:
            current = starts[mark]
            sides[current] = []
        elif line.startswith(">" * MARKER_SIZE) and current:
            yield Hunk(
                tuple(sides["ours"]), tuple(sides["base"]), tuple(sides["theirs"]), ours_line, theirs_line
            )
            ours_line += len(sides["ours"])
            theirs_line += len(sides["theirs"])
            current, sides = "", {}
        elif current:
            sides[current].append(line)
        else:
            ours_line, theirs_line = ours_line + 1, theirs_line + 1
