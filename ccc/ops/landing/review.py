"""What a person sees before deciding: the queue entry of a session, whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from ccc.domain import landings
from ccc.domain.approving import MISSING as APPROVAL_MISSING
from ccc.domain.grounds import outdated
from ccc.domain.landings import Approval, Clash, Entry, Gate
from ccc.domain.requests import Standing, standing_of
from ccc.domain.sessions import Session
from ccc.domain.status import describe
from ccc.git import history, mergetree
from ccc.git.history import FileChange
from ccc.git.mergetree import ConflictFile, Hunk
from ccc.git.occupied import Occupied, occupied
from ccc.ids import short_oid
from ccc.ops.find import find
from ccc.ops.inforce import gate_only_here
from ccc.ops.landing import gate as gates
from ccc.ops.landing import line, running
from ccc.ops.landing.approvals import NOBODY_ASKED, Consent, consent
from ccc.ops.landing.carried import carried
from ccc.ops.landing.carried import words as carried_words
from ccc.ops.landing.clashes import clashing
from ccc.ops.landing.combine import Combined, as_landed, combine
from ccc.ops.landing.deciding import patch, paths_of, warnings
from ccc.ops.landing.depends import Dependencies
from ccc.ops.landing.lacking import lacking
from ccc.ops.landing.queued import entries
from ccc.ops.look import Picture, Sighting, look
from ccc.ops.observe import HEADS
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

REQUEST = "pull-request"
"""The value of `land.landing` with which a forge moves the target."""


@dataclass(frozen=True)
class Side:
    """One side of a conflict: whose work it is, what that was meant to do, the name of its session."""

    label: str
    task: str | None
    session: str | None = None


@dataclass(frozen=True)
class ShownConflict:
    """A file in conflict with its hunks, and whose landed work it meets (`others`)."""

    file: ConflictFile
    hunks: tuple[Hunk, ...]
    others: tuple[Side, ...]


@dataclass(frozen=True)
class Review:
    """Everything of an entry at one moment; `state` as CONTRACT §4, `why_not` the reasons against landing."""

    sighting: Sighting
    entry: Entry
    combined: Combined
    gate: Gate | None
    has_gate: bool
    changes: tuple[FileChange, ...]
    conflicts: tuple[ShownConflict, ...]
    approvals: tuple[tuple[Approval, bool], ...]
    needed: int
    state: str
    why_not: tuple[str, ...]
    position: int | None
    warnings: tuple[str, ...] = field(default=())
    consent: Consent = NOBODY_ASKED
    deciding: tuple[str, ...] = ()
    """The whole change of what decides trust, the lines of a patch."""
    standing: Standing | None = None
    """What was said of it on a forge."""
    gate_only_here: str | None = None
    """That the main checkout has a gate which is not committed to the target."""
    busy: tuple[Occupied, ...] = ()
    """Branches that the landing would move, and that a rebase or a bisection under way has."""
    lacks: str | None = None
    """Work of the session that its target has had and has reverted, and that would not land, in words."""

    @property
    def session(self) -> Session:
        return self.sighting.session

    @property
    def clash(self) -> Clash | None:
        """Whom it fails together with, as far as neither has moved since."""
        clash = self.entry.clash
        return clash if clash is not None and clash.head == self.combined.head else None

    @property
    def can_merge(self) -> bool:
        return not self.why_not

    @property
    def only_approval_missing(self) -> bool:
        """Whether a person's yes is all that is missing."""
        return bool(self.why_not) and all(why.startswith(APPROVAL_MISSING) for why in self.why_not)

    @property
    def override(self) -> Approval | None:
        """A current approval given against failed checks."""
        return next((yes.approval for yes in self.consent.given if yes.approval.override), None)

    @property
    def overridden(self) -> str:
        """That the gate failed, and who went against that, why; empty where nobody had to."""
        over = None if self.gate is None or self.gate.state != "failed" else self.override
        return f"the gate failed, overridden by {over.by}: {over.override}" if over is not None else ""


def review(workspace: Workspace, reference: str, shown: Review | None = None) -> Review:
    """The entry of one session as it stands. Runs nothing.

    `shown` is what the caller saw of it before: what follows from commits alone is taken from there, where
    they are the same. Everything else is looked at again.
    """
    picture = look(workspace)
    return review_of(workspace, picture, picture.of(find(reference, picture.sessions)), shown)


