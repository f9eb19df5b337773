"""`wait`: ends when the sessions waited for are done, have failed, or need a person."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import field, replace

from ccc.domain.life import IDLE
from ccc.domain.status import DONE, FAILED, before_closing
from ccc.errors import NotFound
from ccc.ops import work
from ccc.ops.approved import is_decided
from ccc.ops.dependents import awaited
from ccc.ops.find import find_all
from ccc.ops.inbox import Item, items
from ccc.ops.items import entries_of
from ccc.ops.landing.polling import may_be_due
from ccc.ops.look import Picture, Sighting, look
from ccc.ops.radar.items import is_of_radar
from ccc.ops.told import Told, occasion, remember, told_before
from ccc.ops.verify import needs_checks
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.runs.watcher import Watcher

PAUSE_SECONDS = 0.25
RESTART_SECONDS = 3.0
NEEDS_A_PERSON = frozenset({"question", "permission", "failure", "budget", "conflict"})
NEWS = frozenset({"message"})
"""Kinds that end `--any` and nothing else: messages to the people, limits, denied tools."""


@dataclass(frozen=True)
class Waited:
    """How the waiting ended: ids by outcome, what needs a person, and a cursor for the next `--since`.

    `messages` are items that nobody has to act on. What an earlier `wait` told is in none of the lists.
    `held`: by each that is open and held back, whom it waits for, those included whose places it wants if all
    of them need a person; what they need is here, too.
    """

    done: tuple[str, ...]
    failed: tuple[str, ...]
    needs_you: tuple[Item, ...]
    open: tuple[str, ...]
    timed_out: bool
    cursor: str | None
    picture: Picture
    messages: tuple[Item, ...] = ()
    held: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def exit(self) -> int:
        """0 all done, 1 one failed, 3 needs you, 4 time limit (CONTRACT §4)."""
        if self.timed_out:
            return 4
        if self.failed:
            return 1
        return 3 if self.needs_you else 0

    @property
    def told(self) -> frozenset[str]:
        """The sessions of which something is told."""
        named = (item.session for item in (*self.needs_you, *self.messages) if item.session is not None)
        return frozenset((*self.done, *self.failed, *named))


@dataclass(frozen=True)
class Order:
    """What is waited for. `any_of` ends with the first; `statuses` replaces done and failed; seconds."""

    references: tuple[str, ...] = ()
    any_of: bool = False
    statuses: tuple[str, ...] = ()
    since: str | None = None
    timeout: float | None = None


def wait(workspace: Workspace, order: Order, *, pause: Callable[[float], None] = time.sleep) -> Waited:
    """Waits. Raises NotFound where there is nothing to wait for, or all of it was told before and is over.

    Without references every session that is open at the start, or made meanwhile, is waited for. `pause` is
    called between two looks with seconds; what it raises ends the waiting.
    """
    workspace.require()
    until = None if order.timeout is None else time.monotonic() + order.timeout
    watch = _Watch(order, told_before(workspace, order.since))
    started, watcher = 0.0, Watcher(workspace.layout)
    while True:
        picture = look(workspace)
        watched = watch.of(picture)
        now = _sort(workspace, picture, watched, watch)
        over = _over(now, order)
        if over or (until is not None and time.monotonic() >= until):
            return _ended(workspace, now, watch, timed_out=not over)
        _refuse_nothing(watched, now)
        due = any(map(_waits_for_ccc, watched)) or may_be_due(workspace, [each.session for each in watched])
        if due and time.monotonic() - started > RESTART_SECONDS:
            started = time.monotonic()
            if not work.worker_lives(workspace):
                work.start(workspace)
        watcher.tick()
        pause(PAUSE_SECONDS)


@dataclass
class _Watch:
    """The sessions waited for, those included that are closed or made while it goes on."""

    order: Order
    told: Told
    ids: set[str] = field(default_factory=set)

    def of(self, picture: Picture) -> list[Sighting]:
        """Those waited for. Raises NotFound, Ambiguous, and NotFound where there is none."""
        if self.order.references:
            self.ids = self.ids or {each.id for each in find_all(self.order.references, picture.sessions)}
        else:
            self.ids |= {each.id for each in picture.sessions if each.closed is None}
        if not self.ids:
            raise NotFound("there is nothing to wait for", 'git ccc spawn ROLE "TASK"')
        return [sighting for sighting in picture.sightings if sighting.session.id in self.ids]

    def outcome(self, sighting: Sighting) -> tuple[str, str]:
        """Done, failed or open; and the key it is remembered by."""
        status = before_closing(sighting.session, sighting.view.status)
        key = occasion(sighting, status)
        wanted = self.order.statuses or DONE
        if status in wanted or sighting.view.status in wanted:
            return "done", key
        closed = sighting.session.closed is not None  # nothing more can come of it
        return "failed" if closed or (status in FAILED and not self.order.statuses) else "open", key


def _sort(workspace: Workspace, picture: Picture, watched: Sequence[Sighting], watch: _Watch) -> Waited:
    found: dict[str, list[str]] = {"done": [], "failed": [], "open": [], "told": []}
    for sighting in watched:
        outcome, key = watch.outcome(sighting)
        if outcome != "open" and watch.told.has(key, sighting.view.since):
            outcome = "told"
        found[outcome].append(sighting.session.id)
    fresh = [each for each in items(workspace, picture) if not watch.told.has(each.id, each.since)]
    theirs = [each for each in fresh if each.session in watch.ids]
    needs = _needs(fresh, _ready(picture))
    held = _crowded(picture, found["open"], awaited(picture, found["open"]), {item.session for item in needs})
    ids = watch.ids.union(*held.values())
    return Waited(
        done=tuple(found["done"]),
        failed=tuple(found["failed"]),
        needs_you=tuple(item for item in needs if item.session in ids),
        open=tuple(found["open"]),
        timed_out=False,
        cursor=picture.state.tip,
        picture=picture,
        messages=tuple(item for item in theirs if item.kind in NEWS or is_of_radar(item)),
        held=held,
    )


def _crowded(
    picture: Picture, open_ids: Iterable[str], held: Mapping[str, frozenset[str]], needy: Set[str | None]
) -> Mapping[str, frozenset[str]]:
    """The same with those that hold the places of which one is wanted, where a person keeps all waiting.

    Who is between two turns is asked to rest, and makes room by itself.
    """
    crowds = {each.session.id: each.crowd for each in picture.sightings if each.crowd}
    if not crowds:
        return held
    stands = {each.session.id for each in picture.sightings if _stands_still(each)}
    found = dict(held)
    for identifier in open_ids:
        ahead = held.get(identifier, frozenset())
        stuck = [crowds[each] for each in (identifier, *ahead) if each in crowds]
        ahead = ahead.union(*(crowd for crowd in stuck if stands & needy >= set(crowd)))
        if ahead:
            found[identifier] = ahead
    return found


def _stands_still(sighting: Sighting) -> bool:
    life = sighting.life
    return sighting.view.status == "waiting" and life is not None and life.phase != IDLE


def _needs(fresh: Iterable[Item], ready: Collection[tuple[str, str | None]]) -> tuple[Item, ...]:
    """What sessions need of a person."""
    return tuple(
        each
        for each in fresh
        if (each.kind in NEEDS_A_PERSON and not is_of_radar(each))
        or ((each.kind, each.session) in ready and not is_decided(each))
    )


def _ready(picture: Picture) -> frozenset[tuple[str, str | None]]:
    """The approvals that entries of a queue wait for: their gate has passed."""
    return frozenset(
        ("approval", identifier)
        for identifier, entry in entries_of(picture).items()
        if entry.queued_at is not None and entry.passed is not None and entry.passed == entry.head
    )


def _over(now: Waited, order: Order) -> bool:
    news = bool(now.done or now.failed or now.needs_you)
    if order.any_of:
        return news or (bool(now.messages) and not order.statuses)
    waiting = {item.session for item in now.needs_you}
    stand = (not waiting.isdisjoint({each, *now.held.get(each, ())}) for each in now.open)
    return (news or bool(now.open)) and all(stand)


def _refuse_nothing(watched: Sequence[Sighting], now: Waited) -> None:
    """Raises NotFound where nothing of what is waited for can change any more, and all of it was told."""
    over = all(each.session.closed is not None or each.view.status == "completed" for each in watched)
    if over and not now.open:
        raise NotFound("there is nothing more to wait for: all of it was told", 'git ccc spawn ROLE "TASK"')


def _ended(workspace: Workspace, now: Waited, watch: _Watch, *, timed_out: bool) -> Waited:
    """The same with a cursor that remembers what it tells."""
    ended = {*now.done, *now.failed}
    keys = {watch.outcome(each)[1] for each in now.picture.sightings if each.session.id in ended}
    keys |= {item.id for item in (*now.needs_you, *now.messages)}
    cursor = remember(workspace, watch.told, keys, now.picture.state.tip)
    return replace(now, timed_out=timed_out, cursor=cursor)


def _waits_for_ccc(sighting: Sighting) -> bool:
    """Whether checks are to be run, or an agent may have to be cleared away, reminded or started."""
    life = sighting.life
    gone = life is not None and life.unattended
    return needs_checks(sighting.session) or gone or sighting.view.status in ("idle", "queued")
