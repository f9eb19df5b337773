"""A simulated day of several replicas: everything that can happen, in an order that a seed decides."""

from __future__ import annotations

import contextlib
import functools
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ccc.domain.events import Draft
from ccc.errors import NotInitialised, StoreBusy
from ccc.store import gitstore, wal
from ccc.store.crashpoints import STORE_POINTS
from tests.store.simulation import exchange, proof
from tests.store.simulation.exchange import Far, Near
from tests.store.simulation.facts import Author, fact
from tests.store.simulation.killing import Killed, Processes
from tests.store.simulation.replica import Replica, make_objects
from tests.store.tools import START_MS

NAMES = ("A", "B", "C")
SKEW_MS = 600_000
HOUR_MS = 3_600_000
COARSE_MS = 50
LINES = 2500
"""About as many lines of the store as a drain of a few entries runs through."""

ROUNDS = 10


@dataclass(frozen=True)
class Kind:
    """A kind of day: `far` separate repositories and a hub, `copied`: two replicas that are one copy of the
    other (one name, one lane, one coarse clock), `crowded`: processes overtake each other, no lock works.

    `alone`: one replica. `partly`: a git that takes objects away may be killed half-way. `often`: steps that
    come five times as often; `points`: where processes are killed.
    """

    name: str = "near"
    steps: int = 80
    far: bool = False
    copied: bool = False
    crowded: bool = False
    alone: bool = False
    partly: bool = False
    often: tuple[str, ...] = ()
    points: tuple[str, ...] = STORE_POINTS

    @property
    def names(self) -> tuple[str, ...]:
        """Those who take part."""
        return NAMES[:1] if self.alone else NAMES


