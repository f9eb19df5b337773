"""A history made again from its first faulty commit on: without foreign commits, events twice, wrong clocks.

Only where nobody else has the faulty commits: a merge would bring them back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, replace

from ccc.domain import stamps
from ccc.domain.events import Event, message
from ccc.git.objects import MissingObject
from ccc.records import dataclass
from ccc.store.chain import Chain, Link
from ccc.store.fsck_history import keys_of
from ccc.store.history import HistoryWriter


@dataclass
class Flaws:
    """What is wrong with which commits of a chain: `again` maps a commit to those of its events that stay.

    Stamps above `limit` are of a clock set wrong.
    """

    limit: str
    foreign: set[str] = field(default_factory=set)
    again: dict[str, list[Event]] = field(default_factory=dict)

    @property
    def commits(self) -> list[str]:
        """The faulty commits."""
        return sorted(self.foreign | self.again.keys())


def flaws_of(chain: Chain, limit: str) -> Flaws:
    """The commits that a new history must not have as they are."""
    found = Flaws(limit, {fault.where for fault in chain.faults if fault.kind == "foreign-commit"})
    known: set[str] = set()
    for link in parents_first(chain):
        if link.oid in found.foreign:
            continue
        fresh = [event for event in link.events if known.isdisjoint(keys_of(event))]
        known.update(key for event in fresh for key in keys_of(event))
        late = any(event.id > limit for event in fresh)
        if len(fresh) < len(link.events) or late or _clock_is_wrong(chain, link):
            found.again[link.oid] = fresh
    return found


def _clock_is_wrong(chain: Chain, link: Link) -> bool:
    parents = [chain.links[parent] for parent in link.commit.parents if parent in chain.links]
    behind = [*(parent.clock for parent in parents), *(event.id for event in link.events)]
    dated = any(link.commit.date < parent.commit.date for parent in parents)
    return dated or (bool(link.clock) and link.clock < max(behind, default=""))


def parents_first(chain: Chain) -> Iterator[Link]:
    """Every commit that could be read, its parents before it."""
    done: set[str] = set()
    todo = [(chain.tip, False)]
    while todo:
        oid, ready = todo.pop()
        if ready:
            yield chain.links[oid]
        elif oid in chain.links and oid not in done:
            done.add(oid)
            todo.append((oid, True))
            todo += [(parent, False) for parent in sorted(chain.links[oid].commit.parents)]


class Straightener:
    """Makes the commits; those before the first flaw stay what they are."""

    def __init__(self, history: HistoryWriter, flaws: Flaws, now: int, lane: str) -> None:
        self._history = history
        self._flaws = flaws
        self._now = now
        self._lane = lane
        self._last = stamps.GENESIS

    def made(self, chain: Chain) -> str:
        """The tip of the new history. Raises MissingObject."""
        renamed: dict[str, str] = {}
        for link in parents_first(chain):
            parents = list(dict.fromkeys(renamed[parent] for parent in link.commit.parents))
            renamed[link.oid] = self._again(link, parents)
        return renamed[chain.tip]

    def _again(self, link: Link, parents: Sequence[str]) -> str:
        flawed = link.oid in self._flaws.again
        if link.oid in self._flaws.foreign:
            return self._history.merge(parents) if parents else self._history.genesis()
        if not flawed and list(parents) == list(link.commit.parents):
            return link.oid
        parent = self._history.merge(parents)
        events = self._flaws.again[link.oid] if flawed else list(link.events)
        if not events:
            return parent
        clock = self._history.record(parent).clock
        events = [self._in_time(event, clock) for event in events]
        clock = max(clock, *(event.id for event in events))
        title = link.commit.message.partition("\n")[0] if len(events) > 1 else None
        return self._history.append(parent, message(events, clock, subject=title), link.commit.committer)

    def _in_time(self, event: Event, clock: str) -> Event:
        """The event as it is, or, if it is of a time to come, as one of now."""
        if event.id <= self._flaws.limit:
            return event
        self._last = stamps.following(max(clock, self._last), self._now, self._lane)
        return replace(event, id=self._last)


def replayed(history: HistoryWriter, chain: Chain) -> int:
    """Makes every tree and state of a history again from its events; how many commits came out the same.

    Brings back what was lost of them; commits themselves and files that events name must be there.
    """
    same = 0
    for link in parents_first(chain):
        parents = link.commit.parents
        try:
            if not parents:
                again = history.genesis()
            elif len(parents) > 1 and not link.events:
                again = history.merge(parents)
            else:
                again = history.append(parents[0], link.commit.message, link.commit.committer)
        except MissingObject:
            continue
        same += again == link.oid
    return same
