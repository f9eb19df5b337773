"""The way of recorded messages to the agents of this machine, and what must be mended on it.

The record on `refs/ccc` counts; the files that hosts look for are made from it, and made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ccc import ids
from ccc.domain import messages
from ccc.domain.events import Draft
from ccc.domain.messagerows import ROWS
from ccc.domain.messages import Message, Whom
from ccc.domain.sessions import Session
from ccc.ops.observe import all_sessions
from ccc.ops.workspace import Workspace
from ccc.platform import processes
from ccc.runs import mail
from ccc.runs.files import SessionFiles
from ccc.runs.mail import Letter
from ccc.store.protocol import State


def messages_of(state: State) -> list[Message]:
    """Every message recorded, oldest first."""
    found = [each for each in state.things(ROWS).values() if each is not None]
    return sorted(found, key=lambda each: (each.at, each.id))


def sender_words(message: Message, names: Mapping[str, str]) -> str:
    """Who sent it, as its reader knows them: a session's name, a person's, `ccc`."""
    session = message.from_session
    return person_words(message.sender) if session is None else names.get(session, ids.short(session))


def person_words(identity: str) -> str:
    """The name of a git identity, without its mail address."""
    return identity.partition(" <")[0] or identity


def post(workspace: Workspace, message: Message, names: Mapping[str, str]) -> bool:
    """Puts a message where the host of its receiver finds it; not where who asked waits for the answer."""
    files = SessionFiles.of(workspace.layout, message.to)
    if message.answers is not None and asker_waits(files, message.answers):
        return False
    mail.post(files, Letter(message.id, sender_words(message, names), message.text, message.at))
    return True


def asker_file(files: SessionFiles, question: str) -> Path:
    """Says which process waits for the answer to a question, and will hand it over itself."""
    return files.root / "asking" / question


def asker_waits(files: SessionFiles, question: str) -> bool:
    """Whether that process lives."""
    try:
        return processes.alive(asker_file(files, question).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return False


def reconcile(workspace: Workspace, state: State) -> int:
    """Posts what was recorded and not posted, takes away what has arrived, bounces what never can.

    Needed where a sender was killed, and where a receiver was closed with mail waiting. Returns how many
    messages it dealt with.
    """
    here = {each.id: each for each in all_sessions(state) if each.where == workspace.replica}
    known = [each for each in messages_of(state) if each.to in here]
    if not known:
        return 0
    posted = {name: _posted(workspace, name) for name in {each.to for each in known}}
    gone = [each for each in known if not each.waits and each.id in posted[each.to]]
    for each in gone:
        mail.taken(SessionFiles.of(workspace.layout, each.to), each.id)
    dead = [each for each in known if each.waits and here[each.to].closed is not None]
    lost = [
        each
        for each in known
        if each.waits and here[each.to].closed is None and each.id not in posted[each.to]
    ]
    return len(gone) + _post_again(workspace, lost) + _bounce(workspace, dead, here)


def _posted(workspace: Workspace, session: str) -> set[str]:
    return {letter.id for letter in mail.waiting(SessionFiles.of(workspace.layout, session))}


def _post_again(workspace: Workspace, lost: Sequence[Message]) -> int:
    """A host records the receipt before it takes the file away: what is unread still, now, was not posted."""
    if not lost:
        return 0
    state = workspace.store.state()
    names = {each.id: each.name for each in all_sessions(state)}
    count = 0
    for each in lost:
        now = messages.from_cells(each.id, state.stream(messages.stream_of(each.id)))
        if now is not None and now.waits:
            count += post(workspace, now, names)
    return count


def _bounce(workspace: Workspace, dead: Sequence[Message], here: Mapping[str, Session]) -> int:
    """Messages to closed sessions; a session that sent one is told."""
    if not dead:
        return 0
    notices = {each.id: ids.new_id() for each in dead}

    def decide(state: State) -> Sequence[Draft]:
        found: list[Draft] = []
        for each in dead:
            now = messages.from_cells(each.id, state.stream(messages.stream_of(each.id)))
            if now is not None and now.waits:
                receiver = here[each.to]
                why = f"{receiver.name} was closed"
                found.append(messages.bounced(each.id, about=Whom(receiver.id, receiver.name), why=why))
                found += _notice(now, why, notices[each.id], here)
        return found

    workspace.store.transact(decide)
    for each in dead:
        mail.taken(SessionFiles.of(workspace.layout, each.to), each.id)
    names = {each.id: each.name for each in here.values()}
    state = workspace.store.state()
    for identifier in notices.values():
        notice = messages.from_cells(identifier, state.stream(messages.stream_of(identifier)))
        if notice is not None:
            post(workspace, notice, names)
    return len(dead)


def _notice(message: Message, why: str, identifier: str, here: Mapping[str, Session]) -> Sequence[Draft]:
    """Tells the session that sent a message why it did not arrive; people see that in the inbox."""
    sender = here.get(message.from_session or "")
    if sender is None or sender.closed is not None:
        return ()
    text = f"your message {ids.short(message.id)} did not arrive, {why}: {messages.first_words(message.text)}"
    about = Whom(sender.id, sender.name)
    return (messages.sent(identifier, text, sender="ccc", who="ccc", to=sender.id, about=about),)
