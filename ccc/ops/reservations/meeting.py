"""Whether a file that an agent is about to change is reserved by another session: no git, no state."""

from __future__ import annotations

import os
from pathlib import Path

from ccc.domain.reserving import covers
from ccc.git.folders import pointed_at
from ccc.git.heads import ADMIN_PREFIX
from ccc.records import dataclass

GLOB, LITERAL = ":(glob,top)", ":(literal,top)"


@dataclass(frozen=True)
class Met:
    """Words on each reservation that a change would meet; `denies`: one of them refuses it."""

    words: tuple[str, ...]
    denies: bool


def met(root: Path, file: Path) -> Met:
    """What others have reserved of a file in a session's worktree; `root` is ccc's folder.

    Nothing for a file elsewhere. Raises OSError.
    """
    place = Path(os.path.normpath(file))
    top = next((each for each in place.parents if (each / ".git").exists()), None)
    admin = pointed_at(top / ".git") if top is not None else None
    if top is None or admin is None or not admin.name.startswith(ADMIN_PREFIX):
        return Met((), denies=False)
    own, path = admin.name.removeprefix(ADMIN_PREFIX), place.relative_to(top).as_posix()
    words, denies = [], False
    for line in _lines(root):
        mode, holder, spec = line.split(" ", 2)
        if holder != own and _is_meant(spec, path):
            words.append(f"{path} is reserved by {holder}; wait for it: git ccc reserve {path}")
            denies |= mode == "deny"
    return Met(tuple(words), denies)


def _lines(root: Path) -> list[str]:
    try:
        return (root / "reserved").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def _is_meant(spec: str, path: str) -> bool:
    if spec.startswith(GLOB):
        return covers(spec.removeprefix(GLOB), path)
    whole = spec.removeprefix(LITERAL)
    return path == whole or path.startswith(f"{whole}/")
