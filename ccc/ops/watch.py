"""`watch`: what goes on in all sessions, one activity after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ccc.domain.sessions import Session
from ccc.domain.stamps import rfc3339
from ccc.engines.transcripts import TurnLine
from ccc.ops.find import find_all
from ccc.ops.listening import Ear
from ccc.ops.log import Follower, Selection
from ccc.ops.observe import all_sessions
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.protocol import Logged

COMMITS = ("session.committed", "session.amended", "session.rewritten", "session.reset", "session.forwarded")


@dataclass(frozen=True)
class Activity:
    """One thing that happened, RFC 3339 UTC; `at` is when it was read where the engine tells no time.

    `kind`: text, tool, result, said, note (of what is said), commit, message, status, event (of the diary);
    `what` is the event's type, or the tool's name; `number` counts sessions as they were made, None for none.
    """

    at: str
    session: str | None
    name: str
    number: int | None
    kind: str
    text: str
    what: str | None = None
    role: str | None = None
    ok: bool | None = None


class Watcher:
    """Each call gives what happened since the one before, in the diary and in what is said."""

    def __init__(self, workspace: Workspace, references: Sequence[str] = (), last: int = 0) -> None:
        """`references`: only these sessions, all if there are none; `last`: begin with so many from before.

        Raises NotFound, Ambiguous, NotInitialised.
        """
        self._workspace = workspace.require()
        self.tip = workspace.reader.tip()
        sessions = self._sessions()
        self._wanted = {each.id for each in find_all(references, sessions)} if references else None
        self._numbers: dict[str, int] = {}
        self._ears: dict[str, Ear] = {}
        self._last = last
        wanted = None if self._wanted is None else frozenset(self._wanted)
        self._follower = Follower(workspace, Selection(limit=last, sessions=wanted))
        self._listen(sessions, from_now=True)

    def before(self) -> list[Activity]:
        """The last activities until the watcher was made, oldest first; to be asked once, before any news.

        What was said at times that its engine did not tell has no place among them.
        """
        found = [self._of_event(each) for each in self._follower.news()]
        if not self._last:
            return []
        for ear in self._ears.values():
            found += [self._of_turn(ear.session, turn) for turn in ear.before(self._last) if turn.at]
        return sorted(found, key=lambda each: each.at)[-self._last :]

    def news(self) -> list[Activity]:
        """What happened since, oldest first as far as times are told."""
        tip = self._workspace.reader.tip()
        found: list[Activity] = []
        if tip != self.tip:
            self.tip = tip
            self._listen(self._sessions(), from_now=False)
            found += [self._of_event(each) for each in self._follower.news()]
        for ear in self._ears.values():
            found += [self._of_turn(ear.session, turn) for turn in ear.news()]
        return sorted(found, key=lambda each: each.at)

    def _sessions(self) -> list[Session]:
        return [] if self.tip is None else all_sessions(self._workspace.reader.state(self.tip))

    def _listen(self, sessions: Sequence[Session], *, from_now: bool) -> None:
        for session in sessions:
            self._numbers.setdefault(session.id, len(self._numbers))
            here = session.where == self._workspace.replica and session.engine is not None
            if session.id in self._ears:
                self._ears[session.id].session = session
            elif here and session.closed is None and self._is_wanted(session.id):
                self._ears[session.id] = Ear(self._workspace, session, from_now=from_now)

    def _is_wanted(self, session: str) -> bool:
        return self._wanted is None or session in self._wanted

    def _of_event(self, logged: Logged) -> Activity:
        event = logged.event
        family = event.type.partition(".")[0]
        kind = {"session": "status", "message": "message"}.get(family, "event")
        return Activity(
            at=rfc3339(event.id),
            session=event.session,
            name=event.subject,
            number=self._numbers.get(event.session or ""),
            kind="commit" if event.type in COMMITS else kind,
            text=event.text,
            what=event.type,
        )

    def _of_turn(self, session: Session, turn: TurnLine) -> Activity:
        return Activity(
            at=turn.at or self._workspace.now(),
            session=session.id,
            name=session.name,
            number=self._numbers.get(session.id),
            kind=_kind(turn),
            text=turn.text,
            what=turn.tool,
            role=turn.role,
            ok=turn.ok,
        )


def _kind(turn: TurnLine) -> str:
    if turn.role == "tool":
        return "result"
    if turn.tool is not None:
        return "tool"
    return {"person": "said", "system": "note"}.get(turn.role, "text")


def as_one_line(activity: Activity, length: int) -> Activity:
    """The same with its text folded into one line, at most so many characters of it."""
    text = " ".join(activity.text[: 4 * length].split())
    return replace(activity, text=text[:length])
