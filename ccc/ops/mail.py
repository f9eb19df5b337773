"""The way of recorded messages to the agents of this machine, and what must be mended on it.

The record on `refs/ccc` counts; the files that hosts look for are made from it, and made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ccc import ids
from ccc.domain import messages
from ccc.domain.messagerows import ROWS
from ccc.domain.messages import Message
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
    """Posts what was recorded and not posted, takes away what has arrived.

    Needed where a sender was killed. Returns how many messages it dealt with.
    """
    here = {each.id: each for each in all_sessions(state) if each.where == workspace.replica}
    known = [each for each in messages_of(state) if each.to in here]
    if not known:
        return 0
    posted = {name: _posted(workspace, name) for name in {each.to for each in known}}
    gone = [each for each in known if not each.waits and each.id in posted[each.to]]
    for each in gone:
        mail.taken(SessionFiles.of(workspace.layout, each.to), each.id)
    lost = [
        each
        for each in known
        if each.waits and here[each.to].closed is None and each.id not in posted[each.to]
    ]
    return len(gone) + _post_again(workspace, lost)


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
