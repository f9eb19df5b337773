"""Worktrees that could not be looked into are named, with the reason, in text and in JSON."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flow.conftest import Spawns, Worked
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.sync.conftest import Clones, clone, hub, sharing

__all__ = ["clone", "hub", "sharing"]
pytestmark = pytest.mark.slow

STRANGER = 65534


def admin(session: Worked) -> Path:
    return Path(session.tree.git("rev-parse", "--path-format=absolute", "--absolute-git-dir"))


def removed(session: Worked) -> str:
    shutil.rmtree(session.path)
    return f"nothing at {session.path}"


def pruned(session: Worked) -> str:
    shutil.rmtree(admin(session))
    return f"{session.path} is no worktree of this repository any more"


def detached(session: Worked) -> str:
    session.tree.git("checkout", "-q", "--detach")
    return f"HEAD is detached at {session.tree.oid()[:7]} instead of on ccc/backend/one"


def elsewhere(session: Worked) -> str:
    session.tree.git("checkout", "-q", "-b", "other")
    return "it is on branch other instead of on ccc/backend/one"


def merging(session: Worked) -> str:
    (admin(session) / "MERGE_HEAD").write_text("0" * 40)
    return "a merge or a rebase is under way"


def forbidden(session: Worked) -> str:
    """Another user's, where that can be arranged; else one that nobody may enter."""
    if os.geteuid() == 0:
        os.chown(session.path, STRANGER, STRANGER)
        os.chown(session.path / ".git", STRANGER, STRANGER)
    else:
        session.path.chmod(0)
    return ""


@pytest.mark.parametrize("how", [removed, pruned, detached, elsewhere, merging, forbidden])
def test_it_is_named_with_the_reason_until_it_can_be_looked_into(
    ready: Repo, spawn: Spawns, ccc: RunsCcc, how: Callable[[Worked], str]
) -> None:
    one, two = spawn("backend", "One"), spawn("backend", "Two")
    for each in (one, two):
        each.tree.write("README.md", f"# {each.name}\n")
    assert ccc("conflicts", "--now", "--json", exit=3).json["unseen"] == []
    try:
        why = how(one)
        found = ccc("conflicts", "--now", "--json").json
        (unseen,) = found["unseen"]
        assert (unseen["session"], unseen["name"]) == (one.id, one.name)
        assert unseen["why"] == why or (not why and unseen["why"])
        shown = ccc("conflicts").stdout
        assert f"\nnot looked into, what is committed counts:\n  {one.name}: {unseen['why']}\n" in shown
        kept = [] if how in (removed, pruned) else [(one.name, two.name)]
        assert [(each["a"], each["b"]) for each in found["pairs"]] == kept
    finally:
        if how is forbidden and os.geteuid() != 0:
            one.path.chmod(0o755)
    if how is detached:
        one.tree.git("checkout", "-q", "ccc/backend/one")
        assert ccc("conflicts", "--now", "--json", exit=3).json["unseen"] == []


def test_sessions_of_another_machine_are_named(sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    name = one("spawn", "backend", "There", "--no-start", "--json").json["sessions"][0]["name"]
    for each in (one, two):
        each("sync")
    found = two("conflicts", "--now", "--json").json
    assert [(each["name"], each["why"]) for each in found["unseen"]] == [(name, "it is on another machine")]
    assert f"  {name}: it is on another machine\n" in two("conflicts").stdout
    assert one("conflicts", "--now", "--json").json["unseen"] == []
