"""Exclusion among machines: one orchestrates, landings on a shared branch take turns."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from ccc.domain.leases import Lease, landing_name, message, parse
from ccc.errors import StoreBusy
from ccc.ops.lease import boards, holding
from ccc.ops.lease.holding import HeldByOther, Wanted
from ccc.ops.workspace import Workspace
from ccc.servers.mcp.desk import Desk
from tests.support.repository import Repo
from tests.sync.conftest import Clone, Clones


def test_a_lease_reads_back_what_it_says() -> None:
    lease = Lease("land-main", "0123", "Developer <developer@example.com>", 3, 1, 60, "2026-10-03T12:00:00Z")
    assert parse(message(lease)) == lease
    with pytest.raises(ValueError, match="not a lease"):
        parse("something else\n")
    assert landing_name("main") == "land-main"
    assert landing_name("release/1.0") == "land-release%2F1%2E0"


def expire(clone: Clone) -> None:
    """As if this machine had watched every lease for an hour."""
    for path in (clone.repo.common / "ccc" / "leases").glob("*.json"):
        seen = json.loads(path.read_text())
        path.write_text(json.dumps({**seen, "at": seen["at"] - 3600}))


def landable(clone: Clone, task: str) -> str:
    """A session with one commit, ready to be landed by `merge --yes`."""
    made = clone("spawn", "backend", task, "--no-start", "--json").json["sessions"][0]
    Repo(Path(made["worktree"])).commit(task, {f"{task}.txt": task})
    clone("report", "--done", "--session", made["name"])
    name: str = made["name"]
    return name


@pytest.mark.slow
def test_one_orchestrates_and_the_other_is_told_who(sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    held = one("sync", "--take", "orchestrator", "--json").json["lease"]
    assert (held["epoch"], held["holder"], held["held"]) == (1, one.replica, True)
    refused = two("sync", "--take", "orchestrator", exit=4)
    assert f"orchestrator is held by Developer <developer@example.com> since {held['at']}" in refused.stderr
    assert one.replica in refused.stderr
    two("sync")
    assert [lease["holder"] for lease in two("sync", "--status", "--json").json["leases"]] == [one.replica]
    assert one("sync", "--take", "orchestrator", "--json").json["lease"]["epoch"] == 2
    assert one("sync", "--release", "orchestrator").stdout == "orchestrator is free again\n"
    assert two("sync", "--take", "orchestrator", "--json").json["lease"]["epoch"] == 4 - 1


@pytest.mark.slow
def test_a_silent_holder_is_taken_over_and_fenced_off(sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    first = Workspace.open(one.repo.path, os.environ)
    board = boards.board_of(first, asks=False, seconds=20)
    held = holding.take(first, board, Wanted("orchestrator", first.replica, 60))
    two("sync", "--take", "orchestrator", exit=4)
    expire(two)
    held = held.renewed()
    assert "it is over in 600 s" not in two("sync", "--take", "orchestrator", exit=4).stderr
    expire(two)
    assert two("sync", "--take", "orchestrator", "--json").json["lease"]["epoch"] == 2
    with pytest.raises(HeldByOther, match="taken over"):
        held.renewed()
    with pytest.raises(StoreBusy):
        held.release()


@pytest.mark.slow
def test_releasing_anothers_lease_needs_a_person(sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    one("sync", "--take", "orchestrator")
    two("sync", "--release", "orchestrator", env={"CLAUDECODE": "1"}, exit=3)
    two("sync", "--release", "orchestrator")
    two("sync", "--take", "orchestrator")


@pytest.mark.slow
def test_tools_of_a_second_orchestrator_are_told_who_orchestrates(sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    with Desk(one.repo.path, os.environ, None).changing():
        pass
    with (
        pytest.raises(HeldByOther, match="orchestrator is held by Developer"),
        Desk(two.repo.path, os.environ, None).changing(),
    ):
        pass
    shutil.move(one.repo.path.with_name("hub.git"), one.repo.path.with_name("gone"))
    with Desk(one.repo.path, os.environ, None).changing():
        pass


@pytest.mark.slow
def test_without_sharing_a_lease_is_the_repositorys_own(clone: Clones) -> None:
    one = clone("one")
    one("init")
    assert one("sync", "--take", "orchestrator", "--json").json["lease"]["epoch"] == 1
    assert (
        one.repo.git("for-each-ref", "--format=%(refname)", "refs/ccc-lease") == "refs/ccc-lease/orchestrator"
    )
    assert "orchestrator held by" in one("sync", "--status").stdout
    assert one("sync", "--release", "nothing", exit=1).exit == 1


@pytest.mark.slow
def test_landings_on_a_shared_branch_take_turns(hub: Repo, sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    first, second = landable(one, "login"), landable(two, "logout")
    one("merge", first, "--yes")
    refused = two("merge", second, "--yes", exit=4)
    assert "landed" in refused.stderr
    assert "on main on another machine; it is not here yet" in refused.stderr
    assert two.repo.oid("main") == hub.oid("main")
    one.repo.git("push", "-q", "origin", "main")
    two.repo.git("pull", "-q", "--ff-only")
    two("merge", second, "--yes")
    assert two.repo.git("merge-base", "--is-ancestor", one.repo.oid("main"), "main") == ""
    two.repo.git("push", "-q", "origin", "main")


@pytest.mark.slow
def test_while_another_machine_lands_merge_says_who(hub: Repo, sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    second = landable(two, "logout")
    one("sync", "--take", "land-main")
    refused = two("merge", second, "--yes", exit=4)
    assert "land-main is held by Developer <developer@example.com>" in refused.stderr
    assert two.repo.oid("main") == hub.oid("main")
    expire(two)
    two("merge", second, "--yes")
    lease = two("sync", "--status", "--json").json["leases"][0]
    assert (lease["held"], lease["epoch"], lease["landed"]) == (False, 2, two.repo.oid("main"))


@pytest.mark.slow
@pytest.mark.parametrize("choice", ["lease", "reachable", "free"])
def test_without_the_remote_the_team_decides_whether_it_lands(
    hub: Repo, sharing: Clones, choice: str
) -> None:
    one = sharing("one")
    one.repo.commit("Decide", {".ccc/config.toml": f'[sync]\nlanding = "{choice}"\n'})
    name = landable(one, "login")
    shutil.move(hub.path, hub.path.with_name("gone"))
    before = one.repo.oid("main")
    done = one("merge", name, "--yes", exit=4 if choice == "lease" else 0)
    assert (one.repo.oid("main") == before) is (choice == "lease")
    words = done.stdout + done.stderr
    assert ("cannot be asked whose turn it is to land on main" in words) is (choice != "free")
    if choice == "lease":
        assert "so nothing was landed" in words
        assert 'sync.landing = "reachable"' in words


@pytest.mark.slow
def test_a_landing_that_was_undone_keeps_nobody_waiting(sharing: Clones) -> None:
    one, two = sharing("one"), sharing("two")
    first, second = landable(one, "login"), landable(two, "logout")
    one("merge", first, "--yes")
    two("merge", second, "--yes", exit=4)
    one("undo", first)
    two("merge", second, "--yes")
