"""Who sends and who can get a message: sessions of this machine, whoever orchestrates, all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ccc.domain.life import Ending, Life
from ccc.domain.messages import EVERYBODY, ORCHESTRATOR, Whom
from ccc.domain.sessions import Session
from ccc.errors import NotFound, Refused
from ccc.ops import places, starting
from ccc.ops.actor import actor_of
from ccc.ops.find import find
from ccc.ops.look import Picture, Sighting
from ccc.ops.mail import person_words
from ccc.ops.workspace import Workspace
from ccc.records import dataclass


@dataclass(frozen=True)
class Sender:
    """Who sends: as recorded (`s:<id>` or a git identity), in words, and the session it is, if it is one."""

    by: str
    words: str
    session: Session | None


@dataclass(frozen=True)
class Receiver:
    """Where a message goes: `to` as recorded, its name, and the session as it was seen (None: people)."""

    to: str
    name: str
    about: Whom
    sighting: Sighting | None


def sender_of(workspace: Workspace, known: Sequence[Session]) -> Sender:
    """The caller as a sender. Raises NotFound for an unknown session, Refused without an identity."""
    caller = actor_of(workspace).session
    if caller is None:
        person = workspace.require_person()
        return Sender(person, person_words(person), None)
    for session in known:
        if caller in (session.id, session.name):
            return Sender(f"s:{session.id}", session.name, session)
    raise NotFound(f"the session {caller} this call comes from is not known here", "git ccc status --all")


def receivers(
    workspace: Workspace, picture: Picture, references: Sequence[str], sender: Sender
) -> list[Receiver]:
    """Each one meant, once. Raises NotFound, Ambiguous, Refused for one that cannot take messages."""
    found: dict[str, Receiver] = {}
    for reference in references:
        for receiver in _meant(workspace, picture, reference, sender):
            found[receiver.to] = receiver
    if not found:
        raise NotFound("nobody here can take a message", "git ccc status")
    return list(found.values())


def _meant(workspace: Workspace, picture: Picture, reference: str, sender: Sender) -> Iterator[Receiver]:
    if reference == ORCHESTRATOR:
        yield _orchestrator(picture, sender)
    elif reference == EVERYBODY:
        own = sender.session.id if sender.session else None
        others = [each for each in picture.sightings if each.session.id != own]
        yield from (receiver(each) for each in others if _is_reachable(workspace, each))
    else:
        sighting = picture.of(find(reference, picture.sessions))
        if sender.session is not None and sender.session.id == sighting.session.id:
            raise Refused(f"{sighting.session.name} sends to itself", "git ccc note keeps a thought")
        refuse_unreachable(workspace, sighting)
        yield receiver(sighting)


def receiver(sighting: Sighting) -> Receiver:
    """A session as a receiver."""
    session = sighting.session
    return Receiver(session.id, session.name, Whom(session.id, session.name), sighting)


def _orchestrator(picture: Picture, sender: Sender) -> Receiver:
    """The session that spawned the sender while its agent lives, else the people."""
    session = sender.session
    for sighting in picture.sightings:
        if session is not None and sighting.session.id == session.parent and _works(sighting.life):
            return receiver(sighting)
    return Receiver(ORCHESTRATOR, ORCHESTRATOR, Whom(session.id if session else None, ORCHESTRATOR), None)


def _works(life: Life | None) -> bool:
    return life is not None and life.host is not None and life.ending is None


def refuse_unreachable(workspace: Workspace, sighting: Sighting, *, stopped: bool = False) -> None:
    """Raises Refused, with the next command, for a session that no message can reach now.

    `stopped`: what is said may wait until somebody resumes one that was stopped.
    """
    session, life = sighting.session, sighting.life
    if session.closed is not None:
        raise Refused(f"{session.name} is closed", f"git ccc undo {session.name} brings it back")
    if session.where != workspace.replica:
        raise Refused(f"{session.name} lives in another copy of the repository", "send it there")
    if session.stage == "ready" and places.is_gone(workspace, session):
        raise Refused(*places.gone_or_moved(workspace, session))
    if session.engine is None or life is None or _works(life):
        return
    if not places.is_there(session):
        raise Refused(*places.gone_or_moved(workspace, session))
    if stopped and life.ending is not None and life.ending.status == "stopped":
        return
    resume = f"git ccc resume {session.name}"
    if life.ending is not None and life.ending.status in ("stopped", "failed"):
        raise Refused(_over(session, life.ending), f"{resume}, then send again")
    if not starting.can_resume(workspace, session):
        again = f"git ccc start {session.name}"
        raise Refused(f"the agent of {session.name} has ended, and cannot be taken up again", again)


def _over(session: Session, ending: Ending) -> str:
    """`NAME was stopped by SOMEBODY`, `NAME has failed: WHY`."""
    verb, words = ("was ", "stopped") if ending.status == "stopped" else ("has ", "failed")
    if ending.why.startswith(words):
        return f"{session.name} {verb}{ending.why}"
    return f"{session.name} {verb}{words}{f': {ending.why}' if ending.why else ''}"


def _is_reachable(workspace: Workspace, sighting: Sighting) -> bool:
    """Whether what is said to all is for this session: open, at work, or at rest and able to go on."""
    if sighting.session.landed_head or sighting.view.status in ("failed", "stopped", "lost", "closed"):
        return False
    try:
        refuse_unreachable(workspace, sighting)
    except Refused:
        return False
    return True
