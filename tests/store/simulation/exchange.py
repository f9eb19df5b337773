"""How replicas come to know each other's histories: through shared objects, or a hub and git."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from ccc.git.command import Git
from ccc.git.transport import Remote
from ccc.store.protocol import REF
from tests.store.simulation.replica import Replica

SHARED = "refs/ccc-sync/"
FETCHED = "refs/ccc-remotes/hub/"
ATTEMPTS = 8


class Exchange(Protocol):
    """Carries tips between replicas."""

    def fetch(self, replica: Replica) -> Sequence[str]:
        """Tips that others share now."""

    def share(self, replica: Replica) -> bool:
        """Shares the replica's tip; False where somebody else was quicker and it has to be merged first."""


class Near:
    """All objects are in one place; only ids travel."""

    def __init__(self) -> None:
        self._tips: dict[str, str] = {}

    def fetch(self, replica: Replica) -> Sequence[str]:
        return [tip for name, tip in self._tips.items() if name != replica.name]

    def share(self, replica: Replica) -> bool:
        tip = replica.store.tip()
        if tip is not None:
            self._tips[replica.name] = tip
        return True


class Far:
    """A bare repository in between, reached by git's own transport; `names`: under which each shares."""

    def __init__(self, hub: Path, names: Mapping[str, str]) -> None:
        self._hub, self._names = hub, names
        Git(hub.parent).run("init", "-q", "--bare", str(hub))

    def fetch(self, replica: Replica) -> Sequence[str]:
        self._remote(replica).fetch(f"+{SHARED}*:{FETCHED}*")
        return sorted(set(self._known(replica).values()))

    def share(self, replica: Replica) -> bool:
        name = f"{self._names[replica.name]}.0"
        old = self._known(replica).get(FETCHED + name, "")
        lease = f"--force-with-lease={SHARED}{name}:{old}"
        done = self._remote(replica).push(f"{REF}:{SHARED}{name}", options=[lease])
        return done.code == 0

    def _known(self, replica: Replica) -> dict[str, str]:
        listed = Git(replica.common).text("for-each-ref", "--format=%(refname) %(objectname)", FETCHED)
        pairs = (line.split(" ", 1) for line in listed.splitlines())
        return dict(pairs)

    def _remote(self, replica: Replica) -> Remote:
        return Remote(Git(replica.common), self._hub.as_uri(), {}, asks=False, seconds=60.0)


def prune(replica: Replica) -> None:
    """`git prune` takes away every object that no reference leads to; nothing where one is missing.

    Not while the reference itself is deleted: then it takes all, and only other copies are left.
    """
    if not (replica.common / REF).exists():
        return
    Git(replica.common).run("prune", "--expire=now", ok=(0, 128))


def lose_objects(replica: Replica, *, up_to: str = "ff") -> None:
    """A `git gc` that began before the last commits were made took their objects away.

    It goes through the folders by name, and may be killed after `up_to`; where one is missing it gives up.
    """
    since = replica.disks[max(len(replica.disks) - 4, 0)].tip
    seen = _objects(replica, f"--glob={FETCHED}*", *([since] if since else []))
    found = _objects(replica, REF)
    for oid in sorted(found - seen) if found is not None and seen is not None else ():
        if oid[:2] <= up_to:
            (replica.common / "objects" / oid[:2] / oid[2:]).unlink(missing_ok=True)


def _objects(replica: Replica, *tips: str) -> set[str] | None:
    """All objects behind these; None where one is missing. (`--not` leaves in some that are behind both.)"""
    listed = Git(replica.common).run("rev-list", "--objects", "--no-object-names", *tips, ok=(0, 128))
    return set(listed.text.split()) if listed.code == 0 else None
