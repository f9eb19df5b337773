"""How far a rehearsal has come, in a file outside the worktree: a resumed conversation goes on from there."""

from __future__ import annotations

import json
from dataclasses import asdict, field
from pathlib import Path
from typing import Any

from ccc.platform.files import write_whole
from ccc.records import dataclass


@dataclass
class Known:
    """What is kept. `turn` and `step` (from 0) come next; `open`: the turn was begun and not ended.

    `plan` is what the step noted so that doing it again is harmless; `heard` counts the messages of
    this turn that no step has waited for; `crashed` are the places where the script's crash has been.
    """

    turn: int = 0
    step: int = 0
    open: bool = False
    plan: str | None = None
    heard: int = 0
    crashed: list[str] = field(default_factory=list)


class Memory:
    """Survives kill -9 at any moment; without a path it is forgotten with the process."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.known = Known(**_read(path))

    @property
    def conversation(self) -> str | None:
        """The id of the conversation that it belongs to."""
        return None if self._path is None else self._path.stem.removeprefix("rehearsal-")

    def open_turn(self) -> None:
        """The turn begins."""
        self.known.open = True
        self._save()

    def plan(self, plan: str) -> None:
        """Notes what the step is about to do, or has done."""
        self.known.plan = plan
        self._save()

    def finish(self) -> None:
        """The step is done and never done again."""
        self.known.step, self.known.plan = self.known.step + 1, None
        self._save()

    def end_turn(self) -> None:
        """The turn is over, however it ended; the next message begins the next one."""
        known = self.known
        self.known = Known(turn=known.turn + 1, crashed=known.crashed)
        self._save()

    def hear(self) -> None:
        """A message entered the turn."""
        self.known.heard += 1
        self._save()

    def crashes(self) -> bool:
        """Notes the crash that is about to be at this step; False where it has been before."""
        place = f"{self.known.turn}.{self.known.step}"
        if place in self.known.crashed:
            return False
        self.known.crashed.append(place)
        self._save()
        return True

    def _save(self) -> None:
        if self._path is not None:
            write_whole(self._path, json.dumps(asdict(self.known)))


def _read(path: Path | None) -> dict[str, Any]:
    """The fields of the file; none where there is no file, or none of ours."""
    if path is None:
        return {}
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    fields = asdict(Known())
    usable = isinstance(found, dict) and found.keys() == fields.keys()
    return found if usable else {}
