"""What the remote does not have yet is shown as provisional, and nothing is said where nothing is shared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.repository import Repo
from tests.sync.conftest import Clone, Clones


def provisional(clone: Clone, name: str) -> object:
    return clone("show", name, "--json").json["provisional"]


def refuse(hub: Repo) -> None:
    """From now on the remote takes nothing."""
    hook = hub.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)


@pytest.mark.slow
def test_sessions_are_provisional_until_the_remote_has_them(
    hub: Repo, clone: Clones, sharing: Clones
) -> None:
    one, two = clone("one"), sharing("two")
    one("init")
    made = one("spawn", "backend", "Add login", "--no-start", "--json").json["sessions"][0]
    name, tree = made["name"], Repo(Path(made["worktree"]))
    assert provisional(one, name) is None
    assert "provisional" not in one("status").stdout
    one("sync", "origin", "--enable", "--yes")
    assert provisional(one, name) is False
    one("report", "--session", name, "--progress", "40")
    assert provisional(one, name) is True
    assert "1 provisional, not all of it shared yet: git ccc sync" in one("status").stdout
    assert "shared     not all of it yet" in one("show", name).stdout
    one("sync")
    assert provisional(one, name) is False
    assert "provisional" not in one("status").stdout
    tree.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "Not recorded yet")
    assert provisional(one, name) is True
    one("sync")
    two("sync")
    seen = two("status", "--json").json["sessions"][0]
    assert (seen["status"], seen["where"], seen["provisional"]) == ("unknown", one.replica, False)


@pytest.mark.slow
def test_what_came_from_others_is_not_provisional_though_nothing_can_be_pushed(
    hub: Repo, sharing: Clones
) -> None:
    one, two = sharing("one"), sharing("two")
    name = two("spawn", "backend", "Add login", "--no-start", "--json").json["sessions"][0]["name"]
    two("sync")
    mine = one("spawn", "backend", "Add logout", "--no-start", "--json").json["sessions"][0]["name"]
    refuse(hub)
    refused = one("sync", exit=1)
    assert "not today" in refused.stderr
    assert provisional(one, name) is False
    assert provisional(one, mine) is True
    last = one("sync", "--status", "--json").json["last"]
    assert last["ok"] is False
    assert "not today" in last["what"]
    assert last["succeeded_at"] is not None
