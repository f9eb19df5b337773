"""Eight landings at once, by different processes and from two clones: nothing lands that was not tested."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.program import PROJECT
from tests.support.repository import Repo
from tests.sync.conftest import Clone, Clones

pytestmark = pytest.mark.slow

ROUNDS = 12
OVERTAKEN, BUSY = 3, 4


def configured(repo: Repo, tested: Path, land: str) -> str:
    """Configures a gate that writes down the very tree it runs on; the commit."""
    command = f"git rev-parse HEAD^{{tree}} >> {tested}"
    text = f"[gate]\ncommands = ['{command}']\n[land]\n{land}\n"
    return repo.commit("Configure", {".ccc/config.toml": text})


def sessions(clone: Clone, names: range) -> dict[str, str]:
    """Sessions that have reported done, each with a file of its own: name to worktree."""
    found = {}
    for number in names:
        made = clone("spawn", "backend", f"Part {number}", "--no-start", "--into", "main", "--json").json
        session = made["sessions"][0]
        tree = Repo(Path(session["worktree"]))
        tree.commit(f"Part {number}\n\nCcc-Status: done", **{f"part{number}": "1"})
        found[session["name"]] = session["worktree"]
    clone("wait", "--timeout", "100")
    return found


def start(clone: Clone, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ccc", "merge", name, "--yes"]
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return subprocess.Popen(
        command, cwd=clone.repo.path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def land_all(waiting: list[tuple[Clone, str]], *, pulls: bool) -> None:
    """All at once, again and again, until each has landed; between rounds targets are brought up to date."""
    for _ in range(ROUNDS):
        running = [(clone, name, start(clone, name)) for clone, name in waiting]
        ended = [(clone, name, process.communicate(timeout=300), process) for clone, name, process in running]
        told = [(name, process.returncode, words[1]) for _, name, words, process in ended]
        assert all(code in (0, 1, OVERTAKEN, BUSY) for _, code, _ in told), told
        # 1 only where the remote's refusal of a second push at the same moment is told
        waiting = [(clone, name) for clone, name, _, process in ended if process.returncode != 0]
        if not waiting:
            return
        for clone in {id(clone): clone for clone, _ in waiting}.values() if pulls else ():
            clone.repo.git("pull", "--quiet", "--ff-only", "origin", "main")
    raise AssertionError(waiting)


def require_tested(repo: Repo, since: str, tested: Path, count: int) -> None:
    """Every state that main went through was tested, exactly as it is."""
    commits = repo.git("rev-list", "--first-parent", f"{since}..main").split()
    assert len(commits) == count
    known = set(tested.read_text().split())
    assert {repo.oid(f"{commit}^{{tree}}") for commit in commits} <= known
    repo.git("fsck", "--strict")


def require_approved(clone: Clone, names: list[str]) -> None:
    """Each landing is what was approved: the same head and tree."""
    for name in names:
        shown = clone("show", name, "--json").json
        assert shown["status"] == "completed"
        assert [given["stale"] for given in shown["approvals"]].count(False) == 1, shown["approvals"]


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_eight_landings_at_once_by_processes_of_one_repository(
    clone: Clones, tmp_path: Path, method: str
) -> None:
    one, tested = clone("one"), tmp_path / "tested"
    one("init")
    since = configured(one.repo, tested, f'method = "{method}"')
    names = sessions(one, range(8))
    land_all([(one, name) for name in names], pulls=False)
    require_tested(one.repo, since, tested, 8)
    require_approved(one, list(names))
    assert one.repo.git("status", "--porcelain") == ""
    one("fsck")


def test_eight_landings_at_once_from_two_clones(clone: Clones, hub: Repo, tmp_path: Path) -> None:
    one, tested = clone("one"), tmp_path / "tested"
    since = configured(one.repo, tested, 'landing = "push"')
    one.repo.git("push", "--quiet", "origin", "main")
    two = clone("two")
    one("sync", "origin", "--enable", "--yes")
    two("sync", "origin", "--enable", "--yes")
    mine, theirs = sessions(one, range(4)), sessions(two, range(4, 8))
    land_all([*((one, name) for name in mine), *((two, name) for name in theirs)], pulls=True)
    require_tested(hub, since, tested, 8)
    for each, names in ((one, mine), (two, theirs)):
        require_approved(each, list(names))
        each.repo.git("pull", "--quiet", "--ff-only", "origin", "main")
        assert each.repo.git("status", "--porcelain") == ""
        each("sync")
        each("fsck")
    assert one.repo.oid("main") == two.repo.oid("main") == hub.oid("main")
