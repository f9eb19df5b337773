"""`note`: something that a session or a person wants remembered."""

from __future__ import annotations

from collections.abc import Sequence

from ccc import ids
from ccc.domain import notes
from ccc.domain.events import Draft
from ccc.domain.notes import Note
from ccc.domain.sessions import Session
from ccc.errors import NotFound, Refused, Usage
from ccc.ops.actor import actor_of
from ccc.ops.find import find
from ccc.ops.observe import all_sessions
from ccc.ops.workspace import Workspace
from ccc.store.protocol import State
from ccc.views.notes import Listing


def note(
    workspace: Workspace,
    *,
    kind: str = "note",
    text: str,
    session: str | None = None,
    why: str | None = None,
) -> str:
    """Records a note, returns its id.

    Inside a session it belongs to that session; outside to the repository, or to the session named.
    Raises Usage for an empty text or an unknown kind, Refused for one over 16 kB and without an identity.
    """
    words, reason = _checked(kind, text, why)
    known = all_sessions(workspace.reader.state())
    caller = _caller(workspace, known)
    about = caller if session is None else find(session, known)
    by = f"s:{caller.id}" if caller else workspace.require_person()
    identifier = ids.new_id()

    def decide(_: State) -> Sequence[Draft]:
        owner, subject = (about.id, about.name) if about else (None, "ccc")
        return (notes.noted(identifier, kind, words, why=reason, session=owner, by=by, subject=subject),)

    workspace.store.transact(decide)
    return identifier


def _checked(kind: str, text: str, why: str | None) -> tuple[str, str | None]:
    if kind not in notes.KINDS:
        raise Usage(f"there is no kind {kind}", f"one of {' '.join(notes.KINDS)}")
    words, reason = _recordable(text), _recordable(why or "") or None
    if not words:
        raise Usage("the note is empty", 'git ccc note "TEXT"')
    size = len(words.encode()) + len((reason or "").encode())
    if size > notes.TEXT_LIMIT:
        raise Refused(
            f"the note has {size} bytes, more than {notes.TEXT_LIMIT}", "commit a file and note its path"
        )
    return words, reason


def _recordable(text: str) -> str:
    """Bytes of the command line that were no UTF-8 become visible escapes."""
    return text.strip().encode("utf-8", "backslashreplace").decode("utf-8")


def _caller(workspace: Workspace, known: Sequence[Session]) -> Session | None:
    """The session this call comes from. Raises NotFound for one that is not recorded here."""
    caller = actor_of(workspace).session
    if caller is None:
        return None
    for session in known:
        if caller in (session.id, session.name):
            return session
    raise NotFound(f"the session {caller} this call comes from is not known here", "git ccc status --all")


def notes_of(state: State) -> list[Note]:
    """Every note recorded, oldest first."""
    return notes.notes_in(state.streams(notes.KIND))


def listed(workspace: Workspace, *, kind: str | None = None, session: str | None = None) -> Listing:
    """The notes of a kind, of a session, or all of them. Raises NotFound for an unknown session."""
    state = workspace.reader.state()
    known = all_sessions(state)
    owner = None if session is None else find(session, known).id
    chosen = [
        each
        for each in notes_of(state)
        if kind in (None, each.kind) and (session is None or each.session == owner)
    ]
    return Listing(state.tip, chosen, {each.id: each.name for each in known})
