"""A conflict in words, for whoever is to resolve it: files, hunks, and what both sides were meant to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ccc.git.memory import Proposal
from ccc.git.mergetree import Hunk
from ccc.ids import short_oid
from ccc.ops.landing.review import Review, ShownConflict
from ccc.ops.resolving.kinds import words_of

HUNK_LINES = 40
NAMED = 3


def conflict_words(shown: Review, remembered: Sequence[Proposal], size: int) -> str:
    """Every file in conflict with its hunks; where `size` bytes have no room for all, where it is."""
    found: list[str] = []
    left = size
    for conflict in shown.conflicts:
        for part in _parts(shown, conflict, remembered):
            left -= len(part.encode("utf-8", "replace")) + 1
            if left < 0:
                return "\n".join([*found, f"... all of it: git ccc review {shown.session.name}"])
            found.append(part)
    return "\n".join(found)


def _parts(shown: Review, conflict: ShownConflict, remembered: Sequence[Proposal]) -> Iterator[str]:
    file = conflict.file
    yield f"## {file.path or 'somewhere'} ({file.kind}): {words_of(file, shown.combined)}"
    for side in conflict.others:
        about = f", whose task was: {folded(side.task)}" if side.task else ""
        yield f"The other side is {side.label}{about}"
    for proposal in remembered:
        if proposal.raw == file.raw:
            yield f"The same conflict was resolved before: {source_words(proposal)}. That is a proposal only."
    for hunk in conflict.hunks:
        yield _hunk(shown, hunk)


def _hunk(shown: Review, hunk: Hunk) -> str:
    target, name = shown.combined.target, shown.session.name
    lines = [f"@@ {target} line {hunk.ours_start}, {name} line {hunk.theirs_start}"]
    for label, mark, side in (("before", "|", hunk.base), (target, "<", hunk.ours), (name, ">", hunk.theirs)):
        lines.append(f"{mark} -- {label}:")
        lines += [f"{mark} {line}" for line in side[:HUNK_LINES]]
        if len(side) > HUNK_LINES:
            lines.append(f"{mark} and {len(side) - HUNK_LINES} more lines")
    return "\n".join(lines)


def source_words(proposal: Proposal) -> str:
    """Whom a remembered resolution is from."""
    source = proposal.source
    if not source:
        return "remembered by your own rerere"
    commit = f" as {short_oid(source['commit'])}" if source.get("commit") else ""
    return f"remembered from {source.get('session', 'a session')}, by {source.get('by', 'somebody')}{commit}"


def files_words(shown: Review) -> str:
    """`3 files: a, b, c`."""
    paths = [conflict.file.path or "somewhere" for conflict in shown.conflicts]
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return f"{count(len(paths))}: {', '.join(paths[:NAMED])}{more}"


def count(files: int) -> str:
    """`1 file`, `2 files`."""
    return "1 file" if files == 1 else f"{files} files"


def folded(text: str | None) -> str:
    """A text on one line."""
    return " ".join((text or "").split())
