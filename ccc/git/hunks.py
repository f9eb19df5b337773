"""The places in a file at which two changes meet."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ccc.git.command import Git
from ccc.records import dataclass

MARKS = {"<": "ours", "|": "base", "=": "theirs"}
RUN = re.compile(rb"^([<|=>])\1*", re.MULTILINE)
CHANGE = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


@dataclass(frozen=True)
class Hunk:
    """One conflict inside a file: lines of each side without newlines, and where they begin there, from 1."""

    ours: tuple[str, ...]
    base: tuple[str, ...]
    theirs: tuple[str, ...]
    ours_start: int
    theirs_start: int


def hunks_of(git: Git, ours: bytes, base: bytes, theirs: bytes) -> list[Hunk]:
    """The conflicts of a three-way merge of texts; none where one of them is binary. Raises GitFailed."""
    longest = max((len(run[0]) for text in (ours, base, theirs) for run in RUN.finditer(text)), default=0)
    size = max(7, longest + 1)
    with tempfile.TemporaryDirectory(prefix="ccc-hunks-") as folder:
        place = Path(folder)
        for name, content in (("ours", ours), ("base", base), ("theirs", theirs)):
            (place / name).write_bytes(content)
        names = [str(place / name) for name in ("ours", "base", "theirs")]
        merged = git.run("merge-file", "-p", "--diff3", f"--marker-size={size}", *names, ok=range(256))
        if merged.code > 127:
            return []
        parts = list(_parts(merged.out.decode("utf-8", "surrogateescape").split("\n"), size))
        ours_at, theirs_at = (_starts(git, place, side, parts) for side in ("ours", "theirs"))
    conflicts = [part for part in parts if not isinstance(part, str)]
    return [
        Hunk(_shown(sides["ours"]), _shown(sides["base"]), _shown(sides["theirs"]), *starts)
        for sides, *starts in zip(conflicts, ours_at, theirs_at, strict=True)
    ]


def _shown(lines: list[str]) -> tuple[str, ...]:
    """Bytes that are not UTF-8 replaced, for people and JSON."""
    return tuple(line.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for line in lines)


Sides = dict[str, list[str]]
Part = str | Sides
"""A line of the merged text, or the sides of a conflict."""


def _parts(lines: list[str], size: int) -> Iterator[Part]:
    sides: Sides = {}
    current = ""
    for line in lines:
        mark, plain = line[:1], line.rstrip("\r")
        if mark in MARKS and (plain == mark * size or plain.startswith(f"{mark * size} ")):
            current = MARKS[mark]
            sides[current] = []
        elif current and plain.startswith(">" * size):
            yield sides
            current, sides = "", {}
        elif current:
            sides[current].append(line)
        else:
            yield line


def _starts(git: Git, place: Path, side: str, parts: list[Part]) -> list[int]:
    """The first line of each conflict in one side's file.

    The merged text also holds the other side's lines, so its line numbers are not those of the file: a diff
    of the file and the merge that takes this side everywhere tells how far they are apart.
    """
    lines: list[str] = []
    starts = []
    for part in parts:
        if isinstance(part, str):
            lines.append(part)
        else:
            starts.append(len(lines) + 1)
            lines += part[side]
    (place / "taken").write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    asked = ("diff", "--no-index", "-U0", "--text", "--no-color", "--no-ext-diff", "--no-textconv")
    out = git.run(*asked, "--", str(place / side), str(place / "taken"), ok=(0, 1)).text
    shifts = [_Shift(found) for found in CHANGE.finditer(out)]
    return [start + sum(shift.by for shift in shifts if shift.end <= start) for start in starts]


class _Shift:
    """By how many lines a change moves everything from line `end` of the merged text on (diff -U0)."""

    def __init__(self, found: re.Match[str]) -> None:
        old, new = (1 if found[group] is None else int(found[group]) for group in (2, 4))
        self.by = old - new
        # A change that only deletes names the line before it.
        self.end = int(found[3]) + max(new, 1)
