"""JSON documents of the reading commands, exactly as CONTRACT §4: every key always there, unknown is null."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ccc.domain.approving import Standing, Yes
from ccc.domain.landings import Approval
from ccc.domain.limits import limits_of, used_by
from ccc.domain.report import Report
from ccc.domain.sessions import Command, Limits, Session
from ccc.domain.stamps import rfc3339
from ccc.ops.look import Picture, Sighting
from ccc.ops.mail import messages_of
from ccc.store.protocol import Logged, State
from ccc.views.asked import landed_document, request_document
from ccc.views.conflicting import conflict_document
from ccc.views.questions import questions_document

if TYPE_CHECKING:
    from ccc.domain.conflicts import Conflict
    from ccc.ops.decided import Decision
    from ccc.ops.inbox import Item
    from ccc.ops.landing.land import Landing
    from ccc.ops.landing.review import Review
    from ccc.ops.orient import Orientation
    from ccc.ops.show import Shown
    from ccc.ops.wait import Waited

FORMAT = 1
SESSION_KEYS = (
    *("id", "name", "alias", "role", "task", "status", "status_before", "since", "evidence", "as_of"),
    *("where", "progress", "branch", "target", "base", "head", "ahead", "behind", "dirty", "worktree"),
    *("engine", "runner", "terminal", "model", "after", "blocks", "parent", "plan", "priority", "position"),
    *("tokens", "cost", "limits", "used", "restarts", "unread", "provisional", "created_at", "updated_at"),
)
"""The keys of `S`; beyond CONTRACT §4: `status_before`, `position`, `used`, `provisional`, `created_at`."""

Document = dict[str, Any]


def document(tip: str | None, **content: Any) -> Document:
    """A document: format and tip first."""
    return {"format": FORMAT, "tip": tip, **content}


Blocks = Mapping[str, Sequence[str]]
"""Session id to the ids of the sessions that wait for it."""

NOBODY: Blocks = MappingProxyType({})

Unread = Mapping[str, int]
"""Session id to how many messages have not arrived there yet; none where it is left out."""

NOTHING: Unread = MappingProxyType({})


def unread(state: State) -> Unread:
    """What has not arrived, among all messages."""
    return Counter(message.to for message in messages_of(state) if message.waits)


def blocks(everyone: Iterable[Sighting]) -> Blocks:
    """Who waits for whom, among all sessions."""
    found: dict[str, list[str]] = {}
    for sighting in everyone:
        for awaited in sighting.session.after:
            found.setdefault(awaited, []).append(sighting.session.id)
    return found


def session_document(sighting: Sighting, blocked: Blocks = NOBODY, waiting: Unread = NOTHING) -> Document:
    """`S` of CONTRACT §4; `blocked` as `blocks`, `waiting` as `unread` gives it for all sessions."""
    session, view = sighting.session, sighting.view
    return {
        "id": session.id,
        "name": session.name,
        "alias": session.alias,
        "role": session.role,
        "task": session.task,
        "status": view.status,
        "status_before": session.closed.before if session.closed else None,
        "since": view.since,
        "evidence": [{"source": e.source, "what": e.what, "at": e.at} for e in view.evidence],
        "as_of": sighting.as_of,
        "where": session.where,
        "progress": session.progress,
        "branch": session.branch,
        "target": session.target,
        "base": session.base,
        "head": session.head,
        "ahead": sighting.ahead,
        "behind": sighting.behind,
        "dirty": sighting.dirty,
        "worktree": session.worktree,
        "engine": session.engine,
        "runner": session.runner,
        "terminal": f"pid:{sighting.life.agent}" if sighting.life and sighting.life.agent else None,
        "model": session.model,
        "after": list(session.after),
        "blocks": list(blocked.get(session.id, ())),
        "parent": session.parent,
        "plan": None,
        "priority": session.priority,
        "position": sighting.position,
        "tokens": {
            "input": session.spending.input,
            "output": session.spending.output,
            "context": session.spending.context,
            "context_limit": session.spending.context_limit,
        },
        "cost": {"usd": _usd(session.spending.micro_usd)},
        "limits": _limits(limits_of(session, sighting.life)),
        "used": _limits(used_by(session, sighting.life)),
        "restarts": sighting.life.restarts if sighting.life else 0,
        "unread": waiting.get(session.id, 0),
        "provisional": sighting.provisional,
        "created_at": session.created_at,
        "updated_at": session.updated_at,
    }


def _limits(found: Limits) -> Document:
    """The same for what holds and for what is used of it."""
    return {
        "seconds": found.seconds,
        "tokens": found.tokens,
        "usd": _usd(found.micro_usd),
        "memory_bytes": found.memory_bytes,
        "processes": found.processes,
    }


def _usd(micro: int | None) -> float | None:
    """Recorded as whole micro-dollars."""
    return None if micro is None else micro / 1_000_000


def status_document(picture: Picture, shown: Sequence[Sighting], waiting: Sequence[Item]) -> Document:
    """`status`."""
    counts = Counter(sighting.view.status for sighting in shown)
    blocked, mail = blocks(picture.sightings), unread(picture.state)
    return document(
        picture.state.tip,
        sessions=[session_document(sighting, blocked, mail) for sighting in shown],
        waiting_for_you=[item_document(item) for item in waiting],
        counts=dict(sorted(counts.items())),
    )


def spawn_document(picture: Picture, made: Sequence[Sighting]) -> Document:
    """`spawn`."""
    blocked, mail = blocks(picture.sightings), unread(picture.state)
    return document(
        picture.state.tip, sessions=[session_document(sighting, blocked, mail) for sighting in made]
    )


def item_document(item: Item) -> Document:
    """`I` of CONTRACT §4."""
    return {
        "id": item.id,
        "kind": item.kind,
        "session": item.session,
        "title": item.title,
        "text": item.text,
        "choices": list(item.choices),
        "since": item.since,
        "command": item.command,
    }


def inbox_document(tip: str | None, waiting: Sequence[Item], known: Sequence[Decision] = ()) -> Document:
    """`inbox`; `known`: what was decided in people's names lately."""
    return document(tip, items=[item_document(item) for item in waiting], decided=list(map(vars, known)))


