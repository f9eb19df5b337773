"""Questions of a session: asked, and answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.messages import first_words
from ccc.domain.sessions import QUESTION, Session, stream_of

CLAIM = "claim"
"""The field of a session that says it is blocked, or has a question, at a commit."""


def field_of(identifier: str) -> str:
    """The field of a question in its session's stream."""
    return f"{QUESTION}{identifier}"


def how_to_answer(choices: Sequence[str]) -> str:
    """What follows the id of a question in the command that answers it."""
    return "--choice N" if choices else "TEXT"


def asked(session: Session, identifier: str, text: str, choices: Sequence[str], *, by: str) -> Draft:
    """The session needs an answer; it is open until the field is removed."""
    record: dict[str, Value] = {"text": text}
    if choices:
        record["choices"] = list(choices)
    return _fact(session, "session.asked", f"asks: {first_words(text)}", {field_of(identifier): record}, by)


def answered(session: Session, field: str | None, text: str, *, by: str, data: Value = None) -> Draft:
    """Somebody answered; `field` is what waited for it, None where only the engine knew."""
    change: dict[str, Value] = {} if field is None else {field: None}
    draft = _fact(session, "session.answered", f"was answered: {first_words(text)}", change, by)
    return Draft(draft.type, draft.subject, draft.text, draft.changes, session.id, by, data)


def _fact(session: Session, kind: str, text: str, change: Mapping[str, Value], by: str) -> Draft:
    changes = {stream_of(session.id): change} if change else {}
    return Draft(kind, session.name, text, changes, session=session.id, by=by)
