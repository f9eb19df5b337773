"""Bringing `refs/ccc` back to hold all that this replica recorded, after it was moved, deleted or damaged."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from ccc.domain import tampering
from ccc.domain.events import Draft
from ccc.errors import GitFailed, StateBroken, StoreBusy
from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.git.formats import FILES, Formats, formats_of
from ccc.git.objects import COMMIT, MissingObject, References
from ccc.ids import short_oid
from ccc.layout import Layout
from ccc.records import dataclass
from ccc.store import bundled, tips
from ccc.store.history import History, HistoryWriter
from ccc.store.merging import mergeable
from ccc.store.protocol import REF, Restored
from ccc.store.publisher import Publisher
from ccc.store.strangers import Strangers, judge
from ccc.text import printable

COPIES = ("refs/ccc-remotes/", "refs/ccc-sync/")
"""Where tips that others shared, and our own as shared, are kept."""

ASIDE = "refs/ccc-backup/ccc/"
"""Where a tip goes that is not put back: nothing is thrown away, whoever made it."""

REPAIR = "git ccc fsck --repair"
FETCH = "fetch it from another copy of the repository: git fetch COPY refs/ccc:refs/ccc-remotes/copy/1"
DAMAGED = "damaged-ref"
"""Below `<common dir>/ccc`: what stood in the file of a reference that could not be read."""

SHOWN = 80
_OID = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\s*\Z")


def lacks(history: History, tip: str, known: str) -> bool:
    """Whether events of a tip known from before are not behind this one; of a merge its parents count."""
    return not all(history.is_ancestor(head, tip) for head in history.heads([known]))


def stored(history: History, known: Sequence[str]) -> list[str]:
    """The tips of these that can be read, youngest first, given youngest last."""
    return [one for one in dict.fromkeys(reversed(known)) if readable(history, one)]


def readable(history: History, oid: str) -> bool:
    """Whether this is a commit of ccc's whose state is there, as far as its uppermost folders."""
    try:
        if not history.objects.has(oid) or history.objects.read(oid)[0] != COMMIT:
            return False
        history.tree.entries(history.record(oid).commit.tree)
    except StateBroken:
        return False
    return True


def lacking(history: History, tip: str, known: Sequence[str]) -> list[str]:
    """The fewest of these tips (youngest first) that together with `tip` hold all of them."""
    behind = {record.oid for record in history.walk([tip])}
    found = []
    for one in known:
        if not set(history.heads([one])) <= behind:
            found.append(one)
            behind.update(record.oid for record in history.walk([one]))
    return found


def told(restored: Restored) -> list[str]:
    """What was wrong and what was done, in one or two lines for a person."""
    where = "" if restored.old is None or restored.what == tampering.UNREADABLE else f" to {restored.old}"
    events = f", {restored.events} event{'' if restored.events == 1 else 's'}" if restored.events else ""
    lines = [f"{tampering.WORDS[restored.what]}{where}; restored to {restored.new}{events}"]
    if restored.strange:
        lines.append(f"{restored.strange} of its events were not recorded here; they stay: git ccc inbox")
    if restored.kept:
        lines.append(f"what is not ccc's was left out and is kept under {restored.kept}")
    if restored.missing:
        lines.append(f"{restored.missing}, where {REF} was, is missing: what was recorded only there is lost")
    return lines


@dataclass(frozen=True)
class _Found:
    """The ref as found: `tip` None where it is gone, or `damaged`: what stands in its place."""

    tip: str | None
    damaged: str | None = None


@dataclass(frozen=True)
class _Verdict:
    """What happened (None: nothing that ccc did not do itself), and the tip that shall be."""

    what: str | None
    new: str
    strangers: Strangers


