"""What waits for a person, each as a view of what is recorded and seen; found without any merge."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ccc.domain import landings, staleness, targets
from ccc.domain.cells import Cell, values
from ccc.domain.decisive import require_undecided
from ccc.domain.landings import Entry
from ccc.domain.life import IDLE
from ccc.domain.sessions import Session, Verification
from ccc.domain.stamps import rfc3339
from ccc.domain.status import LIVE, NOTHING, Evidence, describe, seconds_between
from ccc.ids import digest, short_oid
from ccc.layout import Layout
from ccc.ops.look import Picture, Sighting
from ccc.ops.stale import Stale
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store import journal

OUTSIDE = "outside ccc"
MOVED = "moved."
MOST_WAITING = 200
"""Journal entries that are read to see whether they will be refused; a drain takes them all in a moment."""

JUST_LOOK = "git ccc doctor"


@dataclass(frozen=True)
class Item:
    """Something that waits for a person; `command` is the exact next command. Times RFC 3339 UTC."""

    id: str
    kind: str
    session: str | None
    title: str
    text: str
    since: str
    command: str
    choices: tuple[str, ...] = ()


def item(
    kind: str, session: Session | None, key: str, *, title: str, text: str, since: str, command: str
) -> Item:
    """An item whose id follows from its kind, its subject and `key`, which tells occasions apart."""
    subject = session.id if session else ""
    identifier = digest("sha256", f"{kind}\n{subject}\n{key}".encode("utf-8", "replace"))[:32]
    return Item(identifier, kind, subject or None, title, text, since, command)


Entries = Mapping[str, Entry]
"""Session id to the recorded part of its way into its target; sessions without any are left out."""


def entries_of(picture: Picture) -> Entries:
    """All entries, read in one go: one by one they would cost `status` of 1000 sessions its budget."""
    streams = picture.state.streams(landings.KIND)
    found = ((name.partition("/")[2], cells) for name, cells in streams.items())
    return {identifier: landings.from_cells(identifier, cells) for identifier, cells in found}


def of_session(
    workspace: Workspace, sighting: Sighting, entry: Entry | None, stale: Stale | None = None
) -> Iterator[Item]:
    """What a session that is not closed wants of a person; `stale`: its approval, that does not hold."""
    if sighting.session.closed is not None:
        return
    yield from _losses(workspace, sighting)
    yield from _failures(sighting, entry)
    untouched = sighting.session.run.status == "created"
    waits = sighting.session.waits_at is not None or not _approved(sighting.session, entry)
    if is_ready(sighting) and not untouched and (waits or stale is not None):
        yield approval(sighting) if stale is None else stale_approval(sighting, stale)
    yield from _closed_requests(sighting)
    yield from _unclaimed(sighting)


def _unclaimed(sighting: Sighting) -> Iterator[Item]:
    """Work that came after a session reported done, and no agent of it is there to say so again."""
    session, claim = sighting.session, sighting.session.claim
    if claim is None or claim.state != "done" or session.head == claim.commit or session.landed_head:
        return
    life, at_work = sighting.life, session.run.status in (*LIVE, "queued")
    if (session.engine is not None and at_work) or (life is not None and life.ending is None):
        return
    title = f"{session.name} got {short_oid(session.head)} after it had reported done"
    text = f"it was done at {short_oid(claim.commit)}; who works there has to say so again"
    command = f"git log -p {claim.commit[:12]}..{session.head[:12]}"
    since = session.updated_at
    yield item("message", session, session.head, title=title, text=text, since=since, command=command)


def _closed_requests(sighting: Sighting) -> Iterator[Item]:
    """A request that was closed on its forge, and whose work is as it was then."""
    session = sighting.session
    request = session.request
    if request is None or request.state != "closed" or request.head != session.head or session.landed_head:
        return
    title, text = f"the request of {session.name} was closed", f"{request.url} was closed without merge"
    command = f"git ccc merge {session.name}"
    yield item("message", session, request.url, title=title, text=text, since=request.at, command=command)


def _losses(workspace: Workspace, sighting: Sighting) -> Iterator[Item]:
    session, view = sighting.session, sighting.view
    back = f"git branch {shlex.quote(session.branch)} {session.head}"
    if view.status in ("lost", "unknown") and not _by_its_agent(sighting):
        from ccc.ops.places import repair_of  # where something is gone only

        text, command = repair_of(workspace, session, view) or (view.evidence[0].what, JUST_LOOK)
        title = f"{session.name} is {view.status}"
        yield item(
            "failure", session, session.head, title=title, text=text, since=view.since, command=command
        )
    elif is_branch_gone(sighting):
        title = f"the branch of {session.name} is gone"
        text = f"{session.branch} was at {short_oid(session.head)}"
        key = f"branch\n{session.head}"
        yield item("message", session, key, title=title, text=text, since=session.updated_at, command=back)
    elif view.status in ("stopped", "failed") and not _by_its_agent(sighting):
        from ccc.ops.places import gone_or_moved

        title, command = gone_or_moved(workspace, session)
        key, text = f"worktree\n{session.worktree}", f"{session.name} is {view.status}"
        yield item("message", session, key, title=title, text=text, since=view.since, command=command)


def _by_its_agent(sighting: Sighting) -> bool:
    """Whether an agent's process is what is lost, and not the branch or the worktree."""
    return not any(is_missing(evidence) for evidence in sighting.view.evidence)


