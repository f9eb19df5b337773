"""The reader of a repository's state: no lock, no library beyond git itself, nothing written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from ccc.domain import stamps
from ccc.domain.events import Draft
from ccc.errors import Ambiguous, NotFound, NotInitialised, StateBroken
from ccc.git.catfile import CatFile
from ccc.git.command import Git
from ccc.layout import Layout
from ccc.store import tips
from ccc.store.cache import Cache
from ccc.store.history import History
from ccc.store.present import Present
from ccc.store.protocol import REF, JournalEntry, Logged, Observe, State
from ccc.store.states import state_at

_HEX = re.compile(r"[0-9a-f]{4,64}\Z")


def nothing_observed(state: State, entries: Sequence[JournalEntry]) -> Sequence[Draft]:
    """An observer that looks at nothing."""
    del state, entries
    return ()


class GitReader:
    """Reads `refs/ccc` and what waits beside it (protocol Reader)."""

    def __init__(
        self,
        layout: Layout,
        git: Git,
        *,
        objects: CatFile | None = None,
        observe: Observe | None = None,
        now: Callable[[], int] = stamps.now_ms,
        mend: Callable[[StateBroken], None] | None = None,
    ) -> None:
        self._mend = mend
        self.objects = objects or CatFile(git, layout.common)
        self.history = History(self.objects, Cache(layout.cache))
        self._layout = layout
        self._git = git
        self._now = now
        self._present = Present(layout, self.history, self.tip, observe or nothing_observed, now)

    def close(self) -> None:
        """Ends the git process behind the reader; the next read starts another."""
        self.objects.close()

    def tip(self) -> str | None:
        """The commit on `refs/ccc`, None before there is any.

        Raises StateBroken for one that cannot be read or that ccc did not put there, and cannot be mended.
        """
        try:
            return self._present_tip()
        except StateBroken as error:
            if self._mend is None:
                raise
            self._mend(error)
            return self._present_tip()

    def _present_tip(self) -> str | None:
        return tips.present(self._layout, lambda: self.objects.get(REF))

    def state(self, at: str | None = None) -> State:
        """The state at a commit id, or now with what is acknowledged and not yet on the ref.

        That of a commit comes without the words of events that were redacted since.
        """
        if at is None:
            return self._present.state()
        from ccc.store.shrouded import shrouded  # for the past only

        return shrouded(state_at(self.history, at), state_at(self.history, self.tip()))

    def log(self) -> Iterator[Logged]:
        """Every event once, youngest first, pending ones foremost."""
        return self._present.log()

    def commit_at(self, text: str) -> str:
        """The commit on `refs/ccc` that a `--at` names: a commit (any unique prefix), event id or moment.

        A moment or event id gives the last commit not younger. Raises NotFound, Ambiguous, NotInitialised.
        """
        tip = self._known_tip()
        commit = self._commit(text, tip)
        if commit is not None:
            return commit
        stamp = self._stamp(text)
        if stamp is None:
            raise NotFound(
                f"{text} is no commit on {REF} and no time", "use a commit, 2026-10-03T12:00:00Z, or 2h ago"
            )
        return self._last_before(stamp, tip)

    def since(self, text: str) -> str:
        """The stamp behind a `--since`: events with a greater id are younger than what was named.

        A cursor is an event id, a commit or the token of a `wait`; a moment is taken too.
        Raises NotFound, Ambiguous, NotInitialised.
        """
        commit = self._commit(text, self._known_tip())
        if commit is not None:
            return self.history.record(commit).clock
        stamp = self._stamp(text)
        if stamp is None:
            raise NotFound(
                f"{text} is no event, commit or time", "use a cursor of log --json, a commit, or 2h ago"
            )
        return stamp

    def _known_tip(self) -> str:
        tip = self.tip()
        if tip is None:
            raise NotInitialised("ccc is not initialised in this repository", "git ccc init")
        return tip

    def _commit(self, text: str, tip: str) -> str | None:
        if text in (REF, "ccc"):
            return tip
        from ccc.store import cursors  # where one is named only

        cursor = cursors.read(self._layout, text)
        if cursor is not None and cursor.tip is not None:
            return cursor.tip
        if not _HEX.match(text):
            return None
        listed = self._git.run("rev-parse", f"--disambiguate={text}", ok=(0, 128)).text.splitlines()
        kinds = [(oid, self.objects.read(oid)[0]) for oid in listed if self.objects.has(oid)]
        commits = [oid for oid, kind in kinds if kind == "commit" and self._is_behind(oid, tip)]
        if len(commits) > 1:
            raise Ambiguous(f"{text} fits {len(commits)} commits on {REF}", "use more digits")
        return commits[0] if commits else None

    def _is_behind(self, oid: str, tip: str) -> bool:
        return self._git.test("merge-base", "--is-ancestor", oid, tip)

    def _stamp(self, text: str) -> str | None:
        if stamps.is_stamp(text):
            return text
        from ccc.store import moments  # where one is named only

        at_ms = moments.parse(text, self._now())
        return None if at_ms is None else stamps.make(at_ms, stamps.COUNTER_LIMIT, "~")

    def _last_before(self, stamp: str, tip: str) -> str:
        """The youngest commit with a clock up to `stamp`; git finds the second, we the millisecond."""
        before = stamps.milliseconds(stamp) // 1000 + 1
        found = self._git.text("rev-list", "-1", f"--before=@{before}", tip)
        for record in self.history.walk([found]) if found else ():
            if record.clock <= stamp:
                return record.oid
        raise NotFound(f"nothing was recorded before {stamps.rfc3339(stamp)}", "git ccc log")
