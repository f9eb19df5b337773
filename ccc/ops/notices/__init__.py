"""Notices: what sessions come to is told to people once, by a command, on the desktop, or to a webhook.

Whoever does pending work finds out what is to be told and lays it down; a short process of its own tells it.
"""

from __future__ import annotations

import contextlib
import os
import sys

from ccc.errors import CccError
from ccc.ops.look import look
from ccc.ops.notices import channels
from ccc.ops.notices.ledger import Ledger
from ccc.ops.workspace import Workspace
from ccc.runs import detached


def look_after(workspace: Workspace) -> bool:
    """Lays down what is to be told and nobody was told yet, and has it told; whether there was anything new.

    A configuration that cannot be read tells nobody: `git ccc notify` says why.
    """
    ledger = Ledger(workspace.layout)
    try:
        found = channels.of(workspace)
    except CccError:
        return False
    if not found:
        ledger.forget()
        return False
    from ccc.ops.notices.arise import occasions  # the whole inbox: 20 ms, where somebody wants to be told

    current = occasions(workspace, look(workspace))
    fresh = [notice for channel in found for notice in ledger.add(channel, current, workspace.now())]
    ledger.clear({each.id for each in current}, {each.name for each in found})
    if ledger.waiting({each.name for each in found if each.can_tell(os.environ)}):
        start(workspace)
    return bool(fresh)


def start(workspace: Workspace) -> None:
    """Starts the process that tells; does not wait for it."""
    command = [sys.executable, "-E", "-P", "-m", "ccc", "notify", "--send"]
    with contextlib.suppress(OSError):  # what is laid down waits for the next who looks
        detached.start(command, folder=workspace.checkout or workspace.repository.common)
