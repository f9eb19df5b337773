"""Two pairs of eyes during the soak: what the system says of processes, and what ccc says of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from tests.soak import processes
from tests.soak.place import Place
from tests.soak.processes import Living
from tests.soak.staying import Staying

SAMPLE_SECONDS = 0.4
STATUS_SECONDS = 1.0
TOLERATED = 10.0
"""Seconds for which a status may be behind: a host is declared dead after some, and the machine is busy."""

AT_WORK = frozenset({"starting", "running", "limited"})
"""What needs a host; `idle` also says that the program was put to rest after its turn."""

OVER = frozenset({"failed", "lost", "stopped"})
"""What needs that no agent lives."""


@dataclass
class Watch:
    """Looks until it is told to stop; `shared` and `wrong` are the faults it saw, in words."""

    place: Place
    shared: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    samples: int = 0
    most_agents: int = 0
    answers: list[float] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    now: dict[str, tuple[str, str]] = field(default_factory=dict)
    _since: dict[tuple[str, str], float] = field(default_factory=dict)
    staying: Staying = field(default_factory=Staying)

    def __enter__(self) -> Watch:
        self.staying.begin(self._look_at_processes, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        self.staying.end()

    # --- no two agents in one work tree

    def _look_at_processes(self) -> None:
        while self.staying.rests(SAMPLE_SECONDS):
            living = processes.look(self.place.common)
            agents = [each for each in living if each.kind == "agent"]
            self.samples += 1
            self.most_agents = max(self.most_agents, len(agents))
            for one, other in _pairs(agents):
                self.shared.append(f"{one} and {other} work in {one.folder}")

    # --- what ccc says

    def _ask(self) -> None:
        while self.staying.rests(STATUS_SECONDS):
            began = time.monotonic()
            told = self.place.status()
            self.answers.append(time.monotonic() - began)
            living = processes.look(self.place.common)
            for name, session in told.items():
                self.now[name] = (session["status"], _why(session))
                self.seen[session["status"]] += 1
                mine = [each for each in living if each.session == session["id"] and each.kind != "other"]
                self._compare(name, session, mine, began)

    def _compare(self, name: str, session: Mapping[str, Any], living: list[Living], at: float) -> None:
        """A contradiction counts once it has lasted."""
        status = str(session["status"])
        contradictions = {
            "nothing lives": status in AT_WORK and not living,
            "an agent lives": status in OVER and any(each.kind == "agent" for each in living),
            "nobody looks": status == "unknown",
        }
        for what, is_so in contradictions.items():
            if not is_so:
                self._since.pop((name, what), None)
            elif at - self._since.setdefault((name, what), at) > TOLERATED:
                self.wrong.append(f"{name} is said to be {status}, and {what}: {session['evidence']}")

    def report(self) -> str:
        """What was seen, in words."""
        answers = sorted(self.answers)
        middle = answers[len(answers) // 2] if answers else 0.0
        slow = answers[-1] if answers else 0.0
        statuses = ", ".join(f"{status} {count}" for status, count in self.seen.most_common())
        return (
            f"{self.samples} looks at processes, at most {self.most_agents} agents at once;"
            f" status answered {len(answers)} times, median {middle:.2f} s,"
            f" slowest {slow:.2f} s; said: {statuses}"
        )


def _pairs(agents: list[Living]) -> Iterator[tuple[Living, Living]]:
    """Those that work in one folder at the same time; who is just being forked looks like its parent."""
    for one, other in combinations(agents, 2):
        related = one.pid == other.parent or other.pid == one.parent
        if one.folder == other.folder and not related and one.alive and other.alive:
            yield one, other


def _why(session: Mapping[str, Any]) -> str:
    """The first of the evidence."""
    return next((str(each["what"]) for each in session["evidence"]), "")
