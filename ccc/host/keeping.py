"""Whether what an agent was told is in the conversation that its next process takes up."""

from __future__ import annotations

import os
from pathlib import Path

from ccc.engines import registry
from ccc.runs import mail
from ccc.runs.files import SessionFiles
from ccc.runs.mail import Letter
from ccc.runs.order import Order


def lost(order: Order, session: SessionFiles) -> list[Letter]:
    """The letters that had their receipt, and that the killed program had not written down; oldest first.

    `claude` writes its transcript up to 0.1 s after its stream (docs/claude-engine.md). Other engines
    remember before they tell.
    """
    letters = mail.lately(session) if order.engine == registry.CLAUDE else []
    if not letters:
        return []
    from ccc.engines.claude.engine import uuid_of  # with the engine, which the host loads anyway
    from ccc.engines.claude.transcript import find

    home = os.environ.get("HOME") or "/nonexistent"
    configuration = Path(os.environ.get("CLAUDE_CONFIG_DIR") or Path(home, ".claude"))
    path = find(configuration, Path(order.worktree), order.conversation)
    try:
        written = path.read_bytes() if path is not None else b""
    except OSError:
        return []
    return [letter for letter in letters if uuid_of(letter.id).encode("ascii") not in written]
