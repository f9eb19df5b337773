"""What must be true at the end of a simulated day, whatever happened in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from ccc.domain.events import Event
from ccc.git.command import Git
from ccc.store.fsck import fsck
from ccc.store.protocol import REF, Reader
from tests.store.simulation.replica import Replica
from tests.store.tools import backend_of

FAR_FUTURE_MS = 10**15


def key_of(event: Event) -> str:
    """By which a fact is recognised, whatever stamp it got; empty where the simulation did not make it."""
    return str(event.data["key"]) if isinstance(event.data, dict) and "key" in event.data else ""


def keys_in(reader: Reader) -> Counter[str]:
    """How often each fact is in the diary."""
    return Counter(key for logged in reader.log() if (key := key_of(logged.event)))


def prove_each_once(keys: Counter[str], acknowledged: Iterable[str], where: str) -> None:
    """Everything acknowledged is there, and nothing twice."""
    lost = sorted(set(acknowledged) - keys.keys())
    assert not lost, f"{where}: {len(lost)} acknowledged facts are lost: {lost[:5]}"
    twice = sorted(key for key, count in keys.items() if count > 1)
    assert not twice, f"{where}: {len(twice)} facts are there more than once: {twice[:5]}"


def prove_sources_once(reader: Reader, where: str) -> None:
    """No journal entry was recorded twice."""
    sources = Counter(logged.event.source for logged in reader.log() if logged.event.source)
    twice = sorted(source for source, count in sources.items() if count > 1)
    assert not twice, f"{where}: recorded twice: {twice[:5]}"


def prove_sound(replica: Replica, *, allowed: Sequence[str] = ()) -> None:
    """The tree is the join of all events, every object is there, nothing is left over."""
    found = fsck(replica.layout, Git(replica.common), backend_of(replica.common), replica.now())
    wrong = [fault for fault in found if fault.kind not in allowed]
    assert not wrong, f"{replica.name}: {wrong[:3]}"


def prove_healthy(replica: Replica) -> None:
    """git itself finds every object behind the reference, and all of them well formed."""
    git = Git(replica.common)
    git.run("rev-list", "--objects", "--quiet", REF)
    words = git.run("fsck", "--strict", "--no-dangling", "--no-progress").text
    assert not words, f"{replica.name}: {words}"