def event_document(logged: Logged) -> Document:
    """One event of `log`; `commit` is null while it waits. `redacted`: by whom and why its words are gone."""
    event, gone = logged.event, logged.redaction
    return {
        "id": event.id,
        "at": rfc3339(event.id),
        "type": event.type,
        "subject": event.subject,
        "session": event.session,
        "by": event.by,
        "where": None,
        "text": event.text,
        "data": event.data,
        "commit": logged.commit,
        "redacted": None if gone is None else {"by": gone.by, "at": gone.at, "why": gone.why},
    }


def log_document(tip: str | None, events: Sequence[Logged]) -> Document:
    """`log`."""
    return document(tip, events=[event_document(logged) for logged in events], cursor=tip)


def wait_document(waited: Waited) -> Document:
    """`wait`."""
    return document(
        waited.picture.state.tip,
        done=list(waited.done),
        failed=list(waited.failed),
        needs_you=[item_document(item) for item in waited.needs_you],
        open=list(waited.open),
        messages=[item_document(item) for item in waited.messages],
        timed_out=waited.timed_out,
        cursor=waited.cursor,
    )


def command_document(command: Command) -> Document:
    """A command that ccc ran."""
    return {
        "command": command.command,
        "exit": command.exit,
        "seconds": command.seconds,
        "at": command.at,
        "log": command.log,
    }


def _gate_command(command: Command) -> Document:
    return {**command_document(command), "flaky": command.flaky}


def verification_document(sighting: Sighting) -> Document | None:
    """What ccc ran on the session's commit; null before it ran anything."""
    verification = sighting.session.verification
    if verification is None:
        return None
    commands = [command_document(command) for command in verification.commands]
    return {
        "state": verification.state,
        "commit": verification.commit,
        "commands": commands,
        "at": verification.at,
    }


def report_document(session: Session, report: Report | None) -> Document | None:
    """A session's report; null where there is none."""
    if report is None:
        return None
    return {
        "commit": session.claim.commit if session.claim else None,
        "summary": report.summary,
        "next_steps": list(report.next_steps),
        "text": report.body,
    }


def show_document(shown: Shown) -> Document:
    """`show`; of `messages` those that it sent, and those to it that have not arrived."""
    state, session = shown.picture.state, shown.sighting.session
    return document(
        state.tip,
        **session_document(shown.sighting, blocks(shown.picture.sightings), {session.id: shown.unread}),
        brief=shown.brief,
        report=report_document(shown.sighting.session, shown.report),
        verification=verification_document(shown.sighting),
        commits=[{"sha": c.oid, "subject": c.subject, "at": shown.at(c.at)} for c in shown.commits],
        files=[{"path": f.path, "added": f.added, "deleted": f.deleted} for f in shown.files],
        notes=[{"id": n.id, "kind": n.kind, "text": n.text, "by": n.by, "at": n.at} for n in shown.notes],
        questions=questions_document(shown.sighting),
        messages={"sent": shown.sent, "unread": shown.unread},
        conflicts=None if shown.conflicts is None else [conflict_document(each) for each in shown.conflicts],
        conflicts_with=[_meeting(name, each) for name, each in shown.meets],
        approvals=[_approval(approval, stale) for approval, stale in shown.approvals],
        children=[child.session.id for child in shown.children],
    )


