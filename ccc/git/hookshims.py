"""The hooks of session worktrees: one shim under each name that ccc or the user has a hook for."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from ccc.git import hookconfig
from ccc.git.hookway import DAY
from ccc.layout import Layout
from ccc.platform.files import replace_file
from ccc.resources import resource_dir

CACHE = "hooks.orig"
"""Where shims remember the user's hooks path."""

_KNOWN = """
applypatch-msg commit-msg post-applypatch post-checkout post-commit post-index-change post-merge post-receive
post-rewrite post-update pre-applypatch pre-auto-gc pre-commit pre-merge-commit pre-push pre-rebase
pre-receive prepare-commit-msg proc-receive push-to-checkout p4-changelist p4-post-changelist p4-pre-submit
p4-prepare-changelist reference-transaction sendemail-validate update
"""
GIT_HOOKS = frozenset(_KNOWN.split())
"""Hooks that git finds through its hooks path (githooks(5))."""


def folder(common: Path) -> Path:
    """Where the shims stand."""
    return Layout(common).root / "hooks"


def make(common: Path, hooks_path: str | None) -> bool:
    """Makes the shims fit the hooks the user has now; whether anything changed.

    A shim costs every run of its hook 1 ms, so only names that are used get one. Raises OSError.
    """
    shims = folder(common)
    shims.mkdir(parents=True, exist_ok=True)
    text = _script()
    wanted = wanted_names(common, hooks_path)
    changed = [replace_file(shims / name, text, executable=True) for name in sorted(wanted)]
    changed += [_removed(shim) for shim in shims.iterdir() if shim.name not in wanted]
    return _correct_cache(common, hooks_path) or any(changed)


def retire(common: Path, since: float) -> bool:
    """Takes the shims away that nobody needs since a time; whether any were there. Raises OSError.

    They stay for a day: a commit whose message is still being written looks for them where it was told to.
    """
    shims = folder(common)
    if not shims.is_dir() or time.time() - since < DAY:
        return False
    shutil.rmtree(shims)
    (Layout(common).root / CACHE).unlink(missing_ok=True)
    return True


def missing(common: Path, hooks_path: str | None) -> list[str]:
    """The names whose shim is not there, not executable, or of another version of ccc."""
    shims, content = folder(common), os.fsencode(_script())
    return [
        name
        for name in sorted(wanted_names(common, hooks_path))
        if not os.access(shims / name, os.X_OK) or (shims / name).read_bytes() != content
    ]


def wanted_names(common: Path, hooks_path: str | None) -> set[str]:
    """Our hooks, and those the user has in any folder that the hooks path means in some worktree."""
    names = set(hookconfig.events(common))
    for place in _users_folders(common, hooks_path):
        names |= GIT_HOOKS & _executables(place)
    return names


def note_text() -> str:
    """The script that notes what happened, which shims and hooks in configuration read."""
    return (resource_dir("hooks") / "ccc-hook-note").read_text(encoding="utf-8")


def reserve_text() -> str:
    """The script that a pre-commit reads while anything is reserved."""
    return (resource_dir("hooks") / "ccc-hook-reserve").read_text(encoding="utf-8")


def _script() -> str:
    return (resource_dir("hooks") / "ccc-hook").read_text(encoding="utf-8")


def _users_folders(common: Path, hooks_path: str | None) -> Iterator[Path]:
    if hooks_path is None:
        yield common / "hooks"
    elif Path(hooks_path).is_absolute():
        yield Path(hooks_path)
    elif hooks_path:
        for place in _places(common):
            yield place / hooks_path


def _places(common: Path) -> Iterator[Path]:
    """Where hooks may run: git directory, main checkout, linked worktrees."""
    yield common
    yield common.parent
    admin = common / "worktrees"
    for each in sorted(admin.iterdir()) if admin.is_dir() else ():
        yield each
        top = top_of(each)
        if top is not None:
            yield top


def top_of(admin: Path) -> Path | None:
    """The top of the worktree with this admin directory; None for one that is half made."""
    try:
        line = os.fsdecode((admin / "gitdir").read_bytes()).strip("\n")
    except (FileNotFoundError, NotADirectoryError):
        return None
    return (admin / line).parent if line else None


def _executables(place: Path) -> set[str]:
    try:
        return {
            entry.name for entry in os.scandir(place) if entry.is_file() and os.access(entry.path, os.X_OK)
        }
    except OSError:
        return set()  # not there, not a folder, not ours to read: git finds no hook there either


def _removed(shim: Path) -> bool:
    """Takes away a shim nobody needs; not a file being written, nor what is no file."""
    if shim.name.startswith(".") or not shim.is_file():
        return False
    shim.unlink(missing_ok=True)
    return True


def _correct_cache(common: Path, hooks_path: str | None) -> bool:
    """Mends the hooks path that shims remember, if it is for the same environment as ours (hooks/ccc-hook).

    The shim asks again when a configuration file is newer, but cannot see files that those include.
    """
    cache = Layout(common).root / CACHE
    environment = ":".join(
        os.environ.get(name, "") for name in ("GIT_CONFIG_GLOBAL", "XDG_CONFIG_HOME", "HOME")
    )
    try:
        _, _, rest = os.fsdecode(cache.read_bytes()).partition("\n")
    except FileNotFoundError:
        return False
    if rest != f"{environment}\n":
        return False
    users = str(common / "hooks") if hooks_path is None else hooks_path
    return replace_file(cache, f"{users}\n{environment}\n")