def is_missing(evidence: Evidence) -> bool:
    """Whether it says that the branch or the worktree is not there, and not only that it is another one."""
    return evidence.source == "ref" or (evidence.source == "worktree" and evidence.what.startswith(NOTHING))


def is_branch_gone(sighting: Sighting) -> bool:
    """Whether the session's branch was looked for just now and is not there."""
    return any(evidence.source == "ref" for evidence in sighting.view.evidence)


def _failures(sighting: Sighting, entry: Entry | None) -> Iterator[Item]:
    session = sighting.session
    name, checked, claim = session.name, session.verification, session.claim
    failed = checked is not None and checked.state == "failed" and checked.commit == session.head
    told = claim is not None and checked is not None and claim.at < checked.at
    if failed and told and checked is not None and not _is_mending(sighting, checked):
        text = describe(checked.commands[-1]) if checked.commands else ""
        title = f"checks of {name} failed at {short_oid(checked.commit)}"
        command = f"git ccc show {name} --verification"
        yield item("failure", session, checked.at, title=title, text=text, since=checked.at, command=command)
    gate = entry.gate if entry else None
    asks = gate is not None and gate.state == "failed" and gate.head == session.head
    if gate is not None and asks and gate.commands and not (entry and entry.overrides(gate)):
        title = f"the gate failed for {name}" + (" and on its target alone" if gate.base_red else "")
        text, at = describe(gate.commands[-1]), gate.commands[-1].at
        command = f"git ccc review {name}"
        yield item("failure", session, gate.tree, title=title, text=text, since=at, command=command)


RETURN_SECONDS = 10.0
"""How long it may take until an agent is at work on checks that failed: it is woken, told, and begins."""


def _is_mending(sighting: Sighting, checked: Verification) -> bool:
    """Whether these failed checks went back to the agent, or just do, and it has not given up on them."""
    session, life, now = sighting.session, sighting.life, sighting.as_of
    if life is None or session.returned not in (None, checked.commit):
        return False
    if seconds_between(checked.at, now) < RETURN_SECONDS:
        return True
    if session.returned is None or life.host is None:
        return False
    return life.phase != IDLE or life.at < checked.at


def is_ready(sighting: Sighting) -> bool:
    """Whether a person's yes is what a session waits for, as far as can be told without merging."""
    return sighting.view.status in ("verified", "unchecked") and not is_branch_gone(sighting)


def _approved(session: Session, entry: Entry | None) -> bool:
    """Whether a person said yes to this head; whether the target has moved since is for a closer look."""
    return entry is not None and any(approval.head == session.head for approval in entry.approvals)


def approval(sighting: Sighting, remark: str = "") -> Item:
    """The wish for a person's yes to a session's head."""
    session, view = sighting.session, sighting.view
    unchecked = "" if view.status == "verified" else "; it has no checks"
    title, text = f"{session.name} is {view.status}", f"landing it needs your approval{unchecked}{remark}"
    if session.request is not None and session.waits_at is not None:
        more = f" ({session.request.words})" if session.request.words else ""
        text = f"waits for review at {session.waits_at}{more}"
    command = f"git ccc merge {session.name}"
    return item("approval", session, session.head, title=title, text=text, since=view.since, command=command)


def stale_approval(sighting: Sighting, stale: Stale, remark: str = "") -> Item:
    """The wish for another yes: one item for each approval that did not last, however often what moves."""
    asked = approval(sighting, remark or f"; {staleness.words(stale.why)}")
    key = f"{sighting.session.head}\nstale\n{stale.approval.at}"
    return item(
        asked.kind,
        sighting.session,
        key,
        title=asked.title,
        text=asked.text,
        since=asked.since,
        command=asked.command,
    )


