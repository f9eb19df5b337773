"""Messages on their way to an agent of this machine: files that its host takes up, in order of time.

The record of a message is on `refs/ccc`; these files are only the way to the host and can be made again.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from ccc.layout import make_folder
from ccc.records import dataclass
from ccc.runs.files import SessionFiles, read_json, ring, write_json

IDENTIFIER = re.compile(r"[0-9a-f]{32}")
LATELY = 8
"""Letters that are kept after they entered the conversation."""


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
    return _letters(files.mail)


def taken(files: SessionFiles, identifier: str) -> None:
    """Takes a letter away: it was seen in the conversation, or will never be."""
    (files.mail / f"{identifier}.json").unlink(missing_ok=True)


def told(files: SessionFiles, identifier: str) -> None:
    """Puts a letter that entered the conversation with those that did lately.

    The last few are kept: a program that is killed may not have written down what it was told.
    """
    path, place = files.mail / f"{identifier}.json", told_folder(files)
    make_folder(place)
    with suppress(FileNotFoundError):
        path.replace(place / path.name)
    for old in lately(files)[:-LATELY]:
        (place / f"{old.id}.json").unlink(missing_ok=True)


def lately(files: SessionFiles) -> list[Letter]:
    """The letters that entered the conversation last, oldest first."""
    return _letters(told_folder(files))


def forget_told(files: SessionFiles) -> None:
    """Takes them away: nothing of them is to be missed in the conversation any more."""
    for letter in lately(files):
        (told_folder(files) / f"{letter.id}.json").unlink(missing_ok=True)


def told_folder(files: SessionFiles) -> Path:
    """Where those letters lie."""
    return files.root / "told"


def _letters(folder: Path) -> list[Letter]:
    found = []
    for path in _paths(folder):
        document = read_json(path)
        if document is not None:
            found.append(Letter(path.stem, document["sender"], document["text"], document["at"]))
    return sorted(found, key=lambda letter: (letter.at, letter.id))


def _paths(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if IDENTIFIER.fullmatch(path.stem)]
    except (FileNotFoundError, NotADirectoryError):
        return []
