"""Writes the hand-off down: on `refs/ccc`, and into a file where one is named."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

from ccc import ids
from ccc.domain import sessions
from ccc.domain.canonical import Value
from ccc.domain.cells import values
from ccc.domain.events import Draft
from ccc.domain.handoff import DOCUMENT, STREAM, UNCOMMITTED, WRITTEN, Handoff
from ccc.errors import Refused
from ccc.git import history
from ccc.ops.actor import actor_of
from ccc.ops.handoff.compose import TOKENS, compose
from ccc.ops.observe import local_sessions
from ccc.ops.workspace import Workspace
from ccc.platform.files import write_whole
from ccc.store.protocol import State

PATHS_KEPT = 20


def write(
    workspace: Workspace, *, tokens: int = TOKENS, at: str | None = None, path: Path | None = None
) -> Handoff:
    """Records the hand-off on `refs/ccc` (`handoffs/latest`, a blob), and writes `path` where given.

    Before that the paths uncommitted in this machine's worktrees are recorded, unless `at` names the past:
    a hand-off says only what is recorded. Raises Refused for a path that cannot be written, a directory say.
    """
    workspace.require()
    if path is not None:
        _refuse_unwritable(path)
    if at is None:
        record_uncommitted(workspace)
    composed = compose(workspace, tokens=tokens, at=at)
    if path is not None:
        _write_file(path, composed.text)
    workspace.store.transact(lambda state: _written(state, composed, actor_of(workspace).by))
    return composed


def _write_file(path: Path, text: str) -> None:
    """At once, where it is a file of its own: somebody may read it just now, or write it, too."""
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            path.write_text(text, encoding="utf-8", newline="\n")
        else:
            write_whole(path, text, mode=_mode(path))
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}", "git ccc handoff > FILE") from error


def _mode(path: Path) -> int | None:
    """The permissions that it has; None where it is not there."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None


def _refuse_unwritable(path: Path) -> None:
    if path.is_dir():
        raise Refused(f"{path} is a directory", f"--write={path / 'HANDOFF.md'}")
    if not path.parent.is_dir():
        raise Refused(f"there is no folder {path.parent}", f"mkdir -p {path.parent}")


def _written(state: State, composed: Handoff, by: str | None) -> Sequence[Draft]:
    """Nothing where the same document is there already."""
    content = composed.text.encode("utf-8")
    fields: dict[str, Value] = {
        DOCUMENT: ids.blob_id(content, like=composed.tip),
        "at": composed.tip,
        "tokens": composed.tokens,
    }
    if values(state.stream(STREAM)) == fields:
        return ()
    text = f"handed off ({composed.tokens} tokens)"
    return (Draft(WRITTEN, "ccc", text, {STREAM: fields}, by=by, blobs=(content,)),)


def record_uncommitted(workspace: Workspace) -> None:
    """Records which paths are uncommitted in the worktrees of this machine's sessions; one event, or none."""
    found = {
        session.id: _dirt(Path(session.worktree))
        for session in local_sessions(workspace.reader.state(), workspace.replica)
        if session.worktree is not None and (Path(session.worktree) / ".git").exists()
    }

    def decide(state: State) -> Sequence[Draft]:
        changes: dict[str, dict[str, Value]] = {}
        for identifier, dirt in found.items():
            stream = sessions.stream_of(identifier)
            cells = state.stream(stream)
            if sessions.from_cells(identifier, cells) is not None and values(cells).get(UNCOMMITTED) != dirt:
                changes[stream] = {UNCOMMITTED: dirt}
        if not changes:
            return ()
        count = f"{len(changes)} worktree{'s' if len(changes) > 1 else ''}"
        return (Draft("worktrees.seen", "ccc", f"looked at {count}", changes, by="ccc"),)

    workspace.store.transact(decide)


def _dirt(worktree: Path) -> dict[str, Value]:
    paths = [entry.path for entry in history.dirty(worktree)]
    return {"count": len(paths), "paths": list(paths[:PATHS_KEPT])}
