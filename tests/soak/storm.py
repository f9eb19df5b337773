"""The storm: kills of agents, hosts and the stub, and what a person does meanwhile; drawn by the seed."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.soak import processes, trouble
from tests.soak.cast import Part
from tests.soak.place import Place, StubProcess
from tests.soak.post import GOAL, Postman
from tests.soak.processes import Living

KILLS = 200
"""Processes killed in a whole storm, at least."""

BLOWS = {"agent": 58, "host": 16, "both": 8, "stub": 15, "all hosts": 3}
"""How often each kind of blow falls, in a hundred."""

LEAST_ALIVE = 4
"""Agents that must be at work before the next blow: a storm that kills nobody shows nothing."""

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
    deeds: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    took: float = 0.0
    _paused: dict[str, float] = field(default_factory=dict)
    _stopped: bool = False

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
            self._act(dice, share)
            time.sleep(0.1)
        self.took = time.monotonic() - began
        for name in list(self._paused):
            self._go_on(name)

    def _is_over(self, kills: int) -> bool:
        self.troubles = Counter(each["trouble"] for each in self.place.requests() if each["trouble"])
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
        kind = dice.choices(list(BLOWS), list(BLOWS.values()))[0]
        name = dice.choice(self.place.cast).name
        if kind == "stub":
            self.stub.kill()
            self.kills["stub"] += 1
            return
        living = processes.look(self.place.common)
        agents = [each for each in living if each.kind == "agent"]
        if len(agents) < LEAST_ALIVE:
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

    # --- what a person does

    def _act(self, dice: random.Random, share: float) -> None:
        if share > 0.4 and not self._stopped and dice.random() < 0.03:
            self._stop_one()
        if dice.random() < 0.012 and len(self._paused) < 2 and share < 0.9:
            self._pause(dice.choice(self.place.cast[:6]))
        for name, since in list(self._paused.items()):
            if time.monotonic() - since > 4.0:
                self._go_on(name)

    def _stop_one(self) -> None:
        part = next((each for each in self.place.cast if each.ending == ("stopped",)), None)
        if part is None:
            return
        done = self.place.ccc("stop", part.name)
        if done.exit == 0:
            self._stopped = True
            self.deeds["stopped"] += 1
        else:
            self.deeds[f"stop: {first_words(done.stderr)}"] += 1

    def _pause(self, part: Part) -> None:
        done = self.place.ccc("pause", part.name)
        if done.exit == 0:
            self._paused[part.name] = time.monotonic()
            self.deeds["paused"] += 1
        else:
            self.deeds[f"pause: {first_words(done.stderr, part.name)}"] += 1

    def _go_on(self, name: str) -> None:
        del self._paused[name]
        done = self.place.ccc("resume", name)
        self.deeds["resumed" if done.exit == 0 else f"resume: {first_words(done.stderr, name)}"] += 1

    def report(self) -> str:
        """What it did, in words."""
        kills = ", ".join(f"{count} {kind}" for kind, count in self.kills.most_common())
        deeds = ", ".join(f"{what} {count}" for what, count in self.deeds.most_common())
        return (
            f"{self.took:.0f} s: killed {kills}; {trouble.counted(self.troubles)};"
            f" {self.postman.count} messages of the person; it also {deeds}"
        )


def first_words(words: str, name: str = "") -> str:
    """The first line of an error, without the name that makes each one different."""
    return (words.strip().splitlines() or ["?"])[0].replace(name or "\0", "it")
