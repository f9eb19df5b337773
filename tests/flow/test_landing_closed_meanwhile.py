"""A session that is closed while somebody lands it, undoes its landing or looks: that goes on without."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ccc.git import repository as repositories
from ccc.git.repository import RefUpdate
from ccc.ops import stacking
from ccc.ops.landing.checkouts import looked_at, move_from
from ccc.ops.landing.combine import tree_of
from ccc.ops.landing.following import Ahead, look_ahead, move_branch
from ccc.ops.landing.review import review
from ccc.ops.landing.unlanded import glanced
from tests.support.program import RunsCcc
from tests.support.together import again_and_again
from tests.upkeep.conftest import Place, place

__all__ = ["place"]

TIMES = 60


def tip(place: Place, branch: str) -> str | None:
    return repositories.resolve(place.workspace.git, f"refs/heads/{branch}")


@pytest.mark.parametrize("same", [True, False])
def test_the_branch_of_a_session_whose_worktree_has_just_gone_is_moved(place: Place, same: bool) -> None:
    session = place.spawn()
    tree = place.tree(session)
    old = tree.oid("HEAD")
    new = tree.commit("More", more="more\n")
    tree.git("reset", "-q", "--hard", old)
    trees = (tree_of(place.workspace, old), tree_of(place.workspace, old if same else new))
    shutil.rmtree(tree.path)
    assert move_branch(place.workspace, session, old, new, Ahead(tree.path, trees, None)) is None
    assert tip(place, session.branch) == new
    move_from(place.workspace, tree.path, RefUpdate(f"refs/heads/{session.branch}", old, new), "back")
    assert tip(place, session.branch) == old


def test_an_undo_that_was_killed_is_finished_without_a_worktree_that_is_gone(
    place: Place, ccc_inline: RunsCcc
) -> None:
    session = place.spawn()
    tree = place.tree(session)
    tree.commit("More", more="more\n")
    before = tip(place, "main")
    place.land(session)
    place.killed_at("undo-swapped", "undo", session.name)
    shutil.rmtree(tree.path)
    ccc_inline("undo", session.name, exit=0)
    assert tip(place, "main") == before
    assert place.session(session.name).landed is None


@pytest.mark.slow
def test_whoever_looks_at_a_worktree_that_goes_finds_nothing_there(place: Place) -> None:
    session = place.spawn()
    tree = place.tree(session)
    old = tree.oid("HEAD")
    new = tree.commit("More", more="more\n")
    workspace = place.workspace
    workspace.store.drain()
    shown, trees = review(workspace, session.id), (tree_of(workspace, old), tree_of(workspace, new))
    aside = tree.path.with_name("aside")

    def there_and_back() -> None:
        tree.path.rename(aside)
        aside.rename(tree.path)

    def glance() -> None:
        with glanced(workspace, shown) as found:
            assert found is None or found.words() == ()

    def look() -> None:
        with looked_at(workspace, [tree.path], *trees):
            pass

    def ahead() -> None:
        found = look_ahead(workspace, session, trees)
        if found.few is not None:
            found.few.drop()

    looks: list[Callable[[], object]] = [glance, look, ahead]
    looks.append(lambda: stacking._is_untouched(workspace, session, new))
    with again_and_again(there_and_back):
        for _ in range(TIMES):
            for each in looks:
                each()
    assert Path(tree.path).is_dir() or aside.is_dir()
