"""The two halves of a linked work tree: its folder, and git's admin directory for it.

Made by hand, as gitrepository-layout(5) describes them, because `git worktree add` reads every neighbour
and dies on a half-made one (49 of 128 in parallel). The admin directory appears by one rename, complete,
with its folder in place: no git, ours or the user's, ever sees half of it, and no lock is needed.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from ccc.errors import CccError, GitFailed, Refused
from ccc.git.command import Git, failure
from ccc.git.folders import delete, remove_empty
from ccc.git.repository import Repository
from ccc.ids import new_id
from ccc.records import dataclass

SETTINGS = (
    r"^(core\.(sparsecheckout|sharedrepository)|extensions\.(worktreeconfig|refstorage|relativeworktrees)"
    r"|worktree\.userelativepaths|checkout\.workers)$"
)
WORKERS = "2"
"""Parallel checkout is 1.4 times faster on ext4 (FACTS); a value of the user's own wins."""

OWN_FOLDER = b"/.ccc/"
"""The pattern of what ccc and sessions write in a work tree."""

ATTEMPTS = 5
FULL = (errno.ENOSPC, errno.EDQUOT)
NO_SPACE = ("No space left on device", "Disk quota exceeded")

Steps = Callable[[str], None]


def no_steps(_: str) -> None:
    """Nobody watches the steps."""


@dataclass(frozen=True)
class Making:
    """A work tree to be made: where, its admin directory's name, and what its HEAD holds.

    `head` is `ref: refs/heads/...` or a commit; `whole`: with every file, also where the main
    checkout is sparse.
    """

    repository: Repository
    admin: str
    path: Path
    head: str
    whole: bool = False

    @property
    def admin_directory(self) -> Path:
        return self.repository.common / "worktrees" / self.admin


def make(making: Making, lock: AbstractContextManager[None], steps: Steps = no_steps) -> None:
    """Makes the work tree and fills it; on failure nothing of it is left.

    Where the repository's own settings decide how the halves must look (reftable, relative paths, shared by
    group) git makes them, under `lock`. Raises Refused (taken, unwritable, disk full), GitFailed.
    """
    try:
        with ExitStack() as made:
            settings = _settings(making.repository.git)
            if _needs_git(settings):
                _link_by_git(making, lock, made)
            else:
                _link_by_hand(making, settings, made, steps)
            fill(making.path, settings)
            steps("worktree-filled")
            made.pop_all()
    except (CccError, OSError) as error:
        raise in_words(error, making.path) from error


