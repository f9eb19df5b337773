"""How a repository stores its objects and references, as its own configuration file says."""

from __future__ import annotations

import re
from pathlib import Path

from ccc.records import dataclass

SHA1, SHA256 = "sha1", "sha256"
FILES, REFTABLE = "files", "reftable"
_SECTION = re.compile(r"^[ \t]*\[[ \t]*([^\]]*?)[ \t]*\](.*)$")
_PAIR = re.compile(r"^[ \t]*([A-Za-z][A-Za-z0-9-]*)[ \t]*(?:=[ \t]*(.*))?$")


@dataclass(frozen=True)
class Formats:
    """`objects`: sha1 or sha256, `references`: files, reftable or a newer kind; all `extensions` by name."""

    objects: str
    references: str
    extensions: frozenset[str]


def formats_of(common: Path) -> Formats:
    """The formats of a common directory, without asking git (2 ms).

    git, too, takes extensions from this very file alone, never from included or global configuration
    (gitrepository-layout(5), Documentation/technical/repository-version).
    """
    found = dict(_extensions(common / "config"))
    objects = found.get("objectformat", SHA1).lower()
    references = found.get("refstorage", FILES).lower()
    return Formats(objects, references, frozenset(found))


def _extensions(config: Path) -> list[tuple[str, str]]:
    try:
        text = config.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    found, inside = [], False
    for line in text.splitlines():
        section = _SECTION.match(line)
        if section:
            inside, line = section[1].lower() == "extensions", section[2]
        pair = _PAIR.match(line) if inside else None
        if pair:
            found.append((pair[1].lower(), _value(pair[2])))
    return found


def _value(text: str | None) -> str:
    """A value without comment, quotes and blanks around it; a key alone is true."""
    return "true" if text is None else re.split(r"[#;]", text)[0].strip().strip('"')


def lock_of(common: Path, name: str) -> Path:
    """The file that whoever moves a reference holds: with reftable one for all of them."""
    if formats_of(common).references == REFTABLE:
        return common / "reftable" / "tables.list.lock"
    return common / f"{name}.lock"
