"""Git objects through one `git cat-file --batch-command`, references through their files; reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from ccc.errors import GitFailed, StateBroken
from ccc.git.command import Git
from ccc.git.dialogue import Dialogue
from ccc.git.formats import FILES, REFTABLE, SHA1, SHA256, Formats, formats_of
from ccc.git.objects import MissingObject

AT_ONCE = 10_000
"""Objects asked for in one go: git keeps the questions and answers after `flush`, so no pipe fills up."""

REFERENCE_ATTEMPTS = 3
ATTEMPTS = 2
_DIGITS = {SHA1: 40, SHA256: 64}
_HEXADECIMAL = frozenset("0123456789abcdef")


class CatFile:
    """Objects and references of one common directory; the git process starts with the first object read."""

    def __init__(self, git: Git, common: Path) -> None:
        self.common = common
        self._git = git
        self._objects = Dialogue(git, "cat-file", "--batch-command", "--buffer")
        self._formats: Formats | None = None
        self._tables: tuple[bytes, dict[str, str | None]] = (b"", {})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin(self) -> None:
        """Starts the git process before the first object is wanted. Raises GitFailed without git."""
        self._objects.begin()

    def close(self) -> None:
        """Ends the git process; the next read starts another."""
        self._objects.close()

    @property
    def algorithm(self) -> str:
        """The hash function that names objects here: sha1 or sha256."""
        return self._known_formats.objects

    @property
    def _known_formats(self) -> Formats:
        if self._formats is None:
            self._formats = formats_of(self.common)
        return self._formats

    def read(self, oid: str) -> tuple[str, bytes]:
        """(kind, content). Raises MissingObject, StateBroken for a damaged object."""
        return self.read_many([oid])[0]

    def read_many(self, oids: Iterable[str]) -> list[tuple[str, bytes]]:
        """Like `read` for several, in order, in one round trip."""
        wanted = list(oids)
        found: list[tuple[str, bytes]] = []
        for start in range(0, len(wanted), AT_ONCE):
            found += self._contents(wanted[start : start + AT_ONCE])
        return found

    def has(self, oid: str) -> bool:
        """Whether the object is stored. Raises GitFailed where git ended instead of an answer."""
        if not self._is_oid(oid):
            return False
        for _ in range(ATTEMPTS):
            answer = self._ask("info", [oid]).readline()
            if answer.endswith(b"\n"):
                return not answer.endswith(b" missing\n")
            self.close()
        raise GitFailed(f"git cat-file ended while reading in {self.common}", "git ccc doctor")

    def _contents(self, oids: list[str]) -> list[tuple[str, bytes]]:
        try:
            answers = self._answers(oids)
        except StateBroken:
            # Somebody may have killed git; what is damaged is so the second time, too.
            answers = self._answers(oids)
        missing = [oid for oid, answer in zip(oids, answers, strict=True) if answer is None]
        if missing:
            raise self._unreadable(missing[0])
        return [answer for answer in answers if answer is not None]

    def _answers(self, oids: list[str]) -> list[tuple[str, bytes] | None]:
        """One for each, None for a missing one; git is ended where it does not answer all."""
        pipe = self._ask("contents", oids)
        try:
            return [self._answer(pipe, oid) for oid in oids]
        except BaseException:
            self.close()
            raise

    def _unreadable(self, oid: str) -> StateBroken:
        """git calls a damaged loose object missing; its file tells them apart."""
        if (self.common / "objects" / oid[:2] / oid[2:]).exists():
            return StateBroken(f"object {oid} cannot be read", "git ccc fsck")
        return MissingObject(oid)

    def _ask(self, command: str, oids: list[str]) -> IO[bytes]:
        wrong = next((oid for oid in oids if not self._is_oid(oid)), None)
        if wrong is not None:
            raise MissingObject(wrong)
        return self._objects.ask("".join(f"{command} {oid}\n" for oid in oids).encode() + b"flush\n")

    def _is_oid(self, text: str) -> bool:
        """git would take fewer digits for an abbreviation, and other words for a revision."""
        return len(text) == _DIGITS.get(self.algorithm) and not set(text) - _HEXADECIMAL

    def _answer(self, pipe: IO[bytes], oid: str) -> tuple[str, bytes] | None:
        """One object as git prints it; None for a missing one."""
        words = pipe.readline().decode("ascii", "replace").split()
        if len(words) == 2 and words[1] == "missing":
            return None
        if len(words) != 3:
            raise StateBroken(f"object {oid} cannot be read", "git ccc fsck")
        content = pipe.read(int(words[2]) + 1)
        if len(content) != int(words[2]) + 1:
            raise StateBroken(f"object {oid} cannot be read", "git ccc fsck")
        return words[1], content[:-1]

    def get(self, name: str) -> str | None:
        """The id a reference names, None where there is none. Raises StateBroken for an unreadable one.

        A reference being packed may be missed in both files, so they are looked at again.
        """
        if self._known_formats.references != FILES:
            return self._in_tables(name)
        for _ in range(REFERENCE_ATTEMPTS):
            found = self._loose(name) or self._packed(name)
            if found is not None:
                return found
            if not (self.common / name).exists():
                break
        return None

    def _in_tables(self, name: str) -> str | None:
        """As git says; asked again only when the list of tables has changed, as it does with every move."""
        listed = self._list_of_tables()
        if listed == b"" or listed != self._tables[0]:
            self._tables = (listed, {})
        known = self._tables[1]
        if name not in known:
            known[name] = self._asked_of_git(name)
        return known[name]

    def _list_of_tables(self) -> bytes:
        """The names of the tables, each used once; empty where references are stored in a newer way."""
        if self._known_formats.references != REFTABLE:
            return b""
        try:
            return (self.common / "reftable" / "tables.list").read_bytes()
        except FileNotFoundError:
            return b""

    def _asked_of_git(self, name: str) -> str | None:
        lines = self._git.text("for-each-ref", "--format=%(objectname) %(refname)", name).splitlines()
        return next((line.split(" ")[0] for line in lines if line.endswith(f" {name}")), None)

    def _loose(self, name: str) -> str | None:
        try:
            text = (self.common / name).read_text(encoding="utf-8", errors="replace").rstrip("\n")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        if text.startswith("ref: "):
            return self.get(text.removeprefix("ref: "))
        if not self._is_oid(text):
            raise StateBroken(f"{name} holds no object id", "git ccc fsck")
        return text

    def _packed(self, name: str) -> str | None:
        return next((oid for oid, packed in self._packed_lines() if packed == name), None)

    def _packed_lines(self) -> Iterator[tuple[str, str]]:
        try:
            text = (self.common / "packed-refs").read_text(encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            return
        for line in text.split("\n"):
            if line and line[0] not in "#^":
                oid, _, packed = line.partition(" ")
                yield oid, packed
