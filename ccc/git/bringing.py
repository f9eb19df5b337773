"""A few files of a checkout, moved from one commit's tree to another's while all others stay unread.

`git read-tree -m -u` goes through every entry of the index, which takes three times as long in a large work
tree: that is for what is more, or not plain.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from ccc.git.attributes import decides
from ccc.git.command import Begun, Git
from ccc.git.differing import Difference, differing
from ccc.git.indexed import has_just
from ccc.git.objects import BLOB, FILE_MODE, SUBMODULE_MODE, Entry, ObjectReader, object_id
from ccc.ids import algorithm_of
from ccc.records import dataclass

FEW = 30
"""Paths; git compares each entry of the index with each of them."""

LINK_MODE = "120000"
LARGEST = 1024 * 1024
"""Bytes of a file that is read to see whether it is unchanged."""

SPECIAL = ("info/sparse-checkout", "MERGE_HEAD", "CHERRY_PICK_HEAD")
"""In the git directory of a checkout: not all of it is there, or a merge in it has not ended."""

ALONE = ("-c", "core.preloadIndex=false")
"""Twenty threads that go through a large index for a few paths cost more than they save."""

RESTORE = (*ALONE, "restore", "--quiet", "--staged", "--worktree", "--no-overlay")

Marks = tuple[tuple[int, int, int, int] | None, ...]


def few(objects: ObjectReader, one: str, other: str) -> list[Difference] | None:
    """The paths in which two trees differ, None where git had better go through the whole checkout.

    That is where they are many, where submodules are among them, or files by which git reads others.
    """
    found = differing(objects, one, other, FEW)
    if found is None or any(_is_special(each) for each in found):
        return None
    return found


def _is_special(each: Difference) -> bool:
    modes = {entry.mode for entry in (each.old, each.new) if entry is not None}
    return SUBMODULE_MODE in modes or decides(each.path)


@dataclass(frozen=True)
class Few:
    """Files of one checkout that are to be moved, and git looking for them in its index.

    `marks`: what index and files looked like before that. `is_clean`: somebody else sees to it that the
    checkout has no changes. `flags`: None where the index has them as they were.
    """

    git: Git
    index: Path
    paths: Sequence[Difference]
    is_clean: bool
    marks: Marks
    flags: Begun | None

    @cached_property
    def is_plain(self) -> bool:
        """Whether they are as the first tree has them, and nothing is where a new one goes.

        What is told to look unchanged (`update-index --assume-unchanged`) is for git to judge. Raises
        GitFailed.
        """
        return (self.flags is None or self._is_indexed(self.flags)) and self._is_as_it_was()

    def _is_indexed(self, flags: Begun) -> bool:
        rows = flags.result().out.decode("utf-8", "surrogateescape").split("\0")[:-1]
        wanted = {f"H {each.old.mode} {each.old.oid} 0\t{each.path}" for each in self.paths if each.old}
        return set(rows) == wanted and len(rows) == len(wanted)

    def begin(self, commit: str) -> Begun | None:
        """Begins to move them; None where they are not plain, or somebody was there since git looked."""
        if not self.is_plain or self.marks != _marks(self.git, self.index, self.paths):
            return None
        return self.git.begin(*RESTORE, f"--source={commit}", "--", *map(_pathspec, self.paths))

    def _is_as_it_was(self) -> bool:
        return all(self._has_room(each) for each in self.paths)

    def _has_room(self, each: Difference) -> bool:
        file = self.git.directory / each.path
        if each.old is None:
            return _is_free(self.git.directory, file)
        return os.access(file.parent, os.W_OK) and (self.is_clean or _holds(file, each.old))

    def drop(self) -> None:
        """Ends git where its answer is not wanted any more."""
        if self.flags is not None:
            self.flags.drop()


def begin_few(
    git: Git, index: Path, paths: Sequence[Difference] | None, *, is_clean: bool = False
) -> Few | None:
    """Has git look at the index of a checkout, at whose top it runs.

    None where there is nothing to move, or git had better go through all of it (`SPECIAL`).
    """
    if not paths or any((index.parent / name).exists() for name in SPECIAL):
        return None
    marks = _marks(git, index, paths)
    # In a clean checkout nothing can be staged at a path that is new.
    asked = [each for each in paths if each.old is not None or not is_clean]
    flags = None if _are_indexed(index, asked) else _begin_asking(git, asked)
    return Few(git, index, paths, is_clean, marks, flags)


def _are_indexed(index: Path, paths: Sequence[Difference]) -> bool:
    """Whether it is certain without git (10 ms in a large checkout) that the index has them as they were."""
    try:
        return not paths or has_just(index, {each.path: each.old for each in paths})
    except OSError:
        return False


def _begin_asking(git: Git, paths: Sequence[Difference]) -> Begun:
    return git.begin(*ALONE, "ls-files", "--stage", "-v", "-z", "--", *map(_pathspec, paths))


def _pathspec(each: Difference) -> str:
    return f":(top,literal){each.path}"


def _marks(git: Git, index: Path, paths: Sequence[Difference]) -> Marks:
    return (_mark(index), *(_mark(git.directory / each.path) for each in paths))


def _mark(file: Path) -> tuple[int, int, int, int] | None:
    try:
        found = file.lstat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _is_free(top: Path, file: Path) -> bool:
    """Whether nothing is at a path, and its folder is there or can be made."""
    if os.path.lexists(file):
        return False
    folder = file.parent
    while folder != top and not os.path.lexists(folder):
        folder = folder.parent
    return not folder.is_symlink() and folder.is_dir() and os.access(folder, os.W_OK)


def _holds(file: Path, entry: Entry) -> bool:
    """Whether a file of a work tree is the very same; no filter is applied, so False says little."""
    try:
        found = file.lstat()
        if entry.mode == LINK_MODE:
            content = os.fsencode(file.readlink())
        elif stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST:
            content = file.read_bytes()
        else:
            return False
    except OSError:
        return False
    mode = LINK_MODE if stat.S_ISLNK(found.st_mode) else "100755" if found.st_mode & 0o100 else FILE_MODE
    return mode == entry.mode and object_id(BLOB, content, algorithm=algorithm_of(entry.oid)) == entry.oid
