"""`ask`: a session needs an answer before it can go on."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence

from ccc import ids
from ccc.domain import messages, questions
from ccc.domain.messages import Message, Whom
from ccc.domain.sessions import Session
from ccc.errors import Usage
from ccc.ops.actor import actor_of
from ccc.ops.mail import asker_file, messages_of
from ccc.ops.parcels import checked
from ccc.ops.workspace import Workspace
from ccc.platform import processes
from ccc.runs import mail
from ccc.runs.files import SessionFiles

MOST_CHOICES = 9
CHOICE_BYTES = 400
POLL_SECONDS = 0.1


def ask(workspace: Workspace, session: Session, text: str, choices: Sequence[str] = ()) -> str:
    """Records a question and gives its id; it is open until somebody answers.

    Raises Usage for an empty text and for choices that are empty, alike or too many, Refused for a long text.
    """
    identifier = ids.new_id()
    _record(workspace, session, identifier, text, choices)
    return identifier


def ask_and_wait(
    workspace: Workspace, session: Session, text: str, choices: Sequence[str], timeout: float
) -> tuple[str, str | None]:
    """The same, then waits up to `timeout` seconds: the question's id, and the answer if one came.

    While this waits the answer goes nowhere else; when it gives up, or is killed, the answer comes as a
    message.
    """
    identifier = ids.new_id()
    with _listening(workspace, session, identifier):
        _record(workspace, session, identifier, text, choices)
        found = _answer(workspace, identifier, time.monotonic() + timeout)
    if found is None:  # one that came while this gave up was left to it
        found = _answer(workspace, identifier, time.monotonic())
    if found is None:
        return identifier, None
    _receive(workspace, session, found)
    return identifier, found.text.partition("\n\nAnswer: ")[2] or found.text


def _record(
    workspace: Workspace, session: Session, identifier: str, text: str, choices: Sequence[str]
) -> None:
    words = checked(text, "the question")
    offered = [checked(choice, "a choice") for choice in choices]
    if len(offered) > MOST_CHOICES or len(set(offered)) < len(offered):
        raise Usage(f"at most {MOST_CHOICES} choices, no two alike", "git ccc ask TEXT --choice A --choice B")
    if any(len(choice.encode("utf-8")) > CHOICE_BYTES for choice in offered):
        raise Usage(f"a choice has more than {CHOICE_BYTES} bytes", "say the long part in the question")
    by = actor_of(workspace).by or workspace.require_person()
    workspace.store.transact(lambda _: (questions.asked(session, identifier, words, offered, by=by),))


@contextlib.contextmanager
def _listening(workspace: Workspace, session: Session, question: str) -> Iterator[None]:
    """Says that this process takes the answer."""
    path = asker_file(SessionFiles.of(workspace.layout, session.id), question)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(processes.own_identity(), encoding="utf-8")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _answer(workspace: Workspace, question: str, until: float) -> Message | None:
    while True:
        for message in messages_of(workspace.reader.state()):
            if message.answers == question:
                return message
        if time.monotonic() >= until:
            return None
        time.sleep(POLL_SECONDS)


def _receive(workspace: Workspace, session: Session, message: Message) -> None:
    """The receipt: it is being printed to whoever asked."""
    receipt = messages.read(
        message.id, about=Whom(session.id, session.name), at=workspace.now(), by=f"s:{session.id}"
    )
    workspace.store.transact(lambda _: (receipt,))
    mail.taken(SessionFiles.of(workspace.layout, session.id), message.id)
