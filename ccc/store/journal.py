"""The journal: facts acknowledged before anybody records them, one file each."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from ccc.domain.decisive import require_undecided
from ccc.domain.events import Draft, draft_line, from_source, parse_draft
from ccc.domain.secrets import Filter
from ccc.layout import Layout, make_folder
from ccc.records import dataclass
from ccc.store import processes
from ccc.store.cleaning import cleaned
from ccc.store.crashpoints import reached
from ccc.store.disk import naming
from ccc.store.protocol import JournalEntry

FORMAT = 1


class NewerEntry(ValueError):
    """An entry of a format that this ccc does not know."""


def check_format(line: str) -> None:
    """Raises NewerEntry for a line that says `"format"` 2 or more; those of format 1 do not say it."""
    if '"format"' not in line:
        return
    written_as = None
    with contextlib.suppress(ValueError, RecursionError):
        written_as = json.loads(line).get("format")
    if isinstance(written_as, int) and written_as > FORMAT:
        raise NewerEntry(f"an entry of format {written_as}")


SIZE_LIMIT = 16 << 20
"""Bytes of an entry: it travels whole in memory; what an agent attaches is far below."""


@dataclass(frozen=True)
class Found:
    """A file of the journal: `line` is None for bytes that are no text.

    `repeated` says that somebody claimed it before and did not finish: it may be recorded already.
    """

    path: Path
    source: str
    line: str | None
    at_ns: int
    repeated: bool

    @property
    def entry(self) -> JournalEntry:
        """The file as observers get it."""
        return JournalEntry(self.path.name, self.source, self.line or "", self.at_ns // 1_000_000)


def is_note(found: Found) -> bool:
    """Whether the file holds what a hook noted; events are JSON objects."""
    return found.line is not None and not found.line.startswith("{")


def is_newer(found: Found) -> bool:
    """Whether a newer ccc wrote the file, in a format of its own: it waits for one."""
    if found.line is None or is_note(found):
        return False
    try:
        check_format(found.line)
    except NewerEntry:
        return True
    return False


def draft_of(found: Found) -> Draft:
    """The event a file holds, marked with its source. Raises ValueError."""
    if found.line is None:
        raise ValueError(f"not text in a plain file of at most {SIZE_LIMIT >> 20} MB")
    check_format(found.line)
    try:
        return from_source(parse_draft(found.line), found.source)
    except RecursionError as error:
        raise ValueError("values within values, too deep") from error


def write(layout: Layout, draft: Draft, name: str | None = None) -> str:
    """Acknowledges a draft; the name of its file, random unless given.

    Raises ValueError for one that may not be recorded, or not from here, FileExistsError.
    """
    require_undecided(draft)
    text, secrets = draft_line(draft), Filter()
    line = (draft_line(*cleaned([draft], secrets)) if secrets.suspects(text) else text).encode() + b"\n"
    name = name or _random_name()
    path = layout.journal_new / name
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileNotFoundError:
        make_folder(layout.journal_new)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    with naming(path), os.fdopen(descriptor, "wb") as file:
        file.write(line)
    reached("journal-written")
    return name


def _random_name() -> str:
    """128 random bits, as `uuid` would give them without the 2 ms of importing it."""
    return os.urandom(16).hex()


def waiting(layout: Layout) -> list[Found]:
    """Everything acknowledged and not finished, claimed or not, oldest first; read without any lock.

    New files are listed before claimed ones, because that is the way files go.
    """
    names = _files(layout.journal_new)
    found = _read(names, repeated=False)
    for claim in _folders(layout.journal_claimed):
        found += _read(_files(claim), repeated=True)
    unique = {one.source: one for one in found}
    return _sorted(unique.values())


class Claim:
    """The files one drain has taken out of the journal; to be held under the lock."""

    def __init__(self, layout: Layout, lane: str) -> None:
        self.layout = layout
        self._lane = lane
        self._touched = False

    @cached_property
    def folder(self) -> Path:
        """Where the files of this claim lie."""
        return self.layout.journal_claimed / processes.own_name(self._lane)

    def take(self) -> list[Found]:
        """Claims every complete file, also those of drains that did not finish; oldest first."""
        abandoned = self._abandoned()
        again = self._adopted(path for folder in abandoned for path in _files(folder))
        for folder in abandoned:
            _remove_if_empty(folder)
        taken = self._adopted(path for path in _files(self.layout.journal_new) if _complete(path))
        if taken or again:
            reached("claimed")
        return _sorted([*_read(again, repeated=True), *_read(taken, repeated=False)])

    def _abandoned(self) -> list[Path]:
        """Claims of processes that are gone, and of this one's drains that failed."""
        claims = _folders(self.layout.journal_claimed)
        return [claim for claim in claims if claim == self.folder or not processes.lives(claim.name)]

    def _adopted(self, paths: Iterable[Path]) -> list[Path]:
        """Takes these files; without those that somebody else took, where the lock does not work.

        One that is named like another waits for the next drain: its name is its source.
        """
        found = []
        for path in paths:
            goal = self.folder / path.name
            self._touched = True
            if path == goal or (not goal.exists() and _moved(path, goal)):
                found.append(goal)
        return found

    def finish(self, found: Iterable[Found]) -> None:
        """Forgets files that are recorded."""
        for one in found:
            one.path.unlink(missing_ok=True)
        reached("unlinked")

    def set_aside(self, found: Found) -> None:
        """Moves a file that cannot be read to `journal/bad`."""
        make_folder(self.layout.journal_bad)
        goal = self.layout.journal_bad / found.path.name
        if os.path.lexists(goal):
            goal = goal.with_name(f"{goal.name}.{_random_name()}")
        if os.path.lexists(found.path):
            found.path.rename(goal)

    def release(self) -> None:
        """Lets go: what is left belongs to nobody, and the next drain takes it."""
        if not self._touched or _remove_if_empty(self.folder) or not self.folder.exists():
            return
        goal = self.folder.with_name(f"{_random_name()}.0.0")
        self.folder.rename(goal)


