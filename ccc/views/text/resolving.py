"""What `resolve` says: who is in conflict, what is remembered, who is at it, how to go on."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from ccc.domain import resolutions
from ccc.domain.resolutions import Resolution
from ccc.git.memory import Proposal
from ccc.ids import short_oid
from ccc.ops.resolving.conclude import Concluded
from ccc.ops.resolving.here import Desk
from ccc.ops.resolving.listing import Row
from ccc.ops.resolving.matter import Matter
from ccc.ops.resolving.words import count, source_words
from ccc.text import printable
from ccc.views.styling import Styling
from ccc.views.text.conflicts import conflict_lines

PROPOSED_LINES = 40


def conflicts_text(rows: Sequence[Row]) -> str:
    """One session a line: files, and who is at it."""
    return "\n".join(printable(_row(row)) for row in rows)


def _row(row: Row) -> str:
    named = ", ".join(row.verdict.named)
    more = row.verdict.conflicts - len(row.verdict.named)
    files = f"{count(row.verdict.conflicts)}: {named}{f' and {more} more' if more else ''}"
    return f"{row.session.name} -> {row.session.target}: {files}; {_who(row)}"


def _who(row: Row) -> str:
    attempt = row.resolution
    if attempt is None:
        return "nobody is at it"
    if row.resolver is not None:
        return f"{row.resolver.session.name} is at it ({row.resolver.view.status})"
    if attempt.how == resolutions.HERE:
        return f"{attempt.by} is at it in {attempt.place}"
    return f"handed back to it ({row.sighting.view.status})"


def matter_text(matter: Matter, look: Styling) -> str:
    """Conflicts with base and both sides, remembered resolutions, who is at it, and the ways to go on."""
    return "\n".join(_lines(matter, look))


def _lines(matter: Matter, look: Styling) -> Iterator[str]:
    shown, session = matter.shown, matter.session
    target = shown.combined.target
    if session.landed_head or not shown.combined.conflicts:
        state = shown.why_not[0] if session.landed_head else f"it merges cleanly into {target}"
        yield printable(f"{session.name} -> {target}: {state}")
        if matter.resolution is not None:
            yield printable(f"  last       {_attempt(matter.resolution)}")
        return
    heading = f"{session.name} -> {target}: {count(len(shown.conflicts))} in conflict"
    yield look.style(printable(heading), "heading")
    for conflict in shown.conflicts:
        yield from conflict_lines(shown, conflict, look)
    for proposal in matter.remembered:
        yield from _proposal(proposal, look)
    if matter.resolution is not None:
        yield printable(f"  {'at it' if matter.attempt else 'last'}      {_attempt(matter.resolution)}")
    name = session.name
    yield printable(f"  by itself  git ccc resolve {name} --hand-back")
    yield printable(f"  by another git ccc resolve {name} --session {session.role}")
    yield printable(f"  by you     git ccc resolve {name} --here")


def _proposal(proposal: Proposal, look: Styling) -> Iterator[str]:
    """A remembered resolution, whole where it is short; it is only ever a proposal."""
    words = f"  proposal   {proposal.path}: {source_words(proposal)}"
    yield look.style(printable(words), "attention")
    lines = proposal.content.decode("utf-8", "replace").splitlines()
    for line in lines[:PROPOSED_LINES]:
        yield look.style(f"    = {printable(line)}", "active")
    if len(lines) > PROPOSED_LINES:
        yield f"    = and {len(lines) - PROPOSED_LINES} more lines"


def _attempt(attempt: Resolution) -> str:
    who = {
        resolutions.HAND_BACK: f"handed back to the session by {attempt.by}",
        resolutions.SESSION: f"given to session {(attempt.resolver or '')[:8]} by {attempt.by}",
        resolutions.HERE: f"{attempt.by} in {attempt.place}",
    }[attempt.how]
    came = f", resolved as {short_oid(attempt.commit)}" if attempt.commit else ""
    return f"{who}, {attempt.at}{came}{', given up' if attempt.state == resolutions.DROPPED else ''}"


def desk_text(desk: Desk) -> str:
    """What stands in the scratch worktree, and the commands that end it."""
    claim = desk.claim
    lines = [
        printable(
            f"{claim.target} ({short_oid(claim.base)}) is being merged into {claim.name}"
            f" ({short_oid(claim.head)}) there{', as you left it' if desk.existed else ''}"
        )
    ]
    if desk.files:
        lines.append(printable(f"  to add     {', '.join(desk.files)}"))
    lines += [printable(f"  proposal   {each.path}: {source_words(each)}") for each in desk.applied]
    lines.append(f"  edit, then git -C {printable(shlex.quote(claim.path))} add FILE..")
    lines.append(f"  then       git ccc resolve {claim.name} --here --done   (or --abort)")
    return "\n".join(lines)


def concluded_text(ended: Concluded) -> str:
    """What a resolution came to."""
    name = ended.session.name
    if ended.commit is not None:
        words = (
            f"resolved the conflict of {name} as {short_oid(ended.commit)}; its checks follow, then: git ccc"
        )
        return printable(f"{words} merge {name}")
    return printable(
        f"gave up resolving the conflict of {name}" + (f", kept under {ended.backup}" if ended.backup else "")
    )
