"""A fresh clone goes on with what others share: its `refs/ccc` begins with theirs."""

from __future__ import annotations

import contextlib

from ccc.errors import CccError, StateBroken
from ccc.git import repository as repositories
from ccc.git.transport import Remote
from ccc.ops.sync.enabled import THERE, folder_of
from ccc.ops.workspace import Workspace
from ccc.store.protocol import REF

SECONDS = 10.0
"""How long `init` waits for the remote; joining later loses nothing."""

LIKELY = "origin"


def adopt(workspace: Workspace, remote: str | None = None) -> str | None:
    """Begins the state with what the repository's remote shares, if this one has none yet; words about it.

    Asks nobody, and shares nothing: that is `sync --enable`.
    """
    if REF in repositories.refs(workspace.git, REF):
        return None
    name = remote or likely_remote(workspace)
    if name is None:
        return None
    try:
        return adopt_from(workspace, name, asks=False, seconds=SECONDS)
    except CccError as error:
        return f"{name} could not be asked for shared state ({error.message}): git ccc sync {name} --enable"


def adopt_from(workspace: Workspace, name: str, *, asks: bool, seconds: float) -> str | None:
    """The same from a remote that is named. Raises GitFailed, TimedOut."""
    remote = Remote(workspace.git, name, workspace.environment, asks, seconds)
    if not remote.listed(f"{THERE}*"):
        return None
    remote.fetch(f"+{THERE}*:{folder_of(name)}*")
    found = sorted(set(repositories.refs(workspace.git, folder_of(name)).values()))
    if not _begun(workspace, found):
        return None
    return f"goes on with the state that {name} shares; to share, too: git ccc sync {name} --enable"


def _begun(workspace: Workspace, found: list[str]) -> bool:
    """Begins with all of them, or, where one is no whole history of ccc, with those that are."""
    try:
        return workspace.store.begin(found) is not None
    except StateBroken:
        whole = [each for each in found if _begins(workspace, each)]
    return bool(whole)


def _begins(workspace: Workspace, tip: str) -> bool:
    with contextlib.suppress(StateBroken):
        if workspace.store.begin([tip]) is not None:
            workspace.store.absorb([tip])
            return True
    return False


def likely_remote(workspace: Workspace) -> str | None:
    """`origin`, or the only remote there is; None where none is likely."""
    names = workspace.git.text("remote").split("\n")
    if LIKELY in names:
        return LIKELY
    return names[0] if len(names) == 1 and names[0] else None
