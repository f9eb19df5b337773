"""The person at the keyboard: answers what is asked, and takes up what nobody but a person takes up."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.soak.cast import CHOICES, REFUSAL, WHICH_WAY
from tests.soak.place import Place
from tests.soak.storm import first_words
from tests.soak.watch import Watch

HELP_SECONDS = 6.0
"""Between two times that the person takes up the same session."""

PAUSE = 2.0


@dataclass
class Person:
    """Looks into the inbox and at the status until told to go; `helped` says what needed help, and why."""

    place: Place
    watch: Watch
    deeds: Counter[str] = field(default_factory=Counter)
    helped: list[str] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)
    _helped_at: dict[str, float] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Person:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        assert self._thread is not None
        self._thread.join(180)

    def _run(self) -> None:
        try:
            while not self._stop.wait(PAUSE):
                self._help()
                self._answer()
        except BaseException as error:
            self.faults.append(error)
            raise

    def _answer(self) -> None:
        for item in self.place.ccc("inbox", "--json", exit=0).json["items"]:
            if item["kind"] == "question" and WHICH_WAY in item["text"] + item["title"]:
                done = self.place.ccc("answer", item["id"], "--choice", str(len(CHOICES)))
                self.deeds["answered" if done.exit == 0 else f"answer: {first_words(done.stderr)}"] += 1

    def _help(self) -> None:
        for part in self.place.cast:
            status, why = self.watch.now.get(part.name, ("", ""))
            rested = time.monotonic() - self._helped_at.get(part.name, -HELP_SECONDS) >= HELP_SECONDS
            if status in ("failed", "lost") and REFUSAL not in why and rested:
                done = self.place.ccc("resume", part.name)
                self._helped_at[part.name] = time.monotonic()
                how = f"exit {done.exit} {first_words(done.stderr)}"
                self.helped.append(f"{part.name} was {status}: {why}; resume: {how}")
