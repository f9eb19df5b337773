"""The storm: kills of agents, hosts and the stub, drawn by the seed."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.soak import processes, trouble
from tests.soak.place import Place, StubProcess
from tests.soak.post import GOAL, Postman
from tests.soak.processes import Living

KILLS = 200
"""Processes killed in a whole storm, at least."""

BLOWS = {"agent": 58, "host": 16, "both": 8, "stub": 15, "all hosts": 3}
"""How often each kind of blow falls, in a hundred."""

LEAST_ALIVE = 4
"""Agents that must be at work before the next blow: a storm that kills nobody shows nothing."""

COUNT_SECONDS = 1.0
"""Between two counts of what went wrong with answers."""

GIVE_UP = 3.0
"""A storm that takes so many times its time does not get through on this machine."""


@dataclass
class Storm:
    """Blows fall evenly over `seconds`; it is over when all that was promised has happened."""

    place: Place
    stub: StubProcess
    postman: Postman
    seconds: float
    kills: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    took: float = 0.0
    _counted: float = 0.0

    def blow(self) -> None:
        """From the first blow to the last."""
        dice = random.Random(f"storm {self.place.seed}")
        began = time.monotonic()
        goal = round(KILLS * self.seconds / trouble.WHOLE) + 4
        while not self._is_over(goal) and self.took < GIVE_UP * self.seconds:
            self.took = time.monotonic() - began
            share = min(1.0, self.took / self.seconds)
            self.place.progress(max(0.001, min(0.99, share)))
            if sum(self.kills.values()) < goal * share:
                self._strike(dice)
            time.sleep(0.1)
        self.took = time.monotonic() - began

    def _is_over(self, kills: int) -> bool:
        if time.monotonic() > self._counted + COUNT_SECONDS:
            self.troubles = Counter(each["trouble"] for each in self.place.requests() if each["trouble"])
            self._counted = time.monotonic()
        enough = all(
            self.troubles[kind] >= goal for kind, goal in trouble.goals(self.seconds).items() if goal
        )
        return (
            self.took >= self.seconds
            and sum(self.kills.values()) >= kills
            and enough
            and self.postman.count >= GOAL * self.seconds / trouble.WHOLE
        )

    # --- blows

    def _strike(self, dice: random.Random) -> None:
        living = processes.look(self.place.common)
        if sum(each.kind == "agent" for each in living) < min(LEAST_ALIVE, len(self.place.cast) // 2):
            return
        kind = dice.choices(list(BLOWS), list(BLOWS.values()))[0]
        name = dice.choice(self.place.cast).name
        if kind == "stub":
            self.stub.kill()
            self.kills["stub"] += 1
            return
        for victim in self._victims(kind, name, living):
            self.kills[victim.kind] += victim.kill()

    def _victims(self, kind: str, name: str, living: list[Living]) -> list[Living]:
        """Whom the blow meets: those of the session that was drawn, or of the next one that has such."""
        main = [each for each in living if each.kind in ("agent", "host")]
        if kind == "all hosts":
            return [each for each in main if each.kind == "host"]
        names = [part.name for part in self.place.cast]
        start = names.index(name)
        for candidate in names[start:] + names[:start]:
            mine = [each for each in main if each.session == self.place.sessions[candidate]["id"]]
            if kind != "both":
                mine = [each for each in mine if each.kind == kind]
            if mine:
                return mine
        return []

    def report(self) -> str:
        """What it did, in words."""
        kills = ", ".join(f"{count} {kind}" for kind, count in self.kills.most_common())
        return (
            f"{self.took:.0f} s: killed {kills}; {trouble.counted(self.troubles)};"
            f" {self.postman.count} messages of the person"
        )
