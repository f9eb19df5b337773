"""What the transcript of a run that is over says of messages: arrived unseen, or seen and not written down.

It is what a next run would go on from: only what is certainly there arrived.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ccc.domain import messages
from ccc.domain.events import Draft
from ccc.domain.messages import Message
from ccc.domain.sessions import Session
from ccc.engines import registry
from ccc.ops.look import Sighting
from ccc.ops.workspace import Workspace
from ccc.runs.mail import Letter


def arrived(workspace: Workspace, sighting: Sighting, waiting: Sequence[Message]) -> list[Message]:
    """Those of the waiting messages that are in the conversation of their receiver, after all."""
    known = _heard(workspace, sighting.session)
    return [each for each in waiting if known is not None and each.id in known]


def missing(workspace: Workspace, sighting: Sighting, told: Sequence[Letter]) -> list[str]:
    """The ids of those letters that had their receipt and are not in the conversation; none without one."""
    known = _heard(workspace, sighting.session)
    return [each.id for each in told if known is not None and each.id not in known]


def _heard(workspace: Workspace, session: Session) -> set[str] | None:
    """The ids of all that was said in a conversation; None where there is none, or it cannot be read."""
    if session.engine != registry.CLAUDE or session.conversation is None or session.worktree is None:
        return None
    from ccc.engines.claude.transcript import find, heard  # only where a message is about to be returned

    environment = workspace.environment
    named, home = environment.get("CLAUDE_CONFIG_DIR"), environment.get("HOME") or "/nonexistent"
    path = find(Path(named or Path(home, ".claude")), Path(session.worktree), session.conversation)
    try:
        return None if path is None else {uuid.replace("-", "") for uuid in heard(path)}
    except OSError:
        return None


def receipt(message: Message, sighting: Sighting, at: str) -> Draft:
    """Its receipt: the turn is the last that is known of."""
    session, life = sighting.session, sighting.life
    run, turn = (life.run, life.turn) if life is not None else (session.run.number, 0)
    return messages.delivered(message.id, session=session.id, name=session.name, run=run, turn=turn, at=at)
