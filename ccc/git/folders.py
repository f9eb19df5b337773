"""Folders that point at each other, and folders to be deleted whole."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from ccc.errors import Refused


def points_to(file: Path, goal: Path) -> bool:
    """Whether a `.git` or `gitdir` file names this path."""
    named = pointed_at(file)
    return named is not None and os.path.realpath(named) == os.path.realpath(goal)


def pointed_at(file: Path) -> Path | None:
    """The absolute path that a `.git` or `gitdir` file names, None where it is no such file."""
    try:
        text = os.fsdecode(file.read_bytes()).removeprefix("gitdir:").strip(" \r\n")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    return Path(os.path.normpath(file.parent / text)) if text else None


def give_name(fresh: Path, goal: Path) -> bool:
    """Gives a finished folder its name; False, and it goes, where somebody was quicker. Raises OSError."""
    try:
        fresh.rename(goal)
    except OSError as error:
        shutil.rmtree(fresh)
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        return False
    return True


def delete(folder: Path) -> None:
    """Deletes a folder with all in it, read-only folders, too. Raises Refused where something stays."""
    shutil.rmtree(folder, ignore_errors=True)
    if not os.path.lexists(folder):
        return
    for inside, _, _ in os.walk(folder):
        with suppress(OSError):
            os.chmod(inside, stat.S_IRWXU)  # noqa: PTH101 - names that are not UTF-8 stay as they are
    shutil.rmtree(folder, ignore_errors=True)
    if os.path.lexists(folder):
        raise Refused(f"{folder} could not be deleted whole", "delete it, then try again")


def remove_empty(folder: Path) -> None:
    """Deletes a folder that holds nothing; any other stays."""
    with suppress(OSError):
        folder.rmdir()
