"""Messages that entered a conversation while nobody saw it: the host was killed with its program, or before.

Before such a message is returned as one that never arrived, the transcript is asked, which the next run goes
on from. Only what is certainly there counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ccc.domain import messages
from ccc.domain.events import Draft
from ccc.domain.messages import Message
from ccc.engines import registry
from ccc.ops.look import Sighting
from ccc.ops.workspace import Workspace


def arrived(workspace: Workspace, sighting: Sighting, waiting: Sequence[Message]) -> list[Message]:
    """Those of the waiting messages that are in the conversation of their receiver, after all."""
    session = sighting.session
    if session.engine != registry.CLAUDE or session.conversation is None or session.worktree is None:
        return []
    from ccc.engines.claude.engine import uuid_of  # only where a message is about to be returned
    from ccc.engines.claude.transcript import find, heard

    environment = workspace.environment
    named, home = environment.get("CLAUDE_CONFIG_DIR"), environment.get("HOME") or "/nonexistent"
    path = find(Path(named or Path(home, ".claude")), Path(session.worktree), session.conversation)
    try:
        known = set() if path is None else heard(path)
    except OSError:
        return []
    return [each for each in waiting if uuid_of(each.id) in known]


def receipt(message: Message, sighting: Sighting, at: str) -> Draft:
    """Its receipt: the turn is the last that is known of."""
    session, life = sighting.session, sighting.life
    run, turn = (life.run, life.turn) if life is not None else (session.run.number, 0)
    return messages.delivered(message.id, session=session.id, name=session.name, run=run, turn=turn, at=at)