class Restorer:
    """Looks after the reference; everything here happens under the lock of the store."""

    def __init__(
        self,
        layout: Layout,
        git: Git,
        history: HistoryWriter,
        references: References,
        publisher: Publisher,
        now: Callable[[], int],
    ) -> None:
        self._layout = layout
        self._git = git
        self._history = history
        self._references = references
        self._publisher = publisher
        self._now = now

    def restore(
        self, save: Callable[[Draft, str], None], *, give_up: bool = False, thorough: bool = False
    ) -> Restored | None:
        """Makes the ref hold again every tip this replica gave it; None where it does.

        `save` makes the fact of it durable, under a name for the occasion, before the ref moves. `give_up`
        goes on without a recorded tip of which no copy is left; otherwise StateBroken names it: nothing is
        built on less than what was recorded. `thorough`: looks for every tip, not for the last one only.
        """
        end, found = tips.end(self._layout), self._find()
        in_place = found.damaged is None and (end.last is None or found.tip == end.last)
        if in_place and (found.tip is None or not (give_up or thorough)):
            return None
        if in_place and readable(self._history, found.tip or "") and self._holds_all(found.tip or ""):
            return None
        if found.tip is not None and found.tip in end.announced:
            tips.append(self._layout, found.tip)
            return None
        return self._restored(found, save, give_up=give_up)

    def _restored(
        self, found: _Found, save: Callable[[Draft, str], None], *, give_up: bool
    ) -> Restored | None:
        known = tips.read(self._layout)
        self._make_again([*known, *([found.tip] if found.tip else [])])
        base, missing = self._base(known, give_up=give_up)
        behind = {record.oid for record in self._history.walk([base])}
        verdict = self._verdict(found, base, behind)
        if verdict.what is None and missing is None:
            self._move(found, verdict.new)
            return None
        kept = self._set_aside(found.tip) if verdict.strangers.foreign else None
        restored = Restored(
            old=found.tip,
            new=verdict.new,
            missing=missing,
            what=verdict.what or tampering.BACK,
            events=self._brought(found, verdict, behind),
            strange=len(verdict.strangers.events),
            kept=kept,
        )
        if verdict.what is not None:
            old = known[-1] if known else verdict.new
            strange = verdict.strangers.events
            draft = tampering.tampered(restored, self._replica(), old, found.damaged, strange)
            save(draft, f"tampered-{short_oid(old)}-{(found.tip or 'none')[:12]}")
        self._move(found, verdict.new)
        return restored

    def _holds_all(self, tip: str) -> bool:
        """Whether all recorded tips that can be had are behind this one."""
        known = tips.read(self._layout)
        self._make_again(known)
        return not lacking(self._history, tip, stored(self._history, known))

    def _make_again(self, wanted: Sequence[str]) -> None:
        """Nothing is taken for lost, or for a stranger's, before the log was asked."""
        if not all(readable(self._history, tip) for tip in wanted):
            self._history.forget()
            self._publisher.rebuild()

    def _find(self) -> _Found:
        damaged = self._damage()
        if damaged is not None:
            return _Found(None, damaged)
        try:
            return _Found(self._references.get(REF))
        except StateBroken as error:
            return _Found(None, error.message)

    @cached_property
    def _formats(self) -> Formats:
        return formats_of(self._layout.common)

    @cached_property
    def _file(self) -> Path:
        return self._layout.common / REF

    def _damage(self) -> str | None:
        """What the reference's own file holds instead of an object id; a name of another reference, too."""
        if self._formats.references != FILES:
            return None
        try:
            text = self._file.read_bytes()[:SHOWN].decode("utf-8", "replace")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        return None if _OID.match(text) else printable(text.strip()) or "nothing"

    def _base(self, known: Sequence[str], *, give_up: bool) -> tuple[str, str | None]:
        """All recorded tips that can be had, as one, and the last one if it cannot."""
        history, last = self._history, known[-1] if known else None
        if last is None or not readable(history, last):
            history.forget()
            self._publisher.rebuild()
        if last is not None and not readable(history, last):
            bundled.unpack(self._layout, self._git)
        found = stored(history, known)
        if last is not None and last in found:
            return self._joined(found), None
        found += [tip for tip in self._copies() if readable(history, tip)]
        if last is not None and not give_up:
            raise self._lost(last, found)
        if not found:
            raise StateBroken(f"{REF} cannot be read, and no copy of what was recorded is here", FETCH)
        return self._joined(found), last

    def _lost(self, last: str, found: Sequence[str]) -> StateBroken:
        newest = f"the newest that can be read is {found[0]}" if found else "nothing else can be read"
        words = f"{last}, where ccc had put {REF}, is missing, and no log or bundle here has it; {newest}"
        if self._history.objects.has(last):
            words = f"tampered: commit {last}, recorded as where {REF} was, was not made by ccc; {newest}"
        return StateBroken(words, f"{FETCH}; or go on without it: {REPAIR}")

    def _copies(self) -> list[str]:
        """Tips that others, or we, shared, as far as they may be merged."""
        found = set(repositories.refs(self._git, *COPIES).values())
        return sorted(
            tip
            for tip in found
            if readable(self._history, tip) and mergeable(self._history, tip, self._now()) is None
        )

    def _joined(self, found: Sequence[str]) -> str:
        return self._history.merge([found[0], *lacking(self._history, found[0], found[1:])])

    def _verdict(self, found: _Found, base: str, behind: set[str]) -> _Verdict:
        nobody = Strangers((), {}, (), ours=True)
        if found.tip is None:
            what = tampering.DELETED if found.damaged is None else tampering.UNREADABLE
            return _Verdict(what, base, nobody)
        if found.tip in behind:
            return _Verdict(None if found.tip == base else tampering.BACK, base, nobody)
        try:
            if self._history.objects.read(found.tip)[0] != COMMIT:
                return _Verdict(tampering.UNREADABLE, base, nobody)
            strangers = judge(self._layout, self._history, found.tip, behind, self._now())
        except MissingObject:
            return _Verdict(tampering.UNREADABLE, base, nobody)
        if strangers.events and self._is_shared(strangers):
            strangers = Strangers(strangers.honest, strangers.foreign, (), ours=True)
        new = self._history.merge([base, *strangers.honest])
        if not strangers.foreign and strangers.ours:
            return _Verdict(None, new, strangers)
        on_top = self._git.test("merge-base", "--is-ancestor", base, found.tip)
        return _Verdict(tampering.FOREIGN if on_top else tampering.REPLACED, new, strangers)

    def _is_shared(self, strangers: Strangers) -> bool:
        """Whether all of it came from other copies of the repository, through a remote."""
        copies = self._copies()
        return all(any(self._history.is_ancestor(one, tip) for tip in copies) for one in strangers.honest)

    def _brought(self, found: _Found, verdict: _Verdict, behind: set[str]) -> int:
        """How many events are behind the tip again that were not behind what was found."""
        if found.tip is None or verdict.what == tampering.UNREADABLE:
            return sum(len(self._history.record(oid).events) for oid in behind)
        if verdict.strangers.foreign or found.tip not in behind:
            there = self._git.text("rev-list", found.tip).split()
        else:
            there = [record.oid for record in self._history.walk([found.tip])]
        return sum(len(self._history.record(oid).events) for oid in behind.difference(there))

    def _set_aside(self, tip: str | None) -> str | None:
        if tip is None:
            return None
        name = f"{ASIDE}{tip[:12]}"
        self._references.swap(name, None, tip)
        return name

    def _move(self, found: _Found, new: str) -> None:
        if new == found.tip:
            tips.append(self._layout, new)
            return
        old = found.tip
        if found.damaged is not None:
            self._file.replace(self._layout.root / DAMAGED)
            old = self._references.get(REF)  # one that was packed before
        try:
            moved = old == new or self._publisher.swap(old, new)
        except GitFailed as error:
            raise self._in_the_way() or error from error
        if not moved:
            raise StoreBusy(f"{REF} was moved while it was mended", "try again")
        if old == new:
            tips.append(self._layout, new)

    def _in_the_way(self) -> StateBroken | None:
        below = sorted(repositories.refs(self._git, f"{REF}/"))
        if not below:
            return None
        words = f"the reference {below[0]} is in the way of {REF}"
        return StateBroken(words, f"keep it under another name, then: git update-ref -d {below[0]}")

    def _replica(self) -> str:
        try:
            return self._layout.replica.read_text(encoding="utf-8").strip() or "here"
        except FileNotFoundError:
            return "here"
