"""Scratch work trees for checks and gates: exactly a commit or tree, without session hooks, used again."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from ccc.errors import GitFailed, StoreBusy
from ccc.git import linking
from ccc.git.command import Git
from ccc.git.folders import delete, points_to
from ccc.git.linking import Making
from ccc.git.repository import Repository
from ccc.layout import Layout, make_folder
from ccc.platform import trees
from ccc.records import dataclass

ADMIN_PREFIX = "cccscratch-"
SLOTS = 64
WHO = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "ccc"), ("EMAIL", "ccc@localhost"))
}
EXACT = ("-c", "core.trustctime=true", "-c", "core.checkStat=default", "-c", "core.ignoreStat=false")
"""A file is the same only if size, times and inode are, whatever the configuration says by now."""

OWN = ("HEAD", "commondir", "gitdir", "index", "logs")
"""What is kept of the admin directory between two users."""

TABLES = ("refs", "reftable")
"""Where HEAD itself is kept in a repository with reftable."""

OCCUPIED = "CCC_SCRATCH"
"""Variable of the commands run in a work tree, with its path: who has it is found wherever it went."""

GRACE_SECONDS = 5.0


@contextmanager
def scratch(
    repository: Repository,
    layout: Layout,
    revision: str,
    *,
    parents: Sequence[str] = (),
    lock: AbstractContextManager[None] | None = None,
) -> Iterator[Path]:
    """The folder of a `slot`."""
    with slot(repository, layout, revision, parents=parents, lock=lock) as found:
        yield found.path


@contextmanager
def slot(
    repository: Repository,
    layout: Layout,
    revision: str,
    *,
    parents: Sequence[str] = (),
    keep: Sequence[str] = (),
    lock: AbstractContextManager[None] | None = None,
) -> Iterator[Slot]:
    """A folder with exactly the content of a commit, or of a tree (then committed on `parents`).

    Each user has a slot of its own, which the end of its process frees, however it ends; what earlier ones
    left is cleaned away, ignored files, too, except where a pattern of `keep` (as in `.gitignore`) fits; what
    is tracked is exact in any case. Processes that earlier ones left are ended; where they cannot be, or work
    there by nobody's order, it is another slot. `lock` guards `git worktree add` where git must make the work
    tree. Raises StoreBusy (no slot free), Refused (disk full), GitFailed (no such revision).
    """
    commit = _commit(repository.git, revision, parents)
    make_folder(layout.scratch)
    for number in range(1, SLOTS + 1):
        with (layout.scratch / f"{number}.lock").open("a") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            found = Slot(repository, layout.scratch, number, commit, tuple(keep))
            if not found.vacate():
                continue
            found.prepare(lock or nullcontext())
            yield found
            return
    raise StoreBusy(f"all {SLOTS} scratch work trees are in use", "try again")


def _commit(git: Git, revision: str, parents: Sequence[str]) -> str:
    kind = git.text("cat-file", "-t", revision)
    if kind != "tree":
        return git.text("rev-parse", "--verify", f"{revision}^{{commit}}")
    options = [word for parent in parents for word in ("-p", parent)]
    return git.run("commit-tree", revision, *options, input=b"Combined for the gate\n", env=WHO).text


@dataclass(frozen=True)
class Slot:
    """One of the work trees, while it is somebody's; `commit` is what it holds."""

    repository: Repository
    folder: Path
    number: int
    commit: str
    keep: tuple[str, ...]

    @property
    def path(self) -> Path:
        return self.folder / f"{ADMIN_PREFIX}{self.number}"

    @property
    def admin(self) -> Path:
        return self.repository.common / "worktrees" / self.path.name

    @property
    def index(self) -> Path:
        """A copy of the index as it was handed over; its time stays, for git's check of racy entries."""
        return self.folder / f"{self.number}.index"

    def vacate(self) -> bool:
        """Ends what commands of earlier users left, and says whether nobody works there any more."""
        left = trees.Tree(None, (OCCUPIED, str(self.path))).end(GRACE_SECONDS)
        return not left and not trees.working_in(self.path)

    def prepare(self, lock: AbstractContextManager[None]) -> None:
        """Makes it hold the commit, and nothing of an earlier user."""
        if not self._reuse("-ffdxq"):
            self._make(self.commit, lock)
        self._remember()

    def clean(self) -> bool:
        """Takes away what was done to tracked files, and files that are not ignored; whether that could be.

        Ignored ones stay: what other commands made.
        """
        if not self._reuse("-ffdq"):
            return False
        self._remember()
        return True

    def _remember(self) -> None:
        fresh = self.index.with_suffix(".new")
        shutil.copy2(self.admin / "index", fresh)
        fresh.replace(self.index)

    def _reuse(self, how: str) -> bool:
        """Brings the work tree of an earlier user to the commit; False where it cannot be trusted.

        `how` are the options of `git clean`.
        The index is put back from our copy: one that says "unchanged" of a changed file would hide it.
        """
        if not self.index.exists() or not points_to(self.admin / "gitdir", self.path / ".git"):
            return False
        if (self.path / ".git").is_symlink() or not points_to(self.path / ".git", self.admin):
            return False
        if (self.admin / "commondir").read_text() != "../..\n":
            return False
        tables = (self.admin / "reftable").is_dir()
        for entry in self.admin.iterdir():
            if entry.name not in (*OWN, *(TABLES if tables else ())):
                delete(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        shutil.copy2(self.index, self.admin / "index")
        self.index.unlink()
        if not tables:
            (self.admin / "HEAD").write_text(f"{self.commit}\n")
        git = Git(self.path)
        try:
            git.run(*EXACT, "reset", "--hard", "--quiet", "--no-recurse-submodules", self.commit)
            git.run(*EXACT, "clean", how, *(f"--exclude={each}" for each in self.keep))
        except GitFailed:
            return False
        return True

    def _make(self, commit: str, lock: AbstractContextManager[None]) -> None:
        delete(self.path)
        delete(self.admin)
        linking.make(Making(self.repository, self.path.name, self.path, commit, whole=True), lock)
