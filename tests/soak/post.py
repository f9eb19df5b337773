"""Messages during the soak, from the person at the keyboard: to one, to some, to all."""

from __future__ import annotations

import random
import threading
from collections import Counter
from dataclasses import dataclass, field

from tests.soak.place import Place
from tests.soak.staying import Staying

NOTE = "soak-note"
GOAL = 300
"""Messages that a storm has at least, sessions' own among them."""

PAUSE = (0.3, 1.5)
"""Seconds between two calls of `send`."""


@dataclass
class Postman:
    """Sends until the storm is over; `sent` is word → ids of its messages, as ccc told them."""

    place: Place
    sent: dict[str, list[str]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    staying: Staying = field(default_factory=Staying)
    _number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def count(self) -> int:
        """How many messages there were so far."""
        return sum(len(each) for each in self.sent.values())

    def __enter__(self) -> Postman:
        self.staying.begin(self._run)
        return self

    def __exit__(self, *_: object) -> None:
        self.staying.end()

    def _run(self) -> None:
        dice = random.Random(f"post {self.place.seed}")
        while self.staying.rests(dice.uniform(*PAUSE)):
            self._one(dice)

    def _one(self, dice: random.Random) -> None:
        kind = dice.random()
        if kind < 0.08:
            self.send(["all"])
        elif kind < 0.3:
            self.send([each.name for each in dice.sample(self.place.cast, 3)])
        else:
            self.send([dice.choice(self.place.cast).name])

    def send(self, receivers: list[str], kind: str = NOTE) -> bool:
        """Sends one text, which no other message has, and keeps what ccc said to it; whether it was taken."""
        with self._lock:
            self._number += 1
            word = f"{kind}-{self._number}"
        done = self.place.ccc("send", *receivers, f"{word}: nothing to do about it", "--json")
        if done.exit == 0:
            self.sent[word] = [each["id"] for each in done.json["messages"]]
        elif done.exit == 1:
            self.refused[done.stderr.strip().splitlines()[0]] += 1
            self.sent[word] = []
        else:
            self.troubles.append(f"send {receivers}: exit {done.exit}, {done.stderr}")
        return done.exit == 0
