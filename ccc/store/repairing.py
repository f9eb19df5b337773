"""Mending what fsck finds: everything here happens under the lock of the store, and loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ccc.domain import stamps
from ccc.domain.events import Draft
from ccc.errors import StateBroken, StoreBusy
from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.git.formats import lock_of
from ccc.git.objects import COMMIT, References, build_commit
from ccc.layout import Layout, make_folder
from ccc.platform.processes import git_works_in
from ccc.store import bundled, fsck_files, tips
from ccc.store.chain import Chain, read_chain
from ccc.store.digest import complaint
from ccc.store.fsck_history import expected_of, lost_objects
from ccc.store.history import HistoryWriter
from ccc.store.protocol import REF
from ccc.store.publisher import Publisher
from ccc.store.restoring import ASIDE, COPIES
from ccc.store.scribe import Scribe
from ccc.store.straightening import Flaws, Straightener, flaws_of, replayed

DAMAGED_OBJECTS = "damaged-objects"
"""Below `<common dir>/ccc`: files of objects that could not be read, moved out of the way."""


class Repairer:
    """One repair; `complain` takes the facts that the next recording is to tell."""

    def __init__(
        self,
        layout: Layout,
        git: Git,
        history: HistoryWriter,
        references: References,
        publisher: Publisher,
        scribe: Scribe,
        now: Callable[[], int],
        complain: Callable[[Draft], None],
    ) -> None:
        self._layout = layout
        self._git = git
        self._history = history
        self._references = references
        self._publisher = publisher
        self._scribe = scribe
        self._now = now
        self._complain = complain

    def files(self) -> Iterator[str]:
        """Takes away a lock that a dead git left, and journal files that nobody finishes."""
        path = lock_of(self._layout.common, REF)
        age = fsck_files.age_of(path, self._now())
        if path.exists() and age > fsck_files.STALE_LOCK_MS and not git_works_in(self._layout.common):
            path.unlink(missing_ok=True)
            yield f"removed {path}, left {age // 1000} s ago"
        for torn in list(fsck_files.torn(self._layout, self._now())):
            make_folder(self._layout.journal_bad)
            goal = self._layout.journal_bad / torn.name
            torn.replace(goal)
            self._complain(complaint(torn.name, "it was never finished, so never acknowledged"))
            yield f"moved {torn} to {goal}: it was never finished, so never acknowledged"

    def objects(self) -> Iterator[str]:
        """Brings back objects that are missing or damaged: from the log, bundles, the events themselves."""
        missing = self._missing()
        if not missing:
            return
        moved = self._move_damaged(missing)
        if moved:
            yield f"moved {moved} damaged objects to {self._layout.root / DAMAGED_OBJECTS}"
        sources: tuple[tuple[str, Callable[[], int]], ...] = (
            ("the write-ahead log", self._publisher.rebuild),
            ("bundles", lambda: bundled.unpack(self._layout, self._git)),
            ("their events", lambda: replayed(self._history, self._chain())),
        )
        for source, mend in sources:
            self._history.forget()
            mend()
            self._history.forget()
            left = self._missing()
            if len(left) < len(missing):
                yield f"brought back {len(missing) - len(left)} objects from {source}"
            if not left:
                return
            missing = left

    def _missing(self) -> list[str]:
        chain = self._chain()
        found = [fault.where for fault in chain.faults if fault.kind == "missing-object"]
        return found + [fault.where for fault in lost_objects(self._history.objects, chain)]

    def _move_damaged(self, missing: list[str]) -> int:
        moved = 0
        for oid in missing:
            path = self._layout.common / "objects" / oid[:2] / oid[2:]
            if path.exists():
                folder = self._layout.root / DAMAGED_OBJECTS
                folder.mkdir(exist_ok=True)
                path.replace(folder / oid)
                moved += 1
        return moved

    def _chain(self) -> Chain:
        tip = self._references.get(REF)
        if tip is None:
            raise StateBroken(f"{REF} does not exist", "git ccc init")
        return read_chain(self._history.objects, tip, self._history.genesis())

    def history(self) -> Iterator[str]:
        """Makes the history again without foreign commits, events twice, clocks set back or far ahead."""
        chain = self._chain()
        if not chain.whole:
            return
        flaws = flaws_of(chain, stamps.make(self._now() + stamps.FUTURE_LIMIT_MS, 0, "0"))
        if not flaws.commits:
            return
        shared = self._shared(flaws)
        if shared:
            yield (
                f"{shared} has the faulty commits, too: taken out here they would come back from there; "
                f"once nobody has them there any more: git update-ref -d {shared}, and again"
            )
            return
        new = Straightener(self._history, flaws, self._now(), stamps.new_lane()).made(chain)
        kept = f"{ASIDE}{chain.tip[:12]}"
        self._references.swap(kept, None, chain.tip)
        tips.rewrite(self._layout, [])
        tips.announce(self._layout, new)
        if not self._references.swap(REF, chain.tip, new):
            raise StoreBusy(f"{REF} was moved while it was mended", "try again")
        tips.rewrite(self._layout, [new])
        words = f"history made again from the first of {len(flaws.commits)} faulty commits"
        self._complain(_repaired(f"{words}; as it was it is kept under {kept}"))
        yield f"{words}; as it was it is kept under {kept}"

    def _shared(self, flaws: Flaws) -> str | None:
        """A reference to what others have that holds one of the faulty commits."""
        for name, tip in sorted(repositories.refs(self._git, *COPIES).items()):
            for oid in flaws.commits:
                if self._git.run("merge-base", "--is-ancestor", oid, tip, ok=range(256)).code == 0:
                    return name
        return None

    def tree(self) -> Iterator[str]:
        """Puts a commit on top whose tree is the join of all events, where the tip's is another."""
        chain = self._chain()
        if not chain.whole:
            return
        tree = chain.links[chain.tip].commit.tree
        if self._history.tree.apply(None, expected_of(chain)) == tree:
            return
        draft = _repaired(f"state made again from all events; {chain.tip[:12]} had another")
        batch, events = self._scribe.batch(chain.tip, [draft])
        honest = self._history.record(self._history.append(chain.tip, batch.messages[0], batch.identity))
        joined = self._history.tree.apply(None, expected_of(chain, events))
        content = build_commit(replace(honest.commit, tree=joined))
        if not self._publisher.swap(chain.tip, self._history.objects.write(COMMIT, content)):
            raise StoreBusy(f"{REF} was moved while it was mended", "try again")
        yield "made the state again from all events"


def _repaired(words: str) -> Draft:
    return Draft("state.repaired", "ccc", words, by="ccc")