def review_of(
    workspace: Workspace, picture: Picture, sighting: Sighting, shown: Review | None = None
) -> Review:
    """The entry of a session already looked at; of one that has landed, and not gone on, what it landed."""
    session = sighting.session
    over = as_landed(workspace, session) if session.landed_head else None
    before = shown.combined if shown else None
    combined = over or combine(workspace, session, known=picture.sessions, shown=before)
    same = before is not None and _is_same(before, combined)
    state = picture.state
    entry = landings.from_cells(session.id, state.stream(landings.stream_of(session.id)))
    wanted = gates.asked(workspace, combined)
    gate = gates.recorded(state, combined, wanted)
    changes = shown.changes if shown and same else _changes(workspace, combined)
    agreed = consent(workspace, combined, entry.approvals, paths_of(changes), picture.sessions)
    lacks = shown.lacks if shown and same else lacking(workspace, session, combined)
    busy = occupied(workspace.repository, [HEADS + each for each in _moved(workspace, session, combined)])
    why_not = tuple(_against(workspace, picture, sighting, combined, gate, agreed, lacks, busy))
    return Review(
        sighting=sighting,
        entry=entry,
        combined=combined,
        gate=gate,
        has_gate=bool(wanted.commands),
        changes=changes,
        conflicts=tuple(_conflicts(workspace, picture, combined)),
        approvals=tuple((yes.approval, yes.stale) for yes in agreed.yeses),
        needed=agreed.needed,
        state=_state(sighting, combined, gate, agreed, runs=_runs(workspace, session)),
        why_not=why_not,
        position=_position(picture, session),
        warnings=(
            *([f"what lands lacks work: {lacks}"] if lacks and not combined.nothing else []),
            *warnings(changes),
            *outdated(picture.sessions, session),
            *clashing(picture, session.id, combined.head),
        ),
        consent=agreed,
        deciding=shown.deciding if shown and same else patch(workspace.git, combined, changes),
        standing=standing_of(state.stream(landings.stream_of(session.id))),
        lacks=lacks,
        busy=busy,
        gate_only_here=shown.gate_only_here if shown and same else _only_here(workspace, combined, wanted),
    )


def _only_here(workspace: Workspace, combined: Combined, wanted: gates.Asked) -> str | None:
    return None if wanted.commands else gate_only_here(workspace, combined.target)


def moved_by(workspace: Workspace, shown: Review) -> list[str]:
    """The branches that landing it moves here: its target, and its own where it is this machine's."""
    return _moved(workspace, shown.session, shown.combined)


def _moved(workspace: Workspace, session: Session, combined: Combined) -> list[str]:
    over = session.landed_head or session.closed is not None
    if over or combined.tree is None or combined.nothing:
        return []
    if combined.policy.settings.land.on(combined.target).landing == REQUEST:
        return []
    own = [session.branch] if session.where == workspace.replica else []
    return [combined.target, *own]


def _against(
    workspace: Workspace,
    picture: Picture,
    sighting: Sighting,
    combined: Combined,
    gate: Gate | None,
    agreed: Consent,
    lacks: str | None,
    busy: Sequence[Occupied],
) -> list[str]:
    session, known = sighting.session, picture.sessions
    if session.landed_head:
        assert session.landed is not None
        return [f"already landed as {short_oid(session.landed.commit)}"]
    others = carried(workspace, known, session, combined.base, combined.head, combined.grafts)
    if combined.nothing and lacks and session.closed is None:
        return [f"nothing to land: {lacks}"]
    needs = Dependencies(workspace, picture).reasons(session)
    return _why_not(sighting, combined, gate, agreed, others, needs, busy)


def _is_same(one: Combined, other: Combined) -> bool:
    return one.tree is not None and (one.base, one.head, one.tree) == (other.base, other.head, other.tree)


def _why_not(
    sighting: Sighting,
    combined: Combined,
    gate: Gate | None,
    agreed: Consent,
    others: Sequence[Session],
    needs: Sequence[str],
    busy: Sequence[Occupied],
) -> list[str]:
    session, status = sighting.session, sighting.view.status
    if status == "closed":
        return ["the session is closed"]
    if combined.conflicts:
        count = len(combined.conflicts)
        return [f"{count} {'file is' if count == 1 else 'files are'} in conflict with {combined.target}"]
    if session.request is not None and session.waits_at is not None:
        more = f" ({session.request.words})" if session.request.words else ""
        return [f"waits for review at {session.waits_at}{more}"]
    if combined.nothing:
        return [f"nothing to land: {combined.target} has all of it"]
    overridden = _is_overridden(agreed)
    found = [] if overridden else [*_unproven(sighting, combined), *_gate_reasons(combined, gate)]
    if others and not overridden:
        found.append(carried_words(others))
    found += needs
    if not found:
        found += agreed.reasons
    return [*(each.words for each in busy), *found]


