"""Notes as text and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Protocol

from ccc.domain.notes import Note
from ccc.ids import short
from ccc.records import dataclass
from ccc.text import printable, printable_lines


@dataclass(frozen=True)
class Listing:
    """Notes at one moment, the oldest first; `names` from session id to name."""

    tip: str | None
    notes: Sequence[Note]
    names: Mapping[str, str]


class Styles(Protocol):
    """What colours text."""

    def style(self, text: str, name: str) -> str:
        """The text in a named style."""


def notes_document(listing: Listing) -> dict[str, object]:
    """`{"format", "tip", "notes": [{"id","kind","text","why","session","by","at"}]}`; ids in full."""
    return {"format": 1, "tip": listing.tip, "notes": [asdict(note) for note in listing.notes]}


def notes_text(listing: Listing, styles: Styles) -> str:
    """A line about each note, then its text and reason indented."""
    return "\n".join(_note(note, listing, styles) for note in listing.notes)


def _note(note: Note, listing: Listing, styles: Styles) -> str:
    owner = printable(listing.names.get(note.session or "") or note.session or "repository")
    heading = styles.style(note.kind, "heading")
    lines = [f"{styles.style(short(note.id), 'id')} {heading}  {owner}  {styles.style(note.at, 'faint')}"]
    lines += [f"    {line}" for line in printable_lines(note.text).split("\n")]
    if note.why:
        lines += [f"    because {printable_lines(note.why)}"]
    return "\n".join(lines)
