"""Closing a session whose HEAD names no commit: everything that is left is kept, and comes back."""

from __future__ import annotations

from pathlib import Path

from ccc.domain.sessions import Session
from tests.support.program import RunsCcc
from tests.upkeep.conftest import Place, content_of


def words(place: Place, session: Session, what: str, head: str) -> str:
    """What closing says."""
    closed = place.session(session.name).closed
    assert closed is not None
    return (
        f"closed {session.name}, kept under {closed.backup}\n"
        f"  {what}: files are kept on top of the session's last commit known, {head[:7]}\n"
    )


def test_a_branch_deleted_by_hand_does_not_stop_closing(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    tree = place.tree(session)
    head = tree.commit("Add login", login="one\n")
    place.session(session.name)
    tree.write("login", "two\n")
    tree.write("fresh", "new\n")
    before = content_of(tree.path)
    place.repo.git("update-ref", "-d", f"refs/heads/{session.branch}")
    said = ccc_inline("close", session.name, exit=0)
    assert said.stdout == words(place, session, f"branch {session.branch} was deleted", head)
    assert not tree.path.exists()
    ccc_inline("undo", session.name, exit=0)
    assert content_of(tree.path) == before
    assert (tree.git("symbolic-ref", "HEAD"), tree.oid()) == (f"refs/heads/{session.branch}", head)


def test_an_orphan_branch_does_not_stop_closing(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    tree = place.tree(session)
    head = tree.commit("Add login", login="one\n")
    tree.git("checkout", "-q", "--orphan", "elsewhere")
    tree.write("fresh", "new\n")
    before = content_of(tree.path)
    said = ccc_inline("close", session.name, exit=0)
    stays = f"  branch {session.branch} stays, main does not contain {head[:7]}\n"
    assert said.stdout == words(place, session, "branch elsewhere had no commit yet", head) + stays
    assert not tree.path.exists()
    ccc_inline("undo", session.name, exit=0)
    assert content_of(tree.path) == before
    assert tree.oid() == head


def test_an_empty_worktree_without_any_commit_is_closed(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    tree = place.tree(session)
    tree.git("checkout", "-q", "--orphan", "elsewhere")
    tree.git("rm", "-rfq", ".")
    ccc_inline("close", session.name, exit=0)
    assert not Path(session.worktree or "").exists()
    ccc_inline("fsck", exit=0)