def _unproven(sighting: Sighting, combined: Combined) -> list[str]:
    session, status = sighting.session, sighting.view.status
    if status in ("verified", "unchecked", "completed"):
        return []
    if status == "reported":
        return ["its checks have not run yet"]
    if status == "waiting" and session.claim is not None and session.claim.state == "done":
        return [f"it waits for an answer: {sighting.view.evidence[0].what}"]
    failed = session.verification is not None and session.verification.state == "failed"
    if failed and session.verification is not None and session.verification.commit == combined.head:
        return [f"its checks failed at {short_oid(combined.head)}"]
    if session.rejection is not None and session.rejection.head == combined.head:
        return [f"rejected: {session.rejection.why}"]
    return [f"it has not reported done at {short_oid(combined.head)} (status {status})"]


def _gate_reasons(combined: Combined, gate: Gate | None) -> list[str]:
    if gate is None:
        return ["its gate has not run on this tree yet"]
    if gate.state != "failed":
        return []
    if gate.base_red:
        return [f"the gate fails on {combined.target} alone, too: no session is to blame{_last(gate)}"]
    return [f"the gate failed on the combined tree{_last(gate)}"]


def _last(gate: Gate) -> str:
    return f" ({describe(gate.commands[-1])})" if gate.commands else ""


def _state(sighting: Sighting, combined: Combined, gate: Gate | None, agreed: Consent, *, runs: bool) -> str:
    session = sighting.session
    if session.landed_head:
        return "landed"
    if (
        session.rejection is not None
        and session.rejection.head == combined.head
        and sighting.view.status == "running"
    ):
        return "rejected"
    if runs:
        return "testing"
    failed = gate is not None and gate.state == "failed" and not gate.base_red
    if combined.conflicts or (failed and not _is_overridden(agreed)):
        return "failed"
    if agreed.given and not agreed.reasons:
        return "approved"
    if agreed.yeses and all(yes.stale for yes in agreed.yeses):
        return "stale"
    good = gate is not None and gate.state != "failed"
    return "passed" if good and sighting.view.status in ("verified", "unchecked") else "waiting"


def _is_overridden(agreed: Consent) -> bool:
    """Whether somebody who counts said yes against what failed."""
    return any(yes.approval.override for yes in agreed.given)


def _runs(workspace: Workspace, session: Session) -> bool:
    """Whether a gate of the session runs on this machine now."""
    return any(each.session == session.id for each in running.all_running(workspace.layout))


def _changes(workspace: Workspace, combined: Combined) -> tuple[FileChange, ...]:
    if combined.tree is None:
        return ()
    return tuple(history.diff_stat(workspace.git, combined.base, combined.tree))


def _conflicts(workspace: Workspace, picture: Picture, combined: Combined) -> list[ShownConflict]:
    found = []
    for file in combined.conflicts:
        hunks = tuple(mergetree.conflict_hunks(workspace.git, file))
        found.append(ShownConflict(file, hunks, tuple(_others(workspace, picture, combined, file))))
    return found


def _others(workspace: Workspace, picture: Picture, combined: Combined, file: ConflictFile) -> list[Side]:
    """The sessions that landed changes to this file since the branch left the target, or else its commits."""
    git = workspace.git
    fork = history.merge_base(git, combined.base, combined.head)
    landed = {
        s.landed.commit: s for s in picture.sessions if s.landed is not None and s.id != combined.session.id
    }
    since = [f"^{fork}"] if fork else []
    touching = git.run(
        "rev-list", "--first-parent", combined.base, *since, "--", f":(literal){file.side or file.raw}"
    ).text.split()
    sides = [
        Side(landed[commit].name, landed[commit].task, landed[commit].name)
        for commit in touching
        if commit in landed
    ]
    if sides:
        return sides
    subjects = [git.text("log", "-1", "--format=%h %s", commit) for commit in touching[:3]]
    return [Side(f"{combined.target}: {subject}", None) for subject in subjects]


def _position(picture: Picture, session: Session) -> int | None:
    """Place in the target's queue, from 1."""
    queued = entries(picture).items()
    order = line.order(picture, {each: entry for each, entry in queued if entry.target == session.target})
    return order.index(session.id) + 1 if session.id in order else None
