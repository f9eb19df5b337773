"""Messages whose receiver will never get them: recorded with the reason, and told to the sender."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccc import ids
from ccc.domain import messages
from ccc.domain.events import Draft
from ccc.domain.life import Life
from ccc.domain.messages import Message, Whom
from ccc.domain.sessions import Session
from ccc.ops import places, starting, unwitnessed
from ccc.ops.look import Picture, Sighting, look
from ccc.ops.mail import messages_of
from ccc.ops.tell import hand_over
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.runs import mail
from ccc.runs.files import SessionFiles
from ccc.runs.mail import Letter
from ccc.store.protocol import State


@dataclass(frozen=True)
class Return:
    """A message on its way back: why it cannot arrive, about whom that is, who is told (None: nobody).

    `forgotten`: it has a receipt, and yet is not in the conversation.
    """

    message: Message
    forgotten: bool
    why: str
    about: Whom
    sender: Session | None
    notice: str


def bounce(workspace: Workspace, picture: Picture, closed: str | None = None) -> int:
    """Returns what waits for sessions of this machine that will not take it up; how many messages.

    A session that sent one gets a message about it; people see it in their inbox. The notice is ccc's own:
    that it cannot be delivered is only recorded. `closed`: the id of a session that is just being closed.
    """
    found = messages_of(picture.state)
    waiting = [each for each in found if each.waits]
    forgotten, dead_letters = _forgotten(workspace, picture, found, closed)
    wanted = {each.to for each in (*waiting, *forgotten)}
    whys = {
        each.session.id: why
        for each in picture.sightings
        if each.session.id in wanted and (why := death_of(workspace, each)) is not None
    }
    dead = [each for each in waiting if each.to in whys]
    if not dead and not dead_letters:
        return 0
    known = {each.session.id: each for each in picture.sightings}
    there = _tell_of_arrivals(workspace, known, dead)
    dead = [each for each in dead if each.id not in there]
    returns = [_return(workspace, each, whys, known) for each in (*dead, *forgotten)]
    done: list[Return] = []
    workspace.store.transact(lambda state: _decide(state, returns, done))
    for each in returns:
        mail.taken(SessionFiles.of(workspace.layout, each.message.to), each.message.id)
    for files in dead_letters:
        mail.forget_told(files)
    for each in done:
        if each.sender is not None:
            hand_over(
                workspace,
                each.sender,
                Letter(each.notice, "ccc", _words(each.message, each.why), workspace.now()),
            )
    return len(there) + len(done)


def bounce_of_closed(workspace: Workspace, session: Session) -> None:
    """`bounce`, for a session that is just being closed: a look at all sees nothing of its agent any more."""
    files = SessionFiles.of(workspace.layout, session.id)
    if mail.waiting(files) or mail.lately(files):
        bounce(workspace, look(workspace), closed=session.id)


def _forgotten(
    workspace: Workspace, picture: Picture, found: Sequence[Message], closed: str | None
) -> tuple[list[Message], list[SessionFiles]]:
    """Messages whose receipt does not hold: the program died before it wrote them down, and for good.

    With the sessions of which that is known now, once and for all.
    """
    forgotten: list[Message] = []
    judged: list[SessionFiles] = []
    for each in picture.sightings:
        if each.session.id != closed and not _may_have_ended(each):
            continue
        files = SessionFiles.of(workspace.layout, each.session.id)
        if not mail.lately(files) or death_of(workspace, each) is None:
            continue
        judged.append(files)
        missing = set(unwitnessed.missing(workspace, each, mail.lately(files)))
        forgotten += [message for message in found if message.id in missing and _was_told(message)]
    return forgotten, judged


def _may_have_ended(sighting: Sighting) -> bool:
    """Whether a look at its letters is worth the while: few sessions are asked about more than this."""
    life = sighting.life
    if life is None or life.ending is None or life.host is not None:
        return False
    return life.ending.status in ("failed", "lost")


def _was_told(message: Message) -> bool:
    """Whether its only receipt is that it entered a turn."""
    return (
        message.state == "delivered" and message.delivered is not None and message.delivered.run is not None
    )


def _tell_of_arrivals(
    workspace: Workspace, known: Mapping[str, Sighting], dead: Sequence[Message]
) -> set[str]:
    """Writes the receipts of those that are in the conversation though nobody saw them enter; their ids."""
    there: set[str] = set()
    for receiver in {each.to for each in dead}:
        mine = [each for each in dead if each.to == receiver]
        for each in unwitnessed.arrived(workspace, known[receiver], mine):
            workspace.store.journal(unwitnessed.receipt(each, known[receiver], workspace.now()))
            mail.told(SessionFiles.of(workspace.layout, receiver), each.id)
            there.add(each.id)
    return there


def death_of(workspace: Workspace, sighting: Sighting) -> str | None:
    """Why no message will arrive at a session any more, in words; None while it can.

    Stopped and paused sessions are a person's to resume, and one that is lost is taken up again where its
    engine can: their mail waits. What lives on another machine is not ours to judge.
    """
    session, life = sighting.session, sighting.life
    if session.closed is not None:
        return f"{session.name} was closed"
    if session.where != workspace.replica:
        return None
    if places.is_gone(workspace, session):
        return f"the worktree of {session.name} is gone"
    if session.engine is None:
        return None
    return _unstarted(session) if life is None else _of_its_run(workspace, session, life)


def _unstarted(session: Session) -> str | None:
    if session.run.status != "failed":
        return None
    return (
        f"{session.name} has failed: {session.run.why}" if session.run.why else f"{session.name} has failed"
    )


def _of_its_run(workspace: Workspace, session: Session, life: Life) -> str | None:
    ending = life.ending
    if ending is None or life.host is not None:
        return None
    if ending.status == "failed":
        return f"{session.name} has failed: {ending.why}"
    if ending.status == "lost" and not starting.can_resume(workspace, session):
        return f"{session.name} is lost, and cannot be taken up again: {ending.why}"
    return None


def _return(
    workspace: Workspace, message: Message, whys: Mapping[str, str], known: Mapping[str, Sighting]
) -> Return:
    receiver = known[message.to].session
    found = known.get(message.from_session or "")
    is_there = found is not None and found.session.where == workspace.replica
    sender = found if is_there and found is not None and death_of(workspace, found) is None else None
    about = Whom(receiver.id, receiver.name)
    forgotten = not message.waits
    why = whys[message.to] + (", before it wrote the message down" if forgotten else "")
    return Return(message, forgotten, why, about, sender.session if sender else None, ids.new_id())


def _decide(state: State, returns: Sequence[Return], done: list[Return]) -> Sequence[Draft]:
    done.clear()
    drafts: list[Draft] = []
    for each in returns:
        message = each.message
        now = messages.from_cells(message.id, state.stream(messages.stream_of(message.id)))
        if now is None or not (_was_told(now) if each.forgotten else now.waits):
            continue
        done.append(each)
        drafts.append(messages.bounced(message.id, about=each.about, why=each.why, forgotten=each.forgotten))
        if each.sender is not None:
            drafts.append(_notice(each, each.sender))
    return drafts


def _notice(back: Return, sender: Session) -> Draft:
    words = _words(back.message, back.why)
    about = Whom(sender.id, sender.name)
    return messages.sent(back.notice, words, sender="ccc", who="ccc", to=sender.id, about=about)


def _words(message: Message, why: str) -> str:
    lead = f"your message {ids.short(message.id)} did not arrive"
    return f"{lead}, {why}: {messages.first_words(message.text)}"
