"""Where leases hang: in this repository, or on the remote that the state is shared with."""

from __future__ import annotations

from typing import Protocol

from ccc.domain.leases import Lease, message, parse
from ccc.errors import Refused, StateBroken
from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.git.repository import RefMoved, RefUpdate
from ccc.git.transport import Remote, reason
from ccc.ops.sync import enabled as sharing
from ccc.ops.sync.enabled import HERE, HOLDS, LEASES
from ccc.ops.workspace import Workspace

NOBODY = "ccc <ccc@localhost>"


class Board(Protocol):
    """Reads leases and moves them by compare-and-swap."""

    def all(self) -> dict[str, str]:
        """Name to the commit of every lease. Raises GitFailed, TimedOut where nobody can be asked."""

    def swap(self, name: str, old: str | None, new: str) -> bool:
        """Whether the lease was at `old` and is at `new` now. Raises Refused, GitFailed, TimedOut."""

    def deletion(self, name: str) -> str:
        """The git command that takes the reference of a lease away."""


class LocalBoard:
    """Leases among the processes of one repository."""

    def __init__(self, git: Git) -> None:
        self._git = git

    def all(self) -> dict[str, str]:
        """Name to commit."""
        return _named(repositories.refs(self._git, LEASES), LEASES)

    def swap(self, name: str, old: str | None, new: str) -> bool:
        """Compare-and-swap by git's own."""
        try:
            repositories.update_refs(self._git, [RefUpdate(LEASES + name, new, old)], "ccc: lease")
        except RefMoved:
            return False
        return True

    def deletion(self, name: str) -> str:
        """Of this repository's own."""
        return f"git update-ref -d {LEASES}{name}"


class RemoteBoard:
    """Leases among machines: a push without force is the compare-and-swap: each commit follows the last."""

    def __init__(self, git: Git, remote: Remote) -> None:
        self._git = git
        self._remote = remote
        self._here = HOLDS + sharing.folder_of(remote.name).removeprefix(HERE)

    def all(self) -> dict[str, str]:
        """Name to commit, as the remote has it now."""
        self._remote.fetch(f"+{LEASES}*:{self._here}*")
        return self.known()

    def known(self) -> dict[str, str]:
        """The same as it was when the remote was last asked."""
        return _named(repositories.refs(self._git, self._here), self._here)

    def swap(self, name: str, old: str | None, new: str) -> bool:
        """One push."""
        done = self._remote.push(f"{new}:{LEASES}{name}")
        if done.code == 0:
            self._git.run("update-ref", self._here + name, new)
            return True
        if self._remote.listed(LEASES + name).get(LEASES + name) != old:
            return False
        raise Refused(
            f"{self._remote.name} did not take {LEASES}{name}: {reason(done)}",
            f"ask who runs it to allow {LEASES}*",
        )

    def deletion(self, name: str) -> str:
        """Of the remote's."""
        return f"git push {self._remote.name} --delete {LEASES}{name}"


def _named(refs: dict[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): oid for name, oid in refs.items()}


def known(workspace: Workspace) -> tuple[list[Lease], list[str]]:
    """Every lease as it was when the remote was last asked, and words about what is none; asks nobody."""
    board = board_of(workspace, asks=False, seconds=1.0)
    found = board.known() if isinstance(board, RemoteBoard) else board.all()
    leases, strange = [], []
    for name, oid in sorted(found.items()):
        try:
            leases.append(read(workspace, board, name, oid))
        except StateBroken as error:
            strange.append(f"{error.message}: {error.hint}")
    return leases, strange


def board_of(workspace: Workspace, *, asks: bool, seconds: float) -> Board:
    """The remote's where the state is shared, else the repository's own."""
    enabled = sharing.read(workspace.layout)
    if enabled is None:
        return LocalBoard(workspace.git)
    return RemoteBoard(
        workspace.git, Remote(workspace.git, enabled.remote, workspace.environment, asks, seconds)
    )


def read(workspace: Workspace, board: Board, name: str, oid: str) -> Lease:
    """The lease that an object records. Raises StateBroken where somebody put something else there."""
    shown = workspace.git.run("cat-file", "commit", oid, ok=(0, 128))
    try:
        return parse(shown.out.decode("utf-8", "replace"))
    except (ValueError, KeyError, TypeError) as error:
        words = f"{LEASES}{name} was not made by ccc, it is at {oid}"
        raise StateBroken(words, board.deletion(name)) from error


def write(git: Git, lease: Lease, parent: str | None, who: str | None) -> str:
    """The commit that records a lease after `parent`; on no reference yet."""
    name, _, mail = (who or NOBODY).rstrip(">").partition(" <")
    signed = {f"GIT_{role}_NAME": name for role in ("AUTHOR", "COMMITTER")}
    signed |= {f"GIT_{role}_EMAIL": mail for role in ("AUTHOR", "COMMITTER")}
    tree = git.run("mktree", input=b"").text
    parents = ("-p", parent) if parent else ()
    return git.run("commit-tree", tree, *parents, input=message(lease).encode(), env=signed).text
