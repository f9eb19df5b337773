"""What happened in the repository since it was last recorded: hook notes and moved refs turned into facts.

Hooks are hints; refs are looked at. The same function serves the drain, which records its answer, and
readers, which lay it over the recorded state.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import compress, repeat

from ccc.domain import landings, movements, sessions, tampering, targets
from ccc.domain.approving import DECIDING, OWN_FILES
from ccc.domain.events import Draft
from ccc.domain.hooknotes import CALLED, HookNote, parse_hook_note
from ccc.domain.sessionrows import ROWS
from ccc.domain.sessions import Session
from ccc.git import headlog, heads, history
from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.git.fresh import Fresh, fresh
from ccc.git.heads import HEADS as HEADS
from ccc.git.history import CommitInfo
from ccc.layout import Layout
from ccc.ops import intents, sharedconfig, undoings
from ccc.ops.roster import Roster, Rosters
from ccc.records import dataclass
from ccc.store.protocol import JournalEntry, State

MOVING_HOOKS = frozenset({"post-commit", "post-rewrite", "post-merge", "post-applypatch"})
REPORTS = ".ccc/sessions"
SHOWN = 20
"""Paths of what decides that are recorded with a move of the target."""


@dataclass(frozen=True)
class Observer:
    """Compares what is recorded with the repository of this machine (`replica`).

    `keeps`: gives a commit whose branch is gone a backup reference; readers write nothing and leave it off.
    `rosters`: of that machine; `told` gets the branches as they were looked at, full name to tip.
    """

    git: Git
    layout: Layout
    replica: str
    rosters: Rosters
    keeps: bool = True
    told: Callable[[Mapping[str, str]], None] | None = None

    def __call__(self, state: State, entries: Sequence[JournalEntry]) -> Sequence[Draft]:
        """The facts not yet recorded; empty when nothing moved. Safe to call any number of times."""
        roster = self.rosters.of(state)
        if not any(roster.followed) and not entries and intents.read(self.layout) is None:
            return ()
        refs = heads.branches(self.git, self.layout.common)
        if self.told is not None:
            self.told(refs)
        return list(_Pass(self, state, roster, refs).facts(entries))


def local_sessions(state: State, replica: str) -> list[Session]:
    """The sessions of this machine that are not closed."""
    found = all_sessions(state)
    return [session for session in found if session.where == replica and session.closed is None]


def all_sessions(state: State) -> list[Session]:
    """Every session recorded, oldest first."""
    return [session for session in state.things(ROWS).values() if session is not None]


class _Pass:
    """One look at everything; keeps the heads as they stand after each fact."""

    def __init__(self, observer: Observer, state: State, roster: Roster, refs: Mapping[str, str]) -> None:
        self.git = observer.git
        self.layout = observer.layout
        self.keeps = observer.keeps
        self.replica = observer.replica
        self.state = state
        self.refs = refs
        self.roster = roster
        self.intent = intents.read(observer.layout)
        self.undoing = undoings.read(observer.layout)
        self.fresh = Fresh()

    @cached_property
    def sessions(self) -> dict[str, Session]:
        """Those whose branches are followed, by id; a thousand are put together only where one moved."""
        return {session.id: session for session in self.roster.mine}

    @cached_property
    def by_worktree(self) -> Mapping[str, str]:
        """Name of a worktree's admin directory to the session's id."""
        return {f"{heads.ADMIN_PREFIX}{one.name}": one.id for one in self.sessions.values()}

    def facts(self, entries: Sequence[JournalEntry]) -> Iterator[Draft]:
        """Of a thousand sessions hardly one has moved since the last look."""
        moved = [session.id for session in compress(self.roster.sessions, self._has_moved())]
        if entries or moved:
            self.fresh = self._new_commits(entries)
        for entry in entries:
            yield from self._noted(entry)
        yield from self._landings()
        for identifier in list(self.sessions) if entries else moved:
            yield from self._branch(identifier)
        yield from self._targets()
        yield from sharedconfig.facts(self.git, self.layout, self.replica, self.state, keeps=self.keeps)

    def _has_moved(self) -> Iterator[bool]:
        """Of each session whether its branch is elsewhere; never of one that is not followed."""
        return map(operator.ne, map(self.refs.get, self.roster.followed, repeat("")), self.roster.heads)

    def _noted(self, entry: JournalEntry) -> Iterator[Draft]:
        note = parse_hook_note(entry.line)
        identifier = self.by_worktree.get(note.worktree)
        if identifier is None or note.oid is None or note.hook not in MOVING_HOOKS:
            return
        session = self.sessions[identifier]
        if note.ref != HEADS + session.branch:
            return
        for draft in self._by_another(session, note):
            yield replace(draft, source=entry.source)
        if not self.fresh.between(session.head, note.oid) and self._known(session.head, note.oid):
            return
        for draft in self._followed(identifier, note.oid):
            yield replace(draft, source=entry.source)

    def _by_another(self, session: Session, note: HookNote) -> Iterator[Draft]:
        """The fact that another session's agent committed in this one's worktree."""
        caller = note.argument if note.hook in CALLED else None
        if caller is None or caller == session.id or note.oid is None:
            return
        other = sessions.from_cells(caller, self.state.stream(sessions.stream_of(caller)))
        if other is not None:
            recorded = self.state.stream(tampering.stream_of(self.replica))
            yield tampering.branch_moved(session, self.replica, note.oid, recorded, by=other.name)

    def _new_commits(self, entries: Sequence[JournalEntry]) -> Fresh:
        """What moved branches got, asked at once: one by one each would cost seven git processes."""
        notes = [parse_hook_note(entry.line) for entry in entries]
        noted = [(self.by_worktree.get(note.worktree), note.oid) for note in notes]
        tips = [(one.id, self.refs.get(HEADS + one.branch)) for one in self.sessions.values()]
        moved = {
            (who, oid)
            for who, oid in (*noted, *tips)
            if who
            and oid
            and oid != self.sessions[who].head
            and not self._is_own_advance(self.sessions[who], oid)
        }
        if not moved:
            return Fresh()
        movers = [self.sessions[who] for who, _ in moved]
        targets = (self.refs.get(HEADS + session.target) for session in movers)
        known = {*(session.head for session in movers), *(tip for tip in targets if tip)}
        return fresh(self.git, {oid for _, oid in moved}, known, REPORTS)

    def _known(self, head: str, oid: str) -> bool:
        return head == oid or not self._exists(oid) or history.is_ancestor(self.git, oid, head)

    def _exists(self, oid: str) -> bool:
        return repositories.resolve(self.git, oid) is not None

    def _branch(self, identifier: str) -> Iterator[Draft]:
        session = self.sessions[identifier]
        now = self.refs.get(HEADS + session.branch)
        if now is None:
            yield from self._gone(session)
        elif now != session.head:
            yield from self._followed(identifier, now)

    def _gone(self, session: Session) -> Iterator[Draft]:
        """A deleted branch: its last commit is kept under `refs/ccc-backup/`, once, and the fact recorded."""
        kept = f"refs/ccc-backup/{session.name}/branch-{session.head[:12]}"
        cells = self.state.stream(sessions.stream_of(session.id))
        if cells.get("branch_gone", ("", None))[1] == session.head or not self._exists(session.head):
            return
        if self.keeps:
            self.git.run("update-ref", kept, session.head)
        yield movements.branch_gone(session, kept)

    def _followed(self, identifier: str, new: str) -> Iterator[Draft]:
        """Facts of a branch that moved, the last of them that neither its own worktree did it nor ccc."""
        session = self.sessions[identifier]
        if self._is_being_undone(session, new):
            return
        is_own = self._is_own_advance(session, new)
        yield from self._moved(identifier, new)
        if not is_own and headlog.moved_elsewhere(self.layout.common, session.name, session.head, new):
            recorded = self.state.stream(tampering.stream_of(self.replica))
            yield tampering.branch_moved(session, self.replica, new, recorded)

    def _moved(self, identifier: str, new: str) -> Iterator[Draft]:
        """Facts of a branch that went from its recorded head to `new`."""
        session = self.sessions[identifier]
        old = session.head
        if self._is_own_advance(session, new):
            yield movements.advanced(session, new)
            self.sessions[identifier] = movements.after(session, new)
            return
        simple = self.fresh.between(old, new)
        if simple:
            yield from self._went_on(session, simple)
            self.sessions[identifier] = movements.after(session, new)
            return
        known = self._exists(old)
        base = self._stacked_on(session, new)
        if base is not None:
            yield movements.stacked(session, new, base)
        elif known and history.is_ancestor(self.git, new, old):
            yield movements.reset(session, new)
        else:
            forward = known and history.is_ancestor(self.git, old, new)
            yield from self._commits(session, old if known else session.base, new, forward=forward)
        self.sessions[identifier] = movements.after(session, new)

    def _is_own_advance(self, session: Session, new: str) -> bool:
        """Whether ccc itself is taking the branch there after a landing, and has said so before."""
        intent = self.intent
        if intent is None or intent.advance != new or session.landed is None:
            return False
        return (intent.session, intent.head, intent.commit) == (
            session.id,
            session.head,
            session.landed.commit,
        )

    def _is_being_undone(self, session: Session, new: str) -> bool:
        """Whether ccc itself takes the branch there, undoing a landing; that is recorded with it."""
        undoing = self.undoing
        if undoing is None or undoing.back is None or undoing.session != session.id:
            return False
        return {session.head, new} == {undoing.back.old, undoing.back.new}

    def _went_on(self, session: Session, commits: Sequence[CommitInfo]) -> Iterator[Draft]:
        """The branch got these commits, one after the other: the usual case, without asking git again."""
        path = _report_of(session)
        touched = self.fresh.last_to_touch(commits, path)
        report = self._committed(touched, path) if touched else None
        for commit in commits:
            yield from movements.commit(session, commit, amended=False, report=report)

    def _stacked_on(self, session: Session, new: str) -> str | None:
        """The parent of a new brief: a session that waited for others was moved to begin on their work."""
        if not session.after or session.conversation is not None:
            return None
        asked = ("log", "-1", f"--format=%P %(trailers:key={movements.SESSION},valueonly)", new)
        words = self.git.text(*asked).split()
        return words[0] if len(words) == 2 and words[1] == session.id else None

    def _commits(self, session: Session, old: str, new: str, *, forward: bool) -> Iterator[Draft]:
        exclude = self.refs.get(HEADS + session.target)
        commits = history.commits_between(self.git, old, new, exclude=(exclude,) if exclude else ())
        rewritten = not forward and not (len(commits) == 1 and commits[0].parents == self._parents(old))
        report = self._report(session, old, new)
        head = session.head
        for commit in commits:
            amended = not forward and not rewritten
            yield from movements.commit(session, commit, amended=amended, report=report)
            head = commit.oid
        if rewritten:
            yield movements.rewritten(session, new)
        elif head != new:
            yield movements.forwarded(session, new)

    def _parents(self, oid: str) -> tuple[str, ...]:
        return tuple(self.git.text("rev-list", "--parents", "-n1", oid).split()[1:])

    def _report(self, session: Session, old: str, new: str) -> movements.CommittedReport | None:
        """The report file, if a commit between the two touched it last."""
        path = _report_of(session)
        commit = self.git.text("rev-list", "-1", new, f"^{old}", "--", path)
        return self._committed(commit, path) if commit else None

    def _committed(self, commit: str, path: str) -> movements.CommittedReport | None:
        found = self.git.run("cat-file", "blob", f"{commit}:{path}", ok=(0, 128))
        return movements.CommittedReport(commit, found.out) if found.code == 0 else None

    def _landings(self) -> Iterator[Draft]:
        """A landing whose process died between moving the target and saying so."""
        intent = self.intent
        if intent is None:
            return
        stream = self.state.stream(sessions.stream_of(intent.session))
        session = self.sessions.get(intent.session) or sessions.from_cells(intent.session, stream)
        if session is None:
            return
        if session.landed is not None and session.landed.commit == intent.commit:
            return
        tip = self.refs.get(HEADS + intent.target)
        if tip is not None and self._contains(tip, intent.commit):
            yield landings.landed(session, intent, self.replica)

    def _contains(self, tip: str, commit: str) -> bool:
        return tip == commit or (self._exists(commit) and history.is_ancestor(self.git, commit, tip))

    def _targets(self) -> Iterator[Draft]:
        for branch in sorted(set(self.roster.targets) - {""}):
            cells = self.state.stream(targets.stream_of(branch))
            old = targets.recorded_tip(cells, self.replica)
            new = self.refs.get(HEADS + branch)
            if old is None or new == old or self._landed_here(branch, new) or self._undone_here(branch, new):
                continue
            known = self._exists(old)
            forced = new is not None and known and not history.is_ancestor(self.git, old, new)
            deciding = self._deciding(old, new)
            lost = self._lost(branch, old if forced else None, new, targets.lost_before(cells, self.replica))
            yield targets.moved(branch, self.replica, old, new, forced=forced, deciding=deciding, lost=lost)
            if new is not None and known and not forced:
                yield from self._arrivals(branch, old, new)

    def _lost(self, branch: str, old: str | None, new: str | None, before: Sequence[str]) -> list[str]:
        """The commits of landings that a target contained, at `old` or earlier, and does not any more."""
        if new is None:
            return []
        taken = set(self.git.text("rev-list", old, f"^{new}").split()) if old is not None else set()
        landed = [one.landed for one in all_sessions(self.state) if one.landed is not None and taken]
        lost = [one.commit for one in landed if one.target == branch and one.commit in taken]
        return [*lost, *(one for one in before if one not in taken and not self._contains(new, one))]

    def _deciding(self, old: str, new: str | None) -> list[str]:
        """What decides trust and is another now: configuration, roles, signers."""
        if new is None or not self._exists(old):
            return []
        asked = ("diff-tree", "-r", "--name-only", "--no-renames", "-z")
        found = self.git.lines(*asked, old, new, "--", f":(glob){DECIDING}", f":(exclude,glob){OWN_FILES}")
        return found[:SHOWN]

    def _arrivals(self, branch: str, old: str, new: str) -> Iterator[Draft]:
        """Work of sessions that somebody took to the target; by other commits only where facts are kept."""
        from ccc.ops.landing.byhand import arrived  # where a target was moved by somebody else only

        waiting = [one for one in self.sessions.values() if one.target == branch and not one.landed_head]
        yield from arrived(self.git, self.layout.common, (branch, old, new), waiting, closely=self.keeps)

    def _landed_here(self, branch: str, tip: str | None) -> bool:
        return self.intent is not None and (self.intent.target, self.intent.commit) == (branch, tip)

    def _undone_here(self, branch: str, tip: str | None) -> bool:
        """Whether ccc itself put the target there, undoing a landing, and has not said so yet."""
        return self.undoing is not None and (self.undoing.target, self.undoing.new) == (branch, tip)


def _report_of(session: Session) -> str:
    """Where a session commits its report."""
    return f"{REPORTS}/{session.name}/report.md"
