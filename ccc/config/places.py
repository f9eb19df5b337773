"""Where each key of a configuration text stands, so that an error can name its line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import yaml

Key = tuple[str | int, ...]
Places = Mapping[Key, int]
"""Key, from the outermost name inwards, to its line, counted from 1."""

_NAME = r"(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
_NAMES = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_NAMES})\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_NAMES})\s*=")
_TOKEN = re.compile(r"\"\"\"|\'\'\'|\"(?:\\.|[^\"\\])*\"|'[^']*'|#.*|\S")


def line_of(places: Places, key: Sequence[str | int]) -> int:
    """The line of the key, or of the innermost key around it that is known; 1 where none is."""
    for length in range(len(key), 0, -1):
        if tuple(key[:length]) in places:
            return places[tuple(key[:length])]
    return 1


def toml_places(text: str) -> dict[Key, int]:
    """The places of the tables, keys and list items of a valid TOML text."""
    scan = _TomlScan()
    for number, line in enumerate(text.split("\n"), 1):
        scan.read(line, number)
    return scan.places


class _TomlScan:
    """Reads a TOML text line by line; knows only as much of it as tells keys from values."""

    def __init__(self) -> None:
        self.places: dict[Key, int] = {}
        self.table: Key = ()
        self.key: Key = ()
        self.item = self.depth = 0
        self.quote = ""

    def read(self, line: str, number: int) -> None:
        """One line: a header, an assignment, or the continuation of a value."""
        if not self.quote and self.depth == 0:
            header, assignment = _HEADER.match(line), _ASSIGNMENT.match(line)
            if header:
                self._open(_key(header[2]), number, repeated=header[1] == "[[")
                return
            if assignment:
                self.key, self.item = self.table + _key(assignment[1]), 0
                self._note(self.key, number)
                line = line[assignment.end() :]
        self._value(line, number)

    def _open(self, key: Key, number: int, *, repeated: bool) -> None:
        if repeated:
            count = sum(len(known) == len(key) + 1 and known[:-1] == key for known in self.places)
            self._note(key, number)
            key = (*key, count)
        self.table = key
        self._note(key, number)

    def _note(self, key: Key, number: int) -> None:
        for length in range(1, len(key) + 1):
            self.places.setdefault(key[:length], number)

    def _value(self, line: str, number: int) -> None:
        if self.quote:
            _, ended, line = line.partition(self.quote)
            self.quote = "" if ended else self.quote
        for token in () if self.quote else _TOKEN.finditer(line):
            sign = token[0]
            if sign in ('"""', "'''"):
                self.quote = sign
                return self._value(line[token.end() :], number)
            self._sign(sign, number)
        return None

    def _sign(self, sign: str, number: int) -> None:
        if self.depth == 1 and sign == ",":
            self.item += 1
        elif self.depth == 1 and sign != "]" and not sign.startswith("#"):
            self.places.setdefault((*self.key, self.item), number)
        self.depth += (sign in "[{") - (sign in "]}")


def _key(text: str) -> Key:
    return tuple(part.strip("\"'") for part in re.findall(_NAME, text))


def yaml_places(node: yaml.Node | None, first: int) -> dict[Key, int]:
    """The places of a YAML document whose first line is line `first` of its file."""
    places: dict[Key, int] = {}
    waiting: list[tuple[Key, yaml.Node | None]] = [((), node)]
    seen: set[int] = set()
    while waiting:
        path, current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        for key, place, child in _children(current):
            places[(*path, key)] = place.start_mark.line + first
            waiting.append(((*path, key), child))
    return places


def _children(node: yaml.Node | None) -> list[tuple[str | int, yaml.Node, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        return [(str(key.value), key, value) for key, value in node.value]
    if isinstance(node, yaml.SequenceNode):
        return [(number, item, item) for number, item in enumerate(node.value)]
    return []
