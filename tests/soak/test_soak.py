"""Twelve sessions of the real program in a storm: each comes to its right end, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest

from tests.soak import proof, trouble
from tests.soak.cast import FINISH
from tests.soak.conftest import SECONDS
from tests.soak.person import Person
from tests.soak.place import Place, StubProcess
from tests.soak.post import GOAL, Postman
from tests.soak.storm import KILLS, Storm
from tests.soak.watch import Watch

pytestmark = [pytest.mark.slow, pytest.mark.soak, pytest.mark.timeout(3 * SECONDS + 900)]

CALM_SECONDS = 180.0
"""How long everything may take to come to its right end once nothing is killed any more."""

QUIET_SECONDS = 90.0
"""How long the last processes may take to end by themselves."""


class Findings:
    """What is amiss, by the promise that it breaks; said all together at the end."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, promise: str, faults: Iterable[str]) -> None:
        """Keeps faults, and says them at once: who reads the log sees when."""
        for fault in dict.fromkeys(faults):
            self.found.append(f"{promise}: {fault}")
            print(self.found[-1])


def test_in_a_storm_every_session_comes_to_its_right_end(place: Place, stub: StubProcess) -> None:
    print(f"\nCCC_SOAK_SEED={place.seed} CCC_SOAK_SECONDS={place.seconds:g} repeats this storm")
    findings = Findings()
    place.spawn_all()
    postman = Postman(place)
    with Watch(place) as watch:
        with Person(place, watch, postman) as person:
            with postman:
                storm = Storm(place, stub, postman, place.seconds)
                storm.blow()
            print(storm.report())
            findings.add("every session ends right", _calm_down(place, postman))
        print(person.report(), *person.helped, sep="\n")
    findings.add("ccc takes up by itself", person.unneeded())
    letters = proof.Letters(place, postman)
    findings.add("every message arrives or bounces", _close_the_dead(place, letters))
    findings.add("no process is left", proof.wait_until(lambda: proof.processes_left(place), QUIET_SECONDS))
    print(watch.report())
    print(letters.report())
    findings.add("no worktree is shared", watch.shared)
    findings.add("the status is true", watch.wrong)
    findings.add("a message is told once", letters.faults())
    findings.add("the work is there", proof.work(place))
    findings.add("the conversation stays", proof.conversations(place))
    findings.add("a budget ends in one turn", proof.budgets(place))
    findings.add("the state is whole", proof.state(place))
    findings.add("the diary is whole", proof.diary(place))
    findings.add("hosts are without fault", proof.host_faults(place))
    faults = [fault for each in (watch, postman, person) for fault in each.staying.faults]
    findings.add("nobody gave up", [repr(fault) for fault in faults])
    findings.add("commands answer", postman.troubles)
    findings.add("as much as promised", _too_little(storm, len(letters.all())))
    assert not findings.found, f"CCC_SOAK_SEED={place.seed}: " + "\n".join(findings.found)


def _calm_down(place: Place, postman: Postman) -> list[str]:
    """Lets everybody come to an end; who has not in the end."""
    began = time.monotonic()
    place.progress(1.0)
    for part in place.cast:
        if part.working:
            _insist(postman, part.name)
    left = proof.wait_until(lambda: proof.endings(place), CALM_SECONDS)
    print(f"{time.monotonic() - began:.0f} s until all had ended")
    return left


def _insist(postman: Postman, name: str) -> None:
    """A session that has just failed refuses a message until the person takes it up again.

    What it took before it failed comes back, and is sent again by the person.
    """
    until = time.monotonic() + 60.0
    while not postman.send([name], FINISH) and time.monotonic() < until:
        time.sleep(1.0)


def _close_the_dead(place: Place, letters: proof.Letters) -> list[str]:
    """The others get their mail; what waits for those that never go on comes back once they are closed."""
    alive = [part.name for part in place.cast if part.working]

    def waiting() -> list[str]:
        return [each for each in letters.waiting() if any(name in each for name in alive)]

    left = proof.wait_until(waiting, 60.0)
    for part in place.cast:
        if not part.working:
            done = place.ccc("close", part.name)
            left += [f"close {part.name}: {done.stderr}"] if done.exit else []
    place.ccc("drain", exit=0)
    return left + proof.wait_until(letters.waiting, 60.0)


def _too_little(storm: Storm, messages: int) -> Iterable[str]:
    """What the storm promised and did not bring; a short one, for work on the soak itself, promises less."""
    share = min(1.0, storm.seconds / trouble.WHOLE)
    happened = storm.troubles
    counts = {
        "kills": (sum(storm.kills.values()), KILLS),
        "rate limits": (happened[trouble.LIMITED] + happened[trouble.PARKED], 50),
        "hangs": (happened[trouble.HANG], 20),
        "dropped connections": (happened[trouble.CUT] + happened[trouble.REFUSED], 20),
        "messages": (messages, GOAL),
    }
    for what, (count, promised) in counts.items():
        if count < promised * share:
            yield f"{count} {what}, not {promised * share:.0f}"