def fill(path: Path, settings: dict[str, str] | None = None) -> None:
    """Checks out HEAD into the folder; whatever lies there is overwritten. Raises Refused, GitFailed."""
    workers = (
        () if settings is None or "checkout.workers" in settings else ("-c", f"checkout.workers={WORKERS}")
    )
    asked = ("reset", "--hard", "--quiet", "--no-recurse-submodules")
    done = Git(path).run(*workers, *asked, ok=range(256))
    if done.code == 0:
        return
    if any(words in done.err for words in NO_SPACE) or _is_full(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    raise failure(("reset",), done)


def _is_full(path: Path) -> bool:
    """Whether HEAD does not fit: git says only "unable to write file", and frees what that file had."""
    rows = Git(path).run("ls-tree", "-r", "-l", "-z", "HEAD", ok=(0, 128)).out.split(b"\0")
    sizes = [row.split(b"\t")[0].split()[3] for row in rows if row]
    disk = os.statvfs(path)
    blocks = sum(-(-int(size) // disk.f_frsize) for size in sizes if size.isdigit())
    written = [file.lstat() for file in path.rglob("*")]
    have = disk.f_bavail + sum(-(-each.st_size // disk.f_frsize) for each in written)
    files = disk.f_favail + len(written)
    return blocks >= have or (disk.f_files > 0 and len(sizes) >= files)


def in_words(error: CccError | OSError, path: Path) -> CccError | OSError:
    """The error as its reader needs it: full and unwritable disks by name, others as they are."""
    text = error.message if isinstance(error, CccError) else ""
    number = error.errno if isinstance(error, OSError) else None
    if number in FULL or any(words in text for words in NO_SPACE):
        return no_space(path)
    if number in (errno.EEXIST, errno.ENOTEMPTY):
        return Refused(f"{path} exists already", "move it away, or choose another --name")
    if number is not None or "Permission denied" in text:
        return unwritable(path.parent, os.strerror(number or errno.EACCES))
    return error


def no_space(path: Path) -> Refused:
    """The disk, or the user's share of it, is full."""
    return Refused(f"no space left on device for {path}", "free some, then try again")


def unwritable(folder: Path, why: str) -> Refused:
    """No work tree can be made in this folder."""
    return Refused(
        f"{folder} cannot be written: {why}",
        "set [session] worktree_dir in .ccc/config.toml to a folder of yours",
    )


def _settings(git: Git) -> dict[str, str]:
    found = git.run("config", "-z", "--get-regexp", SETTINGS, ok=(0, 1)).out.decode("utf-8", "replace")
    pairs = (part.partition("\n") for part in found.split("\0") if part)
    return {key: value.lower() if newline else "true" for key, newline, value in pairs}


def _on(settings: dict[str, str], key: str) -> bool:
    return settings.get(key, "false") not in ("false", "no", "off", "0", "")


def _needs_git(settings: dict[str, str]) -> bool:
    return (
        settings.get("extensions.refstorage", "files") != "files"
        or _on(settings, "extensions.relativeworktrees")
        or _on(settings, "worktree.userelativepaths")
        or settings.get("core.sharedrepository", "umask") not in ("umask", "false", "0")
    )


def _link_by_hand(making: Making, settings: dict[str, str], made: ExitStack, steps: Steps) -> None:
    _make_folder(making.path)
    made.callback(delete, making.path)
    steps("worktree-folder")
    admin, path = making.admin_directory, Path(os.path.realpath(making.path))
    staging = making.repository.common / "ccc" / "tmp"
    fresh = staging / f"{making.admin}.{new_id()}"
    for folder in (admin.parent, fresh):
        folder.mkdir(parents=True, exist_ok=True)
    made.callback(delete, fresh)
    for name, text in (("HEAD", making.head), ("commondir", "../.."), ("gitdir", f"{path}/.git")):
        (fresh / name).write_bytes(os.fsencode(f"{text}\n"))
    if not making.whole:
        _copy_settings(making.repository, settings, fresh)
    (path / ".git").write_bytes(os.fsencode(f"gitdir: {admin}\n"))
    steps("worktree-linked")
    try:
        fresh.rename(admin)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        raise Refused(f"{admin} exists already", "git worktree prune, or choose another --name") from error
    made.callback(delete, admin)
    steps("worktree-registered")


def _copy_settings(repository: Repository, settings: dict[str, str], fresh: Path) -> None:
    """Sparse patterns and per-work-tree configuration go along, as `git worktree add` has it since 2.36."""
    patterns = repository.common / "info" / "sparse-checkout"
    if _on(settings, "core.sparsecheckout") and patterns.exists():
        (fresh / "info").mkdir()
        shutil.copyfile(patterns, fresh / "info" / "sparse-checkout")
        _show_own_folder(fresh / "info" / "sparse-checkout")
    own = repository.common / "config.worktree"
    if _on(settings, "extensions.worktreeconfig") and own.exists():
        shutil.copyfile(own, fresh / "config.worktree")
        for key in ("core.bare", "core.worktree"):
            asked = ("config", "--file", str(fresh / "config.worktree"), "--unset-all", key)
            repository.git.run(*asked, ok=(0, 5))


def _show_own_folder(patterns: Path) -> None:
    """Lets brief and report be seen in a sparse work tree, and be added there without `--sparse`.

    The line means the same folder in cone mode and outside it.
    """
    text = patterns.read_bytes()
    if OWN_FOLDER not in text.splitlines():
        end = b"" if text.endswith(b"\n") or not text else b"\n"
        patterns.write_bytes(text + end + OWN_FOLDER + b"\n")


def _make_folder(path: Path) -> None:
    """Makes exactly this folder, which claims it. The parent may vanish with a neighbour that failed."""
    for attempt in range(ATTEMPTS):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.mkdir()
            return
        except FileNotFoundError:
            if attempt == ATTEMPTS - 1:
                raise


def _link_by_git(making: Making, lock: AbstractContextManager[None], made: ExitStack) -> None:
    """git names the admin directory after the folder, so the folder is made as that and moved (6 ms)."""
    if os.path.lexists(making.path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    git, waiting = making.repository.git, waiting_folder(making.path, making.admin)
    made.callback(remove_empty, waiting.parent)
    made.callback(delete, waiting)
    waiting.parent.mkdir(parents=True, exist_ok=True)
    if making.head.startswith("ref: "):
        asked = [str(waiting), making.head.removeprefix("ref: refs/heads/")]
    else:
        asked = ["--detach", str(waiting), making.head]
    with lock:
        _in_spite_of_neighbours(git, "worktree", "add", "--quiet", "--no-checkout", *asked)
        made.callback(delete, making.admin_directory)
        patterns = making.admin_directory / "info" / "sparse-checkout"
        if patterns.exists():
            _show_own_folder(patterns)
        if making.whole:
            delete(making.admin_directory / "info")
            (making.admin_directory / "config.worktree").unlink(missing_ok=True)
        _in_spite_of_neighbours(git, "worktree", "move", str(waiting), str(making.path))
    made.callback(delete, making.path)
    remove_empty(waiting.parent)


def waiting_folder(path: Path, admin: str) -> Path:
    """Where git makes a work tree before it is moved to its place."""
    return path.parent / ".making" / admin


def _in_spite_of_neighbours(git: Git, *arguments: str) -> None:
    """The user's own `git worktree add` does not take our lock: a few attempts."""
    for attempt in range(ATTEMPTS):
        try:
            git.run(*arguments)
            return
        except GitFailed:
            if attempt == ATTEMPTS - 1:
                raise
