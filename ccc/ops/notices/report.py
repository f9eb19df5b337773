"""Who is told, and who was told what; and a word to everybody, to see that it works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ccc import ids
from ccc.domain.occasions import Occasion
from ccc.errors import Refused
from ccc.ops.notices import channels
from ccc.ops.notices.channels import Channel
from ccc.ops.notices.ledger import Ledger, document
from ccc.ops.notices.sending import tell, told
from ccc.ops.workspace import Workspace
from ccc.platform.webhook import host_of
from ccc.records import dataclass

HINT = "[notify] in .ccc/config.toml, or git config ccc.notify.desktop true"


@dataclass(frozen=True)
class Way:
    """A channel as people see it: `what` is its command or the host of its URL; `missing` a variable."""

    name: str
    kind: str
    what: str
    on: Sequence[str]
    missing: str | None


@dataclass(frozen=True)
class Notice:
    """What a channel was told: `at` None while it waits, `trouble` why it could not be told (yet)."""

    id: str
    channel: str
    status: str
    session: str | None
    name: str
    title: str
    since: str
    at: str | None
    attempts: int
    trouble: str | None


@dataclass(frozen=True)
class Report:
    """The channels in force, and the notices on this machine, oldest first."""

    ways: tuple[Way, ...]
    notices: tuple[Notice, ...]


def report(workspace: Workspace) -> Report:
    """What was told on this machine in the last days, and what waits. Raises BadConfig, NotInitialised."""
    workspace.require()
    history = Ledger(workspace.layout).history()
    notices = tuple(_notice(each) for each in history)
    return Report(tuple(_way(workspace, each) for each in channels.of(workspace)), notices)


def try_out(workspace: Workspace) -> Report:
    """Tells every channel once, now, that this is a test. Raises Refused where there is none, BadConfig."""
    workspace.require()
    found = channels.of(workspace)
    if not found:
        raise Refused("nobody wants to be told anything here", HINT)
    now = workspace.now()
    occasion = Occasion(
        ids.new_id(), "test", "", "ccc", "ccc can tell you", "this is a test", now, "git ccc status"
    )
    notices = []
    for channel in found:
        trouble = _missing(workspace, channel)
        if trouble is None:
            trouble, _ = tell(workspace, channel, told(workspace, document(occasion)))
        notices.append(
            Notice(occasion.id, channel.name, "test", None, "ccc", occasion.title, now, now, 1, trouble)
        )
    return Report(tuple(_way(workspace, each) for each in found), tuple(notices))


def _notice(found: dict[str, Any]) -> Notice:
    return Notice(
        id=found["id"],
        channel=found["channel"],
        status=found["status"],
        session=found["session"],
        name=found["name"],
        title=found["title"],
        since=found["since"],
        at=found["at"],
        attempts=found["attempts"],
        trouble=found["trouble"],
    )


def _missing(workspace: Workspace, channel: Channel) -> str | None:
    return None if channel.can_tell(workspace.environment) else f"{channel.secret_env} is not set here"


def _way(workspace: Workspace, channel: Channel) -> Way:
    what = {"command": " ".join(channel.command), "webhook": host_of(channel.url)}.get(channel.kind, "")
    missing = None if channel.can_tell(workspace.environment) else channel.secret_env
    return Way(channel.name, channel.kind, what, channel.on, missing)
