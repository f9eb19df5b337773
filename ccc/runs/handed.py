"""What a program was handed at its hook points and was not seen to tell its agent yet; and who has it open.

Hints for the hooks of one session on this machine: deleting them costs at most a message told twice.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from ccc.platform import processes
from ccc.records import dataclass
from ccc.runs.files import SessionFiles, read_json, write_json

LOCK = "handed.lock"
"""Held while a hook, or who looks after it, decides what is handed over and what has arrived."""


@dataclass(frozen=True)
class Handed:
    """A message that was handed over: `process` (identity) and conversation it went to, where to look for it.

    `offset`: bytes of the transcript that were there before. `times`: how often it was handed over.
    """

    id: str
    process: str
    conversation: str
    transcript: str
    offset: int
    times: int


def folder(files: SessionFiles) -> Path:
    """One file a message."""
    return files.root / "handed"


def lock(files: SessionFiles) -> Path:
    """The lock's file."""
    return files.root / LOCK


def all_of(files: SessionFiles) -> dict[str, Handed]:
    """What was handed over, by the message's id."""
    found = {}
    for path in _files(folder(files)):
        document = read_json(path)
        if document is not None:
            found[path.stem] = Handed(**document)
    return found


def keep(files: SessionFiles, handed: Handed) -> None:
    """Notes that a message was handed over. Raises OSError."""
    write_json(folder(files) / f"{handed.id}.json", asdict(handed))


def forget(files: SessionFiles, identifier: str) -> None:
    """It has arrived, or went another way."""
    (folder(files) / f"{identifier}.json").unlink(missing_ok=True)


def enter(files: SessionFiles, conversation: str, process: str) -> None:
    """Notes that a person has a program open in the session's worktree. Raises OSError."""
    write_json(_visitors(files) / f"{conversation}.json", {"process": process})


def leave(files: SessionFiles, conversation: str) -> None:
    """Notes that it has ended."""
    (_visitors(files) / f"{conversation}.json").unlink(missing_ok=True)


def visitor(files: SessionFiles) -> int | None:
    """The process id of a program that a person has open there, and that our hooks have heard of."""
    for path in _files(_visitors(files)):
        process = str((read_json(path) or {}).get("process"))
        if processes.alive(process):
            return int(process.split(" ")[0])
        path.unlink(missing_ok=True)
    return None


def _visitors(files: SessionFiles) -> Path:
    return files.root / "visitors"


def _files(place: Path) -> list[Path]:
    try:
        return sorted(path for path in place.iterdir() if path.suffix == ".json" and path.name[0] != ".")
    except (FileNotFoundError, NotADirectoryError):
        return []
