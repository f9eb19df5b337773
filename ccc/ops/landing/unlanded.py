"""Work in a session's worktree that is not on its branch, so that landing leaves it out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ccc.errors import FolderGone, GitFailed
from ccc.git import heads, history
from ccc.git.command import Begun, Git
from ccc.git.repository import index_of
from ccc.ops.brief import SESSIONS_FOLDER
from ccc.ops.landing.checkouts import without_left
from ccc.ops.landing.review import Review
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

SHOWN = 3
"""Files that are named."""

OID, BRANCH = "# branch.oid ", "# branch.head "
DETACHED = "(detached)"


@dataclass(frozen=True)
class Glance:
    """A look at the worktree of a session that may land: its top, and its `git status` under way."""

    shown: Review
    top: Path
    index: Path
    status: Begun

    def words(self) -> tuple[str, ...]:
        """What would not land, a line each; empty also where git cannot tell. Call it once."""
        try:
            output = self.status.result().out
            return (*self._commits(output), *self._files(output))
        except GitFailed:  # a worktree of another owner, say: not known, and no reason to show nothing
            return ()

    def _commits(self, output: bytes) -> Iterator[str]:
        """Those of a HEAD that is not on the branch; what a rebase or a bisection does is none."""
        lines = [line.decode("utf-8", "surrogateescape") for line in output.split(b"\0") if line[:1] == b"#"]
        found = {line[: line.index(" ", 2) + 1]: line[line.index(" ", 2) + 1 :] for line in lines}
        head, on = found.get(OID, ""), found.get(BRANCH, "")
        branch, combined = self.shown.session.branch, self.shown.combined
        if on == branch or head == combined.head or heads.is_under_way(str(self.index.parent)):
            return
        count = Git(self.top).text("rev-list", "--count", head, f"^{combined.head}", f"^{combined.base}")
        if count != "0":
            place = "a detached HEAD" if on == DETACHED else f"branch {on}"
            commits, are = ("1 commit", "is") if count == "1" else (f"{count} commits", "are")
            yield f"its worktree is on {place} with {commits} that {are} not on {branch}, and would not land"

    def _files(self, output: bytes) -> Iterator[str]:
        git, base = Git(self.top), self.shown.combined.head
        found = without_left(git, self.top, base, history.parsed_status(output))
        changed = [each.path for each in found]
        if changed:
            files = "1 changed file" if len(changed) == 1 else f"{len(changed)} changed files"
            more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
            yield f"its worktree has {files} that would not land: {', '.join(changed[:SHOWN])}{more}"


@contextmanager
def glanced(workspace: Workspace, shown: Review) -> Iterator[Glance | None]:
    """Has git look there while the caller does something else; None where there is nothing to look at.

    Ignored files do not count, nor do what ccc keeps in `.ccc/sessions/`, and what has landed already.
    """
    session = shown.session
    top = Path(session.worktree or "/nonexistent")
    over = session.landed_head or session.closed is not None or session.where != workspace.replica
    if over or not (top / ".git").exists():
        yield None
        return
    paths = (".", f":(exclude,top){SESSIONS_FOLDER}")
    try:
        status = history.begin_whole_status(Git(top), paths)
    except FolderGone:
        yield None
        return
    glance = Glance(shown, top, index_of(workspace.repository, top), status)
    try:
        yield glance
    finally:
        status.drop()


def unlanded(workspace: Workspace, shown: Review) -> Review:
    """The same with warnings of what would not land; costs a `git status` of the session's worktree."""
    with glanced(workspace, shown) as glance:
        return shown if glance is None else warned(shown, glance.words())


def warned(shown: Review, words: Sequence[str]) -> Review:
    """The same with further warnings, which come first."""
    return replace(shown, warnings=(*words, *shown.warnings))
