"""What ccc itself says to an agent: recorded like any message, delivered like any message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ccc import ids
from ccc.domain import messages, sessions
from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.messages import Whom
from ccc.domain.sessions import Session
from ccc.errors import CccError
from ccc.ops import queueing, starting
from ccc.ops.workspace import Workspace
from ccc.runs import handed, life, mail
from ccc.runs.files import SessionFiles
from ccc.runs.mail import Letter
from ccc.store.protocol import State

SENDER = "ccc"


def tell(
    workspace: Workspace,
    session: Session,
    text: str,
    *,
    topic: str,
    mark: Mapping[str, Value],
    once: bool = True,
) -> bool:
    """Records a message from ccc, and `mark` with it in the session's stream; then delivers it.

    Whether it was said: with `once` not where the mark is set already. Too long a text loses its middle.
    """
    identifier, words = ids.new_id(), cut(text)

    def decide(state: State) -> Sequence[Draft]:
        cells = state.stream(sessions.stream_of(session.id))
        if once and all(field in cells and cells[field][1] == value for field, value in mark.items()):
            return ()
        draft = messages.sent(
            identifier,
            words,
            sender=SENDER,
            who=SENDER,
            to=session.id,
            about=Whom(session.id, session.name),
            topic=topic,
        )
        return (replace(draft, changes={**draft.changes, sessions.stream_of(session.id): dict(mark)}),)

    if not workspace.store.transact(decide):
        return False
    hand_over(workspace, session, Letter(identifier, SENDER, words, workspace.now()))
    return True


def hand_over(workspace: Workspace, session: Session, letter: Letter) -> None:
    """Puts a recorded message where the session's host finds it; an agent at rest is woken by it.

    One that cannot be woken now keeps its mail: whoever starts it delivers it.
    """
    files = SessionFiles.of(workspace.layout, session.id)
    mail.post(files, letter)
    found = life.sight(workspace.layout, session.id)
    if found is None or starting.lives(found) or found.ending is None or found.ending.status != "idle":
        return
    if handed.visitor(files) is not None:
        return
    try:
        queueing.begin(workspace, session, queueing.Wish(queueing.MAIL))
    except CccError as error:
        workspace.store.journal(_not_woken(session, error.message))


def _not_woken(session: Session, why: str) -> Draft:
    text = f"could not be woken for its mail: {why}"
    return Draft("session.not-woken", session.name, text, session=session.id, by=SENDER)


def cut(text: str) -> str:
    """A text that a message can hold: its beginning and its end."""
    size = messages.TEXT_LIMIT - 200
    raw = text.encode("utf-8", "replace")
    if len(raw) <= size:
        return raw.decode("utf-8", "replace")
    half = size // 2
    first, last = raw[:half].decode("utf-8", "ignore"), raw[-half:].decode("utf-8", "ignore")
    return f"{first}\n[... {len(raw) - size} bytes left out ...]\n{last}"
