"""The person at the keyboard: answers, pauses, resumes, stops, takes up what nobody else takes up.

What she said in vain to a session that gave up she says again once that is taken up: her inbox names it.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.soak.cast import CHOICES, FINISH, REFUSAL, WHICH_WAY
from tests.soak.place import Place
from tests.soak.post import Postman
from tests.soak.staying import Staying
from tests.soak.watch import Watch

HELP_SECONDS = 10.0
"""How long ccc has to take a session up by itself, before the person does."""

GAVE_UP = re.compile(r"restarted (\d+) times before")
ROUND_SECONDS = 1.0
PAUSES, PAUSE_SECONDS = 8, 4.0
STOPS_AT = 0.4
"""How much of the storm is over when she stops the one session that is to be stopped."""


@dataclass
class Person:
    """Does what is due until told to go; `helped` says what needed help and why, `deeds` what she did."""

    place: Place
    watch: Watch
    postman: Postman
    deeds: Counter[str] = field(default_factory=Counter)
    helped: list[str] = field(default_factory=list)
    staying: Staying = field(default_factory=Staying)
    _to_pause: list[tuple[float, str]] = field(default_factory=list)
    _paused: dict[str, float] = field(default_factory=dict)
    _to_stop: list[str] = field(default_factory=list)
    _seen_at: dict[str, float] = field(default_factory=dict)

    def __enter__(self) -> Person:
        dice = random.Random(f"person {self.place.seed}")
        cast = [part.name for part in self.place.cast if part.working]
        self._to_pause = sorted((dice.uniform(0.05, 0.9), dice.choice(cast)) for _ in range(PAUSES))
        self._to_stop = [part.name for part in self.place.cast if "stopped" in part.ending]
        self.staying.begin(self._run)
        return self

    def __exit__(self, *_: object) -> None:
        self.staying.end()

    def _run(self) -> None:
        while self.staying.rests(ROUND_SECONDS):
            self._halt()
            self._help()
            self._read_inbox()

    def _do(self, verb: str, name: str, *more: str) -> bool:
        """One command about one session; what came of it is counted."""
        done = self.place.ccc(verb, name, *more)
        words = (done.stderr.strip().splitlines() or ["?"])[0].replace(name, "it")
        self.deeds[verb if done.exit == 0 else f"{verb}: {words}"] += 1
        return done.exit == 0

    def _halt(self) -> None:
        if self._to_stop and self.place.share > STOPS_AT and self._do("stop", self._to_stop[0]):
            self._to_stop.pop()
        while self._to_pause and self.place.share > self._to_pause[0][0]:
            _, name = self._to_pause.pop(0)
            if self._do("pause", name):
                self._paused[name] = time.monotonic()
        for name, since in list(self._paused.items()):
            if time.monotonic() - since > PAUSE_SECONDS:
                self._go_on(name)

    def _go_on(self, name: str) -> None:
        """Who was killed while it was paused may have to be started, and that may have to wait."""
        if self._do("resume", name) or self.watch.now.get(name, ("",))[0] != "paused":
            del self._paused[name]

    def _read_inbox(self) -> None:
        for item in self.place.ccc("inbox", "--json", exit=0).json["items"]:
            if item["kind"] == "question" and WHICH_WAY in item["text"] + item["title"]:
                self._do("answer", item["id"], "--choice", str(len(CHOICES)))
            elif item["kind"] == "message" and item["title"].endswith("did not arrive"):
                self._say_again(item)

    def _say_again(self, item: Mapping[str, Any]) -> None:
        """What somebody waits for; refused until its receiver was taken up."""
        name, what = item["session"], item["text"]
        if FINISH in what:
            arrives = self.postman.send([name], FINISH)
        elif WHICH_WAY in what:
            arrives = self._do("send", name, f"Answer: {CHOICES[-1]}")
        else:
            return
        if arrives:
            self._do("inbox", "--ack", item["id"])

    def _help(self) -> None:
        """Takes up who gave up after too many restarts in a turn. Whatever else needs help is a fault."""
        for part in self.place.cast:
            status, why = self.watch.now.get(part.name, ("", ""))
            if status not in ("failed", "lost") or REFUSAL in why:
                self._seen_at.pop(part.name, None)
            elif time.monotonic() - self._seen_at.setdefault(part.name, time.monotonic()) > HELP_SECONDS:
                done = self.place.ccc("resume", part.name)
                del self._seen_at[part.name]
                self.helped.append(f"{part.name} was {status}: {why}; {done.stdout}{done.stderr}".strip())

    def unneeded(self) -> list[str]:
        """Whom ccc should have taken up by itself."""
        return [each for each in self.helped if GAVE_UP.search(each) is None]

    def report(self) -> str:
        """What she did, in words."""
        deeds = ", ".join(f"{what} {count}" for what, count in self.deeds.most_common())
        return f"the person did: {deeds}; took up {len(self.helped)}"
