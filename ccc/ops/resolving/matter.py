"""The conflict of a session with its target as it stands, and what is remembered for it."""

from __future__ import annotations

from ccc.domain import landings, resolutions
from ccc.domain.resolutions import Resolution
from ccc.domain.sessions import Session
from ccc.errors import Refused
from ccc.git.memory import Proposal, learn, proposals
from ccc.git.mergetree import ConflictFile
from ccc.ops.actor import actor_of
from ccc.ops.landing.review import Review, review
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

MEMORY = "rerere"


@dataclass(frozen=True)
class Matter:
    """A session's review, what is remembered for its conflicts, and the latest try at them."""

    shown: Review
    remembered: tuple[Proposal, ...]
    resolution: Resolution | None

    @property
    def session(self) -> Session:
        return self.shown.session

    @property
    def attempt(self) -> Resolution | None:
        """The try that goes on, if it is about this very conflict."""
        found, combined = self.resolution, self.shown.combined
        return found if found and found.is_open and found.is_of(combined.base, combined.head) else None


def matter_of(workspace: Workspace, reference: str) -> Matter:
    """What stands between a session and its target. Runs nothing."""
    shown = review(workspace, reference)
    return Matter(
        shown, tuple(remembered(workspace, shown.combined.conflicts)), resolution_of(workspace, shown.session)
    )


def resolution_of(workspace: Workspace, session: Session) -> Resolution | None:
    """The latest resolution of a session, as recorded."""
    return resolutions.from_cells(workspace.reader.state().stream(landings.stream_of(session.id)))


def require_conflict(workspace: Workspace, matter: Matter) -> None:
    """Raises Refused where nothing is to be resolved, or where it cannot be resolved here."""
    shown, session = matter.shown, matter.session
    if shown.session.landed_head or session.closed is not None:
        raise Refused(f"{session.name}: {shown.why_not[0]}", f"git ccc show {session.name}")
    if not shown.combined.conflicts:
        raise Refused(
            f"{session.name} merges cleanly into {shown.combined.target}", f"git ccc merge {session.name}"
        )
    if session.where != workspace.replica:
        raise Refused(f"{session.name} lives in another copy of the repository", "resolve it there")


def refuse_strangers(workspace: Workspace, session: Session, action: str) -> None:
    """A session has its own conflicts resolved, and those of its children. Raises InsideAgent."""
    caller = actor_of(workspace)
    if caller.session is None or caller.session in (session.id, session.name, session.parent):
        return
    raise caller.refusal(
        workspace,
        f"a session has its own conflicts resolved, and {session.name} is another one ({caller.agent})",
        f"ask the human to run, in the main checkout: git ccc resolve {session.name} {action}",
    )


def remembered(workspace: Workspace, files: tuple[ConflictFile, ...]) -> list[Proposal]:
    """What was resolved before in the same way, as proposals."""
    if not files:
        return []
    memory = workspace.layout.root / MEMORY
    return proposals(workspace.repository.common, workspace.git, files, memory)


def remember(
    workspace: Workspace, session: Session, ours: str, theirs: str, commit: str, by: str
) -> list[str]:
    """Remembers how `commit` resolved the conflict of two commits; gives the paths."""
    from ccc.git import mergetree
    from ccc.ops.peek import peek

    with peek(workspace) as aside:
        files = mergetree.merge(aside.git, ours, theirs).conflicts
        wanted = [file for file in files if file.raw]
        found = {file.raw: _content(workspace, commit, file.raw) for file in wanted}
        contents = {raw: content for raw, content in found.items() if content is not None}
        source = {"session": session.name, "by": by, "commit": commit, "at": workspace.now()}
        memory = workspace.layout.root / MEMORY
        return learn(workspace.repository.common, aside.git, wanted, contents, memory, source)


def _content(workspace: Workspace, commit: str, raw: str) -> bytes | None:
    found = workspace.git.run("cat-file", "blob", f"{commit}:{raw}", ok=(0, 128))
    return found.out if found.code == 0 else None
