"""Facts of limits: a word to the agent, a limit used up, its hand-back, a person raising it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ccc.domain import messages
from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.limits import AT_ONCE, BEGUN, DUE, LOOP
from ccc.domain.messages import Whom
from ccc.domain.sessions import stream_of

SENDER = "ccc"
WARNED = "warned."
"""Begins the field that says for which limit the agent got its word: `warned.tokens` holds the limit."""


def word(
    identifier: str, text: str, *, about: Whom, topic: str, mark: Mapping[str, Value] | None = None
) -> Draft:
    """A message from ccc to an agent, and `mark` with it in the session's stream."""
    assert about.session is not None
    draft = messages.sent(
        identifier, text, sender=SENDER, who=SENDER, to=about.session, about=about, topic=topic
    )
    marks = {stream_of(about.session): dict(mark)} if mark else {}
    return replace(draft, changes={**draft.changes, **marks})


def exhausted(about: Whom, what: str, why: str, state: str) -> Draft:
    """A limit is used up, and how far the hand-back is."""
    assert about.session is not None
    at_once = what in (*AT_ONCE, LOOP)
    over = f"halted: {why}" if at_once else f"handed back: {why}"
    words = {DUE: f"limit reached: {why}", BEGUN: "hands back: its last turn begins"}
    record: dict[str, Value] = {"what": what, "why": why, "state": state}
    return Draft(
        "session.limit",
        about.name,
        words.get(state, over),
        {stream_of(about.session): {"exhausted": record}},
        session=about.session,
        by=SENDER,
    )


def raised(about: Whom, limits: Mapping[str, int], words: str, *, by: str) -> Draft:
    """A person lets a session go on; `limits` are all that it has now."""
    assert about.session is not None
    change: dict[str, Value] = {"exhausted": None}
    if limits:
        change["limits"] = dict(limits)
    return Draft(
        "session.limit-raised",
        about.name,
        words,
        {stream_of(about.session): change},
        session=about.session,
        by=by,
    )
