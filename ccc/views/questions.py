"""What one session asks, as text and JSON; also what it had asked before it was stopped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ccc.domain.messages import first_words
from ccc.domain.questions import how_to_answer
from ccc.domain.sessions import Question
from ccc.domain.status import unanswered
from ccc.ids import short
from ccc.ops.look import Sighting
from ccc.text import printable


def questions_text(sighting: Sighting) -> Iterator[str]:
    """A line for each, with the answers that it offers and the command that answers it."""
    for question in _of(sighting):
        offered = ", ".join(f"{number} {choice}" for number, choice in enumerate(question.choices, 1))
        words = f"{first_words(question.text)} ({offered})" if offered else first_words(question.text)
        way = f"git ccc answer {short(question.id)} {how_to_answer(question.choices)}"
        yield f"  asks       {printable(words)}: {way}"


def questions_document(sighting: Sighting) -> list[dict[str, Any]]:
    """`questions` of `show` (beyond CONTRACT §4)."""
    return [
        {"id": each.id, "text": each.text, "choices": list(each.choices), "at": each.at}
        for each in _of(sighting)
    ]


def _of(sighting: Sighting) -> Sequence[Question]:
    return unanswered(sighting.session, sighting.life) if sighting.session.closed is None else ()