def _meeting(name: str, conflict: Conflict) -> Document:
    """Whom a session's work conflicts with, as the radar recorded it (beyond CONTRACT §4)."""
    return {
        "with": name,
        "kind": conflict.kind,
        "paths": [file.path for file in conflict.files],
        "uncommitted": conflict.uncommitted,
        "since": conflict.since,
    }


def _approval(approval: Approval, stale: bool | None) -> Document:
    return {
        "by": approval.by,
        "at": approval.at,
        "base": approval.base,
        "head": approval.head,
        "tree": approval.tree,
        "signed": approval.signature is not None,
        "stale": stale,
        "override": approval.override,
    }


def _yes(yes: Yes) -> Document:
    """An approval held against what the target asks for: `signed` means that the signature holds."""
    return {
        **_approval(yes.approval, yes.stale),
        "signed": yes.key is not None,
        "key": yes.key,
        "counts": yes.counts,
        "carried": yes.carried,
        "why": yes.why or None,
    }


def _rule(standing: Standing) -> Document:
    return {
        "paths": list(standing.rule.paths),
        "files": list(standing.files),
        "required": standing.rule.required,
        "approvers": list(standing.rule.approvers),
        "have": list(standing.have),
    }


def review_document(tip: str | None, shown: Review, report: Mapping[str, Any] | None = None) -> Document:
    """`review`."""
    return document(tip, **entry_document(shown, report))


def entry_document(shown: Review, report: Mapping[str, Any] | None = None) -> Document:
    """A queue entry, whole."""
    combined, gate = shown.combined, shown.gate
    return {
        "entry": {
            "session": shown.session.id,
            "name": shown.session.name,
            "target": combined.target,
            "base": combined.base,
            "head": combined.head,
            "tree": combined.tree,
            "position": shown.position,
            "state": shown.state,
            "fails_with": shown.clash.other if shown.clash else None,
        },
        "task": shown.session.task,
        "report": report,
        "verification": verification_document(shown.sighting),
        "gate": {
            "state": gate.state if gate else "running" if shown.state == "testing" else "none",
            "configured": shown.has_gate,
            "base_red": gate.base_red if gate else False,
            "commands": [_gate_command(command) for command in gate.commands] if gate else [],
            "skipped": list(gate.skipped) if gate else [],
        },
        "diff": {
            "files": len(shown.changes),
            "added": sum(change.added or 0 for change in shown.changes),
            "deleted": sum(change.deleted or 0 for change in shown.changes),
            "paths": [change.path for change in shown.changes],
        },
        "conflicts": [conflict_document(conflict, shown) for conflict in shown.conflicts],
        "approvals": [_yes(yes) for yes in shown.consent.yeses],
        "needed": shown.needed,
        "rules": [_rule(standing) for standing in shown.consent.standings],
        "deciding": list(shown.deciding),
        "can_merge": shown.can_merge,
        "why_not": list(shown.why_not),
        "warnings": list(shown.warnings),
        "request": request_document(shown),
        "landed": landed_document(shown),
    }


def merge_document(tip: str | None, landed: Sequence[Landing], entries: Sequence[Review]) -> Document:
    """`merge`."""
    done = [
        {"session": each.session.id, "commit": each.commit, "tree": each.tree, "approval": each.approval}
        for each in landed
    ]
    return document(tip, landed=done, entries=[entry_document(entry) for entry in entries])


def orient_document(found: Orientation) -> Document:
    """What `git ccc` alone says."""
    counts = Counter(sighting.view.status for sighting in found.picture.sightings) if found.picture else {}
    return document(
        found.picture.state.tip if found.picture else None,
        repository=found.repository,
        branch=found.branch,
        here={"path": found.here.path, "branch": found.here.branch} if found.here else None,
        initialised=found.initialised,
        targets=list(found.targets),
        agents=list(found.agents),
        counts=dict(sorted(counts.items())),
        waiting_for_you=[item_document(item) for item in found.waiting],
        next=list(found.next),
    )
