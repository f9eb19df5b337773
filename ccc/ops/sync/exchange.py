"""One exchange with the remote: fetch what others shared, merge, share the own tip."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Mapping, Sequence

from ccc.errors import CccError, GitFailed, NotFound, Refused, StateBroken, StoreBusy
from ccc.git import repository as repositories
from ccc.git.transport import Remote, reason
from ccc.ids import short_oid
from ccc.ops import background
from ccc.ops.look import look
from ccc.ops.sync import enabled as sharing
from ccc.ops.sync import place
from ccc.ops.sync.enabled import HERE, HOLDS, ITSELF, LEASES, THERE, Enabled
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.lock import locked
from ccc.store.merging import mergeable
from ccc.store.protocol import REF
from ccc.store.restoring import lacks

LOCK = "sync.lock"
ATTEMPTS = 5
PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Synced:
    """What an exchange did; counts are commits of the diary, `others` the copies that share, too."""

    remote: str
    tip: str
    sent: int
    received: int
    others: int
    remarks: tuple[str, ...]


def sync(workspace: Workspace, *, asks: bool, seconds: float) -> Synced:
    """Fetches, merges, pushes. Nothing is lost whatever fails: what was not shared stays to be shared.

    `asks`: git may ask the person at the terminal; `seconds` limits each exchange with the remote.
    Raises Refused (sharing is off, the remote does not take it), NotFound (there is no such remote),
    GitFailed (no way there), TimedOut, StoreBusy.
    """
    enabled = sharing.require(workspace)
    remote = Remote(workspace.git, enabled.remote, workspace.environment, asks, seconds)
    with locked(workspace.layout.root / LOCK, timeout=seconds):
        try:
            _require_remote(workspace, enabled)
            done = _exchange(workspace, enabled, remote)
        except CccError as error:
            sharing.note(workspace.layout, at=workspace.now(), ok=False, words=error.message)
            raise
        words = f"sent {done.sent}, received {done.received} commits"
        sharing.note(workspace.layout, at=workspace.now(), ok=True, words=words)
    if done.received:
        background.start_if_due(workspace, look(workspace))  # somebody here may have waited for it
    return done


def _exchange(workspace: Workspace, enabled: Enabled, remote: Remote) -> Synced:
    renamed = place.settle(workspace)
    workspace.store.drain()
    before = workspace.store.tip()
    own = enabled.here + sharing.own_name(workspace.replica)
    for attempt in range(ATTEMPTS):
        merge_fetched(workspace, enabled)
        fetch(remote, enabled)
        tip, known = merge_fetched(workspace, enabled), known_tips(workspace, enabled)
        _refuse_to_hide(workspace, enabled, tip, known.get(own))
        if tip == known.get(own) or _pushed(workspace, remote, own, known.get(own), tip):
            remarks = ([renamed] if renamed else []) + left_out(workspace, known)
            return Synced(
                remote=enabled.remote,
                tip=tip,
                sent=_count(workspace, [tip], list(known.values())),
                received=_count(workspace, [tip], [before] if before else []),
                others=len(known.keys() - {own}),
                remarks=tuple(remarks),
            )
        time.sleep(PAUSE_SECONDS * (attempt + secrets.randbelow(1000) / 1000))
    raise StoreBusy(f"{enabled.remote} changes all the time", "try again")


def _require_remote(workspace: Workspace, enabled: Enabled) -> None:
    if enabled.remote not in remotes(workspace):
        raise NotFound(
            f"there is no remote {enabled.remote} any more",
            "git ccc sync --disable, then git ccc sync REMOTE --enable with its new name",
        )


def remotes(workspace: Workspace) -> list[str]:
    """The names a state can be shared through: git's remotes, and `.`, this very repository."""
    return [*workspace.git.text("remote").split("\n"), ITSELF]


def fetch(remote: Remote, enabled: Enabled) -> None:
    """Brings what is shared there, and who holds what. Raises GitFailed, TimedOut."""
    leases = f"+{LEASES}*:{HOLDS}{enabled.here.removeprefix(HERE)}*"
    remote.fetch(f"+{THERE}*:{enabled.here}*", leases)


