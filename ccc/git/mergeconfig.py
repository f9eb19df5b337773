"""What decides about a merge beside the two commits: git itself, its configuration, attributes, grafts."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from ccc.git import history
from ccc.git.command import Git
from ccc.ids import digest
from ccc.records import dataclass

SETTINGS = r"^(core|diff|merge|submodule)\."
DRIVER = r".driver"
SYSTEM_ATTRIBUTES = "/etc/gitattributes"


@dataclass(frozen=True)
class Surroundings:
    """`signature` changes with whatever decides; `drivers`: programs of somebody else's merge some files."""

    signature: str
    drivers: bool


def surroundings(git: Git, common: Path, environment: Mapping[str, str]) -> Surroundings:
    """What a merge in this repository depends on now, by one git process. Raises GitFailed."""
    asked = git.run("config", "-z", "--get-regexp", SETTINGS, ok=(0, 1)).out
    keys: dict[str, str] = {}
    for row in asked.decode("utf-8", "surrogateescape").split("\0"):
        key, _, value = row.partition("\n")
        keys[key] = value
    drivers = any(key.startswith("merge.") and key.endswith(DRIVER) for key in keys)
    parts = [asked, history.depth(common).encode(), _program(environment)]
    parts += [_content(path) for path in _files(common, keys.get("core.attributesfile"), environment)]
    return Surroundings(digest("sha256", b"".join(b"%d %b" % (len(each), each) for each in parts)), drivers)


def _files(common: Path, attributes: str | None, environment: Mapping[str, str]) -> list[Path]:
    """Where git reads attributes from outside a work tree (gitattributes(5)), and the parents it invents."""
    home = Path(environment.get("HOME") or "/nonexistent")
    if attributes is not None:
        named = home / attributes[2:] if attributes.startswith("~/") else common / attributes
    else:
        named = Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "git" / "attributes"
    return [common / "info" / "attributes", common / "info" / "grafts", named, Path(SYSTEM_ATTRIBUTES)]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _program(environment: Mapping[str, str]) -> bytes:
    """Which git it is: a newer one may merge otherwise."""
    found = shutil.which("git", path=environment.get("PATH"))
    if found is None:
        return b""
    now = Path(found).stat()
    elsewhere = environment.get("GIT_EXEC_PATH", "")
    return f"{found} {now.st_mtime_ns} {now.st_size} {elsewhere}".encode("utf-8", "surrogateescape")
