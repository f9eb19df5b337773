"""A person's yes or no, bound to exactly what was shown: base, head and resulting tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccc.domain import landings, sessions
from ccc.domain.approving import MISSING
from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.landings import Approval
from ccc.domain.sessions import Session
from ccc.errors import Conflict, Refused, Usage
from ccc.ids import short_oid
from ccc.ops.actor import require_person_at_keyboard
from ccc.ops.landing.review import Review
from ccc.ops.landing.signing import signed
from ccc.ops.tell import tell
from ccc.ops.workspace import Workspace
from ccc.store.protocol import State


class AlreadyApproved(Refused):
    """The same person has approved the same thing before."""


def queue(workspace: Workspace, session: Session, *, first: bool = False) -> None:
    """Puts a session into its target's queue; a second time changes nothing unless `first`."""

    def decide(state: State) -> Sequence[Draft]:
        stream = landings.stream_of(session.id)
        entry = landings.from_cells(session.id, state.stream(stream))
        if entry.queued_at is not None and not first:
            return ()
        priority = _highest(state) + 1 if first else session.priority
        record = landings.queued_value(session, priority, first=first)
        text = f"queued {session.name}" + (" first" if first else "")
        return (
            Draft("merge.queued", session.target, text, {stream: {"queued": record}}, session=session.id),
        )

    workspace.store.transact(decide)


def _highest(state: State) -> int:
    entries = (landings.from_cells(name, cells) for name, cells in state.streams(landings.KIND).items())
    return max((entry.priority for entry in entries if entry.queued_at), default=0)


def drop(workspace: Workspace, session: Session) -> None:
    """Takes a session out of the queue. Raises Refused where it is not in it."""

    def decide(state: State) -> Sequence[Draft]:
        stream = landings.stream_of(session.id)
        if landings.from_cells(session.id, state.stream(stream)).queued_at is None:
            raise Refused(f"{session.name} is not queued", "git ccc queue")
        text = f"dropped {session.name} from the queue"
        return (Draft("merge.dropped", session.target, text, {stream: {"queued": None}}, session=session.id),)

    workspace.store.transact(decide)


def approve(
    workspace: Workspace,
    shown: Review,
    *,
    override: str | None = None,
    sign: bool = False,
    key: str | None = None,
) -> Approval:
    """Records the caller's approval of what `shown` says, signed if wanted or asked for by the target.

    `key` is a file in place of git's `user.signingkey`. Raises InsideAgent inside a session, Conflict,
    AlreadyApproved, Refused (landed, nothing to land, failed checks without `override`, no allowed key).
    """
    session, combined = shown.session, shown.combined
    person = require_person_at_keyboard(workspace, "approving", f"git ccc approve {session.name}")
    if override is not None and not override.strip():
        raise Usage("--override needs the reason", 'git ccc approve ID --override "WHY"')
    _refuse_hopeless(shown)
    tree = combined.tree
    assert tree is not None
    later = {each.words for each in shown.busy}  # that stands against landing it now, not against a yes
    against = [each for each in shown.why_not if not each.startswith(MISSING) and each not in later]
    if against and override is None:
        raise Refused(f"{session.name} cannot be approved: {'; '.join(against)}", _next(shown))
    field = landings.approval_field(combined.base, combined.head, tree, person)
    given = Approval(person, "", combined.base, combined.head, tree, override)
    if sign or key is not None or shown.consent.terms.signed:
        given = signed(workspace, combined, given, key)
    record: dict[str, Value] = {
        name: value
        for name in ("by", "base", "head", "tree", "override", "signature")
        if (value := getattr(given, name)) is not None
    }
    stream = landings.stream_of(session.id)

    def decide(state: State) -> Sequence[Draft]:
        cells = state.stream(stream)
        before = cells.get(field, ("", None))[1]
        if (
            isinstance(before, Mapping)
            and override is None
            and (before.get("signature") or not given.signature)
        ):
            raise AlreadyApproved(
                f"{session.name} is already approved by {person} (tree {short_oid(tree)})",
                f"git ccc merge {session.name}",
            )
        changes: dict[str, Value] = {field: record}
        if landings.from_cells(session.id, cells).queued_at is None:
            changes["queued"] = landings.queued_value(session, session.priority, first=False)
        why = f", overriding failed checks: {override}" if override is not None else ""
        how = ", signed" if given.signature else ""
        text = f"approved {session.name} (tree {short_oid(tree)}) by {person}{how}{why}"
        return (
            Draft("merge.approved", session.target, text, {stream: changes}, session=session.id, by=person),
        )

    workspace.store.transact(decide)
    return given


def _refuse_hopeless(shown: Review) -> None:
    name = shown.session.name
    if shown.session.landed_head or shown.session.closed is not None or shown.combined.nothing:
        raise Refused(f"{name}: {shown.why_not[0]}", f"git ccc show {name}")
    if shown.combined.conflicts:
        raise Conflict(f"{name}: {shown.why_not[0]}", f"git ccc review {name} shows them")


def _next(shown: Review) -> str:
    name = shown.session.name
    if shown.sighting.view.status == "reported" or shown.gate is None:
        return f"git ccc merge {name} runs them first"
    return f"git ccc review {name}; to go against it: git ccc approve {name} --override WHY"


def reject(workspace: Workspace, shown: Review, why: str) -> None:
    """Records a person's no to a session's head; it goes back to running, and its agent is told the reason.

    Raises InsideAgent inside a session, Refused where it has landed or is closed, Usage without a reason.
    """
    session = shown.session
    person = require_person_at_keyboard(workspace, "rejecting", f"git ccc reject {session.name} --why TEXT")
    if not why.strip():
        raise Usage("a rejection needs a reason", "--why TEXT")
    if session.landed_head:
        raise Refused(f"{session.name} has landed", f"git ccc undo {session.name}")
    if session.closed is not None:
        raise Refused(f"{session.name} is closed", f"git ccc undo {session.name} brings it back")
    record: dict[str, Value] = {"head": shown.combined.head, "why": why, "by": person}

    def decide(_: State) -> Sequence[Draft]:
        changes: dict[str, dict[str, Value]] = {
            sessions.stream_of(session.id): {"rejection": record},
            landings.stream_of(session.id): {"queued": None},
        }
        text = f"rejected {session.name} at {short_oid(shown.combined.head)} by {person}: {why}"
        return (Draft("merge.rejected", session.target, text, changes, session=session.id, by=person),)

    workspace.store.transact(decide)
    if session.engine is not None:
        at = short_oid(shown.combined.head)
        words = (
            f"Your work at {at} was sent back by {person}: {why}\n\nMend it, commit, and report done again."
        )
        tell(workspace, session, words, topic="rejected", mark={"returned": None}, once=False)
