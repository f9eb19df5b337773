"""What to test next of a target's queue, what may land, and who is to blame for a failure.

An entry is tested on the target and on those before it that it overlaps with, as if they had landed. Trials
are named by entries; what trees they come to is for who runs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ccc.records import dataclass

PASSED, FAILED, CONFLICT = "passed", "failed", "conflict"
WAITING, TESTING, RED, CLASH = "waiting", "testing", "red", "clash"

NEEDS, WINDOW, DECIDES, HELD = "needs", "window", "decides", "held"
"""Why an entry is not tested yet, beside CONFLICT with one before it."""


@dataclass(frozen=True)
class Candidate:
    """An entry of the line.

    `overlaps`: whose landing may change what its own comes to; `needs`: must have landed before it;
    `decides`: it changes what decides trust; `held`: it is not to be tested yet.
    """

    id: str
    overlaps: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    decides: bool = False
    held: bool = False


@dataclass(frozen=True)
class Trial:
    """An entry, on the target with those `ahead` landed in this order.

    `before`: on the target as it was before this one landed, and without anybody ahead.
    """

    entry: str
    ahead: tuple[str, ...] = ()
    before: str | None = None


@dataclass(frozen=True)
class Job:
    """What is to be run: a trial, or what failed in it `on_base`, on the target alone."""

    trial: Trial
    on_base: bool = False


class Known(Protocol):
    """What is known of trials."""

    def result(self, trial: Trial) -> str | None:
        """PASSED, FAILED, CONFLICT, or None where it must be run."""

    def base_fails(self, trial: Trial) -> bool | None:
        """Whether what failed in a trial fails on the target without the entry, too; None: must be run."""

    def landed(self, entry: str) -> tuple[str, ...]:
        """Who landed on the target since an entry left it, and overlaps with it; oldest first."""


@dataclass(frozen=True)
class Standing:
    """How an entry stands.

    WAITING (`why`; `waits_for`), TESTING, PASSED (lands after those `ahead`), FAILED (by itself, or in
    CONFLICT with the target), RED (the target fails alone), CLASH (fails with `clashes_with`, which is before
    it or has landed).
    """

    state: str
    ahead: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    why: str = ""
    clashes_with: str | None = None
    job: Job | None = None

    @property
    def may_land(self) -> bool:
        """Whether exactly what it would land now was tested and passed."""
        return self.state == PASSED and not self.ahead


def plan(line: Sequence[Candidate], known: Known, window: int) -> dict[str, Standing]:
    """How each entry of the line stands, what is to be run for it; at most `window` are tested at once."""
    line_up = _LineUp(known, window)
    for candidate in line:
        line_up.take(candidate)
    return line_up.standings


def jobs(standings: Mapping[str, Standing]) -> list[Job]:
    """What is to be run, in the order of the line, each thing once."""
    return list(dict.fromkeys(each.job for each in standings.values() if each.job is not None))


class _LineUp:
    def __init__(self, known: Known, window: int) -> None:
        self._known, self._room = known, window
        self._going: dict[str, tuple[str, ...]] = {}
        """Those that are presumed to land, and what each is tested on."""
        self._decider: str | None = None
        self.standings: dict[str, Standing] = {}

    def take(self, candidate: Candidate) -> None:
        standing = self._stands(candidate)
        unproven = standing.state in (TESTING, RED) and standing.job is not None
        if unproven and self._room <= 0:
            standing = Standing(WAITING, standing.ahead, standing.ahead, WINDOW)
        self._room -= unproven
        self.standings[candidate.id] = standing
        if standing.state == PASSED or (standing.state == TESTING and not _is_deciding(standing, candidate)):
            self._going[candidate.id] = standing.ahead
            if candidate.decides:
                self._decider = candidate.id

    def _stands(self, candidate: Candidate) -> Standing:
        if candidate.held:
            return Standing(WAITING, why=HELD)
        missing = tuple(each for each in candidate.needs if each not in self._going)
        if missing:
            return Standing(WAITING, waits_for=missing, why=NEEDS)
        if self._decider is not None:
            return Standing(WAITING, waits_for=(self._decider,), why=DECIDES)
        ahead = self._ahead_of(candidate)
        trial = Trial(candidate.id, ahead)
        result = self._known.result(trial)
        if result is None:
            return Standing(TESTING, ahead, ahead, job=Job(trial))
        if result == PASSED:
            return Standing(PASSED, ahead, ahead)
        if result == CONFLICT:
            return self._in_conflict(trial)
        return self._blamed(trial)

    def _ahead_of(self, candidate: Candidate) -> tuple[str, ...]:
        """Those before it that it overlaps with, and what these are tested on, in the order of the line."""
        wanted: set[str] = set()
        for other, below in self._going.items():
            if candidate.decides or other in candidate.overlaps or other in candidate.needs:
                wanted |= {other, *below}
        return tuple(other for other in self._going if other in wanted)

    def _in_conflict(self, trial: Trial) -> Standing:
        for count in range(len(trial.ahead)):
            if self._known.result(Trial(trial.entry, trial.ahead[:count])) == CONFLICT:
                return self._conflict_with(trial, count)
        return self._conflict_with(trial, len(trial.ahead))

    def _conflict_with(self, trial: Trial, count: int) -> Standing:
        if count == 0:
            return Standing(FAILED, why=CONFLICT)
        return Standing(WAITING, waits_for=(trial.ahead[count - 1],), why=CONFLICT)

    def _blamed(self, trial: Trial) -> Standing:
        """Who is to blame for a failure; while that is not known, what must be run to know it."""
        if not trial.ahead:
            return self._alone(trial)
        unproven = tuple(each for each in trial.ahead if self.standings[each].state != PASSED)
        if unproven:
            return Standing(TESTING, trial.ahead, unproven)
        alone = Trial(trial.entry)
        result = self._known.result(alone)
        if result is None:
            return Standing(TESTING, trial.ahead, trial.ahead, job=Job(alone))
        if result == FAILED:
            return self._alone(alone)
        return self._split(trial)

    def _alone(self, trial: Trial) -> Standing:
        base = self._known.base_fails(trial)
        if base is None:
            return Standing(TESTING, job=Job(trial, on_base=True))
        return Standing(RED) if base else self._since(trial)

    def _since(self, trial: Trial) -> Standing:
        """Who fails on the target: by itself, or with somebody who landed after it had left the target."""
        landed = self._known.landed(trial.entry)
        if not landed:
            return Standing(FAILED)
        good, bad = -1, len(landed)
        while bad - good > 1:
            middle = 0 if good < 0 else (good + bad) // 2
            part = Trial(trial.entry, before=landed[middle])
            result = self._known.result(part)
            if result is None:
                return Standing(TESTING, job=Job(part))
            if middle == 0 and result != PASSED:
                return Standing(FAILED)
            good, bad = (good, middle) if result == FAILED else (middle, bad)
        return Standing(CLASH, waits_for=(landed[bad - 1],), clashes_with=landed[bad - 1])

    def _split(self, trial: Trial) -> Standing:
        """Finds the first of those ahead with which it fails: halves what is between passed and failed.

        The last one left is not tested again: with it the trial has failed.
        """
        good, bad = 0, len(trial.ahead)
        while bad - good > 1:
            middle = (good + bad) // 2
            part = Trial(trial.entry, trial.ahead[:middle])
            result = self._known.result(part)
            if result is None:
                return Standing(TESTING, trial.ahead, trial.ahead, job=Job(part))
            good, bad = (good, middle) if result == FAILED else (middle, bad)
        culprit = trial.ahead[bad - 1]
        return Standing(CLASH, trial.ahead[: bad - 1], (culprit,), clashes_with=culprit)


def _is_deciding(standing: Standing, candidate: Candidate) -> bool:
    """Whether it has failed already, and what is run is to find out who is to blame."""
    return (
        standing.job is None
        or standing.job.on_base
        or standing.job.trial != Trial(candidate.id, standing.ahead)
    )


@dataclass(frozen=True)
class Window:
    """How many entries may be tested before those ahead have passed.

    One more after each that passed, half as many after each that failed, never below `floor`.
    """

    size: int
    floor: int

    def after(self, *, passed: bool) -> Window:
        """The window after one more is decided."""
        return Window(self.size + 1 if passed else max(self.floor, self.size // 2), self.floor)
