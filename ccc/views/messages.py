"""Messages, questions and answers as text and JSON."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain.messages import first_words
from ccc.domain.sessions import Session
from ccc.ids import short
from ccc.ops.answer import Answered
from ccc.ops.receipts import ACK, Receipts
from ccc.ops.send import Sent
from ccc.text import printable
from ccc.views.documents import Document, document


def sent_text(sent: Sequence[Sent]) -> str:
    """One line a receiver."""
    return "\n".join(f"sent {short(each.id)} to {printable(each.name)}: {each.how}" for each in sent)


def overdue_text(receipts: Receipts, goal: str, limit: str) -> str:
    """What the time limit `limit` of --wait ended: who has not got so far, and that nothing is lost."""
    names = ", ".join(printable(each.name) for each in receipts.missing(goal))
    what = "acknowledged by" if goal == ACK else "delivered to"
    return f"time limit of {limit} reached: not {what} {names}; the message stays on its way"


def sent_document(tip: str | None, sent: Sequence[Sent], *, timed_out: bool | None = None) -> Document:
    """`send`: per receiver the message's id, where it is, and in words how it goes on.

    `timed_out`: whether the time limit of --wait ended it; left out where nothing was waited for.
    """
    waited = {} if timed_out is None else {"timed_out": timed_out}
    return document(tip, messages=[_sent(each) for each in sent], **waited)


def asked_text(question: str, session: Session) -> str:
    """What whoever asked does now."""
    comes = "the answer comes as a message" if session.engine else "git ccc inbox shows the answer here"
    return f"asked {short(question)}: {comes}; end your turn, or go on with other work"


def asked_document(tip: str | None, question: str, session: Session, answer: str | None) -> Document:
    """`ask`: the question's id, and the answer if it was waited for and came."""
    return document(tip, question=question, session=session.id, answer=answer)


def answered_text(answered: Answered) -> str:
    """Who was answered, with what, and how it gets there."""
    how = answered.sent.how if answered.sent else "it goes on"
    return printable(f"answered {answered.session.name}: {first_words(answered.text)} ({how})")


def answered_document(tip: str | None, answered: Answered) -> Document:
    """`answer`: the item, the words, and the message that carries them (null: told to the engine)."""
    message = _sent(answered.sent) if answered.sent else None
    return document(
        tip, item=answered.item.id, session=answered.session.id, answer=answered.text, message=message
    )


def _sent(sent: Sent) -> Document:
    return {"id": sent.id, "to": sent.to, "name": sent.name, "state": sent.state, "how": sent.how}
