"""The stub of the Messages API as a process of its own, that is killed like all others and knows what it did.

`python -m tests.soak.stub PORT FOLDER SEED SECONDS`: `progress` in the folder says how far the storm is,
`log.jsonl` gets a line for each request before it is answered.
"""

from __future__ import annotations

import json
import os
import random
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ccc.demo import answers
from ccc.demo.answers import Answer, Body
from ccc.demo.serving import Server
from tests.soak import trouble
from tests.soak.cast import LAST_TURN
from tests.soak.model import Conversation, next_step

WORD = re.compile(r"soak-(?:note|word|finish)-[a-z0-9-]*\d")
"""What tells one message from every other."""

PACE = (1.0, 4.0)
"""Seconds that the model thinks during the storm."""


class Stub:
    """Answers what the model of the soak says, or lets something go wrong."""

    def __init__(self, folder: Path, seed: str, seconds: float) -> None:
        self._folder, self._seed, self._goals = folder, seed, trouble.goals(seconds)
        self._lock = threading.Lock()
        past = list(entries(folder))
        self._number = max((entry["number"] for entry in past), default=0)
        self._asked = Counter(str(entry["name"]) for entry in past)
        self._troubles = Counter(entry["trouble"] for entry in past if entry["trouble"])
        self._log = os.open(folder / "log.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def reply(self, body: Body, session: str | None) -> Answer:
        """Keeps what was asked, then answers."""
        place = answers.place_of(body)
        talk = Conversation(body)
        progress = self._progress()
        name = talk.part.name if talk.part else None
        with self._lock:
            self._number += 1
            self._asked[str(name)] += 1
            number, nth = self._number, self._asked[str(name)]
            kind = None if place.aside or name is None else self._draw(name, nth, progress)
            self._keep(number, name, session, talk, kind, aside=place.aside)
        if place.aside:
            return answers.answer_of({"text": '{"title": "an aside"}'}, body, number, 1)
        step = dict(next_step(talk, progress))
        if kind is not None:
            step["fail_always"] = trouble.shape(kind)
        step["delay"] = self._thinks(number) if 0.0 < progress < 1.0 else 0.1
        filled = json.loads(json.dumps(step).replace("@CWD@", json.dumps(talk.folder)[1:-1]))
        return answers.answer_of(filled, body, number, 1)

    def _thinks(self, number: int) -> float:
        return random.Random(f"{self._seed}:{number}").uniform(*PACE)

    def _draw(self, name: str, nth: int, progress: float) -> str | None:
        kind = trouble.draw(f"{self._seed}:{name}:{nth}", self._goals, self._troubles, progress)
        if kind is not None:
            self._troubles[kind] += 1
        return kind

    def _progress(self) -> float:
        try:
            return float((self._folder / "progress").read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return 0.0

    def _keep(
        self,
        number: int,
        name: str | None,
        session: str | None,
        talk: Conversation,
        kind: str | None,
        *,
        aside: bool,
    ) -> None:
        entry = {
            "number": number,
            "at": round(time.time(), 3),
            "name": name,
            "session": session,
            "aside": aside,
            "trouble": kind,
            "committed": talk.committed,
            "words": dict(Counter(WORD.findall(talk.told))),
            "last turns": talk.told.count(LAST_TURN),
        }
        os.write(self._log, f"\n{json.dumps(entry)}\n".encode())


def entries(folder: Path) -> Iterator[dict[str, Any]]:
    """What was asked so far, oldest first; a line that a kill cut off is left out."""
    try:
        lines = (folder / "log.jsonl").read_bytes().split(b"\n")
    except FileNotFoundError:
        return
    for line in lines:
        try:
            found = json.loads(line)
        except ValueError:
            continue
        yield found


def main(argv: list[str]) -> int:
    """Serves until it is ended; prints its port."""
    server = Server(int(argv[0]), Stub(Path(argv[1]), argv[2], float(argv[3])))
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever(0.05)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
