"""Messages on their way to an agent of this machine: files that its host takes up, in order of time.

The record of a message is on `refs/ccc`; these files are only the way to the host and can be made again.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

from ccc.records import dataclass
from ccc.runs.files import SessionFiles, read_json, ring, write_json

IDENTIFIER = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Letter:
    """A message to deliver: its id (32 hex digits), who sent it in words, the text, when (RFC 3339 UTC)."""

    id: str
    sender: str
    text: str
    at: str


def post(files: SessionFiles, letter: Letter) -> None:
    """Puts a letter where the host finds it, and wakes the host. Doing it twice changes nothing."""
    write_json(files.mail / f"{letter.id}.json", asdict(letter))
    ring(files)


def waiting(files: SessionFiles) -> list[Letter]:
    """Every letter not yet taken into the conversation, oldest first."""
    found = []
    for path in _paths(files):
        document = read_json(path)
        if document is not None:
            found.append(Letter(path.stem, document["sender"], document["text"], document["at"]))
    return sorted(found, key=lambda letter: (letter.at, letter.id))


def taken(files: SessionFiles, identifier: str) -> None:
    """Takes a letter away: it was seen in the conversation, or will never be."""
    (files.mail / f"{identifier}.json").unlink(missing_ok=True)


def _paths(files: SessionFiles) -> list[Path]:
    try:
        return [path for path in files.mail.iterdir() if IDENTIFIER.fullmatch(path.stem)]
    except (FileNotFoundError, NotADirectoryError):
        return []
