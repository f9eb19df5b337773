"""What an entry says it depends on: `Depends-On:` in its commits, or `depends_on` in its report."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from ccc.domain import lineup
from ccc.domain.report import parse_report
from ccc.domain.sessions import Session
from ccc.errors import Ambiguous, NotFound
from ccc.git import heads
from ccc.ops.find import find
from ccc.ops.landing.behind import DEPENDS_ON, behind
from ccc.ops.look import Picture
from ccc.ops.observe import HEADS
from ccc.ops.workspace import Workspace
from ccc.records import dataclass


@dataclass(frozen=True)
class Needs:
    """Whom an entry lands after (ids of those that have not landed), and what is wrong with what it says."""

    ids: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


class Dependencies:
    """What the sessions of a picture depend on; each is asked of git once."""

    def __init__(self, workspace: Workspace, picture: Picture) -> None:
        self._workspace, self._picture = workspace, picture
        self._sessions: Mapping[str, Session] = {each.id: each for each in picture.sessions}
        self._known: dict[str, Needs] = {}

    def of(self, session: Session) -> Needs:
        """Its own, without what follows from others."""
        if session.id not in self._known:
            self._known[session.id] = self._read(session)
        return self._known[session.id]

    def reasons(self, session: Session) -> list[str]:
        """Why it does not land yet, in words; what is first in line first."""
        needs = self.of(session)
        circle = lineup.circles(self._below(session)).get(session.id)
        if circle is not None:
            names = " -> ".join(self._sessions[each].name for each in circle)
            return [*needs.faults, f"it depends on itself: {names}"]
        names = ", ".join(self._sessions[each].name for each in needs.ids)
        waits = [f"it depends on {names}, which has not landed"] if names else []
        return [*needs.faults, *waits]

    def _below(self, session: Session) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        left = [session.id]
        while left:
            here = left.pop()
            if here not in found:
                found[here] = self.of(self._sessions[here]).ids
                left += found[here]
        return found

    def _read(self, session: Session) -> Needs:
        ids, faults = dict[str, None](), list[str]()
        for reference in self._named(session):
            try:
                other = find(reference, self._picture.sessions)
            except (NotFound, Ambiguous) as error:
                faults.append(f"{DEPENDS_ON}: {error.message}")
                continue
            if other.landed is not None:
                continue
            if other.closed is not None:
                faults.append(f"it depends on {other.name}, which was closed and has not landed")
            else:
                ids.setdefault(other.id)
        return Needs(tuple(ids), tuple(faults))

    def _named(self, session: Session) -> list[str]:
        base, head = self._tip(session.target), self._tip(session.branch)
        if base is None or head is None:
            return []
        named = [each for commit in behind(self._workspace, base, head) for each in commit.depends_on]
        return [*named, *self._reported(session)]

    def _tip(self, branch: str) -> str | None:
        """The commit of a branch, None where it is not there or not stored."""
        tip = self._tips.get(HEADS + branch)
        return tip if tip is not None and self._workspace.reader.objects.has(tip) else None

    @cached_property
    def _tips(self) -> Mapping[str, str]:
        return heads.branches(self._workspace.git, self._workspace.repository.common)

    def _reported(self, session: Session) -> list[str]:
        if session.report is None:
            return []
        text = parse_report(self._picture.state.blob(session.report))
        return [each for item in text.depends_on for each in item.replace(",", " ").split()]
