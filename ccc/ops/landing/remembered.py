"""What was found out of commits about landing them, kept for the next look; never trusted for a landing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ccc import __version__
from ccc.git.mergeconfig import surroundings
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.cache import Cache

KIND = "landings"
TERMS, VERDICTS, BEHIND = "terms", "verdicts", "behind"


@dataclass(frozen=True)
class Terms:
    """What a target's commit says about landing on it: how many yeses, and whether session files stay.

    `plain`: names of unchanged approvals are all that counts; else it takes a closer look.
    """

    required: int
    keeps: bool
    plain: bool = True


@dataclass(frozen=True)
class Verdict:
    """The tree that a landing gives (None: in conflict), or how many paths conflict and the first of them.

    `nothing`: the target has all of it. `lasts`: it follows from the two commits and what is in `KIND`'s
    signature; otherwise it is asked of git each time.
    """

    tree: str | None
    nothing: bool
    conflicts: int
    named: tuple[str, ...]
    lasts: bool = True


class Remembered:
    """Answers that follow from commits alone; another git or configuration, and all are asked anew.

    What one look did not need is forgotten after it, so there is never more than sessions that could land.
    """

    def __init__(self, workspace: Workspace) -> None:
        around = surroundings(workspace.git, workspace.repository.common, workspace.environment)
        self.has_drivers = around.drivers
        self._cache = Cache(workspace.layout.cache)
        self._signature = f"{__version__} {around.signature}"
        found = self._cache.get(KIND, self._signature) or {}
        self._known = {section: _section(found.get(section)) for section in (TERMS, VERDICTS, BEHIND)}
        self._used: dict[str, dict[str, Any]] = {TERMS: {}, VERDICTS: {}, BEHIND: {}}
        self._passing: dict[str, Verdict] = {}
        self._is_new = False

    def terms(self, folder: str) -> Terms | None:
        """What a target with this folder `.ccc` (its id) asks for; None where that is not known."""
        match self._look_up(TERMS, folder):
            case [int(required), int(keeps), int(plain)]:
                return Terms(required, bool(keeps), bool(plain))
        return None

    def note_terms(self, folder: str, terms: Terms) -> None:
        """Keeps what was read from a target's `.ccc`."""
        self._note(TERMS, folder, [terms.required, int(terms.keeps), int(terms.plain)])

    def verdict(self, base: str, head: str) -> Verdict | None:
        """What landing `head` on `base` gives; None where that is not known."""
        pair = f"{base} {head}"
        if pair in self._passing:
            return self._passing[pair]
        match self._look_up(VERDICTS, pair):
            case [str(tree), int(nothing), 0, []]:
                return Verdict(tree, bool(nothing), 0, ())
            case [None, 0, int(conflicts), [*named]] if _are_paths(named, conflicts):
                return Verdict(None, False, conflicts, tuple(named))
        return None

    def note_verdict(self, base: str, head: str, verdict: Verdict) -> None:
        """Keeps what git said; in this call alone where it may say something else of the same commits."""
        pair = f"{base} {head}"
        if verdict.lasts:
            found = [verdict.tree, int(verdict.nothing), verdict.conflicts, list(verdict.named)]
            self._note(VERDICTS, pair, found)
        else:
            self._passing[pair] = verdict

    def behind(self, old: str, new: str) -> bool | None:
        """Whether `old` is `new` or reachable from it; None where that is not known."""
        match self._look_up(BEHIND, f"{old} {new}"):
            case int(answer):
                return bool(answer)
        return True if old == new else None

    def note_behind(self, old: str, new: str, answer: bool) -> None:
        """Keeps whether one commit is reachable from the other."""
        self._note(BEHIND, f"{old} {new}", int(answer))

    def keep(self) -> None:
        """Keeps for the next call what was needed in this one."""
        if self._is_new:
            self._cache.put(KIND, self._signature, dict(self._used))

    def _look_up(self, section: str, key: str) -> Any:
        known = self._used[section].get(key, self._known[section].get(key))
        if known is not None:
            self._used[section][key] = known
        return known

    def _note(self, section: str, key: str, value: Any) -> None:
        self._used[section][key] = value
        self._is_new = True


def _are_paths(named: Sequence[object], conflicts: int) -> bool:
    return 0 < len(named) <= conflicts and all(isinstance(path, str) for path in named)


def _section(found: object) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}