def known_tips(workspace: Workspace, enabled: Enabled) -> dict[str, str]:
    """What the remote had when it was last asked, by the name here."""
    return repositories.refs(workspace.git, enabled.here)


def merge_fetched(workspace: Workspace, enabled: Enabled) -> str:
    """Merges what was fetched; the tip."""
    known = sorted(set(known_tips(workspace, enabled).values()))
    try:
        tip = workspace.store.absorb(known)
    except StateBroken:
        tip = _merge_those_that_are_whole(workspace, known)
    sharing.note_merged(workspace.layout, known)
    return tip


def _merge_those_that_are_whole(workspace: Workspace, known: Sequence[str]) -> str:
    """Nobody can stop the others from sharing with something that is no history of ccc, or half of one."""
    tip = workspace.store.absorb([])
    for each in known:
        with contextlib.suppress(StateBroken):
            tip = workspace.store.absorb([each])
    return tip


def merge_what_came(workspace: Workspace) -> None:
    """Merges what a plain `git fetch` may have brought; looks at references, asks nobody."""
    enabled = sharing.read(workspace.layout)
    if enabled is None:
        return
    if not set(known_tips(workspace, enabled).values()) <= sharing.merged(workspace.layout):
        merge_fetched(workspace, enabled)


def left_out(workspace: Workspace, known: Mapping[str, str]) -> list[str]:
    """Which shared histories are shown and not merged, and why."""
    found = []
    for name, tip in sorted(known.items()):
        why = _why_not(workspace, tip)
        if why is not None:
            found.append(f"{name.removeprefix(HERE)} is left out: {why}")
    return found


def _why_not(workspace: Workspace, tip: str) -> str | None:
    try:
        return mergeable(workspace.reader.history, tip, int(time.time() * 1000))
    except StateBroken as error:
        return error.message


def _refuse_to_hide(workspace: Workspace, enabled: Enabled, tip: str, shared: str | None) -> None:
    """What this copy shared before is never replaced by less."""
    if shared is None or _holds(workspace, tip, shared):
        return
    why = _why_not(workspace, shared) or "it cannot be read"
    raise Refused(
        f"what was shared under this copy's name ({short_oid(shared)}) is not merged: {why}",
        f"put the clock right, or delete it there: git push {enabled.remote} --delete "
        f"{THERE}{sharing.own_name(workspace.replica)}",
    )


def _holds(workspace: Workspace, tip: str, shared: str) -> bool:
    try:
        return not lacks(workspace.reader.history, tip, shared)
    except StateBroken:
        return False


def _pushed(workspace: Workspace, remote: Remote, own: str, old: str | None, new: str) -> bool:
    """Shares the tip if nobody shared under this name since; False where somebody did.

    Raises Refused with the remote's words where it takes no such reference.
    """
    there = THERE + own.rpartition("/")[2]
    done = remote.push(f"{new}:{there}", options=[f"--force-with-lease={there}:{old or ''}"])
    if done.code == 0:
        workspace.git.run("update-ref", own, new)
        return True
    if remote.listed(there).get(there) != old:
        return False
    raise Refused(
        f"{remote.name} did not take {there}: {reason(done)}",
        f"ask who runs it to allow {THERE}*; what is here stays here and is lost nowhere",
    )


def _count(workspace: Workspace, these: list[str], without: list[str]) -> int:
    """How many commits of the diary are behind `these` and not behind `without`; merges do not count."""
    try:
        text = workspace.git.text("rev-list", "--count", "--no-merges", *these, "--not", *without)
    except GitFailed:
        return 0
    return int(text)


def to_share(workspace: Workspace, enabled: Enabled) -> int:
    """How many commits the remote does not have yet, as far as known."""
    tip = repositories.refs(workspace.git, REF).get(REF)
    return 0 if tip is None else _count(workspace, [tip], list(known_tips(workspace, enabled).values()))
