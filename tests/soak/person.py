"""The person at the keyboard: answers what is asked, and takes up what nobody but a person takes up."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.soak.cast import CHOICES, REFUSAL, WHICH_WAY
from tests.soak.place import Place
from tests.soak.storm import first_words
from tests.soak.watch import Watch

HELP_SECONDS = 10.0
"""How long ccc has to take a session up by itself, before the person does."""

GAVE_UP = re.compile(r"restarted (\d+) times before")

PAUSE = 2.0


@dataclass
class Person:
    """Looks into the inbox and at the status until told to go; `helped` says what needed help, and why."""

    place: Place
    watch: Watch
    deeds: Counter[str] = field(default_factory=Counter)
    helped: list[str] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)
    _seen_at: dict[str, float] = field(default_factory=dict)
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
        """Takes up who gave up after too many restarts in a turn. Whatever else needs help is a fault."""
        for part in self.place.cast:
            status, why = self.watch.now.get(part.name, ("", ""))
            if status not in ("failed", "lost") or REFUSAL in why:
                self._seen_at.pop(part.name, None)
            elif time.monotonic() - self._seen_at.setdefault(part.name, time.monotonic()) > HELP_SECONDS:
                done = self.place.ccc("resume", part.name)
                del self._seen_at[part.name]
                self.helped.append(
                    f"{part.name} was {status}: {why}; {first_words(done.stdout + done.stderr)}"
                )

    def unneeded(self) -> list[str]:
        """Whom ccc should have taken up by itself."""
        return [each for each in self.helped if GAVE_UP.search(each) is None]