def of_targets(picture: Picture, replica: str) -> Iterator[Item]:
    """Targets that somebody else than ccc moved: the latest move of each, on each machine.

    That a landing arrived which ccc made on another machine (`git pull`) is no such move.
    """
    known = (session.landed for session in picture.sessions)
    landed = {each.commit for each in known if each is not None and not each.how.endswith(OUTSIDE)}
    for name, cells in picture.state.streams(targets.KIND).items():
        branch = name.partition("/")[2].replace(":", "/")
        for field, record in values(cells).items():
            if not field.startswith(MOVED) or not isinstance(record, Mapping):
                continue
            new = record["new"]
            if record["forced"] or (new not in landed and new not in _landed_by_retired(picture)):
                gone = _gone(picture, targets.lost_by(record)) if field == MOVED + replica else []
                yield _moved(branch, record, cells[field], gone, here=field == MOVED + replica)


def _landed_by_retired(picture: Picture) -> set[str]:
    """What sessions landed that have left the state since."""
    from ccc.domain.retired import KIND, retired_in  # where a target was moved by somebody else only

    return {each.landed for each in retired_in(picture.state.streams(KIND)) if each.landed is not None}


def _gone(picture: Picture, lost: Sequence[str]) -> list[Session]:
    """Whose landings these commits are, as far as nobody has taken them back since."""
    return [each for each in picture.sessions if each.landed is not None and each.landed.commit in lost]


def _moved(
    branch: str, record: Mapping[str, Any], cell: Cell, gone: Sequence[Session], *, here: bool
) -> Item:
    old, new, forced = record["old"], record["new"], record["forced"]
    title = f"{branch} was moved outside ccc" if new else f"{branch} is gone"
    text = f"from {short_oid(old)} to {short_oid(new)}" if new else f"it was at {short_oid(old)}"
    if record.get("deciding"):
        text = f"{text}; it changes what decides: {', '.join(record['deciding'])}"
    if not here:
        text, command = f"{text}, on another machine", "git ccc log --type target.moved"
    elif new and forced:
        text, command = f"{text}, not forward", f"git log --oneline --left-right {old[:12]}...{new[:12]}"
    elif new:
        command = f"git log --oneline {old[:12]}..{new[:12]}"
    else:
        command = f"git branch {shlex.quote(branch)} {old}"
    if gone:
        names = ", ".join(f"{each.name} ({short_oid(each.landed.commit)})" for each in gone if each.landed)
        text = f"{text}; it does not contain any more what landed: {names}"
        command = f"git ccc undo {gone[0].name}"
    key = f"{branch}\n{old}\n{new}"
    return item("message", None, key, title=title, text=text, since=rfc3339(cell[0]), command=command)


def of_configuration(workspace: Workspace) -> Iterator[Item]:
    """A file that nobody could read when something was to start."""
    from ccc.ops.survey import trouble  # where a session waits only

    found = trouble(workspace)
    if found is not None:
        what, since = found
        title = "the configuration cannot be read, so nothing starts"
        yield item("failure", None, what, title=title, text=what, since=since, command="git ccc doctor")


def of_journal(layout: Layout) -> Iterator[Item]:
    """Entries that nobody could read, set aside: one item for all of them."""
    files = sorted([*_set_aside(layout), *_refusable(layout)])
    if files:
        newest, name = files[-1]
        since = datetime.fromtimestamp(newest, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        title = f"{len(files)} journal {'entry' if len(files) == 1 else 'entries'} could not be read"
        text = f"kept in {layout.journal_bad}"
        yield item(
            "message", None, f"bad\n{name}", title=title, text=text, since=since, command="git ccc doctor"
        )


def _set_aside(layout: Layout) -> list[tuple[float, str]]:
    """When each was last changed, and its name."""
    try:
        return [(path.lstat().st_mtime, path.name) for path in layout.journal_bad.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _refusable(layout: Layout) -> Iterator[tuple[float, str]]:
    """Those that wait and will be set aside, because they decide what no journal entry may."""
    for found in journal.waiting(layout)[:MOST_WAITING]:
        if journal.is_note(found) or journal.is_newer(found):
            continue
        try:
            require_undecided(journal.draft_of(found))
        except ValueError:
            yield found.at_ns / 1e9, found.path.name
