"""Who is to be told what, and who was: files below `<common dir>/ccc/notices/`, one a notice and channel.

`new/<id>.<channel>.json` waits; it is made by a link, so never twice at once. `told/<id>.<channel>.json` says
how that ended; whoever sends makes it before the other goes, and drops what is laid down again.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ccc.domain.occasions import Occasion, arising
from ccc.layout import Layout
from ccc.ops.notices.channels import Channel
from ccc.runs.files import read_json, write_json

LATE = timedelta(minutes=10)
"""How old an occasion may be that is told to somebody who has just asked to be told."""

KEPT_SECONDS = 7 * 24 * 3600
"""How long it is remembered that somebody was told, once it is no longer so."""

NAME = re.compile(r"([0-9a-f]{32})\.([a-z-]+)\.json")


class Ledger:
    """What this machine has told, or is to tell."""

    def __init__(self, layout: Layout) -> None:
        self.root = layout.root / "notices"
        self.lock = self.root / "lock"
        self._new, self._told, self._begun = self.root / "new", self.root / "told", self.root / "begun.json"

    def add(self, channel: Channel, current: Iterable[Occasion], now: str) -> list[Occasion]:
        """Lays down what a channel is still to be told; what that was."""
        told = {name for name, whose in [*_listed(self._told), *_listed(self._new)] if whose == channel.name}
        fresh = arising(current, self._from_when(channel, now), told)
        return [each for each in fresh if self._lay_down(each, channel, now)]

    def _from_when(self, channel: Channel, now: str) -> dict[str, str]:
        """Word to moment; a word that was not asked for before begins now."""
        every = read_json(self._begun) or {}
        known = every.get(channel.name) if isinstance(every.get(channel.name), dict) else {}
        late = (datetime.fromisoformat(now).astimezone(UTC) - LATE).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        found = {word: str((known or {}).get(word, late)) for word in channel.on}
        if found != known:
            write_json(self._begun, {**every, channel.name: found})
        return found

    def _lay_down(self, occasion: Occasion, channel: Channel, now: str) -> bool:
        path = self._path(self._new, occasion.id, channel.name)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        write_json(draft, {**document(occasion), "noticed_at": now, "attempts": 0, "next": 0})
        try:
            os.link(draft, path)
        except FileExistsError:
            return False
        finally:
            draft.unlink(missing_ok=True)
        return True

    def forget(self) -> None:
        """Nobody wants to be told any more: who asks again begins anew."""
        if self._begun.exists():
            self._begun.unlink(missing_ok=True)
            for path in _files(self._new):
                path.unlink(missing_ok=True)

    def waiting(self, channels: Collection[str]) -> list[tuple[str, str]]:
        """(id, channel) of what is to be told by one of these, oldest first."""
        aged = ((_written_at(path), path.name) for path in _files(self._new))
        found = [(at, name) for at, name in aged if at is not None]
        names = [NAME.fullmatch(name) for _, name in sorted(found)]
        return [(name[1], name[2]) for name in names if name is not None and name[2] in channels]

    def read(self, identifier: str, channel: str) -> dict[str, Any] | None:
        """What is to be told; None where it was meanwhile, also by somebody who was killed right after."""
        path = self._path(self._new, identifier, channel)
        if self._path(self._told, identifier, channel).exists():
            path.unlink(missing_ok=True)
            return None
        found = read_json(path)
        if found is None:
            path.unlink(missing_ok=True)
        return found

    def tried(self, channel: str, notice: dict[str, Any]) -> None:
        """Remembers an attempt before it is made, or when the next one is due."""
        write_json(self._path(self._new, notice["id"], channel), notice)

    def done(self, channel: str, notice: dict[str, Any], trouble: str | None, now: str) -> None:
        """It was told, or given up because of `trouble`."""
        kept = {key: notice[key] for key in ("id", "status", "session", "name", "title", "since", "attempts")}
        document = {**kept, "channel": channel, "at": now, "trouble": trouble}
        write_json(self._path(self._told, notice["id"], channel), document)
        self._path(self._new, notice["id"], channel).unlink(missing_ok=True)

    def history(self) -> list[dict[str, Any]]:
        """What was told and what waits, oldest first; what waits has no `at`."""
        told = [each for path in _files(self._told) if (each := read_json(path)) is not None]
        open_ones = []
        for path in _files(self._new):
            name, found = NAME.fullmatch(path.name), read_json(path)
            if name is not None and found is not None:
                open_ones.append({**found, "channel": name[2], "at": None, "trouble": found.get("trouble")})
        return [*sorted(told, key=lambda each: (each["at"], each["id"])), *open_ones]

    def clear(self, current: Collection[str], channels: Collection[str]) -> None:
        """Forgets who was told of what is long over, and what nobody needs to be told any more."""
        for path in _files(self._new):
            name = NAME.fullmatch(path.name)
            if name is None or name[1] not in current or name[2] not in channels:
                path.unlink(missing_ok=True)
        oldest = time.time() - KEPT_SECONDS
        for path in _files(self._told):
            name = NAME.fullmatch(path.name)
            if name is None or (name[1] not in current and (_written_at(path) or oldest) < oldest):
                path.unlink(missing_ok=True)

    def _path(self, folder: Path, identifier: str, channel: str) -> Path:
        return folder / f"{identifier}.{channel}.json"


def document(occasion: Occasion) -> dict[str, Any]:
    """An occasion as everybody is told it."""
    return {
        "format": 1,
        "id": occasion.id,
        "status": occasion.word,
        "session": occasion.session,
        "name": occasion.name,
        "title": occasion.title,
        "text": occasion.text,
        "since": occasion.since,
        "command": occasion.command,
    }


def _files(folder: Path) -> Sequence[Path]:
    try:
        return [path for path in folder.iterdir() if path.name[0] != "."]
    except (FileNotFoundError, NotADirectoryError):
        return ()


def _written_at(path: Path) -> float | None:
    """When it was written; None where somebody has just told it, or forgotten it."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None


def _listed(folder: Path) -> list[tuple[str, str]]:
    names = [NAME.fullmatch(path.name) for path in _files(folder)]
    return [(name[1], name[2]) for name in names if name is not None]
