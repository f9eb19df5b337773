"""Where branches are, and which of them linked work trees are on, read from git's files where those tell."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.git.formats import FILES, formats_of
from ccc.platform.contents import content

ADMIN_PREFIX = "ccc-"
"""What the name of a session's admin directory begins with: hooks and identity go by it."""

STUB = "ref: refs/heads/.invalid"
"""What a HEAD file holds where references are stored as reftable (git's reftable format document)."""


HEADS = "refs/heads/"
YOUNG_NS = 1_000_000_000
"""Of two files this young the times may be the same: clocks of file systems tick every 4 ms, or slower."""

UNDER_WAY = ("rebase-merge", "rebase-apply", "BISECT_LOG")
"""In an admin directory: HEAD is detached because of what git is doing there."""

_OID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


def branches(git: Git, common: Path) -> Mapping[str, str]:
    """Full name to tip of every branch; without a process (4 ms) where each is in a file as git writes it."""
    found = _filed(common) if formats_of(common).references == FILES else None
    return repositories.refs(git, HEADS) if found is None else found


def _filed(common: Path) -> Mapping[str, str] | None:
    """None where git had better be asked: symbolic, damaged or unreadable ones."""
    try:
        loose = dict(_loose(f"{common}/", HEADS))
        # After the loose ones: git removes a loose file only when its value is in packed-refs.
        packed = _packed(f"{common}/packed-refs")
    except OSError:
        return None
    return {**packed, **loose} if packed is not None and _are_ids(loose) else None


def _loose(common: str, folder: str) -> Iterator[tuple[str, str]]:
    try:
        with os.scandir(common + folder) as entries:
            listed = [(folder + entry.name, entry.is_dir()) for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return
    for name, is_folder in listed:
        if is_folder:
            yield from _loose(common, f"{name}/")
        elif not name.endswith(".lock"):
            text = _content(common + name)
            if text is not None:
                yield name, text.strip()


def _packed(path: str) -> Mapping[str, str] | None:
    """The branches in packed-refs; parsed once a version, as git only ever puts another file in its place."""
    try:
        now = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return {}
    if abs(time.time_ns() - now.st_mtime_ns) < YOUNG_NS:
        return _parsed(_content(path) or "")
    return _version(path, now.st_ino, now.st_mtime_ns, now.st_ctime_ns, now.st_size)


@lru_cache(maxsize=4)
def _version(path: str, *_: int) -> Mapping[str, str] | None:
    return _parsed(_content(path) or "")


def _parsed(text: str) -> Mapping[str, str] | None:
    lines = text.split("\n")
    pairs = (line.split(" ", 1) for line in lines if line and line[0] not in "#^")
    found = {pair[1]: pair[0] for pair in pairs if len(pair) == 2 and pair[1].startswith(HEADS)}
    return found if _are_ids(found) else None


def _are_ids(found: Mapping[str, str]) -> bool:
    return all(map(_OID.match, found.values()))


def branches_of(git: Git, common: Path, prefix: str, names: Collection[str]) -> Mapping[str, str]:
    """Admin directory's name (the prefix and one of these) to the full name of its branch.

    For a detached HEAD the commit stands there. Who rebases or bisects is left out, and so is what cannot be
    read.
    """
    there = listed(f"{common}/worktrees")
    admins = [one for one in there if one.startswith(prefix) and one[len(prefix) :] in names]
    files = {admin: f"{common}/worktrees/{admin}/HEAD" for admin in admins}
    texts = {admin: (_content(file) or "").strip() for admin, file in files.items()}
    unknown = [admin for admin, text in texts.items() if text == STUB]
    found = _asked_of_git(git, unknown, BRANCH) if unknown else {}
    detached = [admin for admin, name in found.items() if not name.startswith("refs/")]
    commits = _asked_of_git(git, detached, COMMIT) if detached else {}
    found = {admin: found[admin] for admin in found.keys() - set(detached)}
    texts = {**texts, **commits}
    for admin, text in texts.items():
        if text.startswith("ref: ") and text != STUB:
            found[admin] = text.removeprefix("ref: ")
        elif _OID.fullmatch(text) and not is_under_way(f"{common}/worktrees/{admin}"):
            found[admin] = text
    return found


def is_under_way(admin: str) -> bool:
    """Whether git itself has detached HEAD for a while."""
    return any(os.path.exists(f"{admin}/{name}") for name in UNDER_WAY)  # noqa: PTH110


def listed(folder: str) -> frozenset[str]:
    """The names in a folder; empty where there is none. Raises OSError."""
    try:
        return frozenset(os.listdir(folder))  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()


def _content(path: str) -> str | None:
    """The text of a file; no Path is asked for, as a thousand of them cost `status` 20 ms."""
    try:
        return content(path).decode("utf-8", "surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return None


BRANCH: tuple[str, ...] = ("--symbolic-full-name",)
COMMIT: tuple[str, ...] = ()
"""How git is asked where a HEAD stands: its branch (its own name where it is detached), or its commit."""


def _asked_of_git(git: Git, admins: Sequence[str], how: Sequence[str]) -> dict[str, str]:
    """All by one process; one by one where a single one is broken, which fails it for all."""
    names = [f"worktrees/{admin}/HEAD" for admin in admins]
    asked = git.run("rev-parse", *how, *names, "--", ok=(0, 128))
    answers = asked.text.splitlines()[: len(names)] if asked.code == 0 else []
    if len(answers) != len(names):
        alone = ([admin] for admin in admins if len(admins) > 1)
        return {name: branch for one in alone for name, branch in _asked_of_git(git, one, how).items()}
    return dict(zip(admins, answers, strict=True))