def _files(folder: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(folder) if not entry.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _folders(folder: Path) -> list[Path]:
    return [path for path in _files(folder) if path.is_dir()]


def _moved(path: Path, goal: Path) -> bool:
    """Whether the file could be renamed; makes the folder for it. False where it is gone."""
    for _ in range(2):
        try:
            path.rename(goal)
        except FileNotFoundError:
            make_folder(goal.parent)
        else:
            return True
    return False


def _remove_if_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def _complete(path: Path) -> bool:
    """Whether the file ends in a newline: its writer has finished. What is no entry is complete, too."""
    if not _is_entry(path):
        return os.path.lexists(path)
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return False
            file.seek(-1, os.SEEK_END)
            return _ends(file.read(1))
    except FileNotFoundError:
        return False


def _is_entry(path: Path) -> bool:
    """Whether this is a plain file of a reasonable size; nothing else is opened: a fifo would never end."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size <= SIZE_LIMIT


def _ends(content: bytes) -> bool:
    """Whether its writer has finished: the newline is written last."""
    return content.endswith(b"\n")


def _read(paths: Iterable[Path], *, repeated: bool) -> list[Found]:
    return [found for path in paths if (found := _found(path, repeated=repeated)) is not None]


def _found(path: Path, *, repeated: bool) -> Found | None:
    """The entry; without a line for what can be none. None for a file that has gone, or is being written."""
    try:
        if not _is_entry(path):
            at_ns = path.lstat().st_mtime_ns
            return Found(path, f"{path.name}.{at_ns}", None, at_ns, repeated)
        with path.open("rb") as file:
            content, at_ns = file.read(), os.fstat(file.fileno()).st_mtime_ns
    except FileNotFoundError:
        return None
    if not _ends(content):
        return None
    return Found(path, f"{path.name}.{at_ns}", _text(content[:-1]), at_ns, repeated)


def _text(content: bytes) -> str | None:
    try:
        return content.decode("utf-8", "strict" if content.startswith(b"{") else "surrogateescape")
    except UnicodeDecodeError:
        return None


def _sorted(found: Iterable[Found]) -> list[Found]:
    return sorted(found, key=lambda one: (one.at_ns, one.path.name))