@dataclass
class World:
    """One run; `work` is an empty folder."""

    seed: int
    kind: Kind
    work: Path
    patch: pytest.MonkeyPatch
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.kind.name} {self.seed}")
        self.patch.setattr(os, "urandom", random.Random(f"names {self.seed}").randbytes)
        self.at_ms = START_MS
        self.skews = {name: self.chance.randrange(-SKEW_MS, SKEW_MS) for name in self.kind.names}
        self.processes = Processes(self.patch)
        self.patch.setattr(gitstore, "locked", unlocked)
        self.keys = 0
        objects = None
        if not self.kind.far and not self.kind.alone:
            objects = self.work / "objects"
            make_objects(objects)
        self.replicas = {
            name: Replica(
                self.work / f"{name}.git",
                self.processes,
                self._clock(name),
                objects=objects,
                lane=self._lane(name),
            )
            for name in self.kind.names
        }
        names = {name: "b" if self.kind.copied and name == "C" else name.lower() for name in NAMES}
        self.exchange = Far(self.work / "hub.git", names) if self.kind.far else Near()
        self.slow: dict[str, list[str]] = {}
        self.unsafe: set[str] = set()

    def _clock(self, name: str) -> Callable[[], int]:
        if self.kind.copied:
            return lambda: self.at_ms // COARSE_MS * COARSE_MS
        return lambda: self.at_ms + self.skews[name]

    def _lane(self, name: str) -> str | None:
        if self.kind.copied:
            return "bbb" if name in "BC" else "aaa"
        return None

    # A day

    def run(self) -> Counter[str]:
        """The whole day, and the proof at its end; what happened how often."""
        steps = self._steps()
        names = list(steps)
        weights = [weight * (5 if name in self.kind.often else 1) for name, (weight, _) in steps.items()]
        for _ in range(self.kind.steps):
            self.at_ms += self.chance.randrange(3000)
            [name] = self.chance.choices(names, weights)
            self.counts[name] += 1
            steps[name][1](self.replicas[self.chance.choice(self.kind.names)])
        self._finish()
        return self.counts

    def _steps(self) -> dict[str, tuple[float, Callable[[Replica], None]]]:
        steps: dict[str, tuple[float, Callable[[Replica], None]]] = {
            "journal": (30, self._journal),
            "note": (4, self._note),
            "half": (3, self._half),
            "end-half": (3, lambda replica: replica.end_half(complete=self.chance.random() < 0.7)),
            "decide": (8, self._decide),
            "drain": (9, self._drain),
            "die": (8, self._die),
            "done-mark-lost": (3, Replica.lose_done_mark),
            "set-back": (3, lambda replica: self._set_back(replica, with_tips=False)),
            "power-cut": (3, lambda replica: self._set_back(replica, with_tips=True)),
            "retire": (2, self._retire),
            "restart": (3, Replica.restart),
            "clock-back": (1, self._clock_back),
            "sync": (8, self._sync),
            "slow-sync": (5, self._slow_sync),
            "look": (4, self._look),
        }
        if self.kind.far or self.kind.alone:
            steps["prune"] = (4, exchange.prune)
            steps["lose-objects"] = (3, self._lose_objects)
        if self.kind.copied:
            steps["twins"] = (2, self._twins)
        if self.kind.crowded:
            steps["overtake"] = (12, self._overtake)
        return steps

    def _finish(self) -> None:
        for replica in self.replicas.values():
            while replica.halves.open:
                replica.end_half(complete=True)
            self._drain(replica)
        for _ in range(ROUNDS):
            if len({replica.store.tip() for replica in self.replicas.values()}) == 1:
                break
            for name in self.chance.sample(self.kind.names, len(self.kind.names)):
                self._sync(self.replicas[name])
        self._all_at_once()
        self._prove()

    def _all_at_once(self) -> None:
        """Everybody records, and then merges: far ones through the hub, near ones at the same instants."""
        late = [replica.store.tip() or "" for replica in self.replicas.values()]
        for replica in self.replicas.values():
            self._journal(replica)
            self._drain(replica)
        if self.kind.far:
            for _ in range(2):
                for replica in self.replicas.values():
                    self._sync(replica)
        else:
            self._in_a_ring(late)

    def _in_a_ring(self, late: Sequence[str]) -> None:
        """Each merges what its neighbour had, until all have heard of all; then the `late` tips reach one.

        Whoever has heard of the same facts has the same commit, through whatever merges they came.
        """
        replicas = list(self.replicas.values())
        for _ in replicas[1:]:
            tips = [replica.store.tip() or "" for replica in replicas]
            for number, replica in enumerate(replicas):
                replica.store.absorb([tips[number - 1]])
        replicas[0].store.absorb(late)

    def _prove(self) -> None:
        tips = {name: replica.store.tip() for name, replica in self.replicas.items()}
        assert len(set(tips.values())) == 1, f"no convergence: {tips}"
        acknowledged = set().union(*(replica.acknowledged for replica in self.replicas.values()))
        self.counts["facts"] = len(acknowledged)
        for name, replica in self.replicas.items():
            replica.restart()
            if self.kind.partly:
                replica.store.repair()
            proof.prove_each_once(proof.keys_in(replica.store), acknowledged, name)
            proof.prove_sources_once(replica.store, name)
            assert wal.undone(replica.layout) == [], name
            if self.kind.far or name == "A":  # near, all objects are in one place
                proof.prove_healthy(replica)
            same_id = ("duplicate-event",) if self.kind.copied else ()
            proof.prove_sound(replica, allowed=("torn-journal", *same_id))

    # Steps

    def _key(self, replica: Replica) -> str:
        self.keys += 1
        return f"{replica.name}{self.keys}"

    def _fact(self, replica: Replica, key: str, *, decided: bool = True) -> Draft:
        store = replica.store
        author = Author(replica.name, store.state, replica.now(), store.history.objects.algorithm)
        return replica.reading(lambda: fact(self.chance, author, key, decided=decided))

    def _journal(self, replica: Replica) -> None:
        key = self._key(replica)
        replica.journal(self._fact(replica, key, decided=False), key)

    def _note(self, replica: Replica) -> None:
        replica.note(self._key(replica))

    def _half(self, replica: Replica) -> None:
        key = self._key(replica)
        replica.begin_half(self._fact(replica, key, decided=False), key, self.chance)

    def _decide(self, replica: Replica) -> None:
        key = self._key(replica)
        draft = self._fact(replica, key)
        self._do(replica, lambda: replica.decide(draft, key))

    def _twins(self, replica: Replica) -> None:
        """A repository and its copy say different things of one field at the same instant, with one stamp."""
        twins = [self.replicas[name] for name in "BC"]
        for twin in twins:
            self._drain(twin)
        self.at_ms += HOUR_MS // 60
        for twin in twins:
            key = self._key(twin)
            changes = {"sessions/s0": {"progress": self.chance.randrange(101)}}
            self._do(
                twin,
                functools.partial(
                    twin.decide,
                    Draft("session.progressed", "s0", f"says {key}", changes, data={"key": key}),
                    key,
                ),
            )

    def _drain(self, replica: Replica) -> None:
        self._do(replica, lambda: replica.store.drain() and None)

    def _do(self, replica: Replica, work: Callable[[], object]) -> None:
        """Works in a replica: whatever happened to it before is mended on the way."""
        with replica.working():
            try:
                work()
            except StoreBusy:  # it says: try again; only without a working lock
                assert self.kind.crowded
                work()
        self.unsafe.discard(replica.name)
        replica.remember_disk()

    def _die(self, replica: Replica) -> None:
        """The process is killed somewhere in a drain, a decision, a merge or a repair."""
        key = self._key(replica)
        draft = self._fact(replica, key)
        work = self.chance.choice(
            (
                *(replica.store.drain, replica.store.drain, lambda: replica.decide(draft, key)),
                *(lambda: replica.store.absorb(self.exchange.fetch(replica)), replica.store.restore),
            )
        )
        if self.chance.random() < 0.5:
            death = self.processes.stopping_at(self.chance.choice(self.kind.points))
        else:
            death = self.processes.dying_at_line(self.chance.randrange(1, LINES))
        try:
            with replica.working(), death:
                work()
        except Killed:
            self.counts["killed"] += 1
        except NotInitialised:
            self.counts["too-early"] += 1

    def _overtake(self, replica: Replica) -> None:
        """At some point of a drain or decision another process of the same repository does something, too."""
        key = self._key(replica)
        draft = self._fact(replica, key)
        work = self.chance.choice((replica.store.drain, lambda: replica.decide(draft, key)))
        with self.processes.stopping_at(self.chance.choice(STORE_POINTS), lambda: self._beside(replica)):
            self._do(replica, work)

    def _beside(self, replica: Replica) -> None:
        self.counts["overtaken"] += 1
        store, number = replica.fresh_store(), self.processes.start()
        key = self._key(replica)
        draft = self._fact(replica, key)
        work = self.chance.choice(
            (
                *(store.drain, lambda: store.transact(lambda state: [draft])),
                *(lambda: store.absorb(self.exchange.fetch(replica)), lambda: None),
            )
        )
        point = self.chance.choice((*STORE_POINTS, *("nowhere",) * 6))
        with (
            contextlib.suppress(Killed, NotInitialised),
            self.processes.running(number),
            self.processes.stopping_at(point),
        ):
            work()
        self.processes.end(number)

    def _set_back(self, replica: Replica, *, with_tips: bool) -> None:
        if replica.disks:
            replica.set_back(self.chance, with_tips=with_tips)
            self.unsafe.add(replica.name)

    def _lose_objects(self, replica: Replica) -> None:
        if replica.name in self.unsafe or replica.store.tip() is None:
            return
        up_to = self.chance.randrange(256) if self.kind.partly else 255
        exchange.lose_objects(replica, up_to=f"{up_to:02x}")
        self.unsafe.add(replica.name)
        replica.restart()

    def _retire(self, replica: Replica) -> None:
        """Time passes: what is recorded has reached the disk."""
        self._drain(replica)
        replica.age_batches()
        self._drain(replica)
        replica.forget_disks()

    def _clock_back(self, replica: Replica) -> None:
        self.skews[replica.name] -= self.chance.randrange(HOUR_MS)

    def _sync(self, replica: Replica, seen: Sequence[str] = ()) -> None:
        self._drain(replica)
        for _ in range(exchange.ATTEMPTS):
            tips = [*seen, *self.exchange.fetch(replica)]
            if replica.store.tip() is not None:
                self._do(replica, lambda tips=tips: replica.store.absorb(tips))  # type: ignore[misc]
            if replica.store.tip() is None or self.exchange.share(replica):
                return
            self.counts["rejected"] += 1
        raise AssertionError("the hub takes nothing")

    def _slow_sync(self, replica: Replica) -> None:
        """What was fetched now is merged several steps later."""
        if replica.name in self.slow:
            tips = self.slow.pop(replica.name)
            if replica.store.tip() is not None:
                self._do(replica, lambda: replica.store.absorb(tips))
        else:
            self._drain(replica)
            self.slow[replica.name] = list(self.exchange.fetch(replica))

    def _look(self, replica: Replica) -> None:
        """A reader sees everything acknowledged here, each fact once."""
        if replica.name in self.unsafe:
            self._drain(replica)
        else:
            keys = replica.reading(lambda: proof.keys_in(replica.store))
            proof.prove_each_once(keys, replica.acknowledged, f"{replica.name} now")


@contextmanager
def unlocked(path: Path, timeout: float = 0.0) -> Iterator[None]:
    """All processes of a simulation take turns; in a crowded one nothing keeps them from each other."""
    del timeout
    path.parent.mkdir(parents=True, exist_ok=True)
    yield


def simulate(seed: int, kind: Kind, work: Path) -> Counter[str]:
    """One simulated day; the seed is in the error where something is wrong."""
    work.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        try:
            counts = World(seed, kind, work, patch).run()
        except BaseException as error:
            error.add_note(f"simulated day: kind {kind.name}, seed {seed}")
            raise
    shutil.rmtree(work)
    return counts
