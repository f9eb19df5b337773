"""Turning sharing on and off: a person's decision, after being told what becomes visible to whom."""

from __future__ import annotations

from ccc.errors import NeedsPerson, NotFound, Refused
from ccc.git.transport import Remote
from ccc.ops.actor import require_person_at_keyboard
from ccc.ops.sync import enabled as sharing
from ccc.ops.sync import fetching
from ccc.ops.sync.enabled import THERE, Enabled, own_name
from ccc.ops.sync.exchange import remotes
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

SHARED = "events, briefs, notes, messages, questions, reports, results of checks, landings, hand-offs"
KEPT = "logs, transcripts, uncommitted work; branches go only where you push them"


@dataclass(frozen=True)
class Consent:
    """What a person is told before sharing begins: the remote, where it is, under which name."""

    remote: str
    url: str
    reference: str

    @property
    def lines(self) -> tuple[str, ...]:
        """What becomes visible to whom."""
        return (
            f"{self.remote} ({self.url}) will be given {self.reference}, with every exchange again:",
            f"  visible   {SHARED}; names and mail addresses in them",
            "  to whom   everybody who can read that repository, now and later; it cannot be called back",
            f"  never     {KEPT}",
        )


def prepare(workspace: Workspace, remote: str) -> Consent:
    """What enabling would mean.

    Raises InsideAgent, NotFound (no such remote), Refused (another is enabled, no identity).
    """
    require_person_at_keyboard(workspace, "sharing the state", f"git ccc sync {remote} --enable")
    known = sharing.read(workspace.layout)
    if known is not None and known.remote != remote:
        raise Refused(f"the state is shared through {known.remote} already", "git ccc sync --disable")
    if remote not in remotes(workspace):
        raise NotFound(f"there is no remote {remote}", f"git remote add {remote} URL")
    there = Remote(workspace.git, remote, workspace.environment, asks=False, seconds=1.0)
    return Consent(remote, there.url(), THERE + own_name(workspace.replica))


def enable(workspace: Workspace, consent: Consent, *, agreed: bool | None) -> None:
    """Turns sharing on. Raises NeedsPerson unless the person `agreed` (None: nobody could be asked)."""
    if not agreed:
        words = "nothing is shared: nobody agreed" + (
            "" if agreed is False else ", and there is no terminal to ask"
        )
        raise NeedsPerson(words, f"git ccc sync {consent.remote} --enable --yes")
    by = workspace.require_person()
    sharing.write(workspace.layout, Enabled(consent.remote, by, workspace.now()))


def disable(workspace: Workspace) -> Enabled:
    """Turns sharing off; what was shared stays there. Raises InsideAgent, Refused where it is off."""
    found = sharing.require(workspace)
    require_person_at_keyboard(workspace, "turning sharing off", "git ccc sync --disable")
    fetching.remove(workspace, found.remote)
    sharing.forget(workspace.layout)
    return found
